package image_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	stdimage "image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"testing"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/image"
)

// file is a member of an archive that a test makes.
type file struct {
	name string
	data []byte
	mode fs.FileMode // 0: a plain file
}

// zipOf makes a zip of files.
func zipOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		if len(f.data) == 0 {
			h.Method = zip.Store // thousands of compressors for nothing
		}
		h.SetMode(f.mode | 0o644)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(f.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tarOf makes a tar.gz of files.
func tarOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.data)), Typeflag: tar.TypeReg}
		if f.mode&fs.ModeSymlink != 0 {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, "/etc/passwd", 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write(f.data); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return gzipped(t, b.Bytes())
}

// gzipped compresses data.
func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pngOf writes img as a PNG.
func pngOf(t testing.TB, img stdimage.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// jpegOf writes img as a JPEG.
func jpegOf(t testing.TB, img stdimage.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// flat returns a grey image of one shade.
func flat(width, height int, shade uint8) *stdimage.Gray {
	img := stdimage.NewGray(stdimage.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = shade
	}
	return img
}

// filled returns an image of one colour.
func filled(width, height int, c color.Color) *stdimage.NRGBA {
	img := stdimage.NewNRGBA(stdimage.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, c)
		}
	}
	return img
}

// goodFiles returns n different pictures in folders a and b in turn, under prefix.
func goodFiles(t testing.TB, prefix string, n int) []file {
	t.Helper()
	files := make([]file, n)
	for i := range files {
		files[i] = file{name: fmt.Sprintf("%s%c/%03d.png", prefix, "ab"[i%2], i), data: pngOf(t, flat(8, 8, uint8(i)))}
	}
	return files
}

// rawPNG writes a PNG chunk by chunk: an 8-bit grey one whose image data are
// body, decompressed.
func rawPNG(t testing.TB, width, height uint32, interlace byte, body []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	head := binary.BigEndian.AppendUint32(nil, width)
	head = binary.BigEndian.AppendUint32(head, height)
	head = append(head, 8, 0, 0, 0, interlace)
	out := []byte("\x89PNG\r\n\x1a\n")
	for _, c := range []struct {
		name string
		data []byte
	}{{"IHDR", head}, {"IDAT", packed.Bytes()}, {"IEND", nil}} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(c.data)))
		named := append([]byte(c.name), c.data...)
		out = binary.BigEndian.AppendUint32(append(out, named...), crc32.ChecksumIEEE(named))
	}
	return out
}

// read reads an archive and checks what holds of every set.
func read(t testing.TB, data []byte, o image.Options) (*image.Set, error) {
	t.Helper()
	set, err := image.Read(t.Context(), bytes.NewReader(data), o)
	if set == nil {
		t.Fatalf("Read() = nil, %v, want a set", err)
	}
	if got := int64(len(set.Rows)) + set.Rejected; got != set.Records {
		t.Errorf("%d rows and %d rejected, want %d records", len(set.Rows), set.Rejected, set.Records)
	}
	if err != nil {
		return set, err
	}
	if got, want := len(set.Pixels), len(set.Rows)*set.Size(); got != want {
		t.Errorf("%d bytes of pixels, want %d", got, want)
	}
	for i, row := range set.Rows {
		if set.Labels[set.Y[i]] != row.Label || row.ID == "" || row.Group == "" || row.Record < 1 || row.Weight != 1 {
			t.Errorf("row %d = %+v of label %q, want a label, a name, a group and a place", i, row, set.Labels[set.Y[i]])
		}
	}
	return set, nil
}

// codes counts the issues of a severity by code and excerpt.
func codes(issues []dataset.Issue, s dataset.Severity) map[string]string {
	out := map[string]string{}
	for _, i := range issues {
		if i.Severity == s {
			out[i.Excerpt] = i.Code
		}
	}
	return out
}
