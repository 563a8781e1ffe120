// Package vector holds the element-wise loops of neural networks in single
// precision: sums and products of vectors, activation functions, and the step
// of the Adam optimiser.
//
// Assembly for AVX2 and NEON does whole groups of lanes, Go the rest. Every
// element is computed by the same correctly rounded operations on each path of
// one GOARCH, and Dot adds in a fixed number of lanes, so results have the same
// bits whatever the processor and wherever an element stands (see simd).
//
// All slices of a call have the same length; a function panics if they do not,
// which is an error in the calling program. A destination may be the very slice
// of an argument, but must not overlap one otherwise. The functions keep no
// state and are safe for concurrent use on different destinations.
package vector
