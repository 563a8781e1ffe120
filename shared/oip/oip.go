// Package oip reads and writes the inference bodies of the Open Inference
// Protocol, version 2, the REST protocol that KServe, Triton and MLServer share:
// https://github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md,
// with the extension that carries tensors as bytes behind the JSON:
// https://github.com/triton-inference-server/server, docs/protocol/extension_binary_data.md.
//
// Decode turns a request into columns: one input for each, of shape [N] or
// [N,1], whose elements become cells of text, as the rest of the service knows a
// row. The numbers of a row of more dimensions become one cell, a JSON list that is
// nested as they are. The
// same value gives the same cell whichever way it was sent. An Answer
// holds the output tensors and writes itself, as JSON or with bytes behind it.
//
// Everything that is wrong with a request is fault.Malformed and names the
// place, but for too many rows, which is fault.TooLarge. What the protocol lets
// a server ignore is ignored: unknown fields and parameters. What a client would
// miss in the answer is refused by name: classification, shared memory.
//
// The package knows no model, no HTTP and no AWS, and keeps no part of a body.
package oip

import "godwit/shared/fault"

// HeaderLength is the HTTP header, of requests and of answers, that says how
// many bytes of a body are JSON when tensors follow as bytes.
const HeaderLength = "Inference-Header-Content-Length"

// BinaryExtension is the name of the extension in the server's metadata.
const BinaryExtension = "binary_tensor_data"

// Datatype is the type of a tensor's elements.
type Datatype string

// The datatypes of the protocol, and BF16 as Triton has it.
const (
	Bool   Datatype = "BOOL"
	Uint8  Datatype = "UINT8"
	Uint16 Datatype = "UINT16"
	Uint32 Datatype = "UINT32"
	Uint64 Datatype = "UINT64"
	Int8   Datatype = "INT8"
	Int16  Datatype = "INT16"
	Int32  Datatype = "INT32"
	Int64  Datatype = "INT64"
	FP16   Datatype = "FP16"
	BF16   Datatype = "BF16"
	FP32   Datatype = "FP32"
	FP64   Datatype = "FP64"
	Bytes  Datatype = "BYTES"
)

// class is what the elements of a datatype are.
type class byte

const (
	unknown class = iota
	boolean
	unsigned
	signed
	float
	text
)

// shape returns what elements of t are and how many bytes each takes; 0 when
// each says so itself.
func (t Datatype) shape() (of class, width int) {
	switch t {
	case Bool:
		return boolean, 1
	case Uint8:
		return unsigned, 1
	case Uint16:
		return unsigned, 2
	case Uint32:
		return unsigned, 4
	case Uint64:
		return unsigned, 8
	case Int8:
		return signed, 1
	case Int16:
		return signed, 2
	case Int32:
		return signed, 4
	case Int64:
		return signed, 8
	case FP16, BF16:
		return float, 2
	case FP32:
		return float, 4
	case FP64:
		return float, 8
	case Bytes:
		return text, 0
	}
	return unknown, 0
}

// Request is an inference request.
type Request struct {
	ID      string   // to be echoed; "" when none was given
	Rows    int      // of every column, from 1
	Columns []Column // in the order they were sent, names unique, at least one
	Outputs []Output // what is asked for, in order; nil: every output
	Binary  bool     // outputs that do not say otherwise are wanted as bytes
}

// Column is one input tensor.
type Column struct {
	Name  string
	Cells []string // one for each row; of a row of several elements a JSON list of numbers, nested by its axes
	Size  int      // elements of a row, from 1
	// Fractions says that the elements were sent as FP16 to FP64, so that the
	// decimal mark of a cell is a point.
	Fractions bool
}

// Output is one requested output.
type Output struct {
	Name   string
	Binary bool // wanted as bytes, whatever Request.Binary says
}

// Row returns the cells of row i, from 0, by the names of their columns.
func (r *Request) Row(i int) map[string]string {
	row := make(map[string]string, len(r.Columns))
	for _, c := range r.Columns {
		row[c.Name] = c.Cells[i]
	}
	return row
}

// Reason is the reason of every fault.Malformed about a tensor.
const Reason = "bad_tensor"

// bad is an error about the part of the request at a JSON pointer.
func bad(pointer, format string, args ...any) *fault.Error {
	e := fault.New(fault.Malformed, format, args...).WithReason(Reason)
	detail := fault.Detail{Pointer: pointer, Text: e.Msg}
	e.Msg = pointer + ": " + e.Msg
	return e.WithDetails(detail)
}
