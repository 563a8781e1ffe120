package image_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/image"
	"godwit/shared/ml/image/imagetest"
)

// idxOf writes an IDX file of bytes.
func idxOf(numbers []byte, dims ...uint32) []byte {
	out := []byte{0, 0, 8, byte(len(dims))}
	for _, d := range dims {
		out = binary.BigEndian.AppendUint32(out, d)
	}
	return append(out, numbers...)
}

func TestRead_idx(t *testing.T) {
	images, labels := imagetest.IDX(20, 12, 1)
	testImages, testLabels := imagetest.IDX(3, 12, 900)
	for _, tc := range []struct {
		name  string
		data  []byte
		tests int
	}{
		{"a zip", zipOf(t, file{name: "train-images-idx3-ubyte", data: images}, file{name: "train-labels-idx1-ubyte", data: labels}), 0},
		{"gzipped in a zip", zipOf(t, file{name: "x/train-images-idx3-ubyte.gz", data: gzipped(t, images)}, file{name: "x/train-labels-idx1-ubyte.gz", data: gzipped(t, labels)}), 0},
		{"other names", zipOf(t, file{name: "y", data: labels}, file{name: "x", data: images}), 0},
		{"with a test set", zipOf(t, file{name: "train-images.idx3-ubyte", data: images}, file{name: "train-labels.idx1-ubyte", data: labels},
			file{name: "t10k-images.idx3-ubyte", data: testImages}, file{name: "t10k-labels.idx1-ubyte", data: testLabels}), 15},
		{"a tar.gz, labels last", tarOf(t, file{name: "d/emnist-test-images-idx3-ubyte", data: testImages}, file{name: "d/emnist-train-images-idx3-ubyte", data: images},
			file{name: "d/emnist-train-labels-idx1-ubyte", data: labels}, file{name: "d/emnist-test-labels-idx1-ubyte", data: testLabels}), 15},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set, err := read(t, tc.data, image.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if set.Shape != (image.Shape{Width: 12, Height: 12, Channels: 1}) || set.Source.Format != "idx" || strings.Join(set.Labels, " ") != "0 1 2 3 4" {
				t.Errorf("Read() = %v of %v, format %q, want 12 x 12 of 0 to 4, idx", set.Shape, set.Labels, set.Source.Format)
			}
			trains, tests := 0, 0
			for i, row := range set.Rows {
				if row.Split == "test" {
					tests++
					continue
				}
				if !bytes.Equal(set.Pixels[i*144:][:144], images[16+trains*144:][:144]) || row.Label != string('0'+labels[8+trains]) {
					t.Errorf("row %d is not image %d of the file", i, trains)
				}
				trains++
			}
			if len(set.Rows) != 100+tc.tests || tests != tc.tests {
				t.Errorf("%d rows, %d of them test, want %d, %d", len(set.Rows), tests, 100+tc.tests, tc.tests)
			}
		})
	}
}

func TestReadPair(t *testing.T) {
	images, labels := imagetest.IDX(4, 16, 1)
	set, err := image.ReadPair(t.Context(), gzipped(t, images), labels, image.Options{Width: 8, Height: 8})
	if err != nil || len(set.Rows) != 20 || set.Shape != (image.Shape{Width: 8, Height: 8, Channels: 1}) || set.Rows[4].Label != "4" {
		t.Fatalf("ReadPair() = %d rows of %v, %v, want 20 of 8 x 8", len(set.Rows), set.Shape, err)
	}
}

// Colours stand pixel by pixel in the file and plane by plane in the set.
func TestReadPair_colour(t *testing.T) {
	images := idxOf(bytes.Repeat([]byte{10, 120, 230}, 4*64), 4, 8, 8, 3)
	set, err := image.ReadPair(t.Context(), images, idxOf([]byte{3, 7, 3, 7}, 4), image.Options{})
	if err != nil || set.Shape != colour8 || rgb(colour8, set.Pixels) != [3]int{10, 120, 230} {
		t.Fatalf("ReadPair() = %v, %v, want 8 x 8 in colour", set.Shape, err)
	}
}

func TestReadPair_unfit(t *testing.T) {
	images, labels := imagetest.IDX(4, 8, 1)
	colour := idxOf(make([]byte, 2*8*8*2), 2, 8, 8, 2)
	for _, tc := range []struct {
		name           string
		images, labels []byte
		want           string
	}{
		{"images cut short", images[:len(images)-1], labels, "less than the 20 rows"},
		{"images too many", append(bytes.Clone(images), 0), labels, "more than the 20 rows"},
		{"labels cut short", images, labels[:len(labels)-1], "less than the 20 rows"},
		{"a head that promises much", idxOf(nil, 20, 6000, 6000), labels, "less than the 20 rows"},
		{"a head that promises more", idxOf(nil, 1<<31, 1<<15, 1<<15), labels, "more than 1000000 rows"},
		{"huge images", idxOf(nil, 20, 60_000, 60_000), labels, "60000 x 60000"},
		{"no pixels", idxOf(nil, 20, 0, 8), labels, "8 x 0 pixels"},
		{"other counts", images, idxOf(make([]byte, 19), 19), "20 images, and \"labels\" 19 labels"},
		{"two channels", colour, labels, "1 or 3 channels"},
		{"a checksum", gzippedWrong(t, images), labels, "is damaged"},
		{"floats", append([]byte{0, 0, 0x0D, 3}, images[4:]...), labels, "other numbers than bytes"},
		{"no labels", images, images, "no file of labels"},
		{"no images", labels, labels, "labels and no images"},
		{"a picture beside it", images, pngOf(t, flat(8, 8, 0)), "both IDX files and other images"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := image.ReadPair(t.Context(), tc.images, tc.labels, image.Options{})
			unfit, is := errors.AsType[*dataset.InputError](err)
			if !is || !strings.Contains(unfit.Message, tc.want) || unfit.Issues[0].Fix == "" {
				t.Fatalf("ReadPair() error = %v, want one that says %q", err, tc.want)
			}
		})
	}
	if _, err := read(t, gzipped(t, images), image.Options{}); err == nil || !strings.Contains(err.Error(), "half of an IDX pair") {
		t.Errorf("half a pair: error = %v, want one that says so", err)
	}
}

// gzippedWrong compresses data under a wrong checksum.
func gzippedWrong(t *testing.T, data []byte) []byte {
	packed := gzipped(t, data)
	packed[len(packed)-8] ^= 1
	return packed
}
