package dataset_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/dataset"
)

// readTable reads input and checks what must hold of every TableSet.
func readTable(t testing.TB, input string, o dataset.TableOptions) (*dataset.TableSet, error) {
	t.Helper()
	set, err := dataset.ReadTable(t.Context(), strings.NewReader(input), o)
	if set == nil {
		t.Fatalf("ReadTable(%.60q) = nil, %v, want a set", input, err)
	}
	if set.Records != int64(len(set.Rows))+set.Rejected {
		t.Errorf("Records = %d, want %d rows + %d rejected", set.Records, len(set.Rows), set.Rejected)
	}
	for i := range set.Columns {
		if c := &set.Columns[i]; c.Len() != len(set.Rows) {
			t.Errorf("column %q has %d cells, want %d", c.Name, c.Len(), len(set.Rows))
		}
	}
	if err == nil && set.Task == dataset.Regression && len(set.Values) != len(set.Rows) {
		t.Errorf("%d values of %d rows", len(set.Values), len(set.Rows))
	}
	for _, issue := range set.Issues {
		if issue.Code == "" || issue.Message == "" || issue.Fix == "" {
			t.Errorf("issue = %+v, want code, message and fix", issue)
		}
	}
	return set, err
}

// lines writes n lines of a format that takes the line's number and one of two words.
func lines(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format+"\n", i, []string{"yes", "no"}[i%2])
	}
	return b.String()
}

func TestReadTable_columns(t *testing.T) {
	for _, tc := range []struct {
		name, input string
		options     dataset.TableOptions
		want        string // format, delimiter, header, decimal comma, features, target, task
	}{
		{"the last column is the target", "size,colour,kind\n" + lines(20, "%d,red,%s"), dataset.TableOptions{},
			`csv "," true false [size colour] kind classification`},
		{"a known name is the target", "y,size,colour\n" + lines(20, "%[2]s,%[1]d,red"), dataset.TableOptions{},
			`csv "," true false [size colour] y classification`},
		{"a Chinese name is the target", "标签,面积,颜色\n" + lines(20, "%[2]s,%[1]d,红"), dataset.TableOptions{},
			`csv "," true false [面积 颜色] 标签 classification`},
		{"a category is a feature", "category,size,price\n" + lines(40, "%[2]s,%[1]d,1.%[1]d"), dataset.TableOptions{},
			`csv "," true false [category size] price regression`},
		{"told", "kind,size\n" + lines(20, "%[2]s,%[1]d"), dataset.TableOptions{Target: "Kind"}, `csv "," true false [size] kind classification`},
		{"a task told", "size,price\n" + lines(40, "%[1]d,%[1]d"), dataset.TableOptions{Task: dataset.Classification, Options: dataset.Options{MinPerClass: 1}},
			`csv "," true false [size] price classification`},
		{"no header", lines(20, "%d,red,%s"), dataset.TableOptions{}, `csv "," false false [column 1 column 2] column 3 classification`},
		{"no header, first cell empty", "NA,red,yes\n" + lines(20, "%d,red,%s"), dataset.TableOptions{}, `csv "," false false [column 1 column 2] column 3 classification`},
		{"names with units", "Body mass (g),Länge [cm],kind\n" + lines(20, "%d,1.5,%s"), dataset.TableOptions{},
			`csv "," true false [Body mass (g) Länge [cm]] kind classification`},
		{"years as names", "country,2019,2020,grows\n" + lines(20, "c%[1]d,%[1]d,5,1.%[1]d"), dataset.TableOptions{Task: dataset.Regression},
			`csv "," true false [country 2019 2020] grows regression`},
		{"words only", "cap,odor,edible\n" + lines(20, "flat,none%[2]s,%[2]s"), dataset.TableOptions{}, `csv "," true false [cap odor] edible classification`},
		{"words only, no header", lines(20, "flat,none%[2]s,%[2]s"), dataset.TableOptions{}, `csv "," false false [column 1 column 2] column 3 classification`},
		{"an index without a name", ",size,kind\n" + lines(20, "%[1]d,%[1]d,%[2]s"), dataset.TableOptions{}, `csv "," true false [column 1 size] kind classification`},
		{"names of objects", lines(40, `{" a ":%[1]d,"y":"%[2]s"}`), dataset.TableOptions{}, `jsonl "" false false [ a ] y classification`},
		{"a name twice", "size,size,kind\n" + lines(20, "%[1]d,%[1]d,%[2]s"), dataset.TableOptions{}, `csv "," true false [size size (2)] kind classification`},
		{"semicolons and decimal commas", "a;b;y\n" + lines(40, "1,%[1]d;2.000,5;3,%[1]d"), dataset.TableOptions{}, `csv ";" true true [a b] y regression`},
		{"semicolons without header", lines(40, "1,%[1]d;2,5;3,%[1]d"), dataset.TableOptions{}, `csv ";" false true [column 1 column 2] column 3 regression`},
		{"semicolons and points", "a;b;y\n" + lines(40, "1.%[1]d;2.5;3.%[1]d"), dataset.TableOptions{}, `csv ";" true false [a b] y regression`},
		{"tabs", "a\tb\ty\n" + lines(40, "1,%[1]d\tx\t3,%[1]d"), dataset.TableOptions{}, `tsv "\t" true true [a b] y regression`},
		{"thousands in quotes", "a,y\n" + lines(40, `"1,%03[1]d",%[1]d.5`), dataset.TableOptions{}, `csv "," true false [a] y regression`},
		{"objects", lines(40, `{"size":%[1]d,"colour":null,"price":%[1]d.5}`), dataset.TableOptions{}, `jsonl "" false false [size colour] price regression`},
		{"optional columns", "id,size,split,kind,sample,group\n" + lines(40, "%[1]d,%[1]d,train,%[2]s,1,g%[1]d"), dataset.TableOptions{Target: "kind"},
			`csv "," true false [size sample] kind classification`},
		{"the last that is not taken", "size,kind,id\n" + lines(20, "%d,%s,x"), dataset.TableOptions{}, `csv "," true false [size] kind classification`},
		{"groups A and B, the weight of a car", "group,weight,mpg\n" + lines(40, "%[2]s,3%03[1]d,2%[1]d.5"), dataset.TableOptions{},
			`csv "," true false [group weight] mpg regression`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set, err := readTable(t, tc.input, tc.options)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, c := range set.Columns {
				names = append(names, c.Name)
			}
			s := set.Source
			if got := fmt.Sprintf("%s %q %v %v %v %s %s", s.Format, s.Delimiter, s.Header, s.DecimalComma, names, s.LabelColumn, set.Task); got != tc.want {
				t.Errorf("source = %s\nwant %s", got, tc.want)
			}
			if s.Task != set.Task || s.TaskReason == "" {
				t.Errorf("Source.Task = %q because %q, want %q and a reason", s.Task, s.TaskReason, set.Task)
			}
		})
	}
}

