package report_test

import (
	"strings"
	"testing"

	"godwit/shared/report"
	"godwit/shared/training"
)

// byRows is a report of a job that was divided by rows, the last of whose trainings
// was stopped at a gap of so much.
func byRows(t testing.TB, gap float64) kept {
	t.Helper()
	k := stored(t, "iris")
	k.Report.Distributed = &training.Distributed{
		Engine: "rows", Shards: 12, Rounds: 1041, Bytes: 3 << 30, Dollars: &training.Dollars{Rows: 1.23456, Classes: .00001},
		Costs: []training.RowsCost{
			{Phase: "search", C: .25, Rounds: 21, Gap: .0004, Bytes: 1 << 29},
			{Phase: "evaluation", C: 1, Rounds: 20, Gap: .001, Bytes: 1 << 29},
			{Phase: "served", C: 1, Rounds: 1000, Gap: gap, Bytes: 2 << 30},
		},
	}
	return k
}

// byClasses is a report of a job whose fits were cut into blocks of classes.
func byClasses(t testing.TB) kept {
	t.Helper()
	k := stored(t, "iris")
	k.Report.Distributed = &training.Distributed{Engine: "auto", Blocks: 24, Bytes: 5 << 20}
	return k
}

// sectionOf returns a section of a page, "" when it is not there.
func sectionOf(page, id string) string {
	_, rest, _ := strings.Cut(page, `<section id="`+id+`">`)
	section, _, _ := strings.Cut(rest, "</section>")
	return section
}

func TestRender_divided(t *testing.T) {
	another := byRows(t, 0)
	another.Report.Distributed.Engine, another.Report.Distributed.Costs[0].Phase = "<b>", "rehearsal"
	tests := []struct {
		name     string
		k        kept
		l        report.Language
		want     []string
		trains   int // rows of the table
		unclosed bool
	}{
		{"by rows", byRows(t, .0009), report.English, []string{
			"Parts of the rows", ">12<", "1\u202f000", "3.0 GiB", "US$ 1.2346", "&lt; US$ 0.0001", "the model that is served", ">0.0009<",
		}, 3, false},
		{"a gap that was not closed", byRows(t, .02), report.English, []string{"0.02, not closed", "before their gap was closed: 1."}, 3, true},
		{"in Chinese", byRows(t, .02), report.Chinese, []string{"0.02（未收敛）", "1 次训练", "12"}, 3, true},
		{"by classes", byClasses(t), report.English, []string{"Blocks of labels", ">24<", "5.0 MiB", "chosen by the trainer"}, 0, false},
		{"what nobody knows", another, report.English, []string{"&lt;b&gt;", "rehearsal"}, 3, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			page := render(t, tc.k, tc.l)
			section := sectionOf(page, "divided")
			for _, want := range tc.want {
				if !strings.Contains(section, want) {
					t.Errorf("the section lacks %q: %s", want, section)
				}
			}
			if got := strings.Count(section, `<th scope="row">`); got != tc.trains {
				t.Errorf("the table has %d trainings, want %d", got, tc.trains)
			}
			if got := strings.Contains(section, `class="versus"`); got != tc.unclosed {
				t.Errorf("the section warns of open gaps: %v, want %v", got, tc.unclosed)
			}
			if !strings.Contains(page, `href="#divided"`) {
				t.Error("the contents do not name the section")
			}
		})
	}
}

// What one function did alone has no such section.
func TestRender_notDivided(t *testing.T) {
	if page := render(t, stored(t, "iris"), report.English); strings.Contains(page, "#divided") || sectionOf(page, "divided") != "" {
		t.Error("the page of a job that was not divided tells how it was")
	}
}
