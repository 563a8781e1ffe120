package tabular_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/tabular"
	"godwit/shared/ml/text"
)

// cycle returns n cells that go through values.
func cycle(n int, values ...string) []string {
	cells := make([]string, n)
	for i := range cells {
		cells[i] = values[i%len(values)]
	}
	return cells
}

// each returns n cells of a format that takes the row's number.
func each(n int, format string) []string {
	cells := make([]string, n)
	for i := range cells {
		cells[i] = fmt.Sprintf(format, i)
	}
	return cells
}

// rows returns the numbers below n.
func rows(n int) []int32 {
	all := make([]int32, n)
	for i := range all {
		all[i] = int32(i)
	}
	return all
}

// fit fits all rows of a table of one column "c".
func fit(t testing.TB, o tabular.Options, cells ...string) *tabular.Encoder {
	t.Helper()
	e, err := fitColumns(t, o, dataset.NewColumn("c", cells...))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// fitColumns fits all rows of columns.
func fitColumns(t testing.TB, o tabular.Options, columns ...dataset.Column) (*tabular.Encoder, error) {
	t.Helper()
	return tabular.Fit(t.Context(), tabular.Table{Columns: columns}, rows(columns[0].Len()), o)
}

// features encodes a row and writes its features as "name:value".
func features(e *tabular.Encoder, cells ...string) []string {
	index, value := e.Encode(&tabular.Scratch{}, cells)
	out := []string{}
	for k, f := range index {
		out = append(out, fmt.Sprintf("%s:%.3g", e.Feature(f), value[k]))
	}
	return out
}

func TestFit_kinds(t *testing.T) {
	const n = 60
	filler := dataset.NewColumn("filler", cycle(n, "a", "b")...)
	for _, tc := range []struct {
		name   string
		column string
		cells  []string
		want   tabular.Kind
	}{
		{"decimals", "c", each(n, "%d.5"), tabular.Number},
		{"whole numbers that recur", "c", cycle(n, "1", "2", "3"), tabular.Number},
		{"whole numbers far apart", "c", each(n, "9%d000"), tabular.Number},
		{"thousands", "c", each(n, "1,2%02d.75"), tabular.Number},
		{"percent", "c", each(n, "%d.5%%"), tabular.Number},
		{"money", "c", each(n, "$%d.99"), tabular.Number},
		{"scientific", "c", each(n, "1.%de-7"), tabular.Number},
		{"numbers and a stray word", "c", append(each(n-1, "%d.5"), "unknown"), tabular.Number},
		{"numbers, many empty", "c", cycle(n, "1.5", "", "2.5", "NA"), tabular.Number},
		{"words", "c", cycle(n, "red", "green", "blue"), tabular.Category},
		{"true and false", "c", cycle(n, "TRUE", "FALSE"), tabular.Category},
		{"codes with leading zeros", "c", cycle(n, "01067", "80331"), tabular.Category},
		{"one word or nothing", "c", cycle(n, "yes", ""), tabular.Category},
		{"a few ids", "shop_id", cycle(n, "7", "12", "31"), tabular.Category},
		{"Chinese words", "颜色", cycle(n, "红", "绿"), tabular.Category},
		{"dates", "c", each(n, "2024-01-%02d")[1:29], tabular.Date},
		{"dates and times", "c", each(n, "3 Mar 2024 10:%02d"), tabular.Date},
		{"days first", "c", cycle(n, "31/12/2023", "01/02/2024"), tabular.Date},
		{"Chinese dates", "c", cycle(n, "2024年1月2日", "2024年3月2日"), tabular.Date},
		{"sentences", "c", each(n, "the size %d was far too small for me"), tabular.Text},
		{"short sentences", "c", each(n, "good value for %d"), tabular.Text},
		{"Chinese sentences", "c", each(n, "第%d次来这家店，质量不错，价格也很公道"), tabular.Text},
		{"ids in sequence", "c", each(n, "%d"), tabular.Identifier},
		{"ids in sequence, some gone", "c", append(each(40, "%d"), each(20, "1%02d")...), tabular.Identifier},
		{"numbers called ids", "CustomerId", each(n, "%d7731"), tabular.Identifier},
		{"numbers called 编号", "订单编号", each(n, "%d7731"), tabular.Identifier},
		{"names", "c", each(n, "Mr. John Smith %d"), tabular.Identifier},
		{"tickets", "c", each(n, "A/5 %d"), tabular.Identifier},
		{"the same word", "c", cycle(n, "x"), tabular.Constant},
		{"the same number", "c", cycle(n, "1", "1.0"), tabular.Constant},
		{"the same day", "c", cycle(n, "2024-01-01"), tabular.Constant},
		{"nothing", "c", cycle(n, "", "NA"), tabular.Constant},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e, err := tabular.Fit(t.Context(), tabular.Table{Columns: []dataset.Column{dataset.NewColumn(tc.column, tc.cells...), filler}},
				rows(len(tc.cells)), tabular.Options{})
			if err != nil {
				t.Fatal(err)
			}
			c := e.Columns()[0]
			if c.Kind != tc.want {
				t.Errorf("kind = %s (%s), want %s", c.Kind, c.Note, tc.want)
			}
			dropped := tc.want == tabular.Identifier || tc.want == tabular.Constant
			if dropped != (c.Features == 0) || dropped && c.Note == "" {
				t.Errorf("%d features, note %q: a column that is dropped, and only that, has none and a note", c.Features, c.Note)
			}
		})
	}
}

