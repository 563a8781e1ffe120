//go:build amd64 || arm64

package vector_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"godwit/shared/ml/neural/simd"
	"godwit/shared/ml/neural/vector"
)

// edges are arguments at which an element-wise function may go wrong.
var edges = []float32{
	0, float32(math.Copysign(0, -1)), 1, -1, 0.625, -0.625, 0.62499994, 1e-30, -1e-30, 1e-45, 8.5, -9.5, 20, -20,
	87.3, 88.72283, 88.72284, 89, 100, -87.3, -87.4, -103.9, -104, -105, math.MaxFloat32, -math.MaxFloat32,
	float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
}

// arguments returns n numbers: the edges, then random ones of every size up to 100.
func arguments(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 3))
	x := slices.Clone(edges)
	for len(x) < n {
		x = append(x, float32((r.Float64()*2-1)*math.Pow(10, r.Float64()*6-4)))
	}
	return x[:n]
}

// sizes are lengths around the groups of lanes.
var sizes = []int{0, 1, 7, 8, 9, 31, 32, 33, 63, 64, 100, 1000}

// functions are the element-wise ones.
var functions = []struct {
	name  string
	apply func(dst, x []float32)
}{
	{"Axpy", func(dst, x []float32) { vector.Axpy(dst, x, 1.7) }},
	{"Add", vector.Add},
	{"Mul", vector.Mul},
	{"Scale", func(dst, _ []float32) { vector.Scale(dst, 0.3) }},
	{"ReLU", vector.ReLU},
	{"ReLUGrad", vector.ReLUGrad},
	{"Exp", vector.Exp},
	{"Sigmoid", vector.Sigmoid},
	{"Tanh", vector.Tanh},
}

func same(got, want []float32) int {
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) && !(got[i] != got[i] && want[i] != want[i]) {
			return i
		}
	}
	return -1
}

func TestFunctions_SameBitsOnEveryPath(t *testing.T) {
	for _, f := range functions {
		t.Run(f.name, func(t *testing.T) {
			for _, n := range sizes {
				x, start := arguments(uint64(n), n), arguments(uint64(n)+1, n)
				slices.Reverse(start)
				want := slices.Clone(start)
				restore := vector.Use(simd.Portable)
				f.apply(want, x)
				restore()
				got := slices.Clone(start)
				f.apply(got, x)
				if i := same(got, want); i >= 0 {
					t.Fatalf("%d elements: element %d of x = %v is %v, in Go %v", n, i, x[i], got[i], want[i])
				}
			}
		})
	}
}

func TestDotAndSum_SameBitsOnEveryPath(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, n := range append(sizes, 95, 96, 127, 5000) {
		x, y := make([]float32, n), make([]float32, n)
		for i := range x {
			x[i], y[i] = r.Float32()*2-1, r.Float32()*2-1
		}
		restore := vector.Use(simd.Portable)
		wantDot, wantSum := vector.Dot(x, y), vector.Sum(x)
		restore()
		if got := vector.Dot(x, y); got != wantDot {
			t.Errorf("Dot of %d elements = %v, in Go %v", n, got, wantDot)
		}
		if got := vector.Sum(x); got != wantSum {
			t.Errorf("Sum of %d elements = %v, in Go %v", n, got, wantSum)
		}
	}
}

func TestAdam_SameBitsOnEveryPath(t *testing.T) {
	step := vector.AdamStep{Beta1: 0.9, Beta2: 0.999, Rate: 0.001, Root: 3.1, Epsilon: 1e-8, Keep: 0.99}
	for _, n := range sizes {
		run := func() []float32 {
			r := rand.New(rand.NewPCG(uint64(n), 5))
			all := make([]float32, 4*n)
			for i := range all {
				all[i] = r.Float32()*2 - 1
			}
			w, m, v, g := all[:n], all[n:2*n], all[2*n:3*n], all[3*n:]
			vector.Mul(v, v) // the second moment is never negative
			for range 3 {
				step.Adam(w, m, v, g)
			}
			return all
		}
		got := run()
		restore := vector.Use(simd.Portable)
		want := run()
		restore()
		if i := same(got, want); i >= 0 {
			t.Fatalf("%d elements: number %d = %v, in Go %v", n, i, got[i], want[i])
		}
	}
}
