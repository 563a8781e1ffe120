package main

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"godwit/shared/ml/pipeline"
)

// networkContests are those of networks, whose settings are the peers' as far as
// a caller may choose them; the rest is the product's own.
var networkContests = []contest{
	{set: "fashion_mnist", entry: "cnn, 3 epochs", metric: accuracyScore, images: true, rivals: []rival{{name: "LeNet", score: .894}},
		network: courses[0], after: 3, settings: `{"algorithm":"cnn","params":{"epochs":3,"features":["plain"]},"seed":%d}`},
	{set: "fashion_mnist", entry: "cnn, 10 epochs", metric: accuracyScore, images: true, rivals: []rival{{name: "LeNet", score: .9145}},
		network: courses[0], after: 10, settings: `{"algorithm":"cnn","params":{"epochs":10,"features":["plain"]},"seed":%d}`},
	{set: "trec", entry: "gru", metric: accuracyScore, text: true, rivals: []rival{{name: "GRU", score: .880}},
		network: courses[1], after: 10, settings: `{"algorithm":"rnn","params":{"epochs":10},"seed":%d}`},
	{set: "banking77", entry: "gru", metric: accuracyScore, text: true, rivals: []rival{{name: "GRU", score: .887}},
		network: courses[3], after: 20, settings: `{"algorithm":"rnn","params":{"epochs":20,"hidden":128,"embedding":128},"seed":%d}`},
	{set: "thucnews", entry: "gru", metric: accuracyScore, text: true, rivals: []rival{{name: "GRU", score: .841}},
		network: courses[4], after: 5, settings: `{"algorithm":"rnn","params":{"epochs":5},"seed":%d}`},
}

// freshNetwork trains the peer's network anew, of which one training tells the
// accuracy after every number of epochs. Without PyTorch the recorded score stays.
func (b *bench) freshNetwork(ctx context.Context, c *contest) {
	theirs, lacking := b.torch(ctx, c.network, runtime.NumCPU())
	if len(theirs.Accuracy) < c.after {
		b.say("%s: %s", c.title(), lacking)
		return
	}
	c.rivals = []rival{{name: c.rivals[0].name, score: theirs.Accuracy[c.after-1], anew: true}}
}

// title names a contest in the table and for -set.
func (c contest) title() string {
	if c.entry == "" {
		return c.set
	}
	return c.set + " " + c.entry
}

// asked are the settings of the training; seed is that of a network.
func (c contest) asked(seed int) string {
	if c.settings == "" {
		return `{"algorithm":"auto"}`
	}
	return fmt.Sprintf(c.settings, seed)
}

// trainingFile returns what a customer would upload, and its name.
func (b *bench) trainingFile(c contest) (name string, data []byte, err error) {
	if c.images {
		return b.archived(c.set, 0)
	}
	if name, err = b.file(c.set, "train"); err != nil {
		return "", nil, err
	}
	data, err = os.ReadFile(name)
	return name, data, err
}

// archived puts the first training images of a set in the format of MNIST, and
// their labels, into one zip: most of them, 0 for all.
func (b *bench) archived(set string, most int) (name string, data []byte, err error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, part := range []string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte"} {
		data, shape, err := readIDX(filepath.Join(b.sets, set, part+".gz"))
		if err != nil {
			return "", nil, fmt.Errorf("no data set %s: %w", set, err)
		}
		if most > 0 && most < shape[0] {
			data, shape[0] = data[:len(data)/shape[0]*most], most
		}
		w, err := z.Create(part)
		if err == nil {
			_, err = w.Write(formatIDX(data, shape))
		}
		if err != nil {
			return "", nil, fmt.Errorf("pack %s: %w", part, err)
		}
	}
	err = z.Close() // which writes the directory
	return set + ".zip", out.Bytes(), err
}

// scoreImages answers the published test images.
func (b *bench) scoreImages(o *outcome) error {
	pixels, shape, err := readIDX(filepath.Join(b.sets, o.set, "t10k-images-idx3-ubyte.gz"))
	if err != nil {
		return err
	}
	labels, _, err := readIDX(filepath.Join(b.sets, o.set, "t10k-labels-idx1-ubyte.gz"))
	if err != nil {
		return err
	}
	var scratch pipeline.Scratch
	var truth []string
	var answers []answer
	size := shape[1] * shape[2]
	for i, label := range labels {
		truth = append(truth, strconv.Itoa(int(label)))
		scores := o.model.Scores(&scratch, pipeline.Input{Pixels: pixels[i*size:][:size]})
		best := top(scores)
		answers = append(answers, answer{Label: o.model.Labels()[best], Score: float64(scores[best])})
	}
	o.rows = len(labels)
	o.scoreLabels(truth, answers)
	return nil
}
