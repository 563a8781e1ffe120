package suite_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// ask makes a request with the admin key and returns status and body.
func (h *house) ask(t testing.TB, method, path string, body any) (int, map[string]any) {
	t.Helper()
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://house"+path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+adminKey)
	r.Header.Set("Content-Type", "application/json")
	w, err := h.client(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	out := map[string]any{}
	if err := json.NewDecoder(w.Body).Decode(&out); err != nil && err != io.EOF {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return w.StatusCode, out
}

// announce announces a file, uploads it and returns the announcement's answer.
func (h *house) announce(t testing.TB, model, filename string, data []byte) (status int, set map[string]any) {
	t.Helper()
	sum := sha256.Sum256(data)
	status, set = h.ask(t, "POST", "/v1/datasets", map[string]any{"model": model, "filename": filename, "size": len(data), "sha256": hex.EncodeToString(sum[:])})
	if status != 201 {
		return status, set
	}
	upload := set["upload"].(map[string]any)
	r, err := http.NewRequestWithContext(t.Context(), "PUT", upload["url"].(string), bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range upload["headers"].(map[string]any) {
		r.Header.Set(name, value.(string))
	}
	w, err := h.client(t).Do(r)
	if err != nil || w.StatusCode != 200 {
		t.Fatalf("upload %s = %v, %v", filename, w, err)
	}
	w.Body.Close()
	return status, set
}

// over reads a job until it is over.
func (h *house) over(t testing.TB, path string, job map[string]any) map[string]any {
	t.Helper()
	for job["status"] == "queued" || job["status"] == "running" {
		time.Sleep(5 * time.Millisecond)
		_, job = h.ask(t, "GET", path+job["id"].(string), nil)
	}
	return job
}

// train trains on a file and returns the job when it is over.
func (h *house) train(t testing.TB, model, filename string, data []byte, settings map[string]any) map[string]any {
	t.Helper()
	status, set := h.announce(t, model, filename, data)
	if status != 201 {
		t.Fatalf("announce %s = %d %v", filename, status, set)
	}
	body := map[string]any{"model": model, "dataset": set["id"]}
	maps.Copy(body, settings)
	status, job := h.ask(t, "POST", "/v1/training-jobs", body)
	if status != 202 {
		t.Fatalf("train on %s = %d %v", filename, status, job)
	}
	return h.over(t, "/v1/training-jobs/", job)
}

// csv reads a file of an export.
func (h *house) csv(t testing.TB, url string) [][]string {
	t.Helper()
	w, err := h.client(t).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	records, err := csv.NewReader(w.Body).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// peak runs do and returns by how many bytes the heap's objects grew at most.
// Dead ones count as long as they are within the limit: beyond it they are
// collected first, since how many there are is for the collector and for the
// tests beside this one to say.
func peak(limit uint64, do func()) uint64 {
	heap := func() uint64 {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	runtime.GC() // or what was made before counts, and lets the collector wait
	before, most := heap(), uint64(0)
	stop := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			now := heap()
			if now > before+limit {
				runtime.GC()
				now = heap()
			}
			most = max(most, now)
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	do()
	close(stop)
	watch.Wait()
	return most - min(before, most)
}

// gz is a gzip of a file's beginning and then of one piece many times: small to
// send and large to read. It is of several members, as RFC 1952 section 2.2
// allows, so that the piece is compressed once.
func gz(t testing.TB, head, piece string, times int) []byte {
	t.Helper()
	member := func(text string) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	return append(member(head), bytes.Repeat(member(piece), times)...)
}

// zipped is an archive of files by name.
func zipped(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		if len(files[name]) == 0 {
			h.Method = zip.Store // twenty thousand compressors for nothing
		}
		f, err := w.CreateHeader(h)
		if err == nil {
			_, err = f.Write(files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zipBomb is an archive of sixteen pictures of 40 MB, all zeros but their
// beginning; they are compressed once.
func zipBomb(t testing.TB) []byte {
	t.Helper()
	picture := append(blackPNG(t, 100), make([]byte, 40<<20)...)
	var packed, b bytes.Buffer
	d, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err == nil {
		_, err = d.Write(picture)
	}
	if err == nil {
		err = d.Close()
	}
	w := zip.NewWriter(&b)
	for i := 0; i < 16 && err == nil; i++ {
		var f io.Writer
		f, err = w.CreateRaw(&zip.FileHeader{
			Name: fmt.Sprintf("class%d/%d.png", i%2, i), Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(picture),
			CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(picture)),
		})
		if err == nil {
			_, err = f.Write(packed.Bytes())
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// emptyFiles is an archive of n files with nothing in them.
func emptyFiles(t testing.TB, n int) []byte {
	files := map[string][]byte{}
	for i := range n {
		files[fmt.Sprintf("class%d/%d.png", i%2, i)] = nil
	}
	return zipped(t, files)
}

// blackPNG is a small file of a black square: see the PNG specification,
// sections 5.3 and 11.2. One of 12,000 pixels takes 144 MB as grey bytes.
func blackPNG(t testing.TB, side int) []byte {
	t.Helper()
	var pixels bytes.Buffer
	w := zlib.NewWriter(&pixels)
	if _, err := w.Write(make([]byte, side*(1+(side+7)/8))); err != nil { // a filter byte, then a bit a pixel
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	out := []byte("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, data []byte) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
		from := len(out)
		out = append(append(out, kind...), data...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[from:]))
	}
	size := binary.BigEndian.AppendUint32(nil, uint32(side))
	chunk("IHDR", append(append(size, size...), 1, 0, 0, 0, 0)) // depth 1, grey
	chunk("IDAT", pixels.Bytes())
	chunk("IEND", nil)
	return out
}

// most is how much memory an attack may hold before it is refused: a third of
// what the files here unpack to.
const most = 192 << 20

// attackFile is a file that must be refused.
type attackFile struct {
	name, file string
	data       []byte
	want       string // in the reason
}

// attackFiles are files made to hurt whoever reads them.
func attackFiles(t testing.TB) []attackFile {
	long := strings.Repeat("a", 1<<20)
	huge := blackPNG(t, 12_000)
	good := "label,text\n" + strings.Repeat("a,one text\nb,two words\n", 20)
	return []attackFile{
		{"one line of 600 MB", "a.csv.gz", gz(t, "label,text\nx,", long, 600), "larger than 536870912 bytes when decompressed"},
		{"a header of 100,000 columns", "a.csv", []byte(strings.Repeat("c,", 100_000) + "c\n" + strings.Repeat("1,", 100_000) + "1\n"), "at most 1000 are read"},
		{"a gzip in a gzip", "a.csv.gz", gz(t, string(gz(t, good, "", 0)), "", 0), "not text"},
		{"a gzip cut short", "a.csv.gz", gz(t, good, "", 0)[:40], "damaged or cut short"},
		{"a gzip of nothing", "a.csv.gz", gz(t, "", "", 0), "no rows"},
		{"a zip that climbs", "a.zip", zipped(t, map[string][]byte{"../../etc/passwd": []byte("x"), "cat/1.png": []byte("x"), "dog/1.png": []byte("x")}), "the path leads out of the archive"},
		{"a zip of texts", "a.zip", zipped(t, map[string][]byte{"a.csv": []byte("a,b\n")}), "no images"},
		{"a PNG of 12,000 x 12,000", "a.zip", zipped(t, map[string][]byte{"cat/1.png": huge, "dog/1.png": huge}), "12000 x 12000 pixels"},
		{"a zip bomb", "a.zip", zipBomb(t), "come out of the archive"},
		{"20,000 empty files in a zip", "a.zip", emptyFiles(t, 20_000), "bad"},
		{"JSON 100,000 deep", "a.jsonl", []byte(strings.Repeat(`{"text":`, 100_000) + "\n"), "json_parse, first on line 1"},
		{"JSON arrays 100,000 deep", "a.jsonl", []byte(`{"label":"a","text":` + strings.Repeat(`[`, 100_000) + "\n"), "json_parse, first on line 1"},
		{"a label twice", "a.jsonl", []byte(strings.Repeat(`{"label":"a","label":"b","text":"x"}`+"\n", 40)), "json_parse"},
		{"lone surrogates", "a.jsonl", []byte(strings.Repeat(`{"label":"a","text":"\ud800"}`+"\n", 40)), "json_parse"},
		{"a number out of range", "a.jsonl", []byte(strings.Repeat(`{"label":1e999999999,"text":"x"}`+"\n", 40)), "at least 2 labels"},
		{"a label of 1 MB", "a.csv", []byte("label,text\n" + long + ",one text\n" + long + ",two words\nb,three\n"), "text_too_long, first on line 2"},
		{"UTF-16", "a.csv", []byte("\xff\xfel\x00a\x00b\x00e\x00l\x00,\x00t\x00e\x00x\x00t\x00\n\x00"), "no rows"},
		{"nothing but line ends", "a.csv", bytes.Repeat([]byte("\n"), 1<<20), "no rows"},
		{"5,000 classes", "a.csv", func() []byte {
			b := []byte("label,text\n")
			for i := range 10_000 {
				b = fmt.Appendf(b, "l%d,word%d\n", i/2, i)
			}
			return b
		}(), "at most 2000"},
	}
}

// Files made to hurt end their job with a reason, register nothing and never
// take memory by what they unpack to.
func TestAttackFiles(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, tc := range attackFiles(t) {
		t.Run(tc.name, func(t *testing.T) {
			var job map[string]any
			// The house keeps the file in memory, and copies it on its way there.
			limit := most + 8*uint64(len(tc.data))
			grew := peak(limit, func() { job = h.train(t, "attacked", tc.file, tc.data, nil) })
			why, _ := job["error"].(map[string]any)
			if job["status"] != "failed" || why["code"] != "input" || !strings.Contains(fmt.Sprint(why), tc.want) {
				t.Errorf("the job is %v %v, want it failed with input and %q", job["status"], why, tc.want)
			}
			if grew > limit {
				t.Errorf("memory grew by %d MB, want at most %d", grew>>20, limit>>20)
			}
		})
	}
	if status, _ := h.ask(t, "GET", "/v1/models/attacked@champion", nil); status != 404 {
		t.Errorf("GET /v1/models/attacked@champion = %d, want 404: an attack registered a version", status)
	}
}