// The expected values are by hand: (cell - mean) / deviation, dates in days.
func TestEncode(t *testing.T) {
	few := tabular.Options{MinLevel: 1}
	// Mean 3, deviation sqrt(2), median 3.
	five := []string{"1", "2", "3", "4", "5"}
	dates := []string{"2024-01-01 08:00", "2024-01-02 09:00", "2024-02-03 08:00", "2024-02-05 09:00"}
	for _, tc := range []struct {
		name    string
		options tabular.Options
		cells   []string
		row     string
		want    []string
	}{
		{"a number", few, five, "5", []string{"c:1.41"}},
		{"spelt another way", few, five, " 5.00 ", []string{"c:1.41"}},
		{"a number in its place", few, five, "3", []string{}},
		{"empty, unknown in training", few, five, "", []string{}},
		{"no number, unknown in training", few, five, "many", []string{}},
		{"far away", few, five, "1e100", []string{"c:1e+06"}},
		{"empty", few, []string{"1", "2", "", "9"}, "NA", []string{"c:-0.562", "c missing:1"}},
		{"no number", few, []string{"1", "2", "", "9"}, "x", []string{"c:-0.562", "c missing:1"}},
		{"a number where others are empty", few, []string{"1", "2", "", "9"}, "9", []string{"c:1.4"}},
		{"decimal comma", few, []string{"1,5", "2,5", "1.002,0"}, "1.002", []string{"c:1.41"}},
		{"a level", few, []string{"red", "blue", "red"}, "red", []string{"c=red:1"}},
		{"a level in another case", few, []string{"red", "blue", "red"}, " RED", []string{"c=red:1"}},
		{"a level not seen", few, []string{"red", "blue", "red"}, "green", []string{}},
		{"an empty level not seen", few, []string{"red", "blue", "red"}, "", []string{}},
		{"an empty level", few, []string{"red", "", "blue"}, "", []string{"c missing:1"}},
		{"a rare level", tabular.Options{MinLevel: 2}, []string{"red", "red", "blue", "Blue", "x"}, "x", []string{"c=(other):1"}},
		{"a level not seen among rare ones", tabular.Options{MinLevel: 2}, []string{"red", "red", "blue", "Blue", "x"}, "green", []string{"c=(other):1"}},
		{"two spellings of a level", tabular.Options{MinLevel: 2}, []string{"red", "red", "blue", "Blue", "x"}, "BLUE", []string{"c=Blue:1"}},
		{"too many levels", tabular.Options{MinLevel: 1, MaxLevels: 1}, []string{"a", "b", "b", "c"}, "c", []string{"c=(other):1"}},
		{"Chinese", few, []string{"红", "绿", "红"}, "绿", []string{"c=绿:1"}},
		{"a date", few, dates, "2024-02-05 09:30", []string{"c:1.06", "c month=February:1", "c weekday=Monday:1", "c hour=9:1"}},
		{"a date without its time", few, dates, "2024-02-05", []string{"c:1.04", "c month=February:1", "c weekday=Monday:1"}},
		{"a month not seen", few, dates, "2024-03-05 10:00", []string{"c:2.79", "c weekday=Tuesday:1"}},
		{"no date", few, dates, "soon", []string{"c:-0.0149"}},
		{"the day first", few, []string{"01.02.2024", "03.02.2024", "13.03.2024"}, "02.03.2024", []string{"c:0.83", "c month=March:1", "c weekday=Saturday:1"}},
		{"times of day", few, []string{"10:00", "11:00", "11:30"}, "11:00", []string{"c:0.267", "c hour=11:1"}},
		{"bins", tabular.Options{Shape: tabular.Binned, Bins: 2}, five, "3", []string{"c >= 3:1"}},
		{"below the lowest bin", tabular.Options{Shape: tabular.Binned, Bins: 2}, five, "-1", []string{"c:-2.83", "c < 3:1"}},
		{"between bins", tabular.Options{Shape: tabular.Binned, Bins: 5}, five, "3.5", []string{"c:0.354", "c in [3, 4):1"}},
		{"curves", tabular.Options{Shape: tabular.Curved}, five, "1", []string{"c:-1.41", "log of c:-1.61", "square of c:1.2"}},
		{"too few values for curves", tabular.Options{Shape: tabular.Curved}, []string{"1", "2", "3"}, "1", []string{"c:-1.22"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := fit(t, tc.options, tc.cells...)
			if got := features(e, tc.row); !slices.Equal(got, tc.want) {
				t.Errorf("Encode(%q) = %q, want %q; columns %+v", tc.row, got, tc.want, e.Columns())
			}
			for f := range int32(e.Len()) {
				if e.Feature(f) == "" || e.ColumnOf(f) != 0 {
					t.Errorf("feature %d is %q of column %d, want a name and column 0", f, e.Feature(f), e.ColumnOf(f))
				}
			}
		})
	}
}

