// Package runner executes a whole ONNX graph.
//
// Check says whether every operator of a model is one that runs here, and names
// those that are not: what cannot be answered is refused when a model comes in,
// not when it is asked. Compile makes a Program of it: constants are folded,
// such as weights that are widened once, and the graph is tried on rows of
// zeros, which finds types and axes that do not fit and tells the axes of the
// outputs. A Program then answers as often as wanted, by any number of
// goroutines at a time, each run within its Limits.
//
//	model, err := onnx.Decode(data, onnx.Limits{})
//	program, err := runner.Compile(ctx, model, runner.Limits{})
//	outputs, err := program.Run(ctx, inputs)
//
// Nodes run one after the other; results do not depend on anything but the
// model and the inputs.
package runner
