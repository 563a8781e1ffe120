package pipeline_test

import (
	"fmt"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/linear"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

// pruning tries the ladder on held documents.
func pruning(t *testing.T, d pipeline.Data, train, held []int32) []pipeline.Pruning {
	t.Helper()
	trial, err := pipeline.NewTrial(d, train, held, pipeline.Settings{Recipe: text.Union()}, []float64{1})
	if err != nil {
		t.Fatalf("NewTrial = %v", err)
	}
	trial.PruneRows = len(held)
	part, err := trial.Block(t.Context(), linear.Range{To: trial.Problems()}, 2)
	if err != nil {
		t.Fatalf("Block = %v", err)
	}
	out, err := trial.Join(part)
	if err != nil || len(out.Pruning) != 1 || len(out.Pruning[0]) != len(pipeline.PruneLadder) {
		t.Fatalf("Join = %+v, %v, want a ladder", out.Pruning, err)
	}
	return out.Pruning[0]
}

// What a trial says of a step is what a model pruned that far keeps and, but for
// the lengths of rows, answers.
func TestTrial_pruning(t *testing.T) {
	for _, classes := range []int{2, 4} {
		t.Run(fmt.Sprintf("%d classes", classes), func(t *testing.T) {
			docs, y := documents(300, classes, 8)
			d := data(t, docs, y, classes)
			train, held := rows(300)[:200], rows(300)[200:]
			whole := answers(t, d, docs, train, held, -1)
			last := int64(1 << 40)
			for i, step := range pruning(t, d, train, held) {
				m, err := pipeline.Fit(t.Context(), d, train, pipeline.Settings{Recipe: text.Union(), PruneBelow: step.Below}, 1, nil)
				if err != nil {
					t.Fatalf("Fit = %v", err)
				}
				if step.Below != pipeline.PruneLadder[i] || step.Rows != len(held) || step.Weights > last {
					t.Errorf("step %+v after one of %d weights", step, last)
				}
				last = step.Weights
				if int64(m.Weights()) != step.Weights {
					t.Errorf("pruned below %v: %d weights, measured %d", step.Below, m.Weights(), step.Weights)
				}
				same := 0
				for k, got := range answers(t, d, docs, train, held, step.Below) {
					if got == whole[k] {
						same++
					}
				}
				if diff := same - step.Same; diff < -2 || diff > 2 {
					t.Errorf("pruned below %v: %d of %d answers stay, measured %d", step.Below, same, len(held), step.Same)
				}
			}
		})
	}
}

// answers are the classes that a model pruned that far gives to held documents.
func answers(t *testing.T, d pipeline.Data, docs []string, train, held []int32, below float64) []int {
	t.Helper()
	m, err := pipeline.Fit(t.Context(), d, train, pipeline.Settings{Recipe: text.Union(), PruneBelow: below}, 1, nil)
	if err != nil {
		t.Fatalf("Fit = %v", err)
	}
	var s pipeline.Scratch
	var out []int
	for _, i := range held {
		out = append(out, best(m.Scores(&s, docs[i])))
	}
	return out
}

// The estimate of a model is near its size when the weights of each term are
// known, above it for terms that get none, and falls with the floor of document frequency.
func TestEstimateSize(t *testing.T) {
	for _, classes := range []int{2, 4} {
		docs, y := documents(400, classes, 9)
		d := data(t, docs, y, classes)
		last := int64(1 << 40)
		for _, floor := range []int{0, 2, 5, 20} {
			s := pipeline.Settings{Recipe: text.Union(), MinDocs: floor, PruneBelow: -1}
			m, err := pipeline.Fit(t.Context(), d, rows(400), s, 1, nil)
			if err != nil {
				t.Fatalf("Fit = %v", err)
			}
			file := encode(t, m)
			f, err := artifact.Decode(file, artifact.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			body := int64(0) // without the header, which the estimate leaves out
			for _, x := range f.Tensors() {
				body += int64(len(x.Data))
			}
			got := pipeline.EstimateSize(d, rows(400), s, float64(m.Weights())/float64(m.Features()))
			if ratio := float64(got.File) / float64(body); ratio < .95 || ratio > 1.2 || got.Loaded <= got.File || got.File > last {
				t.Errorf("%d classes, floor %d: EstimateSize = %+v, the tensors are %d bytes", classes, floor, got, body)
			}
			last = got.File
		}
	}
}
