package gemm_test

import (
	"fmt"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"godwit/shared/ml/neural/gemm"
	"godwit/shared/ml/neural/simd"
)

// BenchmarkMul prints GFLOP/s: 2 m k n operations a product. The portable path,
// which only has to be right, is left out.
func BenchmarkMul(b *testing.B) {
	for _, tc := range []struct {
		name string
		shape
	}{
		{"square", shape{m: 64, k: 64, n: 64}},
		{"square", shape{m: 128, k: 128, n: 128}},
		{"square", shape{m: 256, k: 256, n: 256}},
		{"square", shape{m: 512, k: 512, n: 512}},
		{"square, b transposed", shape{m: 512, k: 512, n: 512, transposeB: true}},
		{"square, a transposed", shape{m: 512, k: 512, n: 512, transposeA: true}},
		{"square, two workers", shape{m: 512, k: 512, n: 512, workers: 2}},
		{"square", shape{m: 1024, k: 1024, n: 1024}},
		{"square, two workers", shape{m: 1024, k: 1024, n: 1024, workers: 2}},
		{"conv1", shape{m: 16, k: 25, n: 784}},
		{"conv1 from offsets", shape{m: 16, k: 25, n: 784, offsets: true}},
		{"conv1 weights from offsets", shape{m: 25, k: 784, n: 16, offsets: true, add: true}},
		{"conv2", shape{m: 32, k: 400, n: 196}},
		{"conv2 from offsets", shape{m: 32, k: 400, n: 196, offsets: true}},
		{"conv2 weights from offsets", shape{m: 400, k: 196, n: 32, offsets: true, add: true}},
		{"conv2 input from offsets", shape{m: 16, k: 800, n: 196, offsets: true}},
		{"conv2 batch, two workers", shape{m: 32, k: 400, n: 196 * 64, workers: 2}},
		{"conv2 pixels down", shape{m: 196, k: 400, n: 32}},
		{"conv 3x3", shape{m: 64, k: 576, n: 1024}},
		{"gru", shape{m: 32, k: 128, n: 384}},
		{"gru, b transposed", shape{m: 32, k: 128, n: 384, transposeB: true}},
		{"gru weights", shape{m: 128, k: 32, n: 384, transposeA: true, add: true}},
		{"dense", shape{m: 64, k: 1568, n: 128}},
		{"dense weights", shape{m: 1568, k: 64, n: 128, transposeA: true, add: true}},
		{"dense input", shape{m: 64, k: 128, n: 1568, transposeB: true}},
		{"classes", shape{m: 64, k: 128, n: 10}},
		{"one", shape{m: 1, k: 1568, n: 128}},
		{"one", shape{m: 1, k: 128, n: 384}},
		{"one, b transposed", shape{m: 1, k: 128, n: 384, transposeB: true}},
	} {
		b.Run(fmt.Sprintf("%s/%dx%dx%d", tc.name, tc.m, tc.k, tc.n), func(b *testing.B) {
			for _, p := range simd.Paths() {
				if p == simd.Portable {
					continue
				}
				b.Run(p.String(), func(b *testing.B) {
					defer gemm.Use(p)()
					dst, left, right := tc.make(1)
					clear(dst.Data)
					b.ReportAllocs()
					for b.Loop() {
						gemm.Mul(dst, left, right, tc.add, tc.workers)
					}
					tc.report(b)
				})
			}
		})
	}
}

// BenchmarkGonum is the floor: the product of the same size by gonum, which uses
// as many goroutines as it sees fit.
func BenchmarkGonum(b *testing.B) {
	for _, n := range []int{64, 128, 256, 512, 1024} {
		s := shape{m: n, k: n, n: n}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			general := func(m gemm.Matrix) blas32.General {
				return blas32.General{Rows: m.Rows, Cols: m.Cols, Stride: m.Stride, Data: m.Data}
			}
			dst, left, right := s.make(1)
			for b.Loop() {
				blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, general(left), general(right), 0, general(dst))
			}
			s.report(b)
		})
	}
}

func (s shape) report(b *testing.B) {
	work := 2 * float64(s.m) * float64(s.k) * float64(s.n) * float64(b.N)
	b.ReportMetric(work/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
}
