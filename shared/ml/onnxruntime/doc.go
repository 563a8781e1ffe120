// Package onnxruntime runs ONNX graphs with ONNX Runtime, for the operators that
// the runner in Go does not have.
//
// Open loads the shared library at run time and without cgo, through the C API
// of onnxruntime_c_api.h: OrtGetApiBase leads to a table of functions, of which
// those of version 1 are used, whose places never change. A Session is a graph
// ready to run. What runs is set so that the same row has the same bits: one
// thread, nodes one after the other, no arena that keeps memory between runs. And
// it answers with what package runner would answer with: scores behind a ZipMap are
// a tensor (onnx.DropZipMaps).
//
// ONNX Runtime is a large program in C++ that reads somebody else's file. Graphs
// that name data outside of themselves are refused before it sees them
// (onnx.Skim); whatever else a broken graph could make it do, the process that
// hosts this package should hold nothing worth having. What it says of a failure
// is not passed on but for the operator it names: its texts tell places in its
// own sources.
//
// The library needs glibc 2.28 and libstdc++ 6.0.22 of the system. A program that
// imports this package is linked against glibc, although built without cgo.
package onnxruntime
