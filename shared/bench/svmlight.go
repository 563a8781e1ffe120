package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"

	"godwit/shared/ml/sparse"
)

// readSVMLight reads rows in svmlight's form: a label, then index:value with
// rising indices from 1. Classes are numbered by rising label.
func readSVMLight(r io.Reader) (x *sparse.Matrix, y []int32, classes int, err error) {
	x = &sparse.Matrix{Start: []int64{0}}
	var labels []int
	lines := bufio.NewReaderSize(r, 1<<20)
	for {
		text, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(text)) > 0 {
			label, bad := appendRow(x, text)
			if bad != nil {
				return nil, nil, 0, fmt.Errorf("line %d: %w", x.Rows+1, bad)
			}
			labels = append(labels, label)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, 0, err
		}
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(labels)))
	y = make([]int32, len(labels))
	for i, label := range labels {
		class, _ := slices.BinarySearch(distinct, label)
		y[i] = int32(class)
	}
	return x, y, len(distinct), nil
}

// appendRow adds one line to x and returns its label.
func appendRow(x *sparse.Matrix, text []byte) (label int, err error) {
	last := int32(-1)
	for i, field := range bytes.Fields(text) {
		if i == 0 {
			if label, err = strconv.Atoi(string(field)); err != nil {
				return 0, err
			}
			continue
		}
		a, b, _ := bytes.Cut(field, []byte(":"))
		index, err := strconv.ParseInt(string(a), 10, 32)
		if err != nil {
			return 0, err
		}
		value, err := strconv.ParseFloat(string(b), 32)
		if err != nil {
			return 0, err
		}
		column := int32(index) - 1
		if column <= last {
			return 0, fmt.Errorf("index %d does not rise from 1", index)
		}
		last = column
		x.Index, x.Value, x.Cols = append(x.Index, column), append(x.Value, float32(value)), max(x.Cols, int(column)+1)
	}
	x.Rows++
	x.Start = append(x.Start, int64(len(x.Index)))
	return label, nil
}
