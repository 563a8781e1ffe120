//go:build amd64 || arm64

package vector

import "godwit/shared/ml/neural/simd"

const (
	// lanes is the number of elements the assembly takes as a group: a register
	// of AVX2, two of NEON.
	lanes = 8
	// blockMask and groupMask clear what is left over by Dot's blocks and by groups.
	blockMask = dotLanes - 1
	groupMask = lanes - 1
)

// path is the one in use. Tests set it to compare the assembly with Go. AVX-512
// uses the assembly for AVX2: these loops wait for memory.
var path = simd.Best()

// spread holds each of constants once for each lane, for the assembly.
//
//lint:ignore U1000 assembly is not looked into
var spread = func() (s [len(constants)][lanes]float32) {
	for i := range s {
		for j := range s[i] {
			s[i][j] = constants[i]
		}
	}
	return s
}()

// The functions below compute whole groups and return how many elements those
// were: none on the portable path.

func axpyLanes(dst, x []float32, a float32) int {
	n := whole(len(dst), groupMask)
	if n > 0 {
		axpyVector(&dst[0], &x[0], n, a)
	}
	return n
}

func scaleLanes(dst []float32, a float32) int {
	n := whole(len(dst), groupMask)
	if n > 0 {
		scaleVector(&dst[0], n, a)
	}
	return n
}

func addLanes(dst, x []float32) int      { return groups(addVector, dst, x) }
func mulLanes(dst, x []float32) int      { return groups(mulVector, dst, x) }
func reluLanes(dst, x []float32) int     { return groups(reluVector, dst, x) }
func reluGradLanes(dst, y []float32) int { return groups(reluGradVector, dst, y) }
func expLanes(dst, x []float32) int      { return groups(expVector, dst, x) }
func sigmoidLanes(dst, x []float32) int  { return groups(sigmoidVector, dst, x) }
func tanhLanes(dst, x []float32) int     { return groups(tanhVector, dst, x) }

func dotBlocks(sums *[dotLanes]float32, x, y []float32) int {
	n := whole(len(x), blockMask)
	if n > 0 {
		dotVector(sums, &x[0], &y[0], n)
	}
	return n
}

func sumBlocks(sums *[dotLanes]float32, x []float32) int {
	n := whole(len(x), blockMask)
	if n > 0 {
		sumVector(sums, &x[0], n)
	}
	return n
}

func (s AdamStep) adamLanes(w, m, v, g []float32) int {
	n := whole(len(w), groupMask)
	if n > 0 {
		numbers := [...]float32{s.Beta1, 1 - s.Beta1, s.Beta2, 1 - s.Beta2, s.Rate, s.Root, s.Epsilon, s.Keep}
		adamVector(&w[0], &m[0], &v[0], &g[0], n, &numbers)
	}
	return n
}

// groups calls f for the whole groups of dst. It is inlined, and f called
// directly: otherwise the slices would escape.
func groups(f func(dst, x *float32, n int), dst, x []float32) int {
	n := whole(len(dst), groupMask)
	if n > 0 {
		f(&dst[0], &x[0], n)
	}
	return n
}

// whole returns the part of n elements that the assembly takes.
func whole(n, mask int) int {
	if path == simd.Portable {
		return 0
	}
	return n &^ mask
}
