// Package gradtest checks layers of neural networks against references in
// double precision that tests write down naively: their outputs against the
// reference's, and their gradients against its central differences. A difference
// of single-precision outputs would drown in rounding; of double-precision ones it
// is good to nine digits, so that what is compared is the layer's own error. Only
// tests import it.
package gradtest

import (
	"math"
	"slices"
	"testing"

	"godwit/shared/ml/neural/layer"
	"godwit/shared/ml/neural/random"
)

// tolerance is how far single precision may be from the reference, relative to
// the larger of the number and the mean magnitude of its kind.
const tolerance = 2e-4

// step is that of central differences: their error is of its square.
const step = 1e-5

// Reference computes a layer's outputs from its inputs and parameters, the
// latter in the order of Params.
type Reference func(x []float64, params [][]float64) []float64

// Layer checks a layer on n rows of even numbers in [-1, 1): its outputs, its
// gradients by input and parameters, that gradients are added up, that a replica
// agrees, and that inputs stay as they were.
func Layer(t *testing.T, l layer.Layer, in layer.Shape, n int, pass *layer.Pass, reference Reference) {
	t.Helper()
	x := Numbers(n*in.Size(), 1)
	params := l.Params()
	for i, p := range params {
		copy(p.Value, Numbers(len(p.Value), uint64(2+i)))
		if p.Running { // a variance must be positive
			for j, v := range p.Value {
				p.Value[j] = 1.5 + v
			}
		}
	}
	before := slices.Clone(x)
	y := slices.Clone(l.Forward(x, n, pass))
	if got, want := len(y), n*l.Out().Size(); got != want {
		t.Fatalf("Forward returns %d numbers, want %d of shape %v", got, want, l.Out())
	}
	x64, p64 := Widen(x), [][]float64{}
	for _, p := range params {
		p64 = append(p64, Widen(p.Value))
	}
	Near(t, "output", y, reference(x64, p64))

	weights := Numbers(len(y), 99)
	loss := func() float64 { return dot(Widen(weights), reference(x64, p64)) }
	dx := slices.Clone(l.Backward(slices.Clone(weights), true))
	Differences(t, "input", dx, x64, loss)
	for i, p := range params {
		if !p.Running {
			Differences(t, p.Name, p.Grad, p64[i], loss)
		}
	}
	if !slices.Equal(x, before) {
		t.Error("Forward or Backward changed its input")
	}
	again(t, l, x, y, weights, n, pass)
}

// again checks what holds from one call to the next and from one replica to
// another.
func again(t *testing.T, l layer.Layer, x, y, weights []float32, n int, pass *layer.Pass) {
	t.Helper()
	once := gradients(l)
	l.Forward(x, n, pass)
	if dx := l.Backward(slices.Clone(weights), false); dx != nil {
		t.Error("Backward returns gradients of an input nobody asked for")
	}
	for i, g := range gradients(l) {
		for j := range g {
			if math.Abs(float64(g[j]-2*once[i][j])) > tolerance*math.Abs(float64(g[j]))+1e-6 {
				t.Fatalf("gradient %d of parameter %d is %g after a second Backward, want twice %g", j, i, g[j], once[i][j])
			}
		}
	}
	if other := l.Replica(false).Forward(x, n, pass); !slices.Equal(other, y) {
		t.Error("the outputs of a replica differ")
	}
}

// gradients returns copies of a layer's gradients.
func gradients(l layer.Layer) [][]float32 {
	var all [][]float32
	for _, p := range l.Params() {
		all = append(all, slices.Clone(p.Grad))
	}
	return all
}

// Differences compares a gradient with central differences of a loss that
// reads the numbers at.
func Differences(t *testing.T, name string, got []float32, at []float64, loss func() float64) {
	t.Helper()
	want := make([]float64, len(at))
	for i, v := range at {
		at[i] = v + step
		up := loss()
		at[i] = v - step
		want[i] = (up - loss()) / (2 * step)
		at[i] = v
	}
	Near(t, "gradient of "+name, got, want)
}

// Near compares numbers with what a reference says.
func Near(t *testing.T, name string, got []float32, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", name, len(got), len(want))
	}
	mean := 0.0
	for _, w := range want {
		mean += math.Abs(w) / float64(len(want))
	}
	for i, w := range want {
		if most := tolerance * max(math.Abs(w), mean, 1e-3); !(math.Abs(float64(got[i])-w) <= most) {
			t.Fatalf("%s: number %d = %g, want %g within %g", name, i, got[i], w, most)
		}
	}
}

// Allocations returns how often f allocates once it is warm: the least of many
// runs, because the race detector makes a sync.Pool drop a quarter of what it is
// given, and a network asks for ten workspaces.
func Allocations(f func()) float64 {
	least := math.Inf(1)
	for n := 0; n < 1000 && least > 0; n++ {
		least = min(least, testing.AllocsPerRun(1, f))
	}
	return least
}

// Numbers returns n even numbers in [-1, 1).
func Numbers(n int, seed uint64) []float32 {
	v := make([]float32, n)
	random.FromSeed(seed).Uniform(v, 1)
	return v
}

// Widen returns v in double precision.
func Widen(v []float32) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	return w
}

// dot returns the inner product.
func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}
