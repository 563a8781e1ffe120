package main

import (
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"godwit/shared/ml/neural"
	"godwit/shared/ml/text"
)

// testRows are the rows a network is examined on: documents or pixels.
type testRows struct {
	documents []string
	pixels    []uint8
	labels    []int32
}

// vocabularySize and leastCount are the peer's: words that occur twice, at most
// so many.
const (
	vocabularySize = 20_000
	leastCount     = 2
)

// rows reads the data of a course.
func (b *bench) rows(c course) (neural.Data, testRows, error) {
	if c.cell == "" {
		return b.images(c.set)
	}
	return b.texts(c)
}

// images reads a set in the format of MNIST.
func (b *bench) images(set string) (neural.Data, testRows, error) {
	var parts [4][]uint8
	var shapes [4][]int
	for i, name := range []string{"train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"} {
		var err error
		if parts[i], shapes[i], err = readIDX(filepath.Join(b.sets, set, name+"-ubyte.gz")); err != nil {
			return nil, testRows{}, err
		}
	}
	d := &neural.Images{Height: shapes[0][1], Width: shapes[0][2], Channels: 1, Pixels: parts[0], Labels: widen(parts[1])}
	for class := range int(slices.Max(d.Labels)) + 1 {
		d.Classes = append(d.Classes, strconv.Itoa(class))
	}
	return d, testRows{pixels: parts[2], labels: widen(parts[3])}, nil
}

// widen returns labels as classes.
func widen(labels []uint8) []int32 {
	out := make([]int32, len(labels))
	for i, l := range labels {
		out[i] = int32(l)
	}
	return out
}

// mostIDX bounds what a file of images may hold.
const mostIDX = 1 << 30

// readIDX reads a gzipped file in the format of MNIST.
func readIDX(path string) (data []uint8, shape []int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", path, err)
	}
	whole, err := io.ReadAll(io.LimitReader(r, mostIDX))
	if err == nil {
		data, shape, err = parseIDX(whole)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", path, err)
	}
	return data, shape, nil
}

// parseIDX reads an array of bytes: two zeros, 8 for bytes, the number of
// sides, each side big-endian, then the bytes.
func parseIDX(file []byte) (data []uint8, shape []int, err error) {
	if len(file) < 4 || file[0] != 0 || file[1] != 0 || file[2] != 8 || len(file) < 4+4*int(file[3]) {
		return nil, nil, errors.New("it is no IDX file of bytes")
	}
	sides, size := int(file[3]), uint64(1)
	for i := range sides {
		side := binary.BigEndian.Uint32(file[4+4*i:])
		shape = append(shape, int(side))
		if size *= uint64(side); size > mostIDX {
			return nil, nil, fmt.Errorf("shape %v is too large", shape)
		}
	}
	if data = file[4+4*sides:]; uint64(len(data)) != size {
		return nil, nil, fmt.Errorf("%d bytes for a shape of %v", len(data), shape)
	}
	return data, shape, nil
}

// texts reads a set of labelled texts.
func (b *bench) texts(c course) (neural.Data, testRows, error) {
	var parts [2][]example
	for i, part := range []string{"train", "test"} {
		path, err := b.file(c.set, part)
		if err != nil {
			return nil, testRows{}, err
		}
		if parts[i], err = readExamples(path); err != nil {
			return nil, testRows{}, err
		}
	}
	d, test := &neural.Texts{}, testRows{}
	var documents []string
	for _, e := range parts[0] {
		documents = append(documents, e.Text)
		d.Classes = append(d.Classes, e.Label)
	}
	slices.Sort(d.Classes)
	d.Classes = slices.Compact(d.Classes)
	d.Vocabulary = neural.NewVocabulary(documents, leastCount, vocabularySize)
	var s text.Scratch
	for _, e := range parts[0] {
		d.Tokens = append(d.Tokens, d.Vocabulary.Tokens(nil, &s, e.Text, c.tokens))
		d.Labels = append(d.Labels, int32(slices.Index(d.Classes, e.Label)))
	}
	for _, e := range parts[1] {
		test.documents = append(test.documents, e.Text)
		test.labels = append(test.labels, int32(slices.Index(d.Classes, e.Label)))
	}
	return d, test, nil
}
