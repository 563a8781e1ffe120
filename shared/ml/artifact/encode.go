package artifact

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

const (
	// lengthBytes is the size of the header length before the header.
	lengthBytes = 8
	// dataAlign is the boundary the tensor data starts on. The format asks
	// for 8; 64 is a cache line, so a page-aligned buffer gives aligned
	// views to vector code as well.
	dataAlign = 64
	// metadataKey is the one header key that is not a tensor.
	metadataKey = "__metadata__"
)

// Encode returns the safetensors file of the tensors, whose data is copied.
// Metadata may be nil and is then left out. The order of tensors does not
// matter: they are laid out by falling element size, then by name, and the
// metadata by key, so equal content gives equal bytes.
//
// It fails with ErrCorrupt for an unknown type, a length that does not match
// the shape, a name used twice or reserved, or text that is not UTF-8.
func Encode(metadata map[string]string, tensors []Tensor) ([]byte, error) {
	sorted := slices.Clone(tensors)
	slices.SortStableFunc(sorted, layoutOrder)
	total, err := checkTensors(sorted)
	if err != nil {
		return nil, err
	}
	header, err := encodeHeader(metadata, sorted)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, lengthBytes+len(header)+total)
	out = binary.LittleEndian.AppendUint64(out, uint64(len(header)))
	out = append(out, header...)
	for _, t := range sorted {
		out = append(out, t.Data...)
	}
	return out, nil
}

// layoutOrder compares tensors as the reference lays them out: by type with
// the widest first, then by name.
func layoutOrder(a, b Tensor) int {
	rankA, _ := a.DType.rank()
	rankB, _ := b.DType.rank()
	return cmp.Or(cmp.Compare(rankB, rankA), cmp.Compare(a.Name, b.Name))
}

// checkTensors verifies what the header will claim and returns the bytes of
// all data.
func checkTensors(tensors []Tensor) (total int, err error) {
	seen := make(map[string]bool, len(tensors))
	for _, t := range tensors {
		want, ok := bytesOf(t.DType, t.Shape)
		switch {
		case t.Name == metadataKey || !utf8.ValidString(t.Name):
			return 0, failure(KindCorrupt, "tensor name %q is reserved or not UTF-8", t.Name)
		case seen[t.Name]:
			return 0, failure(KindCorrupt, "tensor %q is given twice", t.Name)
		case t.DType.Size() == 0:
			return 0, failure(KindCorrupt, "tensor %q has unknown type %q", t.Name, t.DType)
		case !ok || want != int64(len(t.Data)):
			return 0, failure(KindCorrupt, "tensor %q of shape %v %s has %d bytes", t.Name, t.Shape, t.DType, len(t.Data))
		}
		seen[t.Name] = true
		total += len(t.Data)
	}
	return total, nil
}

// encodeHeader writes the JSON header, padded with spaces so that the data
// behind it starts on dataAlign. It writes the JSON itself, because a Go map
// of tensors would be sorted by name and the header should read in file order.
func encodeHeader(metadata map[string]string, tensors []Tensor) ([]byte, error) {
	b := []byte{'{'}
	if metadata != nil {
		b = append(b, `"`+metadataKey+`":{`...)
		for i, key := range slices.Sorted(maps.Keys(metadata)) {
			value := metadata[key]
			if !utf8.ValidString(key) || !utf8.ValidString(value) {
				return nil, failure(KindCorrupt, "metadata %q is not UTF-8", key)
			}
			if i > 0 {
				b = append(b, ',')
			}
			b = appendQuoted(b, key)
			b = append(b, ':')
			b = appendQuoted(b, value)
		}
		b = append(b, '}')
	}
	offset := int64(0)
	for i, t := range tensors {
		if i > 0 || metadata != nil {
			b = append(b, ',')
		}
		b = appendTensor(b, t, offset)
		offset += int64(len(t.Data))
	}
	b = append(b, '}')
	for (lengthBytes+len(b))%dataAlign != 0 {
		b = append(b, ' ')
	}
	return b, nil
}

// appendTensor appends one header entry of a tensor whose data starts at
// offset.
func appendTensor(b []byte, t Tensor, offset int64) []byte {
	b = appendQuoted(b, t.Name)
	b = append(b, `:{"dtype":"`...)
	b = append(b, t.DType...)
	b = append(b, `","shape":[`...)
	for i, d := range t.Shape {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, d, 10)
	}
	b = append(b, `],"data_offsets":[`...)
	b = strconv.AppendInt(b, offset, 10)
	b = append(b, ',')
	b = strconv.AppendInt(b, offset+int64(len(t.Data)), 10)
	return append(b, `]}`...)
}

// appendQuoted appends valid UTF-8 s as a JSON string. Markup characters stay
// as they are: a manifest is read by people, never embedded in a page.
func appendQuoted(b []byte, s string) []byte {
	var quoted bytes.Buffer
	e := json.NewEncoder(&quoted)
	e.SetEscapeHTML(false)
	// A string into a Buffer cannot fail: the encoder has no other inputs.
	_ = e.Encode(s)
	return append(b, bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))...)
}
