package dataset_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/dataset"
)

// A name that is there twice is reported, and refused where it matters which
// of the columns is meant.
func TestRead_namesTwice(t *testing.T) {
	texts := func(header, row string) string { return header + "\n" + strings.Repeat(row+",yes\n"+row+",no\n", 10) }
	for _, tc := range []struct {
		name, input string
		options     dataset.Options
		want        string // of the refusal; empty: a finding
	}{
		{"the label", texts("text,label,label", "how are you,yes"), dataset.Options{}, `names "label" more than once`},
		{"the text", texts("text,text,label", "how are you,fine"), dataset.Options{}, `names "text" more than once`},
		{"a label that was named", texts("text,kind,kind", "how are you,x"), dataset.Options{LabelColumn: "kind"}, `names "kind" more than once`},
		{"a text that was named", texts("note,note,kind", "how are you,x"), dataset.Options{TextColumns: []string{"note"}, LabelColumn: "kind"}, `names "note" more than once`},
		{"a column nobody asked for", texts("text,note,note,label", "how are you,x,y"), dataset.Options{}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set, err := read(t, tc.input, tc.options)
			checkTwice(t, set.Issues, err, tc.want)
		})
	}
}

func TestReadTable_namesTwice(t *testing.T) {
	for _, tc := range []struct{ name, input, target, want string }{
		{"the target", "a,y,y\n" + lines(20, "%[1]d,%[2]s,%[2]s"), "y", `names "y" more than once`},
		{"the target by its name", "y,a,y\n" + lines(20, "%[2]s,%[1]d,%[2]s"), "", `names "y" more than once`},
		{"the last column", "a,b,a\n" + lines(20, "%[1]d,x,%[2]s"), "", `names "a" more than once`},
		{"a feature", "age,age,y\n" + lines(20, "%[1]d,%[1]d,%[2]s"), "y", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set, err := readTable(t, tc.input, dataset.TableOptions{Target: tc.target})
			checkTwice(t, set.Issues, err, tc.want)
		})
	}
}

// checkTwice checks the refusal want, or that there is a warning instead.
func checkTwice(t *testing.T, issues []dataset.Issue, err error, want string) {
	t.Helper()
	if want != "" {
		if bad, ok := errors.AsType[*dataset.InputError](err); !ok || !strings.Contains(bad.Message, want) {
			t.Errorf("error = %v, want %q", err, want)
		}
		return
	}
	warned := slices.ContainsFunc(issues, func(i dataset.Issue) bool {
		return i.Code == dataset.ColumnDuplicate && i.Severity == dataset.Warning && i.Line == 1
	})
	if err != nil || !warned {
		t.Errorf("error = %v, issues = %+v, want a warning on line 1", err, issues)
	}
}

// Objects and lists in fields that nobody reads cost nothing; in a column they
// cost the row, and the name is told.
func TestRead_nested(t *testing.T) {
	rows := strings.Repeat(`{"text":"how are you","label":"yes","meta":{"by":["a","b"]}}`+"\n"+`{"text":"go away","label":"no","meta":{}}`+"\n", 10)
	for _, tc := range []struct {
		name, input string
		options     dataset.Options
		column      string // of the row's error; empty: there is none
		refusal     string
	}{
		{"a field not in use", rows, dataset.Options{}, "", ""},
		{"the text of one row", rows + `{"text":["a"],"label":"no"}` + "\n", dataset.Options{MaxBadShare: .1}, "text", ""},
		{"now plain, now not, and not in use", rows + `{"text":"a","label":"no","meta":1}` + "\n", dataset.Options{}, "", ""},
		{"the named label", rows, dataset.Options{LabelColumn: "meta"}, "meta", "20 of 20 records are bad"},
		{"the label of every row", strings.ReplaceAll(rows, `"yes"`, `[1]`), dataset.Options{MaxBadShare: .6}, "label", "2 labels"},
		{"all labels", strings.Repeat(`{"text":"go away","label":{"a":1}}`+"\n", 9), dataset.Options{}, "", "passed over, for they hold objects or lists: label"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set, err := read(t, tc.input, tc.options)
			if (err == nil) != (tc.refusal == "") || err != nil && !strings.Contains(err.Error(), tc.refusal) {
				t.Fatalf("Read = %v, want %q", err, tc.refusal)
			}
			i := slices.IndexFunc(set.Issues, func(i dataset.Issue) bool { return i.Code == dataset.JSONParse })
			if (i >= 0) != (tc.column != "") || i >= 0 && (set.Issues[i].Column != tc.column || !strings.Contains(set.Issues[i].Message, `"`+tc.column+`"`)) {
				t.Errorf("issues = %+v, want an error of the column %q", set.Issues, tc.column)
			}
		})
	}
	set, err := readTable(t, lines(20, `{"size":%[1]d,"meta":[1],"y":"%[2]s"}`), dataset.TableOptions{})
	if err != nil || len(set.Columns) != 1 || set.IssueCounts[dataset.FieldNested] != 1 {
		t.Errorf("ReadTable = %v, %d columns, issues %v, want size alone and a finding for meta", err, len(set.Columns), set.IssueCounts)
	}
}

// One thing has one name, and is told by the line on which it is first: an NA
// in the target shows itself only when all rows are there.
func TestReadTable_emptyTarget(t *testing.T) {
	file := "a,price\n" + lines(3, "%[1]d,1%[1]d.5") + "7,NA\n" + lines(12, "%[1]d,2%[1]d.5") + "8,\n"
	set, err := readTable(t, file, dataset.TableOptions{Task: dataset.Regression})
	if err == nil || !strings.Contains(err.Error(), "label_empty, first on line 5") {
		t.Errorf("ReadTable = %v, want the least line, 5", err)
	}
	for _, i := range set.Issues {
		if i.Code == dataset.LabelEmpty && i.Message != "the target is empty" {
			t.Errorf("line %d: %q, want one wording", i.Line, i.Message)
		}
	}
}
