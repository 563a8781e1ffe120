//go:build amd64 || arm64

package vector_test

import (
	"fmt"
	"testing"

	"godwit/shared/ml/neural/simd"
	"godwit/shared/ml/neural/vector"
)

// BenchmarkFunctions runs each function over 384 elements, the gates of a GRU
// with 128 units, on the fastest path and on the portable one.
func BenchmarkFunctions(b *testing.B) {
	const n = 384
	for _, f := range functions {
		for _, p := range []simd.Path{simd.Best(), simd.Portable} {
			b.Run(fmt.Sprintf("%s/%v", f.name, p), func(b *testing.B) {
				defer vector.Use(p)()
				x, dst := make([]float32, n), make([]float32, n)
				for i := range x {
					x[i] = float32(i)/64 - 3
				}
				b.ReportAllocs()
				for b.Loop() {
					f.apply(dst, x)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/element")
			})
		}
	}
}

func BenchmarkDot(b *testing.B) {
	for _, n := range []int{32, 384, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x, y := make([]float32, n), make([]float32, n)
			for b.Loop() {
				vector.Dot(x, y)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/element")
		})
	}
}

func BenchmarkAdam(b *testing.B) {
	const n = 100_000
	w, m, v, g := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	step := vector.AdamStep{Beta1: 0.9, Beta2: 0.999, Rate: 0.001, Root: 1, Epsilon: 1e-8, Keep: 1}
	for b.Loop() {
		step.Adam(w, m, v, g)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/element")
}
