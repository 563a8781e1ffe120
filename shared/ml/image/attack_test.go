package image_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"runtime"
	"strings"
	"testing"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/image"
)

// Each member that would do harm is refused by itself; the others are read.
func TestRead_hostile(t *testing.T) {
	good := pngOf(t, flat(8, 8, 255))
	truncated := jpegOf(t, filled(32, 32, flat(1, 1, 9).At(0, 0)))
	checksum := bytes.Clone(good)
	checksum[len(checksum)-20] ^= 1
	others := goodFiles(t, "", 120)
	many := strings.Repeat("x", 2000)
	for _, tc := range []struct {
		name string
		file file
		code string
		says string
	}{
		{"a way out", file{name: "a/../../etc/x.png", data: good}, dataset.ArchiveLimit, "out of the archive"},
		{"a way out by backslashes", file{name: `a\..\..\x.png`, data: good}, dataset.ArchiveLimit, "out of the archive"},
		{"an absolute path", file{name: "/etc/x.png", data: good}, dataset.ArchiveLimit, "absolute"},
		{"a drive", file{name: `C:\x.png`, data: good}, dataset.ArchiveLimit, "absolute"},
		{"a zero byte", file{name: "a/x.png\x00.txt", data: good}, dataset.ArchiveLimit, "control characters"},
		{"a name that turns around", file{name: "a/x\u202egnp.exe", data: good}, dataset.ArchiveLimit, "direction of writing"},
		{"a long name", file{name: "a/" + many, data: good}, dataset.ArchiveLimit, "longer than 1024"},
		{"a name of no encoding", file{name: "a/\xff\xff.png", data: good}, dataset.EncodingInvalid, "not UTF-8"},
		{"a link", file{name: "a/x.png", data: []byte("/etc/passwd"), mode: fs.ModeSymlink}, dataset.ArchiveLimit, "a link"},
		{"a zip in the zip", file{name: "a/x.zip", data: zipOf(t, file{name: "y.png", data: good})}, dataset.ArchiveLimit, "an archive inside"},
		{"a zip called PNG", file{name: "a/x.png", data: zipOf(t, file{name: "y.png", data: good})}, dataset.ArchiveLimit, "an archive inside"},
		{"a gzip", file{name: "a/x.png.gz", data: gzipped(t, good)}, dataset.ArchiveLimit, "an archive inside"},
		{"a large file", file{name: "a/x.png", data: append(bytes.Clone(good), make([]byte, 200_000)...)}, dataset.ArchiveLimit, "more than 100000 bytes"},
		{"a huge image", file{name: "a/x.png", data: rawPNG(t, 12_000, 12_000, 0, nil)}, dataset.ImageDecode, "12000 x 12000 pixels"},
		{"a long image", file{name: "a/x.png", data: rawPNG(t, 70_000, 1, 0, nil)}, dataset.ImageDecode, "65535 on a side"},
		{"a header that overflows", file{name: "a/x.png", data: rawPNG(t, 1<<31-1, 1<<31-1, 0, nil)}, dataset.ImageDecode, ""},
		{"an image without data", file{name: "a/x.png", data: rawPNG(t, 8, 8, 0, nil)}, dataset.ImageDecode, "not enough pixel data"},
		{"a truncated JPEG", file{name: "a/x.jpg", data: truncated[:len(truncated)-200]}, dataset.ImageDecode, "JPEG data end early"},
		{"a truncated header", file{name: "a/x.jpg", data: truncated[:20]}, dataset.ImageDecode, "JPEG data end early"},
		{"a wrong checksum", file{name: "a/x.png", data: checksum}, dataset.ImageDecode, "PNG data are damaged"},
		{"an empty file", file{name: "a/x.png"}, dataset.ImageDecode, "empty"},
		{"a text called PNG", file{name: "a/x.png", data: []byte("hello")}, dataset.ImageDecode, "neither a PNG nor a JPEG"},
		{"a WebP", file{name: "a/x.webp", data: []byte("RIFF\x00\x00\x00\x00WEBPVP8 ")}, dataset.ImageDecode, "WebP images are not read"},
		{"a HEIC", file{name: "a/x.heic", data: []byte("\x00\x00\x00\x18ftypheic")}, dataset.ImageDecode, "HEIC or AVIF images are not read"},
		{"no folder", file{name: "x.png", data: good}, dataset.LabelEmpty, "no folder"},
		{"a folder too long for a label", file{name: strings.Repeat("y", 600) + "/x.png", data: good}, dataset.TextTooLong, "too long for a label"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := image.Options{MaxFileBytes: 100_000}
			set, err := read(t, zipOf(t, append(others[:120:120], tc.file)...), o)
			if err != nil || len(set.Rows) != 120 || set.Rejected != 1 {
				t.Fatalf("Read() = %d rows, %d rejected, %v, want 120 and 1", len(set.Rows), set.Rejected, err)
			}
			for _, i := range set.Issues {
				if i.Severity == dataset.Error && (i.Code != tc.code || !strings.Contains(i.Message, tc.says) || i.Fix == "" || i.Record != 121) {
					t.Errorf("issue = %+v, want %s that says %q", i, tc.code, tc.says)
				}
			}
		})
	}
}

