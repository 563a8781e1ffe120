package tabular_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/tabular"
)

var update = flag.Bool("update", false, "write the frozen file of a new format version")

// encoded returns an encoder as the bytes of a file.
func encoded(t interface {
	Helper()
	Fatal(...any)
}, e *tabular.Encoder) string {
	t.Helper()
	data, err := artifact.Encode(nil, e.Tensors())
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// decoded reads an encoder from the bytes of a file.
func decoded(data string) (*tabular.Encoder, error) {
	f, err := artifact.Decode([]byte(data), artifact.Limits{})
	if err != nil {
		return nil, err
	}
	return tabular.EncoderOf(f)
}

func TestEncoderOf(t *testing.T) {
	for _, shape := range []tabular.Shape{tabular.Plain, tabular.Curved, tabular.Binned} {
		columns := long(120)
		e, err := fitColumns(t, tabular.Options{Shape: shape}, columns...)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decoded(encoded(t, e))
		if err != nil {
			t.Fatalf("%s: EncoderOf() error = %v", shape, err)
		}
		if encoded(t, again) != encoded(t, e) || !slices.Equal(again.Columns(), e.Columns()) || again.Options() != e.Options() {
			t.Errorf("%s: the encoder changed when written and read", shape)
		}
		for r := range 120 {
			cells := make([]string, len(columns))
			for i := range columns {
				cells[i] = columns[i].Cell(r)
			}
			if got, want := features(again, cells...), features(e, cells...); !slices.Equal(got, want) {
				t.Fatalf("%s: row %d = %q, want %q", shape, r, got, want)
			}
		}
	}
}

func TestEncoderOf_corrupt(t *testing.T) {
	const options = `"options":{"shape":"plain","bins":16,"min_level":5,"max_levels":1000,"text":{"name":"word","min_docs":[1,1,2,0],"cjk":{"min":1,"max":3},"char":{"min":0,"max":0}}}`
	number := func(more string) string {
		return `{"version":1,` + options + `,"columns":[{"name":"a","kind":"number","missing":0,"distinct":2` + more + `}]}`
	}
	const scale = `,"scale":{"mean":1,"deviation":2,"default":1}`
	of := func(json string) error {
		data, err := artifact.Encode(nil, []artifact.Tensor{artifact.FromBytes("table.columns", nil, []byte(json))})
		if err != nil {
			t.Fatal(err)
		}
		_, err = decoded(string(data))
		return err
	}
	if err := of(number(scale)); err != nil {
		t.Fatalf("the sound one: %v", err)
	}
	for _, tc := range []struct{ name, json string }{
		{"not JSON", `{`},
		{"not UTF-8", "\xff"},
		{"no version", `{}`},
		{"more behind it", number(scale) + "{}"},
		{"an unknown field", number(scale + `,"code":"x"`)},
		{"no columns", `{"version":1,` + options + `,"columns":[]}`},
		{"no options", `{"version":1,"columns":[]}`},
		{"an unknown kind", strings.Replace(number(scale), `"number"`, `"tensor"`, 1)},
		{"a dropped column with features", strings.Replace(number(scale), `"number"`, `"constant"`, 1)},
		{"a category with a scale", strings.Replace(number(scale), `"number"`, `"category"`, 1)},
		{"a date without a scale", strings.Replace(number(""), `"number"`, `"date"`, 1)},
		{"a deviation of 0", number(`,"scale":{"mean":1,"deviation":0,"default":1}`)},
		{"a negative deviation", number(`,"scale":{"mean":1,"deviation":-1,"default":1}`)},
		{"one curve", number(scale + `,"curves":[{"mean":1,"deviation":2,"default":1}]`)},
		{"falling edges", number(scale + `,"edges":[2,1]`)},
		{"edges without a scale", number(`,"edges":[1,2]`)},
		{"a number with levels", number(scale + `,"levels":["x"]`)},
		{"a number with months", number(scale + `,"months":[1]`)},
		{"a level twice", strings.Replace(number(`,"levels":["x","X "]`), `"number"`, `"category"`, 1)},
		{"month 13", strings.Replace(number(scale+`,"months":[1,13]`), `"number"`, `"date"`, 1)},
		{"falling hours", strings.Replace(number(scale+`,"hours":[5,4]`), `"number"`, `"date"`, 1)},
		{"text without words", strings.Replace(number(""), `"number"`, `"text"`, 1)},
	} {
		if err := of(tc.json); err == nil {
			t.Errorf("%s: no error", tc.name)
		} else if _, ok := errors.AsType[*tabular.FormatError](err); !ok {
			t.Errorf("%s: error = %v, want a *FormatError", tc.name, err)
		}
	}
	if err := of(strings.Replace(number(scale+`,"new":1`), `"version":1`, `"version":2`, 1)); !errors.Is(err, artifact.ErrFuture) {
		t.Errorf("a newer version: error = %v, want ErrFuture", err)
	}
	if _, err := decoded(encodedNothing(t)); err == nil {
		t.Error("no tensor: no error")
	}
}

// encodedNothing is a file without an encoder.
func encodedNothing(t *testing.T) string {
	data, err := artifact.Encode(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A file of version 1 loads for ever and means the same. The expected features
// are those of the code that wrote it.
func TestEncoderOf_frozen(t *testing.T) {
	file := filepath.Join("testdata", "v1.safetensors")
	if *update {
		e, err := fitColumns(t, tabular.Options{Shape: tabular.Binned, Bins: 3}, long(60)...)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(encoded(t, e)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	e, err := decoded(string(data))
	if err != nil {
		t.Fatal(err)
	}
	got := features(e, "9", "30.5", "köln", "2024-03-04 10:00", "a very good house")
	want := []string{"size:-0.0177", "size in [20.5, 40.5):1", "city=Köln:1", "when:-1.12", "when month=March:1", "when weekday=Monday:1",
		"review: house:0.5", "review: very:0.5", "review: good:0.5", "review: very good:0.5"}
	if !slices.Equal(got, want) {
		t.Errorf("features = %q, want %q", got, want)
	}
}

// table draws columns of cells that are often alike.
func table(t *rapid.T, n int) []dataset.Column {
	pools := [][]string{
		{"1", "2", "3.5", "", "NA", "1e3", "x"}, {"red", "Red", "blue", "", "green", "\xff", "1"},
		{"2024-01-02", "2024-03-04 10:00", "", "05.06.2024"}, {"a good house", "not so good a house", "it was very bad", ""},
		{"1,5", "2,5", "1.000", "7"}, {"007", "008", ""},
	}
	var columns []dataset.Column
	for i := range rapid.IntRange(1, 5).Draw(t, "columns") {
		pool := rapid.SampledFrom(pools).Draw(t, "pool")
		cell := rapid.SampledFrom(pool)
		if rapid.Bool().Draw(t, "wild") {
			cell = rapid.OneOf(cell, rapid.String())
		}
		columns = append(columns, dataset.NewColumn(fmt.Sprint("c", i), rapid.SliceOfN(cell, n, n).Draw(t, "cells")...))
	}
	return columns
}

// The order of rows does not matter, a row encoded alone equals its matrix row,
// and an encoder that was written and read is the same.
func TestEncoder_properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "rows")
		columns := table(t, n)
		o := tabular.Options{
			Shape:    rapid.SampledFrom([]tabular.Shape{tabular.Plain, tabular.Curved, tabular.Binned}).Draw(t, "shape"),
			MinLevel: rapid.IntRange(1, 4).Draw(t, "min level"), MaxLevels: rapid.IntRange(1, 4).Draw(t, "max levels"), Bins: 4,
		}
		all := rows(n)
		e, err := tabular.Fit(t.Context(), tabular.Table{Columns: columns}, all, o)
		if err != nil {
			if !errors.Is(err, tabular.ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		other, err := tabular.Fit(t.Context(), tabular.Table{Columns: columns}, rapid.Permutation(all).Draw(t, "order"), o)
		if err != nil || encoded(t, other) != encoded(t, e) {
			t.Fatalf("rows in another order give another encoder, %v", err)
		}
		again, err := decoded(encoded(t, e))
		if err != nil {
			t.Fatal(err)
		}
		m, err := e.Matrix(t.Context(), columns, all)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Check(); err != nil || m.Cols != e.Len() {
			t.Fatalf("matrix of %d columns, want %d: %v", m.Cols, e.Len(), err)
		}
		var s tabular.Scratch
		for r := range n {
			named := map[string]string{}
			for i := range columns {
				named[columns[i].Name] = columns[i].Cell(r)
			}
			wantIndex, wantValue := m.Row(r)
			index, value := again.Encode(&s, again.Cells(&s, named))
			if !slices.Equal(index, wantIndex) || !slices.Equal(value, wantValue) {
				t.Fatalf("row %d = %v %v, want %v %v", r, index, value, wantIndex, wantValue)
			}
		}
	})
}

// FuzzEncoderOf reads anything without a panic; what it accepts encodes any row.
func FuzzEncoderOf(f *testing.F) {
	for _, shape := range []tabular.Shape{tabular.Plain, tabular.Curved, tabular.Binned} {
		e, err := fitColumns(f, tabular.Options{Shape: shape, MinLevel: 2}, long(30)...)
		if err != nil {
			f.Fatal(err)
		}
		tensors := e.Tensors()
		f.Add(tensors[0].Data, "1,5")
		data := strings.Replace(string(tensors[0].Data), `"kind":"text"`, `"kind":"constant"`, 1)
		f.Add([]byte(data), "2024-05-06 10:00")
	}
	f.Fuzz(func(t *testing.T, columns []byte, content string) {
		data, err := artifact.Encode(nil, []artifact.Tensor{artifact.FromBytes("table.columns", nil, columns)})
		if err != nil {
			t.Fatal(err)
		}
		e, err := decoded(string(data))
		if err != nil {
			return
		}
		var s tabular.Scratch
		cells := slices.Repeat([]string{content}, len(e.Columns()))
		index, _ := e.Encode(&s, cells)
		for k, f := range index {
			if int(f) >= e.Len() || k > 0 && f <= index[k-1] || e.Feature(f) == "" {
				t.Errorf("feature %d of %d after %v", f, e.Len(), index[:k])
			}
		}
		again, err := decoded(encoded(t, e))
		if err != nil || encoded(t, again) != encoded(t, e) {
			t.Errorf("written and read again: %v", err)
		}
	})
}
