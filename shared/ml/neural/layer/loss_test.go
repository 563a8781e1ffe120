package layer_test

import (
	"math"
	"slices"
	"testing"

	"godwit/shared/ml/neural/gradtest"
	"godwit/shared/ml/neural/layer"
	"godwit/shared/ml/neural/random"
)

// crossEntropy is the loss in double precision, from its definition.
func crossEntropy(c layer.CrossEntropy, margins []float64, labels []int32) float64 {
	classes, total := len(margins)/len(labels), 0.0
	for i, label := range labels {
		row := margins[i*classes:][:classes]
		sum := 0.0
		for _, m := range row {
			sum += math.Exp(m)
		}
		for j, m := range row {
			target := float64(c.Smoothing) / float64(classes)
			if j == int(label) {
				target += 1 - float64(c.Smoothing)
			}
			counts := float64(c.RowWeight(label))
			if c.Rows != nil {
				counts *= float64(c.Rows[i])
			}
			total -= counts * target * math.Log(math.Exp(m)/sum)
		}
	}
	return total
}

func TestCrossEntropy(t *testing.T) {
	labels := []int32{2, 0, 1, 2}
	tests := []struct {
		name string
		loss layer.CrossEntropy
	}{
		{"plain", layer.CrossEntropy{}},
		{"smoothed", layer.CrossEntropy{Smoothing: .2}},
		{"weighted", layer.CrossEntropy{Weight: []float32{1, 3, .5}}},
		{"both", layer.CrossEntropy{Smoothing: .1, Weight: []float32{2, 1, 0}}},
		{"weighted by rows", layer.CrossEntropy{Rows: []float32{.5, 2, 0, 1.25}}},
		{"all three", layer.CrossEntropy{Smoothing: .1, Weight: []float32{2, 1, .5}, Rows: []float32{.5, 2, .25, 3}}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			margins := gradtest.Numbers(12, 1)
			wide := gradtest.Widen(margins)
			got := tc.loss.Loss(margins, labels)
			if want := crossEntropy(tc.loss, wide, labels); math.Abs(got-want) > 1e-6*want {
				t.Errorf("Loss = %g, want %g", got, want)
			}
			const scale = .25
			tc.loss.Gradient(margins, labels, scale)
			gradtest.Differences(t, "margins", margins, wide, func() float64 { return scale * crossEntropy(tc.loss, wide, labels) })
		})
	}
}

func TestCrossEntropy_extremes(t *testing.T) {
	margins := []float32{1000, -1000, 0}
	if got := (layer.CrossEntropy{}).Loss(margins, []int32{1}); got != 2000 {
		t.Errorf("Loss = %g, want 2000", got)
	}
	if want := []float32{1, 0, 0}; !slices.Equal(margins, want) {
		t.Errorf("probabilities = %v, want %v", margins, want)
	}
	if got := (layer.CrossEntropy{}).Loss(nil, nil); got != 0 {
		t.Errorf("Loss of no rows = %g, want 0", got)
	}
}

func TestSquaredError(t *testing.T) {
	outputs := []float32{1, 2, -3}
	if got := layer.SquaredError(outputs, []float32{0, 4, -3}, .5); got != 2.5 {
		t.Errorf("SquaredError = %g, want (1 + 4)/2", got)
	}
	if want := []float32{.5, -1, 0}; !slices.Equal(outputs, want) {
		t.Errorf("derivatives = %v, want %v", outputs, want)
	}
}

func TestDropout(t *testing.T) {
	const n, rate = 100_000, .3
	in := layer.Vector(n)
	d := layer.NewDropout(in, rate, 1)
	x := make([]float32, n)
	for i := range x {
		x[i] = 1
	}
	pass := &layer.Pass{Train: true, Chance: random.FromSeed(1)}
	y := slices.Clone(d.Forward(x, 1, pass))
	zeros, sum := 0, 0.0
	for _, v := range y {
		if v == 0 {
			zeros++
		}
		sum += float64(v)
	}
	if got := float64(zeros) / n; math.Abs(got-rate) > .01 {
		t.Errorf("share of zeros = %g, want %g", got, rate)
	}
	if got := sum / n; math.Abs(got-1) > .01 {
		t.Errorf("mean = %g, want 1", got)
	}
	if got := d.Backward(slices.Clone(x), true); !slices.Equal(got, y) {
		t.Error("Backward does not pass what Forward passed")
	}
	if got := d.Replica(true).Forward(x, 1, pass); !slices.Equal(got, y) {
		t.Error("equal chance drops other numbers")
	}
	for name, other := range map[string]layer.Layer{"another dropout": layer.NewDropout(in, rate, 2), "another step": d} {
		p := *pass
		if name == "another step" {
			p.Chance = random.FromSeed(2)
		}
		if got := other.Forward(x, 1, &p); slices.Equal(got, y) {
			t.Errorf("%s drops the same numbers", name)
		}
	}
}

// TestBatchNorm_Fold holds that a convolution with the normalisation folded in
// does what the two did.
func TestBatchNorm_Fold(t *testing.T) {
	in := layer.Shape{Channels: 2, Height: 5, Width: 4}
	conv := layer.NewConv("c", in, 3, layer.Window{Size: 3, Stride: 1, Pad: 1}, start)
	norm := layer.NewBatchNorm("n", conv.Out(), start)
	for i, p := range norm.Params() {
		for j, v := range gradtest.Numbers(len(p.Value), uint64(i)) {
			p.Value[j] = 1.5 + v
		}
	}
	x, before := gradtest.Numbers(2*in.Size(), 9), slices.Clone(conv.Weight.Value)
	want := layer.Stack{conv, norm}.Forward(x, 2, &layer.Pass{})
	folded := norm.Fold(conv)
	gradtest.Near(t, "output", folded.Forward(x, 2, &layer.Pass{}), gradtest.Widen(want))
	if !slices.Equal(conv.Weight.Value, before) {
		t.Error("Fold changes the convolution")
	}
}

// TestBatchNorm_statistics holds that training leaves the mean and the
// unbiased variance, times the rows, for the running ones.
func TestBatchNorm_statistics(t *testing.T) {
	norm := layer.NewBatchNorm("n", layer.Shape{Channels: 1, Height: 1, Width: 2}, start)
	norm.Forward([]float32{1, 2, 3, 6}, 2, &layer.Pass{Train: true})
	if got, want := norm.Mean.Grad[0], float32(2*3); got != want {
		t.Errorf("mean = %g, want %g", got, want)
	}
	if got, want := float64(norm.Variance.Grad[0]), 2*14.0/3; math.Abs(got-want) > 1e-5 {
		t.Errorf("variance = %g, want %g", got, want)
	}
}
