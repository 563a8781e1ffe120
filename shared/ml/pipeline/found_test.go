package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/sparse"
	"godwit/shared/ml/text"
)

// elsewhere trains on rows of d what the pipeline would, and tells it as weights
// that were found elsewhere.
func elsewhere(d pipeline.Data, v *text.Vocabulary, rows []int32, path []float64) pipeline.Found {
	return func(ctx context.Context, each func(problem, step int, weight []float32, bias float32) error) error {
		y := make([]int32, len(rows))
		for k, i := range rows {
			y[k] = d.Y[i]
		}
		svm := linear.SVM{Loss: linear.SquaredHinge, C: path, Epsilon: .1, Bias: 1}
		return svm.OneVsRest(ctx, d.Corpus.Matrix(v, rows), y, nil, len(d.Labels), 1, func(sol linear.Solution) error {
			problem := sol.Class
			if len(d.Labels) == 2 {
				problem = 0
			}
			return each(problem, sol.Step, sol.Weight, sol.Bias)
		})
	}
}

// Of the same weights a fit makes the same model, found here or elsewhere, and a
// trial the same outcome.
func TestFound_equalsFitting(t *testing.T) {
	for _, classes := range []int{2, 4} {
		t.Run(fmt.Sprint(classes, " classes"), func(t *testing.T) {
			docs, y := documents(200, classes, 5)
			d := data(t, docs, y, classes)
			var train, held []int32
			for i := range int32(len(docs)) {
				if i%4 == 0 {
					held = append(held, i)
				} else {
					train = append(train, i)
				}
			}
			s := pipeline.Settings{Recipe: text.Union(), C: 1}
			want, err := pipeline.Fit(t.Context(), d, train, s, 1, nil)
			if err != nil {
				t.Fatal(err)
			}
			v := d.Corpus.Vocabulary(train, s.Recipe)
			fit, err := pipeline.FoundFitting(v, d.Labels, len(train), s, elsewhere(d, v, train, []float64{1}))
			if err != nil {
				t.Fatal(err)
			}
			got, err := fit.Whole(t.Context(), 2)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(encoded(t, got.Encode), encoded(t, want.Encode)) {
				t.Error("a model of found weights has other bytes than that of the same fit")
			}

			path := []float64{.3, 1}
			own, err := pipeline.NewTrial(d, train, held, s, path)
			if err != nil {
				t.Fatal(err)
			}
			found, err := pipeline.FoundTrial(d.Corpus.Matrix(v, held), classes, path, elsewhere(d, v, train, path))
			if err != nil {
				t.Fatal(err)
			}
			own.PruneRows, found.PruneRows = 20, 20
			if got, want := outcome(t, found), outcome(t, own); !reflect.DeepEqual(got, want) {
				t.Error("a trial of found weights comes to another outcome than that of the same training")
			}
			if size := pipeline.SizeOf(v, classes, 1); size != pipeline.EstimateSize(d, train, s, 1) || size.File < int64(v.Len()) {
				t.Errorf("SizeOf = %+v, want what EstimateSize says of the rows", size)
			}
		})
	}
}

// encoded returns a model's file.
func encoded(t *testing.T, encode func(map[string]string) ([]byte, error)) []byte {
	t.Helper()
	data, err := encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// outcome runs a trial at one go.
func outcome(t *testing.T, trial *pipeline.Trial) pipeline.Outcome {
	t.Helper()
	out, err := trial.Whole(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFound_refuses(t *testing.T) {
	docs, y := documents(20, 2, 5)
	d := data(t, docs, y, 2)
	v := d.Corpus.Vocabulary([]int32{0, 1, 2, 3}, text.Word())
	failed := errors.New("the weights are gone")
	fails := func(context.Context, func(int, int, []float32, float32) error) error { return failed }
	x := &sparse.Matrix{Cols: v.Len(), Start: []int64{0}}
	for _, tc := range []struct {
		name string
		make func() error
	}{
		{"no cost", func() error { _, err := pipeline.FoundTrial(x, 2, nil, fails); return err }},
		{"one class", func() error { _, err := pipeline.FoundTrial(x, 1, []float64{1}, fails); return err }},
		{"two labels alike", func() error {
			_, err := pipeline.FoundFitting(v, []string{"a", "a"}, 4, pipeline.Settings{Recipe: text.Word()}, fails)
			return err
		}},
		{"pruned to nothing", func() error {
			_, err := pipeline.FoundFitting(v, d.Labels, 4, pipeline.Settings{Recipe: text.Word(), PruneBelow: 1}, fails)
			return err
		}},
	} {
		if err := tc.make(); !errors.Is(err, pipeline.ErrInvalid) {
			t.Errorf("%s = %v, want ErrInvalid", tc.name, err)
		}
	}
	trial, err := pipeline.FoundTrial(x, 2, []float64{1}, fails)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trial.Whole(t.Context(), 1); !errors.Is(err, failed) {
		t.Errorf("Whole() of weights that cannot be had = %v, want %v", err, failed)
	}
}