// Numbers that either notation reads are read as the file's others are.
func TestFit_decimalComma(t *testing.T) {
	columns := []dataset.Column{dataset.NewColumn("c", "1.001", "1.003")}
	for comma, want := range map[bool]string{false: "c:1", true: "c:1e+06"} {
		e, err := tabular.Fit(t.Context(), tabular.Table{Columns: columns, DecimalComma: comma}, rows(2), tabular.Options{})
		if err != nil {
			t.Fatal(err)
		}
		// With points for thousands the mean is 1002 and the deviation 1.
		row := e.Written(0, map[bool]float64{false: 1.003, true: 1e9}[comma])
		if got := features(e, row); !slices.Equal(got, []string{want}) {
			t.Errorf("DecimalComma %v: Encode(%q) = %q, want %q", comma, row, got, want)
		}
	}
}

// The median of training rows stands for an empty cell; held-out rows have no say.
func TestFit_trainingRowsOnly(t *testing.T) {
	cells := append(each(20, "%d.5"), "900000", "900001", "", "", "", "", "", "")
	column := dataset.NewColumn("c", cells...)
	full, err := tabular.Fit(t.Context(), tabular.Table{Columns: []dataset.Column{column}}, rows(20), tabular.Options{})
	if err != nil {
		t.Fatal(err)
	}
	alone := fit(t, tabular.Options{}, cells[:20]...)
	if got, want := encoded(t, full), encoded(t, alone); got != want {
		t.Errorf("fitted on 20 of 28 rows and on those rows alone differ:\n%q\n%q", got, want)
	}
	if c := full.Columns()[0]; c.Missing != 0 || c.Features != 1 {
		t.Errorf("column = %+v, want no feature for cells that are empty in held-out rows only", c)
	}
}

