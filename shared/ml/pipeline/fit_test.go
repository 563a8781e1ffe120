package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"testing"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

func TestFit_learns(t *testing.T) {
	for _, classes := range []int{2, 3, 4} {
		for _, loss := range []linear.Loss{linear.Hinge, linear.SquaredHinge} {
			t.Run(fmt.Sprintf("%d classes, %s", classes, loss), func(t *testing.T) {
				m := fit(t, 240, classes, pipeline.Settings{Loss: loss})
				docs, y := documents(400, classes, 2)
				var s pipeline.Scratch
				right := 0
				for i, doc := range docs {
					if best(m.Scores(&s, doc)) == int(y[i]) {
						right++
					}
				}
				// A tenth of the documents carry a word of another class.
				if right < 360 {
					t.Errorf("%d of %d right, want at least 360", right, len(docs))
				}
			})
		}
	}
}

func TestFit_doesNotDependOnWorkers(t *testing.T) {
	docs, y := documents(200, 4, 1)
	d := data(t, docs, y, 4)
	var want []byte
	for workers := 1; workers <= 4; workers++ {
		m, err := pipeline.Fit(t.Context(), d, rows(len(docs)), pipeline.Settings{Recipe: text.Union()}, workers, nil)
		if err != nil {
			t.Fatalf("Fit with %d workers = %v", workers, err)
		}
		got := encode(t, m)
		if want == nil {
			want = got
		}
		if !bytes.Equal(got, want) {
			t.Errorf("Fit with %d workers gave another file", workers)
		}
	}
}

func TestFit_progress(t *testing.T) {
	docs, y := documents(80, 4, 1)
	var calls atomic.Int64
	_, err := pipeline.Fit(t.Context(), data(t, docs, y, 4), rows(80), pipeline.Settings{Recipe: text.Word()}, 2, func(done, classes int) {
		calls.Add(1)
		if done < 1 || done > classes || classes != 4 {
			t.Errorf("progress(%d, %d)", done, classes)
		}
	})
	if err != nil || calls.Load() != 4 {
		t.Errorf("Fit = %v after %d calls of progress, want 4", err, calls.Load())
	}
}

// A row of weight 2 counts as two equal rows. The vocabulary sees it once,
// though, so the recipe must not ask in how many rows a term occurs, and the
// duplicates are rows of the class in full.
func TestFit_weights(t *testing.T) {
	docs, y := documents(60, 3, 1)
	d := data(t, docs, y, 3)
	d.Weight = make([]float32, len(docs))
	for i := range d.Weight {
		d.Weight[i] = 1
	}
	s := pipeline.Settings{Recipe: text.Word()}
	plain, err := pipeline.Fit(t.Context(), data(t, docs, y, 3), rows(60), s, 1, nil)
	if err != nil {
		t.Fatalf("Fit = %v", err)
	}
	ones, err := pipeline.Fit(t.Context(), d, rows(60), s, 1, nil)
	if err != nil {
		t.Fatalf("Fit with weights of 1 = %v", err)
	}
	if !bytes.Equal(encode(t, plain), encode(t, ones)) {
		t.Error("weights of 1 gave another model than no weights")
	}
	// All weight on one class makes it the answer to anything.
	for i := range d.Weight {
		if y[i] != 1 {
			d.Weight[i] = 1e-6
		}
	}
	heavy, err := pipeline.Fit(t.Context(), d, rows(60), s, 1, nil)
	if err != nil {
		t.Fatalf("Fit with heavy rows = %v", err)
	}
	var scratch pipeline.Scratch
	if got := best(heavy.Scores(&scratch, "card cash rate")); got != 1 {
		t.Errorf("answer = class %d, want the heavy class 1", got)
	}
}