func TestReadTable_task(t *testing.T) {
	// numbers writes n lines whose target cycles through values.
	numbers := func(n int, values ...string) string {
		b := "a,y\n"
		for i := range n {
			b += fmt.Sprintf("%d,%s\n", i, values[i%len(values)])
		}
		return b
	}
	var many []string
	for i := range 30 {
		many = append(many, fmt.Sprint(i))
	}
	for _, tc := range []struct{ name, input, want string }{
		{"words", numbers(20, "a", "b", "c"), dataset.Classification},
		{"two numbers", numbers(20, "2", "4"), dataset.Classification},
		{"signs", numbers(20, "-1", "+1"), dataset.Classification},
		{"classes from 0", numbers(40, "0", "1", "2", "9"), dataset.Classification},
		{"classes from 1", numbers(40, "1", "2", "3"), dataset.Classification},
		{"codes with leading zeros", numbers(40, "010", "020", "030"), dataset.Classification},
		{"grades", numbers(40, "3", "4", "5", "6"), dataset.Regression},
		{"halves", numbers(40, "1", "1.5", "2"), dataset.Regression},
		{"counts", numbers(90, many...), dataset.Regression},
		{"each once", numbers(10, many...), dataset.Regression},
		{"prices", numbers(40, `"$1,200"`, "$900", `"$1,250.50"`), dataset.Regression},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set, err := readTable(t, tc.input, dataset.TableOptions{})
			if err != nil || set.Task != tc.want {
				t.Errorf("task = %s (%s), %v, want %s", set.Task, set.Source.TaskReason, err, tc.want)
			}
		})
	}
}

