package vector_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"godwit/shared/ml/neural/vector"
)

// want is computed by the definition, in float64; all numbers are small
// multiples of powers of two, so nothing is rounded.
func TestArithmetic(t *testing.T) {
	negativeZero := float32(math.Copysign(0, -1))
	for _, tc := range []struct {
		name         string
		apply        func(dst, x []float32)
		dst, x, want float32
	}{
		{"Axpy", func(dst, x []float32) { vector.Axpy(dst, x, 0.5) }, 3, 4, 5},
		{"Add", vector.Add, 3, 4, 7},
		{"Mul", vector.Mul, 3, 4, 12},
		{"Scale", func(dst, _ []float32) { vector.Scale(dst, -2) }, 3, 0, -6},
		{"ReLU of a positive number", vector.ReLU, 9, 2, 2},
		{"ReLU of a negative number", vector.ReLU, 9, -2, 0},
		{"ReLU of minus zero", vector.ReLU, 9, negativeZero, 0},
		{"ReLUGrad above zero", vector.ReLUGrad, 9, 2, 9},
		{"ReLUGrad at zero", vector.ReLUGrad, 9, 0, 0},
		{"Exp of zero", vector.Exp, 9, 0, 1},
		{"Exp far below", vector.Exp, 9, -200, 0},
		{"Sigmoid of zero", vector.Sigmoid, 9, 0, 0.5},
		{"Tanh of minus zero", vector.Tanh, 9, negativeZero, 0},
		{"Tanh far above", vector.Tanh, 9, 200, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, n := range []int{1, 8, 37} {
				dst, x := make([]float32, n), make([]float32, n)
				for i := range n {
					dst[i], x[i] = tc.dst, tc.x
				}
				tc.apply(dst, x)
				for i, got := range dst {
					if math.Float32bits(got) != math.Float32bits(tc.want) {
						t.Fatalf("element %d of %d = %v, want %v", i, n, got, tc.want)
					}
				}
			}
		})
	}
}

func TestDot_AgreesWithFloat64(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, n := range []int{0, 1, 31, 32, 33, 1000} {
		x, y := make([]float32, n), make([]float32, n)
		var want, sum, size float64
		for i := range x {
			x[i], y[i] = r.Float32()*2-1, r.Float32()*2-1
			want += float64(x[i]) * float64(y[i])
			sum += float64(x[i])
			size++
		}
		if got := vector.Dot(x, y); math.Abs(float64(got)-want) > size*0x1p-24 {
			t.Errorf("Dot of %d elements = %v, want %v", n, got, want)
		}
		if got := vector.Sum(x); math.Abs(float64(got)-sum) > size*0x1p-24 {
			t.Errorf("Sum of %d elements = %v, want %v", n, got, sum)
		}
	}
}

// Want follows Algorithm 1 of Kingma and Ba literally, in float64.
func TestAdam_FollowsThePaper(t *testing.T) {
	const n, rate, beta1, beta2, epsilon, decay = 21, 0.01, 0.9, 0.999, 1e-8, 0.1
	r := rand.New(rand.NewPCG(6, 6))
	w, m, v, g := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	var want, m64, v64 [n]float64
	for i := range w {
		w[i] = r.Float32()
		want[i] = float64(w[i])
	}
	for step := 1; step <= 20; step++ {
		t1, t2 := 1-math.Pow(beta1, float64(step)), 1-math.Pow(beta2, float64(step))
		for i := range g {
			g[i] = r.Float32() - 0.5
			m64[i] = beta1*m64[i] + (1-beta1)*float64(g[i])
			v64[i] = beta2*v64[i] + (1-beta2)*float64(g[i])*float64(g[i])
			want[i] -= rate * decay * want[i]
			want[i] -= rate * (m64[i] / t1) / (math.Sqrt(v64[i]/t2) + epsilon)
		}
		vector.AdamStep{
			Beta1: beta1, Beta2: beta2, Rate: float32(rate / t1), Root: float32(1 / math.Sqrt(t2)),
			Epsilon: epsilon, Keep: 1 - rate*decay,
		}.Adam(w, m, v, g)
	}
	for i := range w {
		if math.Abs(float64(w[i])-want[i]) > 1e-5 {
			t.Errorf("weight %d = %v after 20 steps, want %v", i, w[i], want[i])
		}
	}
}

func TestFunctions_PanicOnDifferentLengths(t *testing.T) {
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "vector: Add of 2 and 3 elements") {
			t.Errorf("Add of 2 and 3 elements panics with %q", got)
		}
	}()
	vector.Add(make([]float32, 2), make([]float32, 3))
}

func TestFunctions_DoNotAllocate(t *testing.T) {
	x, dst := make([]float32, 100), make([]float32, 100)
	if got := testing.AllocsPerRun(10, func() {
		vector.Axpy(dst, x, 2)
		vector.Tanh(dst, x)
		vector.AdamStep{Beta1: 0.9, Beta2: 0.9, Rate: 1, Root: 1, Epsilon: 1}.Adam(dst, dst, dst, x)
		vector.Dot(dst, x)
	}); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

func ExampleSigmoid() {
	x := []float32{-1, 0, 1}
	vector.Sigmoid(x, x)
	fmt.Printf("%.4f\n", x)
	// Output: [0.2689 0.5000 0.7311]
}
