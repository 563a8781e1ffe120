// Package gemm multiplies dense matrices of single precision, without cgo.
//
// The kernels are written in assembly for AVX-512, AVX2 with FMA and NEON; a
// portable one in Go serves the rest and is what the others are checked
// against. The path is chosen once, when the program first multiplies.
//
// Every output is one chain of fused multiply-adds, k ascending, each rounded
// once:
//
//	sum = dst[i][j] or 0
//	for k: sum = fma(a[i][k], b[k][j], sum)
//
// Vector lanes run along outputs, blocks of k are taken in order with the sums
// kept in dst between them, and goroutines share out the outputs, never k. So
// equal input gives equal bits on every path of one GOARCH, for any number of
// workers and any layout of the operands.
//
// Large products are blocked for the caches as in Goto and van de Geijn,
// "Anatomy of High-Performance Matrix Multiplication", ACM TOMS 34(3), 2008;
// small and skinny ones read their operands where they lie. Buffers come from
// a pool: once warm, nothing is allocated. A right factor that is transposed
// must be turned first, which costs as much as some ten rows of the product.
//
// The NEON kernels are checked for their results under emulation; their speed
// has not been measured.
package gemm