func TestReadTable_issues(t *testing.T) {
	loose := func(target string) dataset.TableOptions {
		return dataset.TableOptions{Target: target, Options: dataset.Options{MaxBadShare: .3}}
	}
	rows := "a,b,y\n" + lines(20, "%d,x,%s")
	numbers := "a,b,y\n" + lines(40, "%[1]d,x,%[1]d.5")
	for _, tc := range []struct {
		name, input string
		options     dataset.TableOptions
		severity    dataset.Severity
		want        []string
	}{
		{"clean", rows, loose("y"), dataset.Error, nil},
		{"field count", rows + "1,yes\n", loose("y"), dataset.Error, []string{"csv_field_count:22"}},
		{"no target", rows + "1,x,\n", loose("y"), dataset.Error, []string{"label_empty:22"}},
		{"nothing but a target", rows + ",\t,yes\n", loose("y"), dataset.Error, []string{"text_empty:22"}},
		{"rare label", rows + "1,x,maybe\n", loose("y"), dataset.Error, []string{"label_too_rare:22"}},
		{"damaged", rows + "1,\xff,yes\n", loose("y"), dataset.Error, []string{"encoding_invalid:22"}},
		{"target that is no number", numbers + "1,x,high\n2,x,?\n", dataset.TableOptions{Task: dataset.Regression, Options: dataset.Options{MaxBadShare: .3}}, dataset.Error,
			[]string{"field_missing:42", "label_empty:43"}},
		{"empty cells", rows + ",x,yes\nNA,x,no\n", loose("y"), dataset.Info, []string{"field_missing:0"}},
		{"an empty column", "a,b,y\n" + lines(20, "%d,,%s"), loose("y"), dataset.Warning, []string{"field_missing:0"}},
		{"the same cells", rows + "1,X ,no\n", loose("y"), dataset.Info, []string{"duplicate_exact:22"}},
		{"the same cells, another label", rows + "1,x,yes\n", loose("y"), dataset.Warning, []string{"duplicate_conflicting_label:22"}},
		{"the same cells, another value", numbers + "1,x,7.5\n", loose("y"), dataset.Warning, nil},
		{"the same cells, the same value", numbers + "1,x,1.50\n", loose("y"), dataset.Info, []string{"duplicate_exact:42"}},
		{"split leak", "a,split,y\n" + lines(20, "%d,train,%s") + "1,test,no\n", loose("y"), dataset.Warning, []string{"split_leak:22"}},
		{"a weight that is none", "a,weight,y\n" + lines(20, "%d,2,%s") + "1,-1,no\n", loose("y"), dataset.Error, []string{"field_missing:22"}},
		{"a group that is none", "a,group,y\n" + lines(20, "%d,A,%s"), loose("y"), dataset.Warning, []string{"field_missing:1"}},
		{"a name twice", "a,a,y\n" + lines(20, "%[1]d,%[1]d,%[2]s"), loose("y"), dataset.Warning, []string{"column_duplicate:1"}},
		{"perhaps a header", "cap,odor,edible\n" + lines(20, "flat,none%[2]s,%[2]s"), loose(""), dataset.Warning, []string{"probable_header:1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set, err := readTable(t, tc.input, tc.options)
			if err != nil {
				t.Fatal(err)
			}
			got := found(&set.Set, tc.severity)
			if tc.severity != dataset.Error {
				// Of small classes and the like, other tests tell.
				got = slices.DeleteFunc(got, func(s string) bool {
					return len(tc.want) > 0 && !strings.HasPrefix(s, strings.Split(tc.want[0], ":")[0]+":")
				})
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("%s issues = %v, want %v; all: %+v", tc.severity, got, tc.want, set.Issues)
			}
		})
	}
}

func TestReadTable_unfit(t *testing.T) {
	for _, tc := range []struct {
		name, input string
		options     dataset.TableOptions
		message     string
	}{
		{"empty", "", dataset.TableOptions{}, "holds no rows"},
		{"only a header", "a,b,target\n", dataset.TableOptions{}, "holds no rows"},
		{"one column", "target\n1\n2\n", dataset.TableOptions{}, "a target and another column"},
		{"no such target", "a,b\n" + lines(9, "%d,%s"), dataset.TableOptions{Target: "price"}, `no column "price"`},
		{"no such task", "a,b\n" + lines(9, "%d,%s"), dataset.TableOptions{Task: "ranking"}, `"ranking" is not known`},
		{"one label", "a,y\n" + lines(9, "%d,yes"), dataset.TableOptions{}, "at least 2 labels"},
		{"one value", "a,y\n" + lines(9, "%d,5.5"), dataset.TableOptions{Task: dataset.Regression}, "one value only"},
		{"one row", "a,y\n1,2.5\n", dataset.TableOptions{Task: dataset.Regression}, "at least 2 rows"},
		{"targets that are no numbers", "a,y\n" + lines(9, "%d,%s"), dataset.TableOptions{Task: dataset.Regression}, "9 of 9 records are bad"},
		{"all but the target empty", "a,b,y\n" + lines(9, ",,%[2]s"), dataset.TableOptions{}, "text_empty, first on line 2"},
		{"too many columns", strings.Repeat("a,", 2000) + "b\n", dataset.TableOptions{}, "2001 columns"},
		{"too many rows", "a,y\n" + lines(20, "%d,%s"), dataset.TableOptions{Options: dataset.Options{MaxRows: 10}}, "more than 10 rows"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := readTable(t, tc.input, tc.options)
			e, ok := errors.AsType[*dataset.InputError](err)
			if !ok || !strings.Contains(e.Message, tc.message) {
				t.Fatalf("ReadTable() error = %v, want an InputError with %q", err, tc.message)
			}
		})
	}
}

