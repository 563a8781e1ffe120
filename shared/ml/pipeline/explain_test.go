package pipeline_test

import (
	"math"
	"testing"

	"godwit/shared/ml/pipeline"
)

// checkAdditive verifies an explanation against its own sum, the document it
// is of, and the margin the model answers with.
func checkAdditive(t *testing.T, m *pipeline.Model, doc string, class int) pipeline.Explanation {
	t.Helper()
	e := m.Explain(new(pipeline.Scratch), doc, class)
	runes := []rune(doc)
	sum, last := e.Baseline, 0
	for _, s := range e.Spans {
		if s.Start < last || s.End <= s.Start || s.End > len(runes) {
			t.Fatalf("Explain(%q, %d): span %+v after %d of %d", doc, class, s, last, len(runes))
		}
		if want := string(runes[s.Start:s.End]); s.Text != want {
			t.Errorf("Explain(%q, %d): span %+v, want text %q", doc, class, s, want)
		}
		if s.Weight == 0 {
			t.Errorf("Explain(%q, %d): span %+v without weight", doc, class, s)
		}
		last = s.End
		sum += s.Weight
	}
	if math.Abs(sum-e.Margin) > 1e-9 {
		t.Errorf("Explain(%q, %d): baseline and spans make %v, margin is %v", doc, class, sum, e.Margin)
	}
	var s pipeline.Scratch
	if got := float64(m.Margins(&s, doc)[class]); math.Abs(got-e.Margin) > 1e-4*(1+math.Abs(got)) {
		t.Errorf("Explain(%q, %d): margin %v, the model answers %v", doc, class, e.Margin, got)
	}
	return e
}

func TestExplain_isAdditive(t *testing.T) {
	docs, _ := documents(60, 4, 5)
	docs = append(docs, "", "   ", "my card, my CARD!", "卡片卡片手机", "ﬁne ㎏½ İ Cafe\u0301 card", "\xff card \xff",
		"👨\u200d👩\u200d👧 🙂🙂 card", "取款 card 取款", "한국어 card")
	for _, classes := range []int{2, 3, 4} {
		m := fit(t, 120, classes, pipeline.Settings{})
		for _, doc := range docs {
			for class := range classes {
				checkAdditive(t, m, doc, class)
			}
		}
	}
}

func TestExplain_pointsAtTheWord(t *testing.T) {
	m := fit(t, 240, 4, pipeline.Settings{})
	const doc = "please my Card is ﬁne"
	e := checkAdditive(t, m, doc, 0)
	top := pipeline.Span{}
	for _, s := range e.Spans {
		if s.Weight > top.Weight {
			top = s
		}
	}
	if top.Text != "Card" || top.Start != 10 || top.End != 14 {
		t.Errorf("Explain(%q, 0): heaviest span %+v, want Card at 10-14", doc, top)
	}
	if e.Method != "linear" {
		t.Errorf("method = %q, want linear", e.Method)
	}
}

// The two classes of a binary model explain one margin from both sides.
func TestExplain_ofTwoClassesMirrors(t *testing.T) {
	m := fit(t, 120, 2, pipeline.Settings{})
	var s pipeline.Scratch
	a, b := m.Explain(&s, "my card please", 0), m.Explain(&s, "my card please", 1)
	if a.Margin != -b.Margin || a.Baseline != -b.Baseline || len(a.Spans) != len(b.Spans) {
		t.Errorf("Explain gives %+v and %+v, want mirror images", a, b)
	}
}
