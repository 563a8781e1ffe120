package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"godwit/shared/ml/image"
	"godwit/shared/ml/image/imagetest"
)

// makeImages adds drawn images under the name of a published set, in its format,
// to a folder of sets.
func makeImages(t *testing.T, data string) {
	t.Helper()
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
}

// A contest of images takes the files of MNIST as they are published.
func TestQuality_images(t *testing.T) {
	data := t.TempDir()
	makeImages(t, data)
	out, err := call(t, "quality", "-data", data, "-work", t.TempDir(), "-peers", t.TempDir(), "-set", "fashion_mnist cnn, 3 epochs")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"0.8940 LeNet, recorded", "plain cnn 3 epochs"} {
		if last := lastLine(out); !strings.Contains(last, want) {
			t.Errorf("last line %q, want %q in it", last, want)
		}
	}
}

// A peer's score is the recorded one until it is measured, here from what was
// remembered of an earlier run.
func TestFreshNetwork(t *testing.T) {
	b := &bench{peers: t.TempDir(), work: t.TempDir(), notes: io.Discard}
	c := networkContests[1]
	b.freshNetwork(t.Context(), &c)
	if got := c.best().told(); got != "0.9145 LeNet, recorded" {
		t.Errorf("without PyTorch the rival is %q", got)
	}
	told, err := json.Marshal(usage{Output: `RESULT {"test_acc":[0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.85,0.9]}`})
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("torch_cnn-fashion_mnist-10-%d-64.json", runtime.NumCPU())
	if err := os.Mkdir(filepath.Join(b.work, "peers"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.work, "peers", name), told, 0o644); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"0.3000 LeNet, measured", "0.9000 LeNet, measured"} {
		c := networkContests[i]
		if b.freshNetwork(t.Context(), &c); c.best().told() != want {
			t.Errorf("the rival of %s is %q, want %q", c.title(), c.best().told(), want)
		}
	}
	if networkContests[1].rivals[0].anew {
		t.Error("the table itself was changed")
	}
}

// The settings of a contest are JSON with the seed that is asked for.
func TestContest_asked(t *testing.T) {
	for _, c := range networkContests {
		var got struct {
			Algorithm string
			Seed      int
			Params    struct{ Epochs int }
		}
		if err := json.Unmarshal([]byte(c.asked(7)), &got); err != nil || got.Seed != 7 || got.Params.Epochs != c.after || got.Algorithm == "" {
			t.Errorf("%s asks for %s (%v), want seed 7 and %d epochs", c.title(), c.asked(7), err, c.after)
		}
		if c.network.set != c.set || c.network.epochs < c.after {
			t.Errorf("the peer of %s is %+v", c.title(), c.network)
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