func TestFit_text(t *testing.T) {
	const n = 20
	columns := []dataset.Column{
		dataset.NewColumn("title", each(n, "number %d is a good one to have")...),
		dataset.NewColumn("stars", cycle(n, "1", "5", "4")...),
		dataset.NewColumn("review", each(n, "we liked the %d very much indeed")...),
	}
	e, err := fitColumns(t, tabular.Options{Text: text.Word()}, columns...)
	if err != nil {
		t.Fatal(err)
	}
	got := e.Columns()
	if got[0].Kind != tabular.Text || got[2].Kind != tabular.Text || got[0].Features == 0 || !strings.Contains(got[2].Note, `"title"`) {
		t.Fatalf("columns = %+v, want the text of title and review joined", got)
	}
	row := features(e, "Good", "4", "indeed: liked it")
	if !slices.ContainsFunc(row, func(f string) bool { return strings.HasPrefix(f, "title: good:") }) ||
		!slices.ContainsFunc(row, func(f string) bool { return strings.HasPrefix(f, "title: liked:") }) ||
		!strings.HasPrefix(row[0], "stars:") {
		t.Errorf("Encode() = %q, want stars and the words of both texts", row)
	}
	if e.ColumnOf(int32(e.Len())-1) != 0 {
		t.Errorf("the last word is of column %d, want 0", e.ColumnOf(int32(e.Len())-1))
	}
}

