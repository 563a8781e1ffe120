package image_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	stdimage "image"
	"image/color"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/image"
	"godwit/shared/ml/image/imagetest"
)

// rowsOf lists label and split of each row.
func rowsOf(set *image.Set) string {
	var out []string
	for _, r := range set.Rows {
		out = append(out, strings.TrimSuffix(r.Label+":"+r.Split, ":"))
	}
	return strings.Join(out, " ")
}

func TestRead_layout(t *testing.T) {
	for _, tc := range []struct {
		name  string
		paths []string
		want  string
	}{
		{"class folders", []string{"a/1.png", "a/2.png", "b/1.png", "b/2.png"}, "a a b b"},
		{"a top folder", []string{"set/", "set/a/1.png", "set/a/2.png", "set/b/1.png", "set/b/2.png"}, "a a b b"},
		{"two top folders", []string{"x/y/a/1.png", "x/y/a/2.png", "x/y/b/1.png", "x/y/b/2.png"}, "a a b b"},
		{"splits", []string{"train/a/1.png", "train/a/2.png", "train/b/1.png", "train/b/2.png", "test/a/3.png", "val/b/3.png"},
			"a:train a:train b:train b:train a:test b:validation"},
		{"a top folder and splits", []string{"s/Training/a/1.png", "s/Training/a/2.png", "s/Training/b/1.png", "s/Training/b/2.png", "s/Testing/a/3.png"},
			"a:train a:train b:train b:train a:test"},
		{"one split", []string{"train/a/1.png", "train/a/2.png", "train/b/1.png", "train/b/2.png"}, "a:train a:train b:train b:train"},
		{"a label called test", []string{"test/1.png", "test/2.png", "b/1.png", "b/2.png"}, "test test b b"},
		{"folders in a label", []string{"a/x/1.png", "a/2.png", "b/1.png", "b/y/z/2.png"}, "a a b b"},
		{"backslashes", []string{`a\1.png`, `a\2.png`, `b\1.png`, `b\2.png`}, "a a b b"},
		{"what file managers leave", []string{"a/1.png", "a/2.png", "b/1.png", "b/2.png", "__MACOSX/a/._1.png", "a/.DS_Store", "b/Thumbs.db"}, "a a b b"},
		{"a decomposed label", []string{"e\u0301/1.png", "\u00e9/2.png", "b/1.png", "b/2.png"}, "é é b b"},
		{"a label in GB18030", []string{"\xb9\xb7/1.png", "\xb9\xb7/2.png", "b/1.png", "b/2.png"}, "狗 狗 b b"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var files []file
			for i, p := range tc.paths {
				f := file{name: p}
				if !strings.HasSuffix(p, "/") {
					f.data = pngOf(t, flat(8, 8, uint8(i)))
				}
				files = append(files, f)
			}
			set, err := read(t, zipOf(t, files...), image.Options{})
			if err != nil || rowsOf(set) != tc.want {
				t.Fatalf("Read() = %s, %v, want %s", rowsOf(set), err, tc.want)
			}
			for _, row := range set.Rows {
				if !utf8.ValidString(row.ID) || strings.Contains(row.ID, `\\`) {
					t.Errorf("ID = %q, want a path with slashes in UTF-8", row.ID)
				}
			}
		})
	}
}

