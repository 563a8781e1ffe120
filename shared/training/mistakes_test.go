package training_test

import (
	"fmt"
	"strings"
	"testing"

	"godwit/shared/registry"
	"godwit/shared/training"
)

// confusable is a file whose labels are often wrong, so that there are mistakes.
func confusable() string {
	var b strings.Builder
	b.WriteString("label,text\n")
	for i := range 240 {
		label := []string{"card", "cash"}[i%2]
		if i%7 == 0 {
			label = "cash"
		}
		fmt.Fprintf(&b, "%s,\"my %s secret%d number%d\"\n", label, []string{"card is lost", "cash is gone"}[i%2], i, i%13)
	}
	return b.String()
}

func TestReport_mistakes(t *testing.T) {
	for _, excerpts := range []bool{false, true} {
		t.Run(fmt.Sprintf("excerpts %v", excerpts), func(t *testing.T) {
			h := newHouse(t, 1)
			report, _ := trainReport(t, h, fmt.Sprintf(`{"split":{"test":0.3},"report_excerpts":%v}`, excerpts))
			m := report.Test.Mistakes
			if m == nil || len(m.Confident) == 0 || len(m.Hard) == 0 {
				t.Fatalf("mistakes = %+v, want both lists", m)
			}
			for i, one := range m.Confident {
				if one.Label == one.Answer || one.Line < 2 || one.Record != one.Line-1 || one.Score < one.True {
					t.Errorf("mistake %d = %+v, want another answer than the label, with more score, and its line", i, one)
				}
				if i > 0 && one.Score > m.Confident[i-1].Score {
					t.Errorf("mistake %d is surer than the one before", i)
				}
				if strings.Contains(one.Excerpt, "secret") != excerpts {
					t.Errorf("mistake %d shows %q with report_excerpts %v", i, one.Excerpt, excerpts)
				}
			}
			for i, one := range m.Hard {
				if one.True >= .5 || i > 0 && one.True < m.Hard[i-1].True {
					t.Errorf("hard row %d = %+v, want less than half for its label and the hardest first", i, one)
				}
			}
		})
	}
}

// trainReport trains on the confusable file and returns the report that was kept
// and the version.
func trainReport(t *testing.T, h *house, settings string) (training.Report, registry.Version) {
	t.Helper()
	v := h.trained(t, confusable(), settings)
	return stored[training.Report](t, h, v.ReportKey), v
}
