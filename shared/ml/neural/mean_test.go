package neural_test

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"godwit/shared/ml/neural"
)

// The weights are taken into the mean after every so many steps.
const meanEvery = 8

// filters returns the weights of the first convolution, as a model of now has them.
func filters(t *testing.T, r *neural.Run) []float32 {
	t.Helper()
	m, err := r.Image()
	if err != nil {
		t.Fatal(err)
	}
	return m.Operations()[0].Conv.Weight.Value
}

// TestSettings_Average holds the mean to its formula, computed from the weights of
// a training without one, after each epoch.
func TestSettings_Average(t *testing.T) {
	for _, share := range []float64{.2, 1} {
		tc := tasks()[0]
		tc.validation, tc.set.Epochs = nil, 2
		plain := tc.start(t)
		tc.set.Average = share
		averaged := tc.start(t)
		var want []float64
		for n := 1; ; n++ {
			errPlain := plain.Train(&countdown{t.Context(), meanEvery}, 2, nil)
			err := averaged.Train(&countdown{t.Context(), meanEvery}, 2, nil)
			if err == nil && errPlain == nil {
				break
			}
			if !errors.Is(err, errStopped) || !errors.Is(errPlain, errStopped) {
				t.Fatalf("Train = %v and %v, want both stopped or none", errPlain, err)
			}
			now := filters(t, plain)
			if want == nil {
				want = make([]float64, len(now))
			}
			for i, w := range now {
				want[i] += (float64(w) - want[i]) / (1 + share*float64(n-1))
			}
			for i, got := range filters(t, averaged) {
				if math.Abs(float64(got)-want[i]) > 1e-6 {
					t.Fatalf("average %g, mean %d: weight %d = %g, want %g", share, n, i, got, want[i])
				}
			}
		}
		if want == nil {
			t.Fatal("the training ends before its first mean")
		}
	}
}

// TestSettings_Average_short wants the last weights of a training that is over
// before its first mean.
func TestSettings_Average_short(t *testing.T) {
	train := bars(meanEvery-1, 8, 1, 1)
	var models [2][]float32
	for i := range models {
		r := task{set: neural.Settings{Epochs: 1, Batch: 1, Average: float64(i) / 2}, train: train}.trained(t, 2)
		models[i] = filters(t, r)
	}
	for i, got := range models[1] {
		if got != models[0][i] {
			t.Fatalf("weight %d = %g, want %g, as without a mean", i, got, models[0][i])
		}
	}
}

// TestResume_version wants a run's file of version 1, which knew no means, to go
// on.
func TestResume_version(t *testing.T) {
	tc := tasks()[0]
	r := tc.start(t)
	if err := r.Train(&countdown{t.Context(), 3}, 2, nil); !errors.Is(err, errStopped) {
		t.Fatal(err)
	}
	state, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	old := bytes.Replace(state, []byte(`"format_version":"2"`), []byte(`"format_version":"1"`), 1)
	if bytes.Equal(old, state) {
		t.Fatal("the file does not say version 2")
	}
	if _, err := neural.Resume(old, tc.train, tc.validation); err != nil {
		t.Errorf("Resume of version 1 = %v", err)
	}
}