func TestRead_set(t *testing.T) {
	files := goodFiles(t, "", 30)
	files = append(files, file{name: "README.txt", data: []byte("BMW and others, by hand")})
	set, err := read(t, zipOf(t, files...), image.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := set.Shape, (image.Shape{Width: 8, Height: 8, Channels: 1}); got != want {
		t.Errorf("shape = %v, want %v", got, want)
	}
	if !slices.Equal(set.Labels, []string{"a", "b"}) || !slices.Equal(set.Counts, []int{15, 15}) || set.Source.Format != "zip" || len(set.SHA256) != 64 {
		t.Errorf("labels %v, counts %v, format %q, SHA-256 %q", set.Labels, set.Counts, set.Source.Format, set.SHA256)
	}
	for i := range set.Rows {
		if got := set.Pixels[i*64+17]; got != uint8(i) || set.Rows[i].Record != int64(i+1) {
			t.Errorf("image %d has shade %d and record %d", i, got, set.Rows[i].Record)
		}
	}
	if got := codes(set.Issues, dataset.Info); !maps.Equal(got, map[string]string{"README.txt": dataset.ImageDecode}) {
		t.Errorf("infos = %v, want the text file passed over", got)
	}
	train, test, how := set.Split(dataset.SplitOptions{})
	if len(train)+len(test) != 30 || len(test) < 2 || how != dataset.ByHash {
		t.Errorf("Split() = %d + %d %s, want all 30 by hash", len(train), len(test), how)
	}
}

// An archive says the same whatever it is packed with.
func TestRead_tar(t *testing.T) {
	files := goodFiles(t, "top/", 12)
	packed, err := read(t, zipOf(t, files...), image.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tarred, err := read(t, tarOf(t, files...), image.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(packed.Pixels, tarred.Pixels) || rowsOf(packed) != rowsOf(tarred) || tarred.Source.Format != "tar.gz" {
		t.Errorf("tar.gz gives %s of %q, want %s as the zip", rowsOf(tarred), tarred.Source.Format, rowsOf(packed))
	}
}

func TestRead_shape(t *testing.T) {
	grey, red := color.NRGBA{90, 90, 93, 255}, color.NRGBA{200, 20, 20, 255}
	for _, tc := range []struct {
		name  string
		sides [][2]int
		paint color.Color
		o     image.Options
		want  image.Shape
	}{
		{"the median", [][2]int{{10, 20}, {12, 22}, {400, 300}}, grey, image.Options{}, image.Shape{Width: 12, Height: 22, Channels: 1}},
		{"the longest side", [][2]int{{300, 200}, {300, 200}, {30, 20}}, grey, image.Options{}, image.Shape{Width: 64, Height: 43, Channels: 1}},
		{"another longest side", [][2]int{{300, 200}}, grey, image.Options{LongestSide: 32}, image.Shape{Width: 32, Height: 21, Channels: 1}},
		{"a narrow one", [][2]int{{2, 100}}, grey, image.Options{}, image.Shape{Width: 8, Height: 64, Channels: 1}},
		{"colour", [][2]int{{9, 9}}, red, image.Options{}, image.Shape{Width: 9, Height: 9, Channels: 3}},
		{"as asked for", [][2]int{{9, 9}}, red, image.Options{Width: 16, Height: 12, Channels: 1}, image.Shape{Width: 16, Height: 12, Channels: 1}},
		{"grey in three channels", [][2]int{{9, 9}}, grey, image.Options{Channels: 3}, image.Shape{Width: 9, Height: 9, Channels: 3}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var files []file
			for i, side := range tc.sides {
				for _, label := range []string{"a", "b"} {
					for k := range 2 {
						files = append(files, file{name: fmt.Sprintf("%s/%d-%d.png", label, i, k), data: pngOf(t, filled(side[0], side[1], tc.paint))})
					}
				}
			}
			set, err := read(t, zipOf(t, files...), tc.o)
			if err != nil || set.Shape != tc.want {
				t.Fatalf("Read() = %v, %v, want %v", set.Shape, err, tc.want)
			}
			// What is learned from is what a prediction sees.
			alone, err := set.Decode(files[0].data, 0)
			if err != nil || !bytes.Equal(alone, set.Pixels[:set.Size()]) {
				t.Errorf("Decode() differs from Read(), error %v", err)
			}
		})
	}
}

// Copies, conflicting labels and leaks are found by content, also when the file
// was written anew in another format.
func TestRead_findings(t *testing.T) {
	files := goodFiles(t, "train/", 40)
	files = append(files,
		file{name: "train/a/copy.png", data: rawPNG(t, 8, 8, 0, bytes.Repeat(append([]byte{0}, bytes.Repeat([]byte{4}, 8)...), 8))},
		file{name: "train/b/other.png", data: files[6].data},
		file{name: "train/B/1.png", data: pngOf(t, flat(8, 8, 201))},
		file{name: "train/B/2.png", data: pngOf(t, flat(8, 8, 202))},
		file{name: "test/a/leak.png", data: files[8].data})
	set, err := read(t, zipOf(t, files...), image.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{dataset.DuplicateExact: 2, dataset.DuplicateConflictingLabel: 1, dataset.SplitLeak: 1,
		dataset.LabelCaseVariant: 1, dataset.LabelTooRare: 1, dataset.ClassImbalance: 1}
	if !maps.Equal(set.IssueCounts, want) {
		t.Errorf("issues = %v, want %v", set.IssueCounts, want)
	}
	for _, i := range set.Issues {
		if i.Code == dataset.DuplicateConflictingLabel && (i.Excerpt != "train/b/other.png" || i.Message != `labelled "b" here and "a" in train/a/006.png`) {
			t.Errorf("issue = %+v, want it about train/b/other.png and train/a/006.png", i)
		}
	}
	if _, test, how := set.Split(dataset.SplitOptions{}); how != dataset.ByColumn || len(test) != 1 {
		t.Errorf("Split() holds out %d %s, want the one test image by column", len(test), how)
	}
}

// Workers change the time and nothing else, across batches and bad files.
func TestRead_workers(t *testing.T) {
	files := goodFiles(t, "", 256)
	for i := range 120 {
		f := file{name: fmt.Sprintf("c/%03d.jpg", i), data: jpegOf(t, imagetest.Draw("ring", 20+i%20, uint64(i)))}
		switch {
		case i == 7:
			f.data = f.data[:len(f.data)/2]
		case i%40 == 9:
			f.data = pngOf(t, flat(2100, 1000, uint8(i))) // two of them fill a batch
		}
		files = append(files, f)
	}
	data := zipOf(t, files...)
	one, err := read(t, data, image.Options{})
	if err != nil {
		t.Fatal(err)
	}
	many, err := read(t, data, image.Options{Workers: 5})
	if err != nil || !reflect.DeepEqual(one, many) {
		t.Errorf("5 workers give another set, error %v", err)
	}
	if len(one.Rows) != 375 || one.Issues[0].Excerpt != "c/007.jpg" || one.Issues[0].Record != 264 {
		t.Errorf("%d rows, first issue %+v, want 375 and record 264", len(one.Rows), one.Issues[0])
	}
}

// Rows of a class that is too rare go, and their pixels with them.
func TestRead_rare(t *testing.T) {
	files := append([]file{{name: "rare/1.png", data: pngOf(t, flat(8, 8, 250))}}, goodFiles(t, "", 6)...)
	set, err := read(t, zipOf(t, files...), image.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Rows) != 6 || set.Pixels[0] != 0 || set.Pixels[64] != 1 {
		t.Errorf("%d rows, the first of shade %d, want 6 from shade 0 on", len(set.Rows), set.Pixels[0])
	}
}

func TestRead_unfit(t *testing.T) {
	bad := func(n int) []file {
		return append(goodFiles(t, "", 100-n), slices.Repeat([]file{{name: "a/x.png", data: []byte("no image")}}, n)...)
	}
	for _, tc := range []struct {
		name string
		data []byte
		o    image.Options
		want string
	}{
		{"nothing", nil, image.Options{}, "neither a zip nor a tar.gz"},
		{"an empty zip", zipOf(t), image.Options{}, "the file holds no rows"},
		{"an image", pngOf(t, flat(8, 8, 0)), image.Options{}, "this is one PNG image"},
		{"one class", zipOf(t, file{name: "a/1.png", data: pngOf(t, flat(8, 8, 0))}, file{name: "a/2.png", data: pngOf(t, flat(8, 8, 1))}), image.Options{}, "at least 2 labels"},
		{"too many bad files", zipOf(t, bad(2)...), image.Options{}, "2 of 100 records are bad (2.0 %) and at most 1 % may be: image_decode"},
		{"more rows than allowed", zipOf(t, goodFiles(t, "", 9)...), image.Options{Options: dataset.Options{MaxRows: 8}}, "more than 8 images"},
		{"more pixels than allowed", zipOf(t, goodFiles(t, "", 9)...), image.Options{MaxPixelBytes: 500}, "at most 500 are kept"},
		{"a size that no network reads", zipOf(t, goodFiles(t, "", 9)...), image.Options{Width: 7}, "images of 7 x 8 pixels"},
		{"a damaged zip", zipOf(t, goodFiles(t, "", 9)...)[:900], image.Options{}, "the zip is damaged"},
		{"a damaged tar.gz", tarOf(t, goodFiles(t, "", 9)...)[:300], image.Options{}, "the tar.gz is damaged"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := read(t, tc.data, tc.o)
			unfit, is := errors.AsType[*dataset.InputError](err)
			if !is || !strings.Contains(unfit.Message, tc.want) {
				t.Fatalf("Read() error = %v, want one that says %q", err, tc.want)
			}
		})
	}
	if set, err := read(t, zipOf(t, bad(1)...), image.Options{}); err != nil || set.Rejected != 1 {
		t.Errorf("one bad file of 100: %v, want it dropped", err)
	}
}

// What is not the data's fault is no InputError.
func TestRead_source(t *testing.T) {
	broken := errors.New("the line is cut")
	if _, err := image.Read(t.Context(), iotest.ErrReader(broken), image.Options{}); !errors.Is(err, broken) {
		t.Errorf("Read() error = %v, want %v", err, broken)
	}
	data := zipOf(t, goodFiles(t, "", 9)...)
	for after := range 300 {
		at := &breaking{bytes.NewReader(data), after, broken}
		set, err := image.ReadAt(t.Context(), at, int64(len(data)), image.Options{})
		if at.left >= 0 && err == nil {
			return
		}
		if !errors.Is(err, broken) || set != nil {
			t.Fatalf("ReadAt() failing after %d reads = %v, %v, want %v", after, set, err, broken)
		}
	}
	t.Error("ReadAt() did not get by with 300 reads")
}

// breaking is a source that fails after some reads.
type breaking struct {
	io.ReaderAt
	left int
	err  error
}

func (b *breaking) ReadAt(p []byte, off int64) (int, error) {
	if b.left--; b.left < 0 {
		return 0, b.err
	}
	return b.ReaderAt.ReadAt(p, off)
}

func TestRead_cancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := image.Read(ctx, bytes.NewReader(imagetest.Zip(2, 16, 1)), image.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Read() error = %v, want context.Canceled", err)
	}
}

// The pixels are the same on every machine and in every version: models were
// fitted to them. The sums were taken of the first version, on amd64 and arm64.
// Only PNG: how a JPEG is rounded is up to the standard library's decoder.
func TestRead_frozen(t *testing.T) {
	var files []file
	for i, class := range imagetest.Classes {
		for k := range 2 {
			picture := imagetest.Draw(class, 50+k, uint64(10*i+k))
			files = append(files, file{name: fmt.Sprintf("%s/%d.png", class, k), data: pngOf(t, picture)})
		}
	}
	for _, tc := range []struct {
		o    image.Options
		want string
	}{
		{image.Options{Width: 20, Height: 13}, "3b378544f446 8d667c2c8c6fd93a"},
		{image.Options{Width: 20, Height: 64, Channels: 1}, "503419c8114f 8d667c2c8c6fd93a"},
	} {
		set, err := read(t, zipOf(t, files...), tc.o)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(set.Pixels)
		if got := hex.EncodeToString(sum[:6]) + " " + set.Rows[3].Group; got != tc.want {
			t.Errorf("pixels and group of %v = %q, want %q", set.Shape, got, tc.want)
		}
	}
	heat := drawn(t, image.Heat([]float32{.1, .2, .3, .7}, 2, 2)).(*stdimage.Paletted)
	if got, want := heat.Pix, []uint8{36, 73, 109, 255}; !bytes.Equal(got, want) {
		t.Errorf("heat = %v, want %v", got, want)
	}
}
