package artifact

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"unicode/utf8"
)

// The bounds a zero Limits stands for.
const (
	DefaultMaxBytes   = 64 << 20 // a whole file
	DefaultMaxHeader  = 4 << 20  // 2,000 labels with their numbers fit fifty times
	DefaultMaxTensors = 4096
)

// maxDimensions bounds a shape; no framework goes beyond it.
const maxDimensions = 32

// Limits bounds what Decode accepts. A zero field means its default.
type Limits struct {
	Bytes   int64 // of the whole file, default DefaultMaxBytes
	Header  int64 // of the JSON header, default DefaultMaxHeader
	Tensors int   // how many, default DefaultMaxTensors
}

// withDefaults fills the zero fields.
func (l Limits) withDefaults() Limits {
	return Limits{
		Bytes:   cmp.Or(l.Bytes, DefaultMaxBytes),
		Header:  cmp.Or(l.Header, DefaultMaxHeader),
		Tensors: cmp.Or(l.Tensors, DefaultMaxTensors),
	}
}

// File is a decoded file. It does not change and is safe for concurrent use
// as long as nobody changes the bytes it was decoded from.
type File struct {
	Metadata map[string]string // the header's text map; empty, never nil

	tensors []Tensor       // in file order
	index   map[string]int // name to place in tensors
}

// Tensor returns the tensor of that name. Its Data aliases the bytes given
// to Decode.
func (f *File) Tensor(name string) (Tensor, bool) {
	i, ok := f.index[name]
	if !ok {
		return Tensor{}, false
	}
	return f.tensors[i], true
}

// Tensors returns all tensors in file order, as a new slice.
func (f *File) Tensors() []Tensor { return slices.Clone(f.tensors) }

// Decode reads a safetensors file. The tensors alias data, so data must stay
// unchanged while the File is used. Whatever the bytes say, Decode allocates
// at most some forty times the header, garbage included, and a tenth stays.
//
// It fails with ErrTooLarge over a limit, ErrTruncated when data ends before
// what its header promises, ErrFuture for an element type this code does not
// know, and ErrCorrupt for everything else.
func Decode(data []byte, limits Limits) (*File, error) {
	limits = limits.withDefaults()
	header, body, err := splitHeader(data, limits)
	if err != nil {
		return nil, err
	}
	metadata, entries, err := parseHeader(header, limits.Tensors)
	if err != nil {
		return nil, err
	}
	if err := checkLayout(entries, int64(len(body))); err != nil {
		return nil, err
	}
	f := &File{
		Metadata: metadata,
		tensors:  make([]Tensor, len(entries)),
		index:    make(map[string]int, len(entries)),
	}
	for i, e := range entries {
		e.Data = body[e.begin:e.end:e.end]
		f.tensors[i] = e.Tensor
		f.index[e.Name] = i
	}
	return f, nil
}

// splitHeader cuts the file into its JSON header and the tensor data.
func splitHeader(data []byte, limits Limits) (header, body []byte, err error) {
	if int64(len(data)) > limits.Bytes {
		return nil, nil, failure(KindTooLarge, "file of %d bytes, at most %d", len(data), limits.Bytes)
	}
	if len(data) < lengthBytes {
		return nil, nil, failure(KindTruncated, "%d bytes hold no header length", len(data))
	}
	length := binary.LittleEndian.Uint64(data)
	body = data[lengthBytes:]
	if length > uint64(limits.Header) {
		return nil, nil, failure(KindTooLarge, "header of %d bytes, at most %d", length, limits.Header)
	}
	if length > uint64(len(body)) {
		return nil, nil, failure(KindTruncated, "header of %d bytes in %d", length, len(body))
	}
	header = body[:length]
	if len(header) == 0 || header[0] != '{' {
		return nil, nil, failure(KindCorrupt, "header does not start with {")
	}
	// encoding/json would replace bad bytes silently and let two different
	// names become one.
	if !utf8.Valid(header) {
		return nil, nil, failure(KindCorrupt, "header is not UTF-8")
	}
	return header, body[length:], nil
}

// checkLayout sorts the entries by place and verifies that they fill the data
// exactly: no holes, no overlap, nothing left over.
func checkLayout(entries []entry, size int64) error {
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end), cmp.Compare(a.Name, b.Name))
	})
	at := int64(0)
	for _, e := range entries {
		want, ok := bytesOf(e.DType, e.Shape)
		switch {
		case e.begin != at:
			return failure(KindCorrupt, "tensor %q starts at %d instead of %d", e.Name, e.begin, at)
		case e.end < e.begin || !ok || e.end-e.begin != want:
			return failure(KindCorrupt, "tensor %q of shape %v %s spans [%d,%d)", e.Name, e.Shape, e.DType, e.begin, e.end)
		}
		at = e.end
	}
	switch {
	case at > size:
		return failure(KindTruncated, "%d bytes of data, header promises %d", size, at)
	case at < size:
		return failure(KindCorrupt, "%d bytes after the last tensor", size-at)
	}
	return nil
}

// Names returns the tensor names in ascending order.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.index)) }
