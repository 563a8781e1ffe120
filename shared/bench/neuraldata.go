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

	"godwit/shared/ml/image"
	"godwit/shared/ml/network"
	"godwit/shared/ml/pipeline"
)

// rows reads the training and the test rows of a course.
func (b *bench) rows(c course) (train, test network.Rows, err error) {
	if c.cell == "" {
		return b.images(c.set)
	}
	return b.texts(c.set)
}

// inputAt returns a row as the product takes it.
func inputAt(r network.Rows, i int) pipeline.Input {
	if r.Texts != nil {
		return pipeline.Input{Text: r.Texts[i]}
	}
	size := r.Shape.Size()
	return pipeline.Input{Pixels: r.Pixels[i*size:][:size]}
}

// images reads a set in the format of MNIST.
func (b *bench) images(set string) (train, test network.Rows, err error) {
	for prefix, rows := range map[string]*network.Rows{"train": &train, "t10k": &test} {
		pixels, shape, err := readIDX(filepath.Join(b.sets, set, prefix+"-images-idx3-ubyte.gz"))
		if err != nil {
			return train, test, err
		}
		labels, _, err := readIDX(filepath.Join(b.sets, set, prefix+"-labels-idx1-ubyte.gz"))
		if err != nil {
			return train, test, err
		}
		*rows = network.Rows{Shape: image.Shape{Height: shape[1], Width: shape[2], Channels: 1}, Pixels: pixels, Y: widen(labels)}
	}
	for class := range int(slices.Max(train.Y)) + 1 {
		train.Labels = append(train.Labels, strconv.Itoa(class))
	}
	test.Labels = train.Labels
	return train, test, nil
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

// formatIDX is the way back of parseIDX.
func formatIDX(data []byte, shape []int) []byte {
	file := []byte{0, 0, 8, byte(len(shape))}
	for _, side := range shape {
		file = binary.BigEndian.AppendUint32(file, uint32(side))
	}
	return append(file, data...)
}

// texts reads a set of labelled texts.
func (b *bench) texts(set string) (train, test network.Rows, err error) {
	var parts [2][]example
	for i, part := range []string{"train", "test"} {
		path, err := b.file(set, part)
		if err != nil {
			return train, test, err
		}
		if parts[i], err = readExamples(path); err != nil {
			return train, test, err
		}
	}
	for _, e := range parts[0] {
		train.Labels = append(train.Labels, e.Label)
	}
	slices.Sort(train.Labels)
	train.Labels = slices.Compact(train.Labels)
	for i, rows := range []*network.Rows{&train, &test} {
		for _, e := range parts[i] {
			rows.Texts = append(rows.Texts, e.Text)
			rows.Y = append(rows.Y, int32(slices.Index(train.Labels, e.Label)))
		}
	}
	test.Labels = train.Labels
	return train, test, nil
}
