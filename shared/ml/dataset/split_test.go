package dataset_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"godwit/shared/ml/dataset"
)

// classesOf makes rows of classes of the given sizes, each text its own.
func classesOf(sizes ...int) (rows []dataset.Row, labels []string) {
	for c, size := range sizes {
		label := fmt.Sprintf("class %02d", c)
		labels = append(labels, label)
		for i := range size {
			rows = append(rows, dataset.Row{Label: label, Text: fmt.Sprintf("text %d of %s", i, label)})
		}
	}
	return rows, labels
}

func TestSplit_hash(t *testing.T) {
	rows, labels := classesOf(5000, 300, 10, 10, 10, 10, 2, 1)
	train, test, how := dataset.Split(rows, labels, dataset.SplitOptions{Salt: "intents"})
	if how != dataset.ByHash || len(train)+len(test) != len(rows) {
		t.Fatalf("Split() = %d + %d %s, want %d by hash", len(train), len(test), how, len(rows))
	}
	// At least a tenth of each class, and four standard deviations of a tenth more.
	if want, spread := .1*float64(len(rows)), 4*math.Sqrt(.09*float64(len(rows))); float64(len(test)) < want-1 || float64(len(test)) > want+spread {
		t.Errorf("held out %d rows, want %.0f and at most %.0f more", len(test), want, spread)
	}
	held := map[string]int{}
	for _, i := range test {
		held[rows[i].Label]++
	}
	for c, size := range []int{5000, 300, 10, 10, 10, 10, 2, 1} {
		if n := held[labels[c]]; n == size || n < size/10 {
			t.Errorf("%s of %d rows holds out %d, want a tenth from 10 rows and never all", labels[c], size, n)
		}
	}
	_, other, _ := dataset.Split(rows, labels, dataset.SplitOptions{Salt: "other"})
	if slices.Equal(test, other) {
		t.Error("another salt holds out the same rows")
	}
	if _, none, _ := dataset.Split(rows, labels, dataset.SplitOptions{Test: -1}); len(none) != 0 {
		t.Errorf("Test -1 holds out %d rows, want none", len(none))
	}
}

// The choice is stored with models: it must never change.
func TestSplit_frozen(t *testing.T) {
	rows, labels := classesOf(40)
	_, test, _ := dataset.Split(rows, labels, dataset.SplitOptions{Salt: "intents"})
	if want := []int32{4, 8, 17, 19, 21}; !slices.Equal(test, want) {
		t.Errorf("held out = %v, want %v as in the first version", test, want)
	}
}

func TestSplit_column(t *testing.T) {
	rows := []dataset.Row{{Label: "a", Text: "1", Split: "train"}, {Label: "a", Text: "2", Split: "test"},
		{Label: "b", Text: "3", Split: "validation"}, {Label: "b", Text: "4"}, {Label: "gone", Text: "5"}}
	train, test, how := dataset.Split(rows, []string{"a", "b"}, dataset.SplitOptions{})
	if how != dataset.ByColumn || !slices.Equal(train, []int32{0, 2, 3}) || !slices.Equal(test, []int32{1}) {
		t.Errorf("Split() = %v, %v, %s, want [0 2 3], [1], column", train, test, how)
	}
}

// drawRows draws rows over few texts, so that copies, conflicts and groups are common.
func drawRows(t *rapid.T, name string) []dataset.Row {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) dataset.Row {
		row := dataset.Row{
			Label: rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "label"),
			Text:  fmt.Sprint("text ", rapid.IntRange(0, 60).Draw(t, "text")),
		}
		if rapid.IntRange(0, 4).Draw(t, "grouped") == 0 {
			row.Group = fmt.Sprint("group ", rapid.IntRange(0, 9).Draw(t, "group"))
		}
		return row
	}), 0, 120).Draw(t, name)
}

func TestSplit_properties(t *testing.T) {
	labels := []string{"a", "b", "c", "d"}
	rapid.Check(t, func(t *rapid.T) {
		rows := drawRows(t, "rows")
		more := append(slices.Clone(rows), drawRows(t, "added")...)
		o := dataset.SplitOptions{Salt: rapid.String().Draw(t, "salt"), Test: rapid.Float64Range(.05, .5).Draw(t, "test")}
		before := sides(t, rows, labels, o)
		after := sides(t, more, labels, o)

		// Which keys the threshold alone holds out shows in one large class:
		// there is no repair when there is something on both sides.
		alone := append(slices.Clone(more), rowsOf("z", 200)...)
		for i := range alone {
			alone[i].Label = "z"
		}
		below := sides(t, alone, []string{"z"}, o)

		for i, row := range rows {
			key := dataset.GroupKey(row)
			if before[key] && !after[key] && below[key] && !someClassBelow(more, below) {
				t.Fatalf("row %d is below the threshold and left the held-out rows", i)
			}
		}
		checkShares(t, more, after, o.Test)
	})
}

