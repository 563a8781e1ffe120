package doctor_test

import (
	"fmt"
	"strings"
	"testing"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/doctor"
	"godwit/shared/ml/tabular"
)

// table is a table in which bought follows from age, but for row wrong, whose
// label is turned; wrong below 0 turns none.
func table(n, wrong int) string {
	var b strings.Builder
	b.WriteString("age,sex,bought\n")
	for i := range n {
		yes := i%100 >= 50
		fmt.Fprintf(&b, "%d,%s,%s\n", i%100, []string{"f", "m"}[i%2], map[bool]string{true: "yes", false: "no"}[yes != (i == wrong)])
	}
	return b.String()
}

func TestExamineTable(t *testing.T) {
	r, err := doctor.ExamineTable(t.Context(), strings.NewReader(table(300, 90)), doctor.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Trainable || r.Profile.Source.Task != dataset.Classification || r.Quality == nil || r.Quality.Accuracy < .9 {
		t.Errorf("report = %+v with quality %+v, want a classification that a quick model does well", r.Profile.Source, r.Quality)
	}
	if len(r.Features) != 2 || r.Features[0].Kind != tabular.Number || r.Features[1].Kind != tabular.Category {
		t.Errorf("features = %+v, want a number and a category", r.Features)
	}
	if len(r.LabelErrors) == 0 || r.LabelErrors[0].Line != 92 || r.LabelErrors[0].Excerpt == "" {
		t.Errorf("label errors = %+v, want line 92 first", r.LabelErrors)
	}
	if len(r.Profile.Scripts) != 0 {
		t.Errorf("scripts = %v, want none of cells", r.Profile.Scripts)
	}
}

func TestExamineTable_notTrainable(t *testing.T) {
	for _, tc := range []struct{ name, input, reason, note string }{
		{"one label", "a,b\n1,x\n2,x\n3,x\n", "at least 2 labels", ""},
		{"nothing to tell rows apart", "a,b\n" + strings.Repeat("1,x\n1,y\n", 10), "nothing can be learned from the columns of this table: no column tells the rows apart: a: always the same", ""},
		{"a number", "a,b\n1,1.5\n2,2.5\n3,3.5\n4,9\n", "", "the target is a number"},
		{"too few to check", "a,b\n1,x\n2,x\n9,y\n8,y\n", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := doctor.ExamineTable(t.Context(), strings.NewReader(tc.input), doctor.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Trainable != (tc.reason == "") || !strings.Contains(strings.Join(r.Reasons, "; "), tc.reason) || !strings.Contains(strings.Join(r.Notes, "; "), tc.note) {
				t.Errorf("trainable %v, reasons %q, notes %q, want %q and %q", r.Trainable, r.Reasons, r.Notes, tc.reason, tc.note)
			}
		})
	}
}

// Rows whose cells are alike but stand in other columns are different rows: no
// copies in the profile, and not of one fold where labels are checked.
func TestExamineTable_cellsInOtherColumns(t *testing.T) {
	for _, tc := range []struct {
		name, input       string
		distinct, clashes int
		checked           bool
	}{
		{"an empty cell elsewhere", "a,b,c,y\n" + strings.Repeat("1,,2,yes\n3,,4,yes\n", 10) + strings.Repeat("1,2,,no\n3,4,,no\n", 10), 4, 0, true},
		{"the first word of the next cell", "a,b,y\n" + strings.Repeat("x z,w,yes\nv z,w,yes\n", 10) + strings.Repeat("x,z w,no\nv,z w,no\n", 10), 4, 0, true},
		{"one place for each row", "a,b,c,d,y\n" + strings.Repeat("1,,,,yes\n,1,,,yes\n,,1,,no\n,,,1,no\n", 10), 4, 0, true},
		{"spelling alone", "a,b,y\n" + strings.Repeat("X  z,1,yes\n", 20) + strings.Repeat("x z,1,no\n", 20), 1, 1, false},
		{"copies in several groups", "a,group,y\n1,g0,yes\n1,g1,yes\n1,g2,no\n2,g3,no\n2,g4,no\n2,g5,no\n3,g6,yes\n3,g7,yes\n4,g8,no\n4,g9,no\n", 4, 1, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := doctor.ExamineTable(t.Context(), strings.NewReader(tc.input), doctor.Options{Folds: 2})
			if err != nil {
				t.Fatal(err)
			}
			if c := r.Profile.Copies; c.Distinct != tc.distinct || c.Conflicting != tc.clashes {
				t.Errorf("copies = %+v, want %d distinct rows, %d of them conflicting", c, tc.distinct, tc.clashes)
			}
			if (r.Quality != nil) != tc.checked {
				t.Errorf("quality = %+v with notes %q, want labels checked: %v", r.Quality, r.Notes, tc.checked)
			}
		})
	}
}
