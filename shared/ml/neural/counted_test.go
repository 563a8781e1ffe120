package neural_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/optim"
)

// noise is images that say nothing, one in ten of class 0, with weights.
func noise(weight func(label int32) float32) *neural.Images {
	d := bars(200, 8, 1, 3)
	for i := range d.Labels {
		d.Labels[i] = 1
		if i%10 == 0 {
			d.Labels[i] = 0
		}
		if weight != nil {
			d.Weights = append(d.Weights, weight(d.Labels[i]))
		}
	}
	return d
}

// rare is the mean score of class 0 after a short training.
func rare(t *testing.T, s neural.Settings, d *neural.Images) float64 {
	t.Helper()
	s.Epochs, s.Optimizer = 2, optim.Settings{Method: optim.SGD, Rate: .1}
	m, err := task{"", s, d, nil}.trained(t, 2).Image()
	if err != nil {
		t.Fatal(err)
	}
	var k neural.Scratch
	sum := 0.0
	for i, p := range m.Scores(&k, d.Pixels) {
		if i%3 == 0 {
			sum += float64(p) / float64(d.Len())
		}
	}
	return sum
}

// Rows count by their weights: what nothing tells apart gets the share of a class
// among the weights, 9/(9 + 9) here, and not among the rows.
func TestRun_weights(t *testing.T) {
	nine := func(label int32) float32 { return map[int32]float32{0: 9, 1: 1}[label] }
	little := func(label int32) float32 { return nine(label) / 1024 }
	for _, tc := range []struct {
		name      string
		set       neural.Settings
		weight    func(int32) float32
		low, high float64
	}{
		{"none", neural.Settings{}, nil, 0, .25},
		{"nine times", neural.Settings{}, nine, .35, .65},
		{"of any scale", neural.Settings{}, little, .35, .65},
		{"balanced beside them", neural.Settings{Balance: true}, func(label int32) float32 { return 1 / nine(label) }, .35, .65},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := rare(t, tc.set, noise(tc.weight)); got < tc.low || got > tc.high {
				t.Errorf("mean score of the rare class = %.2f, want from %.2f to %.2f", got, tc.low, tc.high)
			}
		})
	}
	if a, b := rare(t, neural.Settings{}, noise(nine)), rare(t, neural.Settings{}, noise(little)); math.Abs(a-b) > 1e-6 {
		t.Errorf("the scale of weights changes %.9f to %.9f", a, b)
	}
}

// Weights that are all alike are none: the same bits come of them.
func TestRun_evenWeights(t *testing.T) {
	set := neural.Settings{Epochs: 1, Balance: true}
	plain := task{"", set, noise(nil), nil}.trained(t, 1)
	even := task{"", set, noise(func(int32) float32 { return 3 }), nil}.trained(t, 1)
	if !bytes.Equal(encoded(t, plain), encoded(t, even)) {
		t.Error("weights of 3 for every row change the model")
	}
}

// A training with weights goes on with the same bits, and not with other weights.
func TestResume_weights(t *testing.T) {
	v := texts(60, 1, nil)
	for i := range v.Labels {
		v.Weights = append(v.Weights, 1+float32(i%5)/2)
	}
	tc := task{"", neural.Settings{Epochs: 2, Batch: 16, Text: neural.TextSettings{Units: 6, Width: 4}}, v, nil}
	r := tc.start(t)
	ctx := &countdown{context.Background(), 3}
	if err := r.Train(ctx, 2, nil); err == nil {
		t.Fatal("the training was not stopped")
	}
	state, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := neural.Resume(state, v, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Train(t.Context(), 1, nil); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(encoded(t, again), encoded(t, tc.trained(t, 2))) {
		t.Error("a training that was stopped comes to another model")
	}
	other := *v
	other.Weights = slices.Clone(v.Weights)
	other.Weights[7]++
	if _, err := neural.Resume(state, &other, nil); err == nil {
		t.Error("Resume with other weights = nil, want an error")
	}
}

func TestStart_refusesWeights(t *testing.T) {
	for _, tc := range []struct {
		weights []float32
		want    string
	}{
		{[]float32{1}, "1 weights for 6 rows"},
		{[]float32{1, 1, 0, 1, 1, 1}, "row 2: its weight"},
		{[]float32{1, -2, 1, 1, 1, 1}, "row 1: its weight"},
		{[]float32{1, 1, 1, 1, 1, float32(math.Inf(1))}, "row 5: its weight"},
		{[]float32{float32(math.NaN()), 1, 1, 1, 1, 1}, "row 0: its weight"},
	} {
		d := bars(6, 8, 1, 1)
		d.Weights = tc.weights
		_, err := neural.Start(neural.Settings{}, d, nil)
		if _, ok := errors.AsType[*neural.InputError](err); !ok || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("Start with weights %v = %v, want an *InputError with %q", tc.weights, err, tc.want)
		}
	}
}
