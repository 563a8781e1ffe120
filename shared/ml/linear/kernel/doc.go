// Package kernel holds the few loops the linear learners spend their time in:
// products of a sparse matrix with dense columns, inner products and sums of
// long vectors.
//
// A Crew spreads them over goroutines. Every number is summed by one goroutine
// in an order that depends on the data alone, and partial sums are of a fixed
// length and added in order, so equal input gives equal bits for any number of
// workers on one architecture. (arm64 fuses multiply and add, amd64 does not:
// across the two, results agree to rounding.)
//
// Dense matrices are flat and row-major: width numbers for each row or column
// of the sparse one. The lengths are the caller's to get right.
package kernel