func TestFit_refuses(t *testing.T) {
	docs, y := documents(12, 3, 1)
	good := func() (pipeline.Data, []int32, pipeline.Settings) {
		return data(t, docs, y, 3), rows(12), pipeline.Settings{Recipe: text.Word()}
	}
	tests := []struct {
		name   string
		change func(d *pipeline.Data, r *[]int32, s *pipeline.Settings)
		want   error
	}{
		{"one class among the rows", func(_ *pipeline.Data, r *[]int32, _ *pipeline.Settings) { *r = []int32{0, 3, 6} }, pipeline.ErrOneClass},
		{"no rows", func(_ *pipeline.Data, r *[]int32, _ *pipeline.Settings) { *r = nil }, pipeline.ErrOneClass},
		{"one label", func(d *pipeline.Data, _ *[]int32, _ *pipeline.Settings) { d.Labels = d.Labels[:1] }, pipeline.ErrInvalid},
		{"a label twice", func(d *pipeline.Data, _ *[]int32, _ *pipeline.Settings) { d.Labels[1] = d.Labels[0] }, pipeline.ErrInvalid},
		{"class out of range", func(d *pipeline.Data, _ *[]int32, _ *pipeline.Settings) { d.Labels = d.Labels[:2] }, pipeline.ErrInvalid},
		{"row out of range", func(_ *pipeline.Data, r *[]int32, _ *pipeline.Settings) { *r = []int32{0, 1, 12} }, pipeline.ErrInvalid},
		{"classes of other length", func(d *pipeline.Data, _ *[]int32, _ *pipeline.Settings) { d.Y = d.Y[:5] }, pipeline.ErrInvalid},
		{"weights of other length", func(d *pipeline.Data, _ *[]int32, _ *pipeline.Settings) { d.Weight = []float32{1} }, pipeline.ErrInvalid},
		{"no corpus", func(d *pipeline.Data, _ *[]int32, _ *pipeline.Settings) { d.Corpus = nil }, pipeline.ErrInvalid},
		{"negative cost", func(_ *pipeline.Data, _ *[]int32, s *pipeline.Settings) { s.C = -1 }, pipeline.ErrInvalid},
		{"cost not a number", func(_ *pipeline.Data, _ *[]int32, s *pipeline.Settings) { s.C = math.NaN() }, pipeline.ErrInvalid},
		{"everything pruned", func(_ *pipeline.Data, _ *[]int32, s *pipeline.Settings) { s.PruneBelow = 1 }, pipeline.ErrInvalid},
		{"unknown loss", func(_ *pipeline.Data, _ *[]int32, s *pipeline.Settings) { s.Loss = "gain" }, pipeline.ErrInvalid},
		{"unknown rounding", func(_ *pipeline.Data, _ *[]int32, s *pipeline.Settings) { s.Quantise = "f3" }, pipeline.ErrInvalid},
		{"unusable recipe", func(_ *pipeline.Data, _ *[]int32, s *pipeline.Settings) { s.Recipe.CJK.Max = 99 }, pipeline.ErrInvalid},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			d, r, s := good()
			tc.change(&d, &r, &s)
			if _, err := pipeline.Fit(t.Context(), d, r, s, 1, nil); !errors.Is(err, tc.want) {
				t.Errorf("Fit = %v, want %v", err, tc.want)
			}
			if _, err := pipeline.Margins(t.Context(), d, r, r, s, []float64{1}, 1); !errors.Is(err, tc.want) {
				t.Errorf("Margins = %v, want %v", err, tc.want)
			}
		})
	}
	t.Run("path that falls", func(t *testing.T) {
		d, r, s := good()
		for _, path := range [][]float64{nil, {1, .5}} {
			if _, err := pipeline.Margins(t.Context(), d, r, r, s, path, 1); !errors.Is(err, pipeline.ErrInvalid) {
				t.Errorf("Margins over %v = %v, want ErrInvalid", path, err)
			}
		}
	})
	t.Run("context ended", func(t *testing.T) {
		d, r, s := good()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := pipeline.Fit(ctx, d, r, s, 1, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("Fit = %v, want context.Canceled", err)
		}
	})
}

// The margins of a fold are those of a model fitted on its training rows, but
// for rounding and pruning, which is off here. At these low costs every row is a support vector,
// so that no feature goes without weight and drops out of the row's length.
func TestMargins_agreeWithFit(t *testing.T) {
	for _, classes := range []int{2, 4} {
		docs, y := documents(200, classes, 1)
		d := data(t, docs, y, classes)
		train, held := rows(200)[:150], rows(200)[150:]
		s := pipeline.Settings{Recipe: text.Union(), Epsilon: 1e-4, PruneBelow: -1}
		path := []float64{.003, .01}
		got, err := pipeline.Margins(t.Context(), d, train, held, s, path, 2)
		if err != nil || len(got) != len(path) {
			t.Fatalf("Margins = %d steps, %v", len(got), err)
		}
		for step, c := range path {
			s.C = c
			m, err := pipeline.Fit(t.Context(), d, train, s, 1, nil)
			if err != nil {
				t.Fatalf("Fit = %v", err)
			}
			var scratch pipeline.Scratch
			for k, i := range held {
				want := m.Margins(&scratch, docs[i])
				for class, w := range want {
					// Half precision is off by 2^-11 of a weight at most.
					if g := got[step][k*classes+class]; math.Abs(float64(g-w)) > 2e-3 {
						t.Errorf("C %v, row %d, class %d: margin %v, model %v", c, i, class, g, w)
					}
				}
			}
		}
	}
}

func TestMargins_doNotDependOnWorkers(t *testing.T) {
	docs, y := documents(120, 4, 1)
	d := data(t, docs, y, 4)
	s := pipeline.Settings{Recipe: text.Word()}
	want, err := pipeline.Margins(t.Context(), d, rows(100), []int32{100, 110}, s, []float64{.3, 1, 3}, 1)
	if err != nil {
		t.Fatalf("Margins = %v", err)
	}
	for workers := 2; workers <= 4; workers++ {
		got, err := pipeline.Margins(t.Context(), d, rows(100), []int32{100, 110}, s, []float64{.3, 1, 3}, workers)
		if err != nil || !slices.EqualFunc(got, want, slices.Equal[[]float32]) {
			t.Errorf("Margins with %d workers = %v (%v), want %v", workers, got, err, want)
		}
	}
}
