// Package simd says which vector instructions the kernels of shared/ml/neural
// may use on this processor, and holds the one operation that every path must
// share to the last bit: a fused multiply-add of single precision.
//
// A kernel has one path for each instruction set and a portable one in Go. The
// paths of one GOARCH give the same bits, because each of them computes an
// output by the same correctly rounded operations in the same order; they
// differ only in how many outputs they compute at once. So a model's digest
// does not depend on the processor a trainer happened to get. (The payload of
// a NaN is not promised: processors disagree about it.)
//
// No kernels are here: see gemm and vector.
package simd
