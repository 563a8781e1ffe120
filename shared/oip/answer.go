package oip

import (
	"encoding/binary"
	"math"
	"strconv"

	"godwit/shared/strictjson"
)

// Answer is an inference response.
type Answer struct {
	Model      string      // its name
	Version    int         // written as a string, which the protocol's versions are
	ID         string      // the request's; "" writes none
	Parameters []Parameter // of the answer as a whole; clients ignore those they do not know
	Outputs    []Tensor    // in this order, and their bytes too
}

// Parameter is one field of an answer's parameters.
type Parameter struct{ Name, Value string }

// Tensor is one output, row-major. Of Texts, Floats, Doubles, Ints and Bools the
// one that is not nil holds the elements, as BYTES, FP32, FP64, INT64 and BOOL;
// they are not copied.
type Tensor struct {
	Name    string // as clients ask for it
	Rows    int    // the first axis of the shape
	Columns int    // of a tensor of shape [Rows, Columns]; 0: the shape is [Rows]
	Axes    []int  // of a row, where it has several; then Columns is not read
	Binary  bool   // written as bytes behind the JSON
	Texts   []string
	Floats  []float32
	Doubles []float64
	Ints    []int64
	Bools   []bool
}

// datatype is the type of the elements.
func (t *Tensor) datatype() Datatype {
	switch {
	case t.Texts != nil:
		return Bytes
	case t.Floats != nil:
		return FP32
	case t.Ints != nil:
		return Int64
	case t.Bools != nil:
		return Bool
	}
	return FP64
}

// size is how many bytes the elements take behind the JSON.
func (t *Tensor) size() int {
	n := 4*len(t.Floats) + 8*len(t.Doubles) + 8*len(t.Ints) + len(t.Bools)
	for _, s := range t.Texts {
		n += 4 + len(s)
	}
	return n
}

// Append writes the answer to the end of b. json is how many of the bytes
// written are JSON, for HeaderLength, when tensors follow as bytes, else 0.
// Numbers written as JSON must be finite, which the caller sees to: JSON has no
// word for others.
func (a *Answer) Append(b []byte) (body []byte, json int) {
	from := len(b)
	b = append(b, `{"model_name":`...)
	b = strictjson.AppendText(b, a.Model)
	b = append(b, `,"model_version":"`...)
	b = strconv.AppendInt(b, int64(a.Version), 10)
	b = append(b, '"')
	if a.ID != "" {
		b = append(b, `,"id":`...)
		b = strictjson.AppendText(b, a.ID)
	}
	b = a.appendParameters(b)
	b = append(b, `,"outputs":[`...)
	// Bytes come in the order of the outputs, whole, behind all of the JSON: so the
	// two passes.
	behind := false
	for i := range a.Outputs {
		if i > 0 {
			b = append(b, ',')
		}
		b = a.Outputs[i].appendJSON(b)
		behind = behind || a.Outputs[i].Binary
	}
	b = append(b, "]}"...)
	if !behind {
		return b, 0
	}
	json = len(b) - from
	for i := range a.Outputs {
		if a.Outputs[i].Binary {
			b = a.Outputs[i].appendBytes(b)
		}
	}
	return b, json
}

// appendParameters writes the member parameters, or nothing when there are none.
func (a *Answer) appendParameters(b []byte) []byte {
	if len(a.Parameters) == 0 {
		return b
	}
	b = append(b, `,"parameters":{`...)
	for i, p := range a.Parameters {
		b = strictjson.AppendText(comma(b, i), p.Name)
		b = append(b, ':')
		b = strictjson.AppendText(b, p.Value)
	}
	return append(b, '}')
}

// appendJSON writes the tensor as an element of outputs.
func (t *Tensor) appendJSON(b []byte) []byte {
	b = append(b, `{"name":`...)
	b = strictjson.AppendText(b, t.Name)
	b = append(b, `,"datatype":"`...)
	b = append(b, t.datatype()...)
	b = append(b, `","shape":[`...)
	b = strconv.AppendInt(b, int64(t.Rows), 10)
	if t.Columns > 0 && t.Axes == nil {
		b = append(b, ',')
		b = strconv.AppendInt(b, int64(t.Columns), 10)
	}
	for _, n := range t.Axes {
		b = append(b, ',')
		b = strconv.AppendInt(b, int64(n), 10)
	}
	if t.Binary {
		b = append(b, `],"parameters":{"binary_data_size":`...)
		b = strconv.AppendInt(b, int64(t.size()), 10)
		return append(b, "}}"...)
	}
	b = append(b, `],"data":[`...)
	for i, s := range t.Texts {
		b = strictjson.AppendText(comma(b, i), s)
	}
	for i, v := range t.Floats {
		// As many digits as give the float32 back: of a float64's, half would be noise.
		b = strconv.AppendFloat(comma(b, i), float64(v), 'g', -1, 32)
	}
	for i, v := range t.Doubles {
		b = strconv.AppendFloat(comma(b, i), v, 'g', -1, 64)
	}
	for i, v := range t.Ints {
		b = strconv.AppendInt(comma(b, i), v, 10)
	}
	for i, v := range t.Bools {
		b = strconv.AppendBool(comma(b, i), v)
	}
	return append(b, "]}"...)
}

// comma separates element i from the one before it.
func comma(b []byte, i int) []byte {
	if i == 0 {
		return b
	}
	return append(b, ',')
}

// appendBytes writes the elements as the binary extension has them.
func (t *Tensor) appendBytes(b []byte) []byte {
	for _, s := range t.Texts {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	for _, v := range t.Floats {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	for _, v := range t.Doubles {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	for _, v := range t.Ints {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	for _, v := range t.Bools {
		one := byte(0)
		if v {
			one = 1
		}
		b = append(b, one)
	}
	return b
}
