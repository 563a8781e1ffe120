package pipeline_test

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

func TestScores_areProbabilities(t *testing.T) {
	docs := []string{"", "unknown", "card arrive", strings.Repeat("cash ", 5000), "\xff\xfe", "卡片"}
	for _, classes := range []int{2, 4} {
		m := fit(t, 120, classes, pipeline.Settings{})
		for _, temperature := range []float64{.01, 1, 100} {
			c := tempered(m, temperature)
			var s pipeline.Scratch
			for _, doc := range docs {
				sum := 0.0
				for _, p := range c.Scores(&s, doc) {
					if !(p >= 0 && p <= 1) {
						t.Errorf("Scores(%.20q) at %v holds %v", doc, temperature, p)
					}
					sum += float64(p)
				}
				if math.Abs(sum-1) > 1e-6 {
					t.Errorf("Scores(%.20q) at %v sum to %v", doc, temperature, sum)
				}
			}
		}
	}
}

// Of two classes the softmax of -m/T and m/T is the sigmoid of 2m/T.
func TestScores_ofTwoClasses(t *testing.T) {
	m := tempered(fit(t, 120, 2, pipeline.Settings{}), .5)
	var s pipeline.Scratch
	score := m.Scores(&s, "cash machine please")[1]
	margins := m.Margins(&s, "cash machine please")
	if margins[0] != -margins[1] {
		t.Errorf("margins = %v, want -m and m", margins)
	}
	want := 1 / (1 + math.Exp(-2*float64(margins[1])/.5))
	if math.Abs(float64(score)-want) > 1e-6 {
		t.Errorf("score = %v, want %v", score, want)
	}
}

// Without a known term there is nothing but the biases.
func TestMargins_ofNothing(t *testing.T) {
	m := fit(t, 120, 4, pipeline.Settings{Recipe: text.Word()})
	var s pipeline.Scratch
	want := slices.Clone(m.Margins(&s, ""))
	for _, doc := range []string{"zzz qqq", "ζζζ", " \n"} {
		if got := m.Margins(&s, doc); !slices.Equal(got, want) {
			t.Errorf("Margins(%q) = %v, want those of the empty text %v", doc, got, want)
		}
		if e := m.Explain(&s, doc, 0); len(e.Spans) != 0 || e.Margin != e.Baseline {
			t.Errorf("Explain(%q) = %+v, want no spans", doc, e)
		}
	}
}

func TestScores_allocateNothingWarm(t *testing.T) {
	m := fit(t, 120, 4, pipeline.Settings{})
	docs, _ := documents(50, 4, 3)
	var s pipeline.Scratch
	run := func() {
		for _, doc := range docs {
			m.Scores(&s, doc)
		}
	}
	run()
	if got := testing.AllocsPerRun(20, run); got != 0 {
		t.Errorf("Scores allocates %v times when warm, want 0", got)
	}
}

func TestModel_isSafeForConcurrentUse(t *testing.T) {
	m := fit(t, 120, 4, pipeline.Settings{})
	docs, _ := documents(50, 4, 3)
	var want [][]float32
	var s pipeline.Scratch
	for _, doc := range docs {
		want = append(want, slices.Clone(m.Scores(&s, doc)))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var s pipeline.Scratch
			for i, doc := range docs {
				if got := m.Scores(&s, doc); !slices.Equal(got, want[i]) {
					t.Errorf("Scores(%q) = %v, want %v", doc, got, want[i])
				}
			}
		})
	}
	wg.Wait()
}

// More than 256 problems take class numbers of two bytes.
func TestModel_ofManyClasses(t *testing.T) {
	const classes = 300
	docs := make([]string, 0, 2*classes)
	y := make([]int32, 0, 2*classes)
	for i := range 2 * classes {
		docs = append(docs, "common word"+string(rune('a'+i%classes%26))+string(rune('a'+i%classes/26)))
		y = append(y, int32(i%classes))
	}
	m, err := pipeline.Fit(t.Context(), data(t, docs, y, classes), rows(len(docs)), pipeline.Settings{Recipe: text.Word()}, 2, nil)
	if err != nil {
		t.Fatalf("Fit = %v", err)
	}
	again, err := pipeline.Decode(encode(t, m))
	if err != nil {
		t.Fatalf("Decode = %v", err)
	}
	var s, z pipeline.Scratch
	for i, doc := range docs {
		got := again.Scores(&s, doc)
		if best(got) != int(y[i]) || !slices.Equal(got, m.Scores(&z, doc)) {
			t.Fatalf("Scores(%q) answer class %d, want %d", doc, best(got), y[i])
		}
	}
	checkAdditive(t, m, docs[7], 7)
}

func TestModel_facts(t *testing.T) {
	m := fit(t, 120, 4, pipeline.Settings{C: 2, Seed: 9})
	if m.Task() != "text-classification" || m.Algorithm() != "linear-svm" || len(m.Labels()) != 4 {
		t.Errorf("task %q, algorithm %q, labels %q", m.Task(), m.Algorithm(), m.Labels())
	}
	s := m.Settings()
	if s.C != 2 || s.Seed != 9 || s.PruneBelow != pipeline.DefaultPruneBelow || s.Quantise != pipeline.Float16 {
		t.Errorf("Settings() = %+v", s)
	}
	if m.Bytes() < int64(m.Weights()*3+m.Features()*20) {
		t.Errorf("Bytes() = %d for %d features and %d weights", m.Bytes(), m.Features(), m.Weights())
	}
	if m.Temperature() != 1 || tempered(m, 2).Temperature() != 2 || m.Temperature() != 1 {
		t.Error("With changed the model or did nothing")
	}
}

// Pruning is relative to the largest weight of a class and leaves the answers
// alone; pruning more leaves less.
func TestFit_prunes(t *testing.T) {
	docs, _ := documents(200, 4, 2)
	last := math.MaxInt
	var answers []int
	for _, below := range []float64{-1, 1e-3, .2} {
		m := fit(t, 200, 4, pipeline.Settings{PruneBelow: below})
		if m.Weights() >= last {
			t.Errorf("PruneBelow %v leaves %d weights, not fewer than %d", below, m.Weights(), last)
		}
		last = m.Weights()
		var s pipeline.Scratch
		agree := 0
		for i, doc := range docs {
			a := best(m.Margins(&s, doc))
			if below < 0 {
				answers = append(answers, a)
			}
			if a == answers[i] {
				agree++
			}
		}
		if below <= 1e-3 && agree < len(docs) {
			t.Errorf("PruneBelow %v: %d of %d answers as without", below, agree, len(docs))
		}
	}
}
