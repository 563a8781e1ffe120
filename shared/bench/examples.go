package main

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// example is a text and the label it should get.
type example struct{ Text, Label string }

// readRecords reads the header and every row of a published CSV file, gzipped
// when the name ends in .gz. It does not use the product's reader, which drops
// rows it finds fault with: a score counts all rows. A row of another shape is
// an error.
func readRecords(path string) (header []string, rows [][]string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", path, err)
		}
	}
	records, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(records) < 2 {
		return nil, nil, fmt.Errorf("read %s: it has no rows", path)
	}
	return records[0], records[1:], nil
}

// readExamples reads a file whose header names the columns text and label.
func readExamples(path string) ([]example, error) {
	header, rows, err := readRecords(path)
	if err != nil {
		return nil, err
	}
	text, label := slices.Index(header, "text"), slices.Index(header, "label")
	if text < 0 || label < 0 {
		return nil, fmt.Errorf("read %s: %w", path, errors.New("the header does not name the columns text and label"))
	}
	examples := make([]example, len(rows))
	for i, row := range rows {
		examples[i] = example{Text: row[text], Label: row[label]}
	}
	return examples, nil
}

// classes numbers the labels of rows and of what was predicted for them, in
// the order of the alphabet.
func classes(rows []example, predicted []string) (truth, answers []int32, n int) {
	all := slices.Clone(predicted)
	for _, row := range rows {
		all = append(all, row.Label)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	place := func(label string) int32 {
		i, _ := slices.BinarySearch(all, label)
		return int32(i)
	}
	for i, row := range rows {
		truth, answers = append(truth, place(row.Label)), append(answers, place(predicted[i]))
	}
	return truth, answers, len(all)
}