// Cells are as written, absent ones empty, and stay with their row when others
// are dropped.
func TestReadTable_cells(t *testing.T) {
	input := "a,b,y,id\n 1 ,\"x\ny\",no,r1\n2,x,once,r2\nbad\n,?,yes,r3\n4,é,no,\n5,z,yes,r5\n"
	set, err := readTable(t, input, dataset.TableOptions{Target: "y", Options: dataset.Options{MaxBadShare: .5}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"2|1|no|r1| 1 |x\ny", "6|4|yes|r3||?", "7|5|no||4|é", "8|6|yes|r5|5|z"}
	for i, row := range set.Rows {
		got := fmt.Sprintf("%d|%d|%s|%s|%s|%s", row.Line, row.Record, row.Label, row.ID, set.Columns[0].Cell(i), set.Columns[1].Cell(i))
		if i >= len(want) || got != want[i] {
			t.Errorf("row %d = %q, want %q", i, got, want)
		}
	}
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("城市,面积,价格\n" + lines(40, "北京,%[1]d,%[1]d.5"))
	if err != nil {
		t.Fatal(err)
	}
	set, err = readTable(t, gb, dataset.TableOptions{})
	if err != nil || set.Columns[0].Name != "城市" || set.Columns[0].Cell(3) != "北京" || set.Values[3] != 3.5 {
		t.Errorf("GB18030: %v, columns %q, values %v", err, set.Source.Columns, set.Values)
	}
}

func TestTableSet_GroupKey(t *testing.T) {
	set, err := readTable(t, "a,b,group,y\n1,x,,no\n1 , X,,yes\n1x,,,no\n1,x,g10,yes\n2,z,g10,no\n"+lines(20, "%[1]d,w,g%[1]d,%[2]s"), dataset.TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		a, b int
		same bool
	}{{0, 1, true}, {0, 2, false}, {0, 3, false}, {3, 4, true}, {3, 15, true}, {5, 6, false}} {
		if got := set.GroupKey(tc.a) == set.GroupKey(tc.b); got != tc.same {
			t.Errorf("rows %d and %d share a key: %v, want %v", tc.a, tc.b, got, tc.same)
		}
	}
}

func TestTableSet_Split(t *testing.T) {
	set, err := readTable(t, "a,y\n"+lines(1000, "%[1]d,%[1]d.5")+lines(1000, "%[1]d,%[1]d.7"), dataset.TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	train, test, how := set.Split(dataset.SplitOptions{Salt: "houses"})
	if how != dataset.ByHash || len(train)+len(test) != 2000 || len(test) < 140 || len(test) > 260 {
		t.Errorf("Split() = %d + %d by %s, want about a tenth of 2,000 by hash", len(train), len(test), how)
	}
	for _, i := range test {
		if !slices.Contains(test, (i+1000)%2000) {
			t.Errorf("row %d is held out and row %d of the same cells is not", i, (i+1000)%2000)
		}
	}
	set, err = readTable(t, "a,split,y\n"+lines(100, "%[1]d,train,%[1]d.5")+"7,test,3.5\n", dataset.TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, test, how := set.Split(dataset.SplitOptions{}); how != dataset.ByColumn || !slices.Equal(test, []int32{100}) {
		t.Errorf("Split() = %v by %s, want [100] by column", test, how)
	}
}

// Columns survive a work file, and bytes that contradict each other do not.
func TestColumnsOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 5).Draw(t, "rows")
		var columns []dataset.Column
		for i := range rapid.IntRange(0, 4).Draw(t, "columns") {
			cells := rapid.SliceOfN(rapid.String(), n, n).Draw(t, "cells")
			columns = append(columns, dataset.NewColumn(fmt.Sprint("column ", i), cells...))
		}
		got, err := dataset.ColumnsOf(stored(t, dataset.ColumnTensors(columns)...))
		if err != nil || len(got) != len(columns) {
			t.Fatalf("ColumnsOf() = %d columns, %v, want %d", len(got), err, len(columns))
		}
		for i := range got {
			for row := range n {
				if got[i].Name != columns[i].Name || got[i].Cell(row) != columns[i].Cell(row) {
					t.Fatalf("column %d row %d = %q, want %q", i, row, got[i].Cell(row), columns[i].Cell(row))
				}
			}
		}
	})
	names := func(s string) artifact.Tensor { return artifact.FromBytes("columns.names", nil, []byte(s)) }
	cells := artifact.FromBytes("columns.cells", nil, []byte("abc"))
	ends := func(shape []int64, v ...uint32) artifact.Tensor {
		return artifact.FromUint32s("columns.ends", shape, v)
	}
	for name, tensors := range map[string][]artifact.Tensor{
		"no names":         {cells, ends([]int64{1, 1}, 3)},
		"no ends":          {names(`["a"]`), cells},
		"names not JSON":   {names(`["a`), cells, ends([]int64{1, 1}, 3)},
		"flat ends":        {names(`["a"]`), cells, ends([]int64{1}, 3)},
		"too few columns":  {names(`["a"]`), cells, ends([]int64{2, 1}, 1, 2)},
		"falling ends":     {names(`["a"]`), cells, ends([]int64{1, 2}, 3, 2)},
		"beyond the cells": {names(`["a"]`), cells, ends([]int64{1, 1}, 4)},
		"left over":        {names(`["a"]`), cells, ends([]int64{1, 1}, 2)},
	} {
		if _, err := dataset.ColumnsOf(stored(t, tensors...)); !errors.Is(err, artifact.ErrCorrupt) {
			t.Errorf("%s: ColumnsOf() error = %v, want ErrCorrupt", name, err)
		}
	}
}

