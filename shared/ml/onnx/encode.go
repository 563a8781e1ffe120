package onnx

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// message is a Protocol Buffers message under way.
type message []byte

// bytes writes a message or a string of bytes.
func (m *message) bytes(field protowire.Number, b []byte) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendBytes(*m, b)
}

// text writes a string unless it is empty, which is what absence means.
func (m *message) text(field protowire.Number, s string) {
	if s != "" {
		m.item(field, s)
	}
}

// item writes a string of a list, where an empty one counts.
func (m *message) item(field protowire.Number, s string) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendString(*m, s)
}

// varint writes a whole number.
func (m *message) varint(field protowire.Number, v int64) {
	*m = protowire.AppendTag(*m, field, protowire.VarintType)
	*m = protowire.AppendVarint(*m, uint64(v))
}

// float writes a number of single precision.
func (m *message) float(field protowire.Number, v float32) {
	*m = protowire.AppendTag(*m, field, protowire.Fixed32Type)
	*m = protowire.AppendFixed32(*m, math.Float32bits(v))
}

// Encode returns the bytes of Lay.
func Encode(m *Model) []byte {
	f := Lay(m)
	data := make([]byte, f.size)
	// The pieces lie in memory and know their sizes.
	if _, err := f.ReadAt(data, 0); err != nil {
		panic("onnx: a constant holds fewer bytes than its axes say: " + err.Error())
	}
	return data
}

// encodeNode writes a NodeProto.
func encodeNode(n *Node) message {
	var m message
	for _, s := range n.Inputs {
		m.item(nodeInput, s)
	}
	for _, s := range n.Outputs {
		m.item(nodeOutput, s)
	}
	m.text(nodeName, n.Name)
	m.text(nodeOperator, n.Operator)
	for i := range n.Attributes {
		m.bytes(nodeAttribute, encodeAttribute(&n.Attributes[i]))
	}
	m.text(nodeDomain, n.Domain)
	return m
}

// encodeAttribute writes an AttributeProto. Lists are not packed, as the format
// declares them.
func encodeAttribute(a *Attribute) message {
	var m message
	m.text(attributeName, a.Name)
	switch a.Kind {
	case KindFloat:
		m.float(attributeFloat, a.Float)
	case KindInt:
		m.varint(attributeInt, a.Int)
	case KindString:
		m.item(attributeString, a.String)
	case KindTensor:
		m.bytes(attributeTensor, encodeTensor("", a.Tensor))
	case KindFloats:
		for _, v := range a.Floats {
			m.float(attributeFloats, v)
		}
	case KindInts:
		for _, v := range a.Ints {
			m.varint(attributeInts, v)
		}
	case KindStrings:
		for _, v := range a.Strings {
			m.item(attributeStrings, v)
		}
	}
	m.varint(attributeType, int64(a.Kind))
	return m
}

// encodeTensor writes the elements as raw bytes, little end first, but for
// strings, which have no such form.
func encodeTensor(name string, t *Tensor) message {
	m := tensorHead(name, t)
	if t.Type != String {
		m.bytes(tensorRaw, t.raw())
	}
	return m
}

// tensorHead writes what stands before raw bytes.
func tensorHead(name string, t *Tensor) message {
	var m message
	for _, d := range t.Dims {
		m.varint(tensorDims, int64(d))
	}
	m.varint(tensorType, int64(t.Type))
	for _, s := range t.Strings {
		m.item(tensorStrings, s)
	}
	m.text(tensorName, name)
	return m
}

// raw returns the elements as they lie in a file.
func (t *Tensor) raw() []byte {
	size := ElementSize(t.Type)
	b := make([]byte, t.Len()*size)
	for i := range t.Len() {
		t.put(b[i*size:], i)
	}
	return b
}

// ElementSize returns the bytes of an element in raw data, 0 when it has none.
func ElementSize(t Type) int {
	switch t {
	case Uint8, Int8, Bool:
		return 1
	case Uint16, Int16, Float16:
		return 2
	case Float, Int32, Uint32:
		return 4
	case Int64, Double:
		return 8
	}
	return 0
}

// encodePort writes a ValueInfoProto of a tensor.
func encodePort(p Port) message {
	var shape, tensor, typ, m message
	for _, d := range p.Dims {
		var dim message
		if d.Open {
			dim.text(dimName, d.Name)
		} else {
			dim.varint(dimSize, int64(d.Size))
		}
		shape.bytes(shapeDim, dim)
	}
	tensor.varint(tensorTypeElement, int64(p.Type))
	if p.Ranked {
		tensor.bytes(tensorTypeShape, shape)
	}
	typ.bytes(typeTensor, tensor)
	m.text(portName, p.Name)
	m.bytes(portType, typ)
	return m
}
