package imagetest_test

import (
	"bytes"
	"slices"
	"testing"

	"godwit/shared/ml/image"
	"godwit/shared/ml/image/imagetest"
)

// The mean of the pixels of each class, and so each class, is told from the
// others: else tests of learning would learn nothing.
func TestZip(t *testing.T) {
	data := imagetest.Zip(8, 20, 7)
	if !bytes.Equal(data, imagetest.Zip(8, 20, 7)) {
		t.Error("Zip() gives other bytes the second time")
	}
	set, err := image.Read(t.Context(), bytes.NewReader(data), image.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(set.Labels, imagetest.Classes) || len(set.Rows) != 40 || set.Shape != (image.Shape{Width: 20, Height: 20, Channels: 3}) {
		t.Errorf("Read() = %d rows of %v, %v, want 40 of 20 x 20 in all classes", len(set.Rows), set.Labels, set.Shape)
	}
	if len(set.Issues) != 1 { // few rows are no fault of the pictures
		for _, i := range set.Issues {
			if i.Code != "label_too_rare" {
				t.Errorf("issue = %+v, want none but few rows", i)
			}
		}
	}
}

func TestDraw(t *testing.T) {
	for _, class := range imagetest.Classes {
		one, same, other := imagetest.Draw(class, 24, 1), imagetest.Draw(class, 24, 1), imagetest.Draw(class, 24, 2)
		if !bytes.Equal(one.Pix, same.Pix) || bytes.Equal(one.Pix, other.Pix) {
			t.Errorf("%s: the same seed must draw the same, another seed something else", class)
		}
		for _, second := range imagetest.Classes {
			if second != class && bytes.Equal(one.Pix, imagetest.Draw(second, 24, 1).Pix) {
				t.Errorf("%s and %s are drawn alike", class, second)
			}
		}
	}
}

func TestIDX(t *testing.T) {
	images, labels := imagetest.IDX(3, 16, 1)
	set, err := image.ReadPair(t.Context(), images, labels, image.Options{})
	if err != nil || len(set.Rows) != 15 || set.Width != 16 || set.Channels != 1 {
		t.Fatalf("ReadPair() = %d rows of %v, %v, want 15 of 16 x 16", len(set.Rows), set.Shape, err)
	}
}
