package vector

import "godwit/shared/ml/neural/simd"

// dotLanes is how many partial sums Dot keeps: four registers of AVX2, eight of
// NEON, enough to hide the latency of an addition. It is part of the result's bits.
const dotLanes = 32

// Dot returns the inner product of x and y. Element i is added, by a fused
// multiply-add, to the partial sum i mod 32; the partial sums are then added in
// pairs that lie 16, 8, 4, 2 and 1 apart.
func Dot(x, y []float32) float32 {
	sameLength("Dot", x, y)
	var sums [dotLanes]float32
	n := dotBlocks(&sums, x, y)
	for i := n; i < len(x); i++ {
		sums[i%dotLanes] = simd.FMA(x[i], y[i], sums[i%dotLanes])
	}
	return fold(&sums)
}

// Sum returns the sum of x, in the order of Dot.
func Sum(x []float32) float32 {
	var sums [dotLanes]float32
	n := sumBlocks(&sums, x)
	for i := n; i < len(x); i++ {
		sums[i%dotLanes] += x[i]
	}
	return fold(&sums)
}

func fold(sums *[dotLanes]float32) float32 {
	for apart := dotLanes / 2; apart > 0; apart /= 2 {
		for i := range apart {
			sums[i] += sums[i+apart]
		}
	}
	return sums[0]
}
