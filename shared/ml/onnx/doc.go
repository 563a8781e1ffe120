// Package onnx reads and writes ONNX models (onnx.proto3, Open Neural Network
// Exchange): the graph of operators that other tools train, convert and run.
//
// Decode reads a file that nobody has vouched for into a Model and checks its
// form; Encode writes one, and Builder makes one node after the other. The
// package knows the subset of the format that a graph for prediction needs:
// one graph, dense tensors within the file, attributes of numbers, strings and
// tensors. What is left out, graphs inside nodes (If, Loop, Scan), functions,
// sparse tensors, data outside the file, is refused by name. A name means one
// thing: a value is made once, before it is used.
//
// What an operator does is the work of the room below it: ops holds the
// operators, runner runs a whole graph.
//
// The wire format is Protocol Buffers; protowire reads and writes its fields.
// Field numbers are those of onnx.proto3, IR version 8 (ONNX 1.12), and have
// not changed since. Room for the hostile: every count is bounded by Limits
// and nothing is allocated for what the file only claims to hold.
package onnx
