package onnx

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of onnx.proto3, message by message.
const (
	// ModelProto
	modelIRVersion = 1
	modelProducer  = 2
	modelGraph     = 7
	modelOpset     = 8
	modelMetadata  = 14
	modelTraining  = 20
	modelFunctions = 25

	// OperatorSetIdProto
	opsetDomain  = 1
	opsetVersion = 2

	// StringStringEntryProto
	entryKey   = 1
	entryValue = 2

	// GraphProto
	graphNode        = 1
	graphName        = 2
	graphInitializer = 5
	graphInput       = 11
	graphOutput      = 12
	graphValue       = 13
	graphSparse      = 15

	// NodeProto
	nodeInput     = 1
	nodeOutput    = 2
	nodeName      = 3
	nodeOperator  = 4
	nodeAttribute = 5
	nodeDoc       = 6
	nodeDomain    = 7

	// AttributeProto
	attributeName    = 1
	attributeFloat   = 2
	attributeInt     = 3
	attributeString  = 4
	attributeTensor  = 5
	attributeGraph   = 6
	attributeFloats  = 7
	attributeInts    = 8
	attributeStrings = 9
	attributeTensors = 10
	attributeGraphs  = 11
	attributeTypeOf  = 14
	attributeType    = 20
	attributeRef     = 21
	attributeSparse  = 22
	attributeSparses = 23

	// FunctionProto
	functionNode      = 7
	functionAttribute = 11

	// SparseTensorProto
	sparseValues  = 1
	sparseIndices = 2

	// TensorProto
	tensorDims     = 1
	tensorType     = 2
	tensorSegment  = 3
	tensorFloats   = 4
	tensorInt32s   = 5
	tensorStrings  = 6
	tensorInt64s   = 7
	tensorName     = 8
	tensorRaw      = 9
	tensorDoubles  = 10
	tensorUint64s  = 11
	tensorExternal = 13
	tensorLocation = 14

	// ValueInfoProto, TypeProto, TypeProto.Tensor, TensorShapeProto and its Dimension
	portName          = 1
	portType          = 2
	portDoc           = 3
	typeTensor        = 1
	typeSequence      = 4
	typeMap           = 5
	tensorTypeElement = 1
	tensorTypeShape   = 2
	shapeDim          = 1
	dimSize           = 1
	dimName           = 2
)

// field is one field of a message: a number, or bytes that alias the file.
type field struct {
	number protowire.Number
	wire   protowire.Type
	value  uint64
	bytes  []byte
}

// each calls f for every field of a message.
func each(b []byte, f func(field) error) error {
	for len(b) > 0 {
		number, wire, n := protowire.ConsumeTag(b)
		if n < 0 {
			return malformed(n)
		}
		b = b[n:]
		v := field{number: number, wire: wire}
		switch wire {
		case protowire.VarintType:
			v.value, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var x uint32
			x, n = protowire.ConsumeFixed32(b)
			v.value = uint64(x)
		case protowire.Fixed64Type:
			v.value, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			v.bytes, n = protowire.ConsumeBytes(b)
		default:
			return corrupt("field %d is of wire type %d, which the format does not have", number, wire)
		}
		if n < 0 {
			return malformed(n)
		}
		b = b[n:]
		if err := f(v); err != nil {
			return err
		}
	}
	return nil
}

// malformed returns the error for what protowire could not read.
func malformed(n int) error {
	return &Error{Reason: Corrupt, Msg: "not a whole Protocol Buffers message", Err: protowire.ParseError(n)}
}

// message returns the bytes of a message, a string or a packed list.
func (f field) message() ([]byte, error) {
	if f.wire != protowire.BytesType {
		return nil, corrupt("field %d is of wire type %d, want bytes", f.number, f.wire)
	}
	return f.bytes, nil
}

// int returns a whole number.
func (f field) int() (int64, error) {
	if f.wire != protowire.VarintType {
		return 0, corrupt("field %d is of wire type %d, want a whole number", f.number, f.wire)
	}
	return int64(f.value), nil
}

// text copies a string, so that nothing keeps the file in memory for it.
func (f field) text(into *string) error {
	b, err := f.message()
	*into = string(b)
	return err
}

// ints appends a whole number or a packed list of them.
func (f field) ints(into *[]int64) error {
	if f.wire == protowire.VarintType {
		*into = append(*into, int64(f.value))
		return nil
	}
	b, err := f.message()
	for len(b) > 0 && err == nil {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return malformed(n)
		}
		*into = append(*into, int64(v))
		b = b[n:]
	}
	return err
}

// floats appends a number of single precision or a packed list of them.
func (f field) floats(into *[]float32) error {
	if f.wire == protowire.Fixed32Type {
		*into = append(*into, math.Float32frombits(uint32(f.value)))
		return nil
	}
	b, err := f.message()
	for len(b) > 0 && err == nil {
		v, n := protowire.ConsumeFixed32(b)
		if n < 0 {
			return malformed(n)
		}
		*into = append(*into, math.Float32frombits(v))
		b = b[n:]
	}
	return err
}

// doubles appends numbers of double precision, rounded to single.
func (f field) doubles(into *[]float32) error {
	if f.wire == protowire.Fixed64Type {
		*into = append(*into, float32(math.Float64frombits(f.value)))
		return nil
	}
	b, err := f.message()
	for len(b) > 0 && err == nil {
		v, n := protowire.ConsumeFixed64(b)
		if n < 0 {
			return malformed(n)
		}
		*into = append(*into, float32(math.Float64frombits(v)))
		b = b[n:]
	}
	return err
}