// checkShares holds that each class of ten rows or more holds out its share,
// counted in rows, unless one key with many rows, or the last one to learn
// from, stands in the way.
func checkShares(t *rapid.T, rows []dataset.Row, held map[uint64]bool, share float64) {
	size, out, largest := map[string]int{}, map[string]int{}, map[string]int{}
	copies := map[string]map[uint64]int{}
	for _, row := range rows {
		key := dataset.GroupKey(row)
		if copies[row.Label] == nil {
			copies[row.Label] = map[uint64]int{}
		}
		copies[row.Label][key]++
		largest[row.Label] = max(largest[row.Label], copies[row.Label][key])
		size[row.Label]++
		if held[key] {
			out[row.Label]++
		}
	}
	for label, n := range size {
		if want := int(math.Round(share * float64(n))); n >= 10 && len(copies[label]) > 1 && out[label] < want-largest[label] && !oneKeyClass(copies) {
			t.Fatalf("class %s of %d rows holds out %d, want about %d", label, n, out[label], want)
		}
	}
}

// oneKeyClass reports whether some class has one key only: it must learn from
// it, and takes it from the classes that share it.
func oneKeyClass(copies map[string]map[uint64]int) bool {
	for _, c := range copies {
		if len(c) == 1 {
			return true
		}
	}
	return false
}

// A class whose texts are all held out learns from the one with the highest
// hash: here the one that another class holds out only by the first repair, and
// not the one below the threshold, which must stay where it is.
func TestSplit_repairsInOrder(t *testing.T) {
	fillers := rowsOf("a", 300)
	_, below, _ := dataset.Split(fillers, []string{"a"}, dataset.SplitOptions{})
	var rows []dataset.Row
	for i := 0; len(rows) < 12; i++ {
		if !slices.Contains(below, int32(i)) {
			rows = append(rows, fillers[i])
		}
	}
	_, repaired, _ := dataset.Split(rows, []string{"a"}, dataset.SplitOptions{})
	if len(repaired) != 1 {
		t.Fatalf("a class of 12 with nothing below the threshold holds out %v, want one row", repaired)
	}
	rows = append(rows, dataset.Row{Label: "b", Text: rows[repaired[0]].Text}, dataset.Row{Label: "b", Text: fillers[below[0]].Text})
	_, test, _ := dataset.Split(rows, []string{"a", "b"}, dataset.SplitOptions{})
	if !slices.Equal(test, []int32{13}) {
		t.Errorf("held out = %v, want [13], the row below the threshold", test)
	}
}

// rowsOf makes n rows of one label with texts of their own.
func rowsOf(label string, n int) (rows []dataset.Row) {
	for i := range n {
		rows = append(rows, dataset.Row{Label: label, Text: fmt.Sprint("filler ", i)})
	}
	return rows
}

// someClassBelow reports whether all rows of some class are below the threshold.
func someClassBelow(rows []dataset.Row, below map[uint64]bool) bool {
	above, seen := map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		seen[row.Label] = true
		above[row.Label] = above[row.Label] || !below[dataset.GroupKey(row)]
	}
	return len(above) == 0 || slices.ContainsFunc([]string{"a", "b", "c", "d"}, func(l string) bool { return seen[l] && !above[l] })
}

// sides splits rows, checks what must hold of every split, and returns the keys
// that are held out.
func sides(t *rapid.T, rows []dataset.Row, labels []string, o dataset.SplitOptions) map[uint64]bool {
	train, test, _ := dataset.Split(rows, labels, o)
	all := slices.Concat(train, test)
	slices.Sort(all)
	if !slices.IsSorted(train) || !slices.IsSorted(test) || len(slices.Compact(all)) != len(rows) {
		t.Fatalf("%d + %d rows of %d, want each once and in order", len(train), len(test), len(rows))
	}
	held := map[uint64]bool{}
	for _, i := range test {
		held[dataset.GroupKey(rows[i])] = true
	}
	learned := map[string]bool{}
	for _, i := range train {
		learned[rows[i].Label] = true
		if held[dataset.GroupKey(rows[i])] {
			t.Fatalf("row %d of key %x is on both sides", i, dataset.GroupKey(rows[i]))
		}
	}
	for _, row := range rows {
		if !learned[row.Label] {
			t.Fatalf("class %s has no row to learn from", row.Label)
		}
	}
	return held
}

func ExampleSplit() {
	rows, labels := classesOf(50, 50)
	train, test, how := dataset.Split(rows, labels, dataset.SplitOptions{Test: .2, Salt: "intents"})
	fmt.Println(len(train)+len(test), how)
	// Output: 100 hash
}
