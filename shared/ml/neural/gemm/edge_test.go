package gemm_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"godwit/shared/ml/neural/gemm"
	"godwit/shared/ml/neural/simd"
)

func ExampleMul() {
	a := gemm.Dense([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	b := gemm.Dense([]float32{1, 0, 0, 1, 1, 1}, 3, 2)
	dst := gemm.Dense(make([]float32, 4), 2, 2)
	gemm.Mul(dst, a, b, false, 1)
	fmt.Println(dst.Data)
	gemm.Mul(dst, b.T(), a.T(), true, 1) // and the transposed product on top
	fmt.Println(dst.Data)
	// Output:
	// [4 5 10 11]
	// [8 15 15 22]
}

// Moving along one line of six numbers, each row three of them from where it
// begins: what a convolution with a kernel of width 4 reads.
func ExampleMatrix_offsets() {
	line := []float32{1, 2, 4, 8, 16, 32}
	patches := gemm.Matrix{Data: line, Rows: 4, Cols: 3, Offsets: []int{0, 1, 2, 3}}
	kernel := gemm.Dense([]float32{1, -1, 0, 1}, 1, 4)
	dst := gemm.Dense(make([]float32, 3), 1, 3)
	gemm.Mul(dst, kernel, patches, false, 1)
	fmt.Println(dst.Data)
	// Output: [7 14 28]
}

func TestMul_PanicsOnWhatDoesNotFit(t *testing.T) {
	ones := func(rows, cols int) gemm.Matrix { return gemm.Dense(make([]float32, rows*cols), rows, cols) }
	short, narrow, scattered := ones(2, 3), ones(2, 3), ones(2, 3)
	short.Data = short.Data[:5]
	narrow.Stride = 2
	scattered.Offsets = []int{0, 4}
	few, negative, result := ones(2, 3), ones(2, 3), ones(2, 4)
	few.Offsets = []int{0}
	negative.Offsets = []int{0, -1}
	result.Offsets = []int{0, 4}
	for _, tc := range []struct {
		name      string
		dst, a, b gemm.Matrix
		want      string
	}{
		{"rows", ones(1, 4), ones(2, 3), ones(3, 4), "shapes disagree"},
		{"columns", ones(2, 5), ones(2, 3), ones(3, 4), "shapes disagree"},
		{"depth", ones(2, 4), ones(2, 3), ones(2, 4), "shapes disagree"},
		{"transposed result", ones(4, 2).T(), ones(2, 3), ones(3, 4), "must not be transposed"},
		{"scattered result", result, ones(2, 3), ones(3, 4), "must not be transposed"},
		{"too few numbers", ones(2, 4), short, ones(3, 4), "left factor of 2x3"},
		{"stride below a row", ones(2, 4), narrow, ones(3, 4), "stride 2"},
		{"an offset too far", ones(2, 4), scattered, ones(3, 4), "left factor of 2x3"},
		{"too few offsets", ones(2, 4), few, ones(3, 4), "1 offsets"},
		{"a negative offset", ones(4, 2), ones(4, 3), negative.T(), "right factor of 3x2"},
		{"a negative size", ones(0, 4), gemm.Matrix{Rows: 0, Cols: -1}, gemm.Matrix{Rows: -1, Cols: 4}, "right factor"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.HasPrefix(got, "gemm: ") || !strings.Contains(got, tc.want) {
					t.Errorf("Mul panics with %q, want gemm: and %q", got, tc.want)
				}
			}()
			gemm.Mul(tc.dst, tc.a, tc.b, false, 1)
		})
	}
}

// Infinities and NaN reach the outputs they belong to and no others.
func TestMul_NotFinite(t *testing.T) {
	onEach(t, func(t *testing.T, _ simd.Path) {
		const m, k, n = 13, 5, 37
		dst, a, b := shape{m: m, k: k, n: n}.make(1)
		a.Data[2*a.Stride+1] = float32(math.Inf(1))
		b.Data[3*b.Stride+20] = float32(math.NaN())
		gemm.Mul(dst, a, b, false, 1)
		for i := range m {
			for j := range n {
				got := element(dst, i, j)
				if nan := j == 20; math.IsNaN(got) != nan {
					t.Fatalf("element (%d, %d) = %v, want NaN: %t", i, j, got, nan)
				}
				if j != 20 && math.IsInf(got, 0) != (i == 2) {
					t.Fatalf("element (%d, %d) = %v, want infinite: %t", i, j, got, i == 2)
				}
			}
		}
	})
}

// The race detector makes a pool forget at times, so the least of many runs counts.
func TestMul_DoesNotAllocate(t *testing.T) {
	for _, s := range []shape{
		{m: 1, k: 128, n: 384}, {m: 32, k: 128, n: 384, transposeB: true}, {m: 100, k: 300, n: 10, offsets: true},
		{m: 500, k: 100, n: 200, workers: 3},
	} {
		dst, a, b := s.make(1)
		least := math.Inf(1)
		for n := 0; n < 1000 && least > 0; n++ {
			least = min(least, testing.AllocsPerRun(1, func() { gemm.Mul(dst, a, b, false, s.workers) }))
		}
		if least != 0 {
			t.Errorf("%v: %v allocations, want none", s, least)
		}
	}
}

func TestKernel(t *testing.T) {
	onEach(t, func(t *testing.T, p simd.Path) {
		if got := gemm.Kernel(); got != p.String() {
			t.Errorf("Kernel() = %q, want %q", got, p)
		}
	})
}
