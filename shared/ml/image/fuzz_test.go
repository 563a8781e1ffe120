package image_test

import (
	"bytes"
	"errors"
	"testing"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/image"
	"godwit/shared/ml/image/imagetest"
)

// small are limits that are met.
var small = image.Options{Options: dataset.Options{MaxBytes: 1 << 17, MaxRows: 100, MaxBadShare: .5},
	LongestSide: 16, MaxFiles: 50, MaxFileBytes: 1 << 15, MaxPixels: 1 << 14, MaxPixelBytes: 1 << 18}

// FuzzRead reads any archive without a panic; read checks what must hold of
// every set.
func FuzzRead(f *testing.F) {
	images, labels := imagetest.IDX(2, 8, 1)
	f.Add([]byte(nil))
	f.Add(imagetest.Zip(2, 12, 1))
	f.Add(zipOf(f, append(goodFiles(f, "x/train/", 6), file{name: "x/test/a/1.jpg", data: jpegOf(f, flat(9, 9, 3))})...))
	f.Add(tarOf(f, goodFiles(f, "", 4)...))
	f.Add(zipOf(f, file{name: "train-images-idx3-ubyte.gz", data: gzipped(f, images)}, file{name: "train-labels-idx1-ubyte", data: labels}))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := read(t, data, small)
		if len(set.Pixels) > small.MaxPixelBytes || len(set.Rows) > small.MaxRows {
			t.Errorf("%d rows and %d bytes of pixels, want at most %d and %d", len(set.Rows), len(set.Pixels), small.MaxRows, small.MaxPixelBytes)
		}
		if _, unfit := errors.AsType[*dataset.InputError](err); err != nil && !unfit {
			t.Errorf("Read() error = %v, want an InputError", err)
		}
	})
}

// FuzzReadPair reads any IDX pair: a zip hides them from a fuzzer.
func FuzzReadPair(f *testing.F) {
	images, labels := imagetest.IDX(2, 8, 1)
	f.Add(images, labels)
	f.Add(gzipped(f, images), gzipped(f, labels))
	f.Add(idxOf(make([]byte, 8*8*3*2), 2, 8, 8, 3), idxOf([]byte{1, 2}, 2))
	f.Fuzz(func(t *testing.T, images, labels []byte) {
		set, err := image.ReadPair(t.Context(), images, labels, small)
		if _, unfit := errors.AsType[*dataset.InputError](err); err != nil && !unfit {
			t.Fatalf("ReadPair() error = %v, want an InputError", err)
		}
		if err == nil && len(set.Pixels) != len(set.Rows)*set.Size() {
			t.Errorf("%d bytes of pixels for %d rows of %d", len(set.Pixels), len(set.Rows), set.Size())
		}
	})
}

// FuzzDecode reads anything that is sent for an image.
func FuzzDecode(f *testing.F) {
	f.Add(pngOf(f, flat(8, 8, 3)))
	f.Add(jpegOf(f, flat(9, 9, 3)))
	f.Add(rawPNG(f, 8, 8, 1, interlaced(3)))
	f.Add([]byte(jsonOf(8, 8, "[1,2,3]")))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, s := range []image.Shape{grey8, colour8} {
			pixels, err := s.Decode(data, 1<<14)
			parsed, unread := s.ParsePixels(data, 1<<14)
			for _, r := range []struct {
				pixels []uint8
				err    error
			}{{pixels, err}, {parsed, unread}} {
				if bad, is := errors.AsType[*image.Error](r.err); r.err != nil && (!is || bad.Message == "") || r.err == nil && len(r.pixels) != s.Size() {
					t.Errorf("%d bytes, error %v, want %d or a reason", len(r.pixels), r.err, s.Size())
				}
			}
			if again, _ := s.Decode(data, 1<<14); !bytes.Equal(again, pixels) {
				t.Error("Decode() gives other pixels the second time")
			}
		}
	})
}
