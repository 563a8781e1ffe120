package doctor_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/doctor"
)

func TestSuspects(t *testing.T) {
	tests := []struct {
		name      string
		prob      []float32
		y         []int32
		want      []int // rows, in order
		estimated int
	}{
		{"none", nil, nil, nil, 0},
		{"all as labelled", []float32{.9, .1, .2, .8}, []int32{0, 1}, nil, 0},
		{"least self-confidence first", []float32{.6, .4, .9, .1, .99, .01, .1, .9}, []int32{1, 1, 1, 1}, []int{2, 1, 0}, 0},
		// Rows labelled 0 give class 0 a mean of .7, rows labelled 1 give class 1
		// one of .5. Row 2 counts for class 1 and row 3 for class 0: one of the
		// three that count among two labels each, so 3 x 1/3 + 2 x 1/2.
		{"confident ones are estimated", []float32{.95, .05, .95, .05, .2, .8, .95, .05, .05, .95}, []int32{0, 0, 0, 1, 1}, []int{3, 2}, 2},
		{"equal probabilities are no contradiction", []float32{.5, .5}, []int32{0}, nil, 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			suspects, estimated := doctor.Suspects(tc.prob, tc.y, 2)
			var got []int
			for _, s := range suspects {
				got = append(got, s.Row)
				if s.Given != tc.y[s.Row] || s.Likely == s.Given || s.Margin > 0 {
					t.Errorf("suspect %+v of a row labelled %d", s, tc.y[s.Row])
				}
			}
			if !slices.Equal(got, tc.want) || estimated != tc.estimated {
				t.Errorf("Suspects() = rows %v, %d estimated, want %v and %d", got, estimated, tc.want, tc.estimated)
			}
		})
	}
}

func TestSuspects_panics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Suspects() returned, want a panic")
		}
	}()
	doctor.Suspects(make([]float32, 3), []int32{0, 1}, 2)
}

// TestSuspects_namesDoNotMatter holds that classes under other numbers give the
// same rows, measures and estimate.
func TestSuspects_namesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, classes := rapid.IntRange(1, 40).Draw(t, "rows"), rapid.IntRange(2, 5).Draw(t, "classes")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		name := random.Perm(classes)
		y, other := make([]int32, n), make([]int32, n)
		prob, moved := make([]float32, n*classes), make([]float32, n*classes)
		for i := range y {
			y[i] = int32(random.IntN(classes))
			other[i] = int32(name[y[i]])
			for k := range classes {
				p := random.Float32() / float32(classes)
				prob[i*classes+k], moved[i*classes+name[k]] = p, p
			}
		}
		want, wrong := doctor.Suspects(prob, y, classes)
		got, alike := doctor.Suspects(moved, other, classes)
		if len(got) != len(want) || wrong != alike || wrong > n {
			t.Fatalf("%d suspects, %d estimated under other names, want %d and %d", len(got), alike, len(want), wrong)
		}
		for i := range got {
			if got[i].Row != want[i].Row || int(got[i].Likely) != name[want[i].Likely] || got[i].Margin != want[i].Margin {
				t.Errorf("suspect %d is %+v under other names, want %+v", i, got[i], want[i])
			}
			if i > 0 && want[i].Confidence < want[i-1].Confidence {
				t.Errorf("suspect %d has confidence %v after %v", i, want[i].Confidence, want[i-1].Confidence)
			}
		}
	})
}

func TestLabelErrors(t *testing.T) {
	rows := []dataset.Row{{Text: "a"}, {Text: "where is\n my card", Label: "cash", Line: 7, Record: 5}}
	got := doctor.LabelErrors([]doctor.Suspect{{Row: 1, Given: 1, Likely: 0, Confidence: .02, Margin: -.9}}, rows, []string{"card", "cash"}, "intent")
	if len(got) != 1 {
		t.Fatalf("LabelErrors() = %d issues, want 1", len(got))
	}
	e := got[0]
	if e.Code != "probable_label_error" || e.Severity != dataset.Warning || e.Line != 7 || e.Record != 5 || e.Column != "intent" ||
		e.Excerpt != "where is my card" || e.Given != "cash" || e.Likely != "card" || math.Abs(e.Margin+.9) > 1e-9 || e.Fix == "" {
		t.Errorf("LabelErrors() = %+v", e)
	}
	if want := `labelled "cash"; rows like it are labelled "card" (probability 0.92 against 0.02)`; e.Message != want {
		t.Errorf("message %q, want %q", e.Message, want)
	}
}
