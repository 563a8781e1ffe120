package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"godwit/shared/ml/pipeline"
)

// networkContests are those of networks, whose settings and seed are the peers' as far as
// a caller may choose them; the rest is the product's own.
var networkContests = []contest{
	{set: "fashion_mnist", entry: "cnn, 3 epochs", metric: accuracyScore, images: true, rivals: []rival{{"LeNet", .894}},
		settings: `{"algorithm":"cnn","params":{"epochs":3,"features":["plain"]},"seed":1}`},
	{set: "fashion_mnist", entry: "cnn, 10 epochs", metric: accuracyScore, images: true, rivals: []rival{{"LeNet", .9145}},
		settings: `{"algorithm":"cnn","params":{"epochs":10,"features":["plain"]},"seed":1}`},
	{set: "trec", entry: "gru", metric: accuracyScore, text: true, rivals: []rival{{"GRU", .880}},
		settings: `{"algorithm":"rnn","params":{"epochs":10},"seed":1}`},
	{set: "banking77", entry: "gru", metric: accuracyScore, text: true, rivals: []rival{{"GRU", .887}},
		settings: `{"algorithm":"rnn","params":{"epochs":20,"hidden":128,"embedding":128},"seed":1}`},
	{set: "thucnews", entry: "gru", metric: accuracyScore, text: true, rivals: []rival{{"GRU", .841}},
		settings: `{"algorithm":"rnn","params":{"epochs":5},"seed":1}`},
}

// title names a contest in the table and for -set.
func (c contest) title() string {
	if c.entry == "" {
		return c.set
	}
	return c.set + " " + c.entry
}

// asked are the settings of the training.
func (c contest) asked() string { return cmp.Or(c.settings, `{"algorithm":"auto"}`) }

// trainingFile returns what a customer would upload, and its name.
func (b *bench) trainingFile(c contest) (name string, data []byte, err error) {
	if c.images {
		return b.archived(c.set)
	}
	if name, err = b.file(c.set, "train"); err != nil {
		return "", nil, err
	}
	data, err = os.ReadFile(name)
	return name, data, err
}

// archived puts the training images of a set in the format of MNIST, and their
// labels, into one zip.
func (b *bench) archived(set string) (name string, data []byte, err error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, part := range []string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte"} {
		packed, err := os.ReadFile(filepath.Join(b.sets, set, part+".gz"))
		if err != nil {
			return "", nil, fmt.Errorf("no data set %s: %w", set, err)
		}
		r, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return "", nil, fmt.Errorf("read %s: %w", part, err)
		}
		w, err := z.Create(part)
		if err == nil {
			_, err = io.Copy(w, io.LimitReader(r, mostIDX))
		}
		if err != nil {
			return "", nil, fmt.Errorf("read %s: %w", part, err)
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
