package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/shared/ml/image"
	"godwit/shared/ml/image/imagetest"
)

// A contest of images takes the files of MNIST as they are published.
func TestQuality_images(t *testing.T) {
	data, work := t.TempDir(), t.TempDir()
	for part, seed := range map[string]uint64{"train": 1, "t10k": 500} {
		images, labels := imagetest.IDX(12, 12, seed)
		for kind, body := range map[string][]byte{"images-idx3": images, "labels-idx1": labels} {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			if _, err := z.Write(body); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(data, "fashion_mnist", part+"-"+kind+"-ubyte.gz")
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	out, err := call(t, "quality", "-data", data, "-work", work, "-peers", t.TempDir(), "-set", "fashion_mnist cnn, 3 epochs")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"0.8940 LeNet", "plain cnn 3 epochs"} {
		if last := lastLine(out); !strings.Contains(last, want) {
			t.Errorf("last line %q, want %q in it", last, want)
		}
	}
}

// The drawn shapes are an archive that can be trained on.
func TestShapes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shapes.zip")
	if _, err := call(t, "shapes", "-side", "9", "-each", "2", path); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if set, err := image.Read(t.Context(), f, image.Options{}); err != nil || len(set.Y) != 2*len(imagetest.Classes) || set.Width != 9 {
		t.Errorf("the archive holds %+v, %v", set, err)
	}
	for _, args := range [][]string{{"shapes"}, {"shapes", "-side", "1", path}, {"shapes", "-none"}} {
		if _, err := call(t, args...); err == nil {
			t.Errorf("%q does not fail", args)
		}
	}
}