func TestRead_tarLink(t *testing.T) {
	set, err := read(t, tarOf(t, append(goodFiles(t, "", 120), file{name: "a/x.png", mode: fs.ModeSymlink})...), image.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := codes(set.Issues, dataset.Error); !maps.Equal(got, map[string]string{"a/x.png": dataset.ArchiveLimit}) {
		t.Errorf("errors = %v, want the link refused", got)
	}
}

// Members that cannot be unpacked: encrypted, and packed in a way of their own.
func TestRead_packing(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range goodFiles(t, "", 200) {
		w, err := z.Create(f.name)
		if err == nil {
			_, err = w.Write(f.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, h := range []*zip.FileHeader{{Name: "a/locked.png", Flags: 1}, {Name: "a/strange.png", Method: 99}} {
		if _, err := z.CreateRaw(h); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	set, err := read(t, b.Bytes(), image.Options{})
	if err != nil || set.Rejected != 2 {
		t.Fatalf("Read() = %d rejected, %v, want 2", set.Rejected, err)
	}
	for i, want := range []string{"the file is encrypted", "packed in a way that is not read"} {
		if got := set.Issues[i]; got.Code != dataset.ImageDecode || !strings.Contains(got.Message, want) {
			t.Errorf("issue = %+v, want image_decode that says %q", got, want)
		}
	}
}

// A file damaged within the archive, whose checksum tells.
func TestRead_zipChecksum(t *testing.T) {
	data := zipOf(t, goodFiles(t, "", 200)...)
	at := bytes.Index(data, []byte("a/000.png"))
	data[at+len("a/000.png")+30] ^= 0x40
	set, err := read(t, data, image.Options{})
	if err != nil || set.Rejected != 1 {
		t.Fatalf("Read() = %d rejected, %v, want 1", set.Rejected, err)
	}
	if i := set.Issues[0]; i.Code != dataset.ImageDecode || i.Excerpt != "a/000.png" {
		t.Errorf("issue = %+v, want image_decode of a/000.png", i)
	}
}

// Bombs end the reading, and take no memory to find out.
func TestRead_bombs(t *testing.T) {
	swollen := append(goodFiles(t, "", 4), file{name: "a/x.png", data: append(pngOf(t, flat(8, 8, 0)), make([]byte, 16<<20)...)})
	names := goodFiles(t, "", 4)
	for range 3000 {
		names = append(names, file{name: "a/" + strings.Repeat("n", 500)})
	}
	for _, tc := range []struct {
		name string
		data []byte
		o    image.Options
		want string
	}{
		{"a zip", zipOf(t, swollen...), image.Options{Options: dataset.Options{MaxBytes: 1 << 20}}, "more than 1048576 bytes come out"},
		{"a tar.gz", tarOf(t, swollen...), image.Options{Options: dataset.Options{MaxBytes: 1 << 20}}, "more than 1048576 bytes come out"},
		{"many files in a zip", zipOf(t, goodFiles(t, "", 20)...), image.Options{MaxFiles: 10}, "more than 10 files"},
		{"many files in a tar.gz", tarOf(t, goodFiles(t, "", 20)...), image.Options{MaxFiles: 10}, "more than 10 files"},
		{"a directory of names", zipOf(t, names...), image.Options{MaxFiles: 3010}, "very long names"},
		{"a large archive", zipOf(t, goodFiles(t, "", 20)...), image.Options{Options: dataset.Options{MaxBytes: 1000}}, "the file has more than 1000 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var set *image.Set
			var err error
			if got := allocated(func() { set, err = read(t, tc.data, tc.o) }); got > 12<<20+4*uint64(len(tc.data)) {
				t.Errorf("Read() of %d bytes took %d bytes of memory, want at most 12 MiB and 4 times as much", len(tc.data), got)
			}
			unfit, is := errors.AsType[*dataset.InputError](err)
			if !is || !strings.Contains(unfit.Message, tc.want) {
				t.Fatalf("Read() error = %v, want one that says %q", err, tc.want)
			}
			if set.IssueCounts[dataset.ArchiveLimit] != 1 {
				t.Errorf("issues = %v, want archive_limit", set.IssueCounts)
			}
		})
	}
}

// An image is refused by its header: 12,000 x 12,000 pixels would take 144 MB.
func TestShape_Decode_huge(t *testing.T) {
	data := rawPNG(t, 12_000, 12_000, 0, make([]byte, 1<<20))
	var err error
	if got := allocated(func() { _, err = (image.Shape{Width: 28, Height: 28, Channels: 1}).Decode(data, 0) }); got > 1<<20 {
		t.Errorf("Decode() took %d bytes of memory, want at most 1 MiB", got)
	}
	if bad, is := errors.AsType[*image.Error](err); !is || bad.Code != dataset.ImageDecode || !strings.Contains(bad.Message, "at most 40000000") {
		t.Errorf("Decode() error = %v, want image_decode with the bound", err)
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
