package onnx

import (
	"fmt"
	"slices"
)

// Type is the type of a tensor's elements, numbered as TensorProto.DataType.
type Type int32

// The types that are read and written.
const (
	Undefined Type = 0
	Float     Type = 1
	Uint8     Type = 2
	Int8      Type = 3
	Uint16    Type = 4
	Int16     Type = 5
	Int32     Type = 6
	Int64     Type = 7
	String    Type = 8
	Bool      Type = 9
	Float16   Type = 10
	Double    Type = 11
	Uint32    Type = 12
)

// typeNames are those of onnx.proto3, the refused ones too.
var typeNames = [...]string{"UNDEFINED", "FLOAT", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64", "STRING",
	"BOOL", "FLOAT16", "DOUBLE", "UINT32", "UINT64", "COMPLEX64", "COMPLEX128", "BFLOAT16"}

// String returns the name of the type in onnx.proto3.
func (t Type) String() string {
	if t < 0 || int(t) >= len(typeNames) {
		return fmt.Sprintf("type %d", int32(t))
	}
	return typeNames[t]
}

// Storage says which slice of a Tensor holds its elements.
type Storage uint8

// The storages. Numbers of ONNX's many types are held as few: whole numbers as
// int64, and double precision as single, whose digits beyond the seventh are
// lost.
const (
	Nothing Storage = iota // of a type that is not read
	Floats                 // Float and Double
	Ints                   // whole numbers
	Strings
	Bools
	Halves // Float16, as bits: kept small until it is cast
)

// String names the storage for an error.
func (s Storage) String() string {
	return [...]string{"nothing", "numbers", "whole numbers", "strings", "booleans", "half-precision numbers"}[s]
}

// Storage returns where elements of the type are held, Nothing when they
// cannot be read.
func (t Type) Storage() Storage {
	switch t {
	case Float, Double:
		return Floats
	case Uint8, Int8, Uint16, Int16, Int32, Int64, Uint32:
		return Ints
	case String:
		return Strings
	case Bool:
		return Bools
	case Float16:
		return Halves
	}
	return Nothing
}

// Tensor is an array of some axes. Exactly the slice that Type.Storage names is
// used; it holds the product of Dims elements, the last axis the fastest. Axes
// may be 0 long. Without Dims it is one element.
type Tensor struct {
	Type    Type
	Dims    []int
	Floats  []float32
	Ints    []int64
	Strings []string
	Bools   []bool
	Halves  []uint16 // bits of IEEE 754 binary16
}

// Len returns how many elements are held.
func (t *Tensor) Len() int {
	return len(t.Floats) + len(t.Ints) + len(t.Strings) + len(t.Bools) + len(t.Halves)
}

// Storage returns which slice holds the elements.
func (t *Tensor) Storage() Storage { return t.Type.Storage() }

// OfFloats returns a tensor of v, which it keeps, along the axes dims; without
// dims one axis.
func OfFloats(v []float32, dims ...int) *Tensor {
	return &Tensor{Type: Float, Floats: v, Dims: axes(len(v), dims)}
}

// OfInts is OfFloats for whole numbers.
func OfInts(v []int64, dims ...int) *Tensor {
	return &Tensor{Type: Int64, Ints: v, Dims: axes(len(v), dims)}
}

// OfStrings is OfFloats for strings.
func OfStrings(v []string, dims ...int) *Tensor {
	return &Tensor{Type: String, Strings: v, Dims: axes(len(v), dims)}
}

// OfBools is OfFloats for booleans.
func OfBools(v []bool, dims ...int) *Tensor {
	return &Tensor{Type: Bool, Bools: v, Dims: axes(len(v), dims)}
}

// OfHalves is OfFloats for the bits of half-precision numbers.
func OfHalves(v []uint16, dims ...int) *Tensor {
	return &Tensor{Type: Float16, Halves: v, Dims: axes(len(v), dims)}
}

// Scalar returns a number as a tensor without axes.
func Scalar(v float32) *Tensor { return &Tensor{Type: Float, Floats: []float32{v}} }

// axes returns dims, or one axis of n.
func axes(n int, dims []int) []int {
	if len(dims) == 0 {
		return []int{n}
	}
	return slices.Clone(dims)
}

// maxElements bounds what any product of axes is taken for, and maxEmpty that
// of the axes of a file's tensor that has no elements: code that walks along
// the axes must come to an end although there is nothing.
const (
	maxElements = 1 << 40
	maxEmpty    = 1 << 20
)

// Count returns the product of dims, false when it is absurd or one is
// negative.
func Count(dims []int) (int, bool) {
	n, ok := Extent(dims)
	if ok && slices.Contains(dims, 0) {
		return 0, true
	}
	return n, ok
}

// Extent is Count with axes of length 0 taken as 1.
func Extent(dims []int) (int, bool) {
	n := 1
	for _, d := range dims {
		if d < 0 || d > 0 && n > maxElements/d {
			return 0, false
		}
		n *= max(d, 1)
	}
	return n, true
}

// Check reports a tensor whose elements are not as many as its axes say.
func (t *Tensor) Check() error {
	if t.Storage() == Nothing {
		return unsupported("a tensor of %s; float, integers up to int64, bool, string, float16 and double are read", t.Type)
	}
	if n, _ := Extent(t.Dims); t.Len() == 0 && n > maxEmpty {
		return corrupt("a tensor of axes %v holds nothing", t.Dims)
	}
	held := [...]int{Floats: len(t.Floats), Ints: len(t.Ints), Strings: len(t.Strings), Bools: len(t.Bools), Halves: len(t.Halves)}
	if n, ok := Count(t.Dims); !ok || n != t.Len() || n != held[t.Storage()] {
		return corrupt("a tensor of axes %v holds %d elements", t.Dims, t.Len())
	}
	return nil
}
