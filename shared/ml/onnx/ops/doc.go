// Package ops holds the operators of ONNX that run here, in pure Go: those of
// our own exports, of small nets, and of what scikit-learn's models are
// converted to.
//
// Make turns a node into a Kernel, which computes its outputs from its inputs
// as often as wanted, by several goroutines if wanted. Attributes are read and
// judged once, by Make; shapes are judged by the kernel, which knows them. A
// kernel takes what it needs from a Run: the allowance of work and memory that
// keeps a hostile graph from running for ever or filling the machine. Sizes
// are asked for before anything is allocated.
//
// Numbers are single precision; sums over an axis are added up in double.
// Where the standard leaves something open, ONNX Runtime is followed. What an
// operator does is defined in ONNX's Operators.md and Operators-ml.md; what of
// it is not run, such as the indices of MaxPool, is refused by name in Make.
package ops