func TestFit_invalid(t *testing.T) {
	good := dataset.NewColumn("c", "1", "2", "3")
	for _, tc := range []struct {
		name    string
		columns []dataset.Column
		rows    []int32
		options tabular.Options
		invalid bool // ErrInvalid, else another error
	}{
		{"no columns", nil, []int32{0}, tabular.Options{}, true},
		{"no rows", []dataset.Column{good}, nil, tabular.Options{}, true},
		{"a row too far", []dataset.Column{good}, []int32{3}, tabular.Options{}, true},
		{"a negative row", []dataset.Column{good}, []int32{-1}, tabular.Options{}, true},
		{"a name twice", []dataset.Column{good, good}, []int32{0}, tabular.Options{}, true},
		{"nothing to tell rows apart", []dataset.Column{dataset.NewColumn("c", "x", "x", "x")}, []int32{0, 1, 2}, tabular.Options{}, true},
		{"an unknown shape", []dataset.Column{good}, []int32{0, 1}, tabular.Options{Shape: "round"}, false},
		{"one bin", []dataset.Column{good}, []int32{0, 1}, tabular.Options{Bins: 1}, false},
		{"negative levels", []dataset.Column{good}, []int32{0, 1}, tabular.Options{MinLevel: -1}, false},
		{"a bad recipe", []dataset.Column{good}, []int32{0, 1}, tabular.Options{Text: text.Recipe{Name: "x", MinDocs: [text.Families]int{-1}}}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := tabular.Fit(t.Context(), tabular.Table{Columns: tc.columns}, tc.rows, tc.options)
			if err == nil || errors.Is(err, tabular.ErrInvalid) != tc.invalid {
				t.Errorf("Fit() error = %v, want one that is ErrInvalid: %v", err, tc.invalid)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tabular.Fit(ctx, tabular.Table{Columns: []dataset.Column{good}}, rows(3), tabular.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Fit() error = %v, want context.Canceled", err)
	}
	if _, err := fit(t, tabular.Options{}, "1", "2").Matrix(ctx, []dataset.Column{good}, rows(3)); !errors.Is(err, context.Canceled) {
		t.Errorf("Matrix() error = %v, want context.Canceled", err)
	}
}

// What a linear model makes of a row is the sum over its columns.
func TestContributions(t *testing.T) {
	e, err := fitColumns(t, tabular.Options{Shape: tabular.Curved}, long(200)...)
	if err != nil {
		t.Fatal(err)
	}
	var s tabular.Scratch
	weight := func(f int32) float64 { return math.Sin(float64(f)) }
	cells := e.Cells(&s, map[string]string{"size": "17.5", "city": "Ulm", "when": "2024-03-04", "review": "a very good house", "colour": "red"})
	index, value := e.Encode(&s, cells)
	sums := e.Contributions(nil, index, value, weight)
	margin, total := 0.0, 0.0
	for k, f := range index {
		margin += weight(f) * float64(value[k])
	}
	for c, sum := range sums {
		total += sum
		if kind := e.Columns()[c].Kind; kind == tabular.Identifier && sum != 0 {
			t.Errorf("column %d, %s, contributes %v", c, kind, sum)
		}
	}
	if len(sums) != len(e.Columns()) || math.Abs(margin-total) > 1e-9 {
		t.Errorf("contributions %v sum to %v, want %v", sums, total, margin)
	}
	// By hand: the one feature of a category.
	if at := slices.IndexFunc(e.Columns(), func(c tabular.Column) bool { return c.Name == "city" }); math.Abs(sums[at]) > 1 || sums[at] == 0 {
		t.Errorf("the city contributes %v, want the weight of its level", sums[at])
	}
}

func TestEncode_allocations(t *testing.T) {
	e, err := fitColumns(t, tabular.Options{Shape: tabular.Binned}, long(300)...)
	if err != nil {
		t.Fatal(err)
	}
	var s tabular.Scratch
	cells := []string{"7", "12.5", "Köln", "2024-03-04 10:00", "a good house"}
	e.Encode(&s, cells)
	if n := testing.AllocsPerRun(20, func() { e.Encode(&s, cells) }); n != 0 {
		t.Errorf("Encode allocates %v times, want 0", n)
	}
}

// long returns columns of every kind, of n rows.
func long(n int) []dataset.Column {
	when := make([]string, n)
	for i := range when {
		when[i] = fmt.Sprintf("2024-%02d-%02d %02d:00", 1+i%12, 1+i%28, i%24)
	}
	size := each(n, "%d.5")
	for i := range 10 {
		size[7*i%n] = ""
	}
	city := cycle(n, "Bonn", "Ulm", "Köln", "ULM", "北京")
	city[1] = "Kiel"
	return []dataset.Column{
		dataset.NewColumn("id", each(n, "%d")...),
		dataset.NewColumn("size", size...),
		dataset.NewColumn("city", city...),
		dataset.NewColumn("when", when...),
		dataset.NewColumn("review", each(n, "house number %d is very good to live in")...),
	}
}

func BenchmarkFit(b *testing.B) {
	columns := long(50_000)[:4]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := fitColumns(b, tabular.Options{}, columns...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/200_000, "ns/cell")
}

func BenchmarkEncode(b *testing.B) {
	e, err := fitColumns(b, tabular.Options{}, long(300)...)
	if err != nil {
		b.Fatal(err)
	}
	var s tabular.Scratch
	b.ReportAllocs()
	for b.Loop() {
		e.Encode(&s, []string{"7", "12.5", "Köln", "2024-03-04 10:00", "a good house"})
	}
}

func Example() {
	csv := "ticket,age,sex,survived\nA1,22,male,no\nA2,38,female,yes\nA3,,female,yes\nA4,35,Male,no\n"
	set, err := dataset.ReadTable(context.Background(), strings.NewReader(csv), dataset.TableOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	// Four rows are few: let a level count that comes once.
	e, err := tabular.Fit(context.Background(), tabular.TableOf(set), []int32{0, 1, 2, 3}, tabular.Options{MinLevel: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range e.Columns() {
		fmt.Printf("%s: %s\n", c.Name, c.Kind)
	}
	var s tabular.Scratch
	index, value := e.Encode(&s, e.Cells(&s, map[string]string{"age": "22", "sex": "female"}))
	for k, f := range index {
		fmt.Printf("%s %.2f\n", e.Feature(f), value[k])
	}
	// Output:
	// ticket: identifier
	// age: number
	// sex: category
	// age -1.39
	// sex=female 1.00
}