// stored writes tensors to a file and reads it.
func stored(t interface {
	Helper()
	Fatal(...any)
}, tensors ...artifact.Tensor) *artifact.File {
	t.Helper()
	data, err := artifact.Encode(nil, tensors)
	if err != nil {
		t.Fatal(err)
	}
	f, err := artifact.Decode(data, artifact.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// FuzzReadTable reads anything without a panic; readTable checks what must hold
// of every table.
func FuzzReadTable(f *testing.F) {
	for _, seed := range []string{"", "a,b,y\n" + lines(6, "%d,x,%s"), lines(6, "%[1]d;1,5;2,%[1]d"), "a,a,,y\n" + lines(6, "%[1]d,x,,%[1]d.5"),
		lines(4, `{"a":%d,"b":null,"y":"%s"}`), "id,split,weight,group,y\n1,test,1,g,1\n2,train,2,,2\n", "\xff\xfea\x00,\x00b\x00\n\x00"} {
		f.Add([]byte(seed), "")
		f.Add([]byte(seed), dataset.Regression)
	}
	f.Fuzz(func(t *testing.T, data []byte, task string) {
		o := dataset.TableOptions{Task: task, Options: dataset.Options{MaxBytes: 1 << 16, MaxRecord: 500, MaxField: 200, MaxRows: 50, MaxBadShare: .5}}
		set, err := readTable(t, string(data), o)
		if err != nil {
			return
		}
		train, test, _ := set.Split(dataset.SplitOptions{})
		if len(train)+len(test) != len(set.Rows) || len(train) == 0 {
			t.Errorf("split %d + %d, want %d", len(train), len(test), len(set.Rows))
		}
	})
}

func BenchmarkReadTable(b *testing.B) {
	var s strings.Builder
	s.WriteString("size,rooms,city,built,price\n")
	for i := range 50_000 {
		fmt.Fprintf(&s, "%d.%d,%d,city %d,20%02d-0%d-11,%d\n", i%300, i%7, i%9, i%50, i%25, 1+i%9, 100_000+i)
	}
	b.SetBytes(int64(s.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dataset.ReadTable(b.Context(), strings.NewReader(s.String()), dataset.TableOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleReadTable() {
	csv := "size;city;price\n1.234,5;Bonn;310.000\n98,5;Ulm;195.000\n75;;150.500\n75;Bonn;n/a\n"
	set, err := dataset.ReadTable(context.Background(), strings.NewReader(csv), dataset.TableOptions{
		Task: dataset.Regression, Options: dataset.Options{MaxBadShare: .5}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(set.Source.LabelColumn, set.Values)
	for i := range set.Columns {
		fmt.Printf("%s: %q\n", set.Columns[i].Name, set.Columns[i].Cell(2))
	}
	for _, issue := range set.Issues {
		fmt.Println(issue.Severity, issue.Line, issue.Column, issue.Message)
	}
	// Output:
	// price [310000 195000 150500]
	// size: "75"
	// city: ""
	// info 0 city 1 of 4 cells are empty (25.0 %)
	// error 5 price the target is empty
}
