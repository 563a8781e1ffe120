package dataset_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/dataset"
)

// collect adds rows given as label and name; a row without a label is rejected.
func collect(o dataset.Options, rows ...string) *dataset.Collector {
	c := dataset.NewCollector(o, dataset.Source{Format: "zip"}, "picture", "label")
	for _, row := range rows {
		label, name, _ := strings.Cut(row, "/")
		if label == "" {
			c.Reject(dataset.Issue{Code: dataset.ImageDecode, Excerpt: name + "\x00", Message: "damaged"})
			continue
		}
		c.Add(dataset.Row{Label: label, ID: row, Group: name})
	}
	return c
}

func TestCollector(t *testing.T) {
	c := collect(dataset.Options{MaxBadShare: .2}, "a/1", "/x", "a/2", "b/3", "c/4", "b/1", "a/2")
	c.Note(dataset.Issue{Code: dataset.ImageDecode, Severity: dataset.Info, Excerpt: "README", Message: "passed over", Fix: "nothing"})
	set, kept, err := c.Conclude()
	if err != nil || !slices.Equal(kept, []int32{0, 1, 2, 4, 5}) || len(set.Rows) != 5 {
		t.Fatalf("Conclude() = %v, %v, want all rows but the only c", kept, err)
	}
	if set.Records != 7 || set.Rejected != 2 || !slices.Equal(set.Labels, []string{"a", "b"}) || set.Source.Format != "zip" {
		t.Errorf("set = %d records, %d rejected, %v, %q, want 7, 2, a and b, zip", set.Records, set.Rejected, set.Labels, set.Source.Format)
	}
	if row := set.Rows[1]; row.Record != 3 || row.Weight != 1 {
		t.Errorf("row = %+v, want record 3 of weight 1", row)
	}
	var got []string
	for _, i := range set.Issues {
		got = append(got, i.Code+" "+i.Excerpt+": "+i.Message+"; "+i.Fix)
	}
	for _, want := range []string{
		"image_decode README: passed over; nothing",
		"image_decode x␀: damaged; save the image again as PNG or JPEG",
		`duplicate_conflicting_label b/1: labelled "b" here and "a" in a/1; decide which label is right and remove the other row`,
		"duplicate_exact a/2: the same picture and label as in a/2; nothing to do; remove copies that are there by mistake",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("issues = %q, want among them %q", got, want)
		}
	}
	if !slices.IsSortedFunc(set.Issues, func(a, b dataset.Issue) int { return int(a.Record - b.Record) }) {
		t.Errorf("issues = %q, want them in the order of records", got)
	}
}

func TestCollector_unfit(t *testing.T) {
	_, _, err := collect(dataset.Options{}, "a/1", "a/2", "b/3", "b/4", "/x").Conclude()
	unfit, is := errors.AsType[*dataset.InputError](err)
	if want := "1 of 5 records are bad (20.0 %) and at most 1 % may be: image_decode"; !is || unfit.Message != want {
		t.Errorf("Conclude() error = %v, want %q", err, want)
	}
	_, _, err = collect(dataset.Options{}, "a/1", "b/2", "c/3").Conclude()
	if err == nil || strings.Contains(err.Error(), "label column") {
		t.Errorf("Conclude() of rare labels = %v, want an error that names no column", err)
	}
	set, err := collect(dataset.Options{}, "a/1").Fail(dataset.Issue{Code: dataset.ArchiveLimit, Message: "too many files"})
	unfit, is = errors.AsType[*dataset.InputError](err)
	if !is || unfit.Message != "too many files" || len(set.Rows) != 1 || set.Issues[0].Fix == "" {
		t.Errorf("Fail() = %d rows, %v, want 1 and the reason", len(set.Rows), err)
	}
}

func TestSplitName(t *testing.T) {
	for in, want := range map[string]string{"Training": "train", " val ": "validation", "测试集": "test", "cats": ""} {
		if got, ok := dataset.SplitName(in); got != want || ok != (want != "") {
			t.Errorf("SplitName(%q) = %q, %t, want %q", in, got, ok, want)
		}
	}
}
