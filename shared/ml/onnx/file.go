package onnx

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"sort"

	"google.golang.org/protobuf/encoding/protowire"
)

// File is a model as a file whose bytes are made as they are read, so that no
// copy of its constants is held. It does not change and is safe for concurrent
// use; the model must not change as long as it is read.
type File struct {
	pieces []piece
	size   int64
}

// piece is a part of a file: bytes, or the elements of a constant.
type piece struct {
	io.ReaderAt
	at, size int64
}

// Lay returns the model as a file. Equal models give equal bytes. The model is
// written as it is; Decode would find what is wrong with it.
func Lay(m *Model) *File {
	var graph, rest message
	for i := range m.Graph.Nodes {
		graph.bytes(graphNode, encodeNode(&m.Graph.Nodes[i]))
	}
	graph.text(graphName, m.Graph.Name)
	var inner File
	for _, c := range m.Graph.Constants {
		about, raw, size := headOf(c)
		graph = protowire.AppendTag(graph, graphInitializer, protowire.BytesType)
		graph = protowire.AppendVarint(graph, uint64(len(about))+uint64(size))
		inner.add(append(graph, about...))
		graph = nil
		inner.piece(raw, size)
	}
	for _, p := range m.Graph.Inputs {
		graph.bytes(graphInput, encodePort(p))
	}
	for _, p := range m.Graph.Outputs {
		graph.bytes(graphOutput, encodePort(p))
	}
	inner.add(graph)

	var f File
	var head message
	head.varint(modelIRVersion, m.IRVersion)
	head.text(modelProducer, m.Producer)
	head = protowire.AppendTag(head, modelGraph, protowire.BytesType)
	f.add(protowire.AppendVarint(head, uint64(inner.size)))
	for _, p := range inner.pieces {
		f.piece(p.ReaderAt, p.size)
	}
	for _, o := range m.Opsets {
		var s message
		s.text(opsetDomain, o.Domain)
		s.varint(opsetVersion, o.Version)
		rest.bytes(modelOpset, s)
	}
	for _, n := range m.Metadata {
		var e message
		e.text(entryKey, n.Key)
		e.text(entryValue, n.Value)
		rest.bytes(modelMetadata, e)
	}
	f.add(rest)
	return &f
}

// Size returns how many bytes the file has.
func (f *File) Size() int64 { return f.size }

// Reader returns the file from its beginning, to be read as often as wanted.
func (f *File) Reader() *io.SectionReader { return io.NewSectionReader(f, 0, f.size) }

// ReadAt fills p from an offset on, or returns io.EOF where the file ends.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	first := sort.Search(len(f.pieces), func(i int) bool { return f.pieces[i].at+f.pieces[i].size > off })
	for i := first; i < len(f.pieces) && n < len(p); i++ {
		part := f.pieces[i]
		from := off + int64(n) - part.at
		most := min(int64(len(p)-n), part.size-from)
		k, err := part.ReadAt(p[n:n+int(most)], from)
		if n += k; int64(k) < most {
			if err == io.EOF { // of the piece, which is not that of the file
				err = io.ErrUnexpectedEOF
			}
			return n, err
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// add appends bytes.
func (f *File) add(b []byte) { f.piece(bytes.NewReader(b), int64(len(b))) }

// piece appends what a reader holds.
func (f *File) piece(r io.ReaderAt, size int64) {
	if size > 0 {
		f.pieces = append(f.pieces, piece{r, f.size, size})
		f.size += size
	}
}

// headOf returns a constant's TensorProto without its elements, which lie at the
// end of it, and those; strings, which have no raw form, are in the head.
func headOf(c Constant) (head message, raw io.ReaderAt, size int64) {
	if c.Type == String {
		return encodeTensor(c.Name, c.Tensor), nil, 0
	}
	raw = c.Stored
	n, _ := Count(c.Dims)
	if raw == nil {
		raw, n = elements{c.Tensor}, c.Len()
	}
	size = int64(n) * int64(ElementSize(c.Type))
	head = tensorHead(c.Name, c.Tensor)
	head = protowire.AppendTag(head, tensorRaw, protowire.BytesType)
	return protowire.AppendVarint(head, uint64(size)), raw, size
}

// elements reads those of a tensor as raw data, little end first.
type elements struct{ *Tensor }

// ReadAt fills p from a byte on, which need not be the first of an element.
func (e elements) ReadAt(p []byte, off int64) (int, error) {
	size := int64(ElementSize(e.Type))
	var one [8]byte
	for n := 0; n < len(p); {
		at := off + int64(n)
		if at >= int64(e.Len())*size {
			return n, io.EOF
		}
		e.put(one[:], int(at/size))
		n += copy(p[n:], one[at%size:size])
	}
	return len(p), nil
}

// put writes element i to the beginning of b.
func (t *Tensor) put(b []byte, i int) {
	switch {
	case t.Type == Double:
		binary.LittleEndian.PutUint64(b, math.Float64bits(float64(t.Floats[i])))
	case t.Floats != nil:
		binary.LittleEndian.PutUint32(b, math.Float32bits(t.Floats[i]))
	case t.Halves != nil:
		binary.LittleEndian.PutUint16(b, t.Halves[i])
	case t.Ints != nil:
		var whole [8]byte
		binary.LittleEndian.PutUint64(whole[:], uint64(t.Ints[i]))
		copy(b, whole[:ElementSize(t.Type)])
	case t.Bools[i]:
		b[0] = 1
	default:
		b[0] = 0
	}
}
