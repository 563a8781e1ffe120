// Package export writes models of the pipeline as ONNX, so that they answer
// where Go does not: in Node, Python, browsers, databases.
//
// Export makes a graph that gives the labels and scores of the model for its
// domain, which Info tells: a text model reads normal text, which NormalJS
// makes of any text in JavaScript (text.Normal does in Go); a table model reads
// each column as a tensor of its own. The graph of texts is described in the
// ONNX.md of the text package. Weights are read from the model's own file, so
// an export holds what the artifact holds and nothing is fitted anew.
//
// What ONNX cannot say is refused by name with an *Error: hashed features, dates,
// several columns of free text, and graphs beyond the limit. Explanations and
// prediction sets are not exported.
package export
