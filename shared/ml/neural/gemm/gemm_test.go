package gemm_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"godwit/shared/ml/neural/gemm"
	"godwit/shared/ml/neural/simd"
)

// onEach runs f once for each path this processor has.
func onEach(t *testing.T, f func(t *testing.T, p simd.Path)) {
	t.Helper()
	for _, p := range simd.Paths() {
		t.Run(p.String(), func(t *testing.T) {
			defer gemm.Use(p)()
			f(t, p)
		})
	}
}

// shape is a product with its layout: a is m x k, b is k x n.
type shape struct {
	m, k, n                int
	transposeA, transposeB bool
	gap                    int // numbers between the lines of each matrix
	offsets                bool
	add                    bool
	workers                int
}

func (s shape) String() string {
	return fmt.Sprintf("%dx%dx%d/transposed=%t,%t/gap=%d/offsets=%t/add=%t/workers=%d",
		s.m, s.k, s.n, s.transposeA, s.transposeB, s.gap, s.offsets, s.add, s.workers)
}

// matrix makes rows x cols of random numbers in [-1, 1), with NaN in the gaps
// and behind the end, so that whatever reads there spoils the result.
func matrix(r *rand.Rand, rows, cols, gap int, transposed bool) gemm.Matrix {
	lines, length := rows, cols
	if transposed {
		lines, length = cols, rows
	}
	stride := max(length+gap, 1)
	data := make([]float32, lines*stride+40)
	for i := range data {
		data[i] = float32(math.NaN())
		if line := i / stride; line < lines && i%stride < length {
			data[i] = r.Float32()*2 - 1
		}
	}
	return gemm.Matrix{Data: data, Rows: rows, Cols: cols, Stride: stride, Transposed: transposed}
}

func (s shape) make(seed uint64) (dst, a, b gemm.Matrix) {
	r := rand.New(rand.NewPCG(seed, 1))
	dst, a, b = matrix(r, s.m, s.n, s.gap, false), matrix(r, s.m, s.k, s.gap, s.transposeA), matrix(r, s.k, s.n, s.gap, s.transposeB)
	if s.offsets {
		a, b = scattered(r, a), scattered(r, b)
	}
	return dst, a, b
}

// scattered has m's lines begin at random places, where they overlap.
func scattered(r *rand.Rand, m gemm.Matrix) gemm.Matrix {
	lines, length := m.Rows, m.Cols
	if m.Transposed {
		lines, length = length, lines
	}
	m.Data = make([]float32, 2*length+10)
	for i := range m.Data {
		m.Data[i] = r.Float32()*2 - 1
	}
	m.Stride, m.Offsets = 0, []int{}
	for range lines {
		m.Offsets = append(m.Offsets, r.IntN(length+11))
	}
	return m
}

func element(m gemm.Matrix, i, j int) float64 {
	if m.Transposed {
		i, j = j, i
	}
	if m.Offsets != nil {
		return float64(m.Data[m.Offsets[i]+j])
	}
	return float64(m.Data[i*m.Stride+j])
}

// shapes are edges and random sizes around the tiles of all kernels.
func shapes() []shape {
	all := []shape{
		{}, {m: 3, n: 4}, {m: 3, n: 4, add: true}, {m: 0, k: 5, n: 7}, {m: 5, k: 7, n: 0}, {m: 1, k: 1, n: 1},
		{m: 1, k: 300, n: 1}, {m: 1, k: 128, n: 384}, {m: 32, k: 128, n: 384},
		{m: 1, k: 300, n: 140, add: true}, {m: 1, k: 300, n: 200}, {m: 60, k: 300, n: 16}, {m: 513, k: 5, n: 3},
		{m: 3, k: 513, n: 97, transposeA: true, transposeB: true},
		{m: 120, k: 600, n: 100, workers: 2, gap: 3}, {m: 1100, k: 70, n: 33, workers: 3}, {m: 33, k: 70, n: 1100, workers: 4, transposeB: true},
		{m: 16, k: 300, n: 784, offsets: true}, {m: 400, k: 196, n: 32, offsets: true, transposeB: true, workers: 2},
		{m: 508, k: 260, n: 128}, {m: 300, k: 40, n: 130, workers: 2, transposeA: true, add: true},
	}
	r := rand.New(rand.NewPCG(7, 7))
	for range 70 {
		coin := func() bool { return r.IntN(2) == 0 }
		all = append(all, shape{
			m: r.IntN(70), k: r.IntN(90), n: r.IntN(140), transposeA: coin(), transposeB: coin(),
			gap: r.IntN(5), offsets: coin(), add: coin(), workers: r.IntN(4),
		})
	}
	return all
}

// The bound is that of a chain of k fused operations: k times the unit
// roundoff times the sum of the magnitudes (Higham, "Accuracy and Stability of
// Numerical Algorithms", 2nd ed., section 3.1). One path is enough: the next
// test holds all of them to the same bits.
func TestMul_AgreesWithFloat64(t *testing.T) {
	for n, s := range shapes() {
		dst, a, b := s.make(uint64(n))
		before := slices.Clone(dst.Data)
		gemm.Mul(dst, a, b, s.add, s.workers)
		for i := range s.m {
			for j := range s.n {
				var want, size float64
				if s.add {
					want = float64(before[i*dst.Stride+j])
					size = math.Abs(want)
				}
				for k := range s.k {
					term := element(a, i, k) * element(b, k, j)
					want += term
					size += math.Abs(term)
				}
				got := element(dst, i, j)
				if !(math.Abs(got-want) <= float64(s.k+1)*0x1p-24*size) {
					t.Fatalf("%v: element (%d, %d) = %v, want %v", s, i, j, got, want)
				}
			}
		}
	}
}

// All of the result's memory is compared: what lies between its rows must stay.
func TestMul_SameBitsOnEveryPath(t *testing.T) {
	for n, s := range shapes() {
		dst, a, b := s.make(uint64(n))
		before, want := slices.Clone(dst.Data), dst
		want.Data = slices.Clone(dst.Data)
		chain(want, a, b, s.add)
		for _, p := range simd.Paths() {
			restore := gemm.Use(p)
			copy(dst.Data, before)
			gemm.Mul(dst, a, b, s.add, s.workers)
			restore()
			for i, v := range want.Data {
				if math.Float32bits(dst.Data[i]) != math.Float32bits(v) {
					t.Fatalf("%v on %v: number %d, row %d = %v, want %v", s, p, i, i/dst.Stride, dst.Data[i], v)
				}
			}
		}
	}
}

// chain is the definition in the package comment, written down plainly.
func chain(dst, a, b gemm.Matrix, add bool) {
	for i := range dst.Rows {
		for j := range dst.Cols {
			sum := &dst.Data[i*dst.Stride+j]
			if !add {
				*sum = 0
			}
			for k := range a.Cols {
				*sum = simd.FMA(float32(element(a, i, k)), float32(element(b, k, j)), *sum)
			}
		}
	}
}
