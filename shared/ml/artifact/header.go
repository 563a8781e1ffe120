package artifact

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// entry is a tensor as its header describes it, before its data is attached.
type entry struct {
	Tensor
	begin, end int64 // bytes of its data, counted from the end of the header
}

// headerReader walks the JSON tokens of a header. The grammar is fixed and
// three levels deep, so reading tokens refuses everything unexpected,
// duplicate keys included, at the byte where it stands; decoding into maps
// would keep the last duplicate silently.
type headerReader struct {
	tokens *json.Decoder
}

// parseHeader reads the header's metadata and tensor entries, in the order
// they are written.
func parseHeader(header []byte, maxTensors int) (map[string]string, []entry, error) {
	r := headerReader{json.NewDecoder(bytes.NewReader(header))}
	r.tokens.UseNumber() // a float64 would round offsets beyond 2^53
	metadata := map[string]string{}
	var entries []entry
	err := r.object(func(key string) error {
		if key == metadataKey {
			return r.object(func(name string) (err error) {
				metadata[name], err = r.text()
				return err
			})
		}
		if len(entries) == maxTensors {
			return failure(KindTooLarge, "more than %d tensors", maxTensors)
		}
		e, err := r.entry(key)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	// Padding is spaces; anything else would be a second document.
	if rest := header[r.tokens.InputOffset():]; strings.Trim(string(rest), " ") != "" {
		return nil, nil, r.corrupt("text after the header object")
	}
	return metadata, entries, nil
}

// corrupt builds an error that says where in the header reading stopped.
func (r headerReader) corrupt(msg string) error {
	return failure(KindCorrupt, "header byte %d: %s", r.tokens.InputOffset(), msg)
}

// next returns the next token; a JSON syntax error is a corrupt file.
func (r headerReader) next() (json.Token, error) {
	token, err := r.tokens.Token()
	if err != nil {
		return nil, &Error{Kind: KindCorrupt, Msg: "header is not JSON", Err: err}
	}
	return token, nil
}

// open consumes the delimiter that must come next.
func (r headerReader) open(want json.Delim) error {
	token, err := r.next()
	if err == nil && token != want {
		return r.corrupt("expected " + want.String())
	}
	return err
}

// object reads an object whose keys may come once each. value must consume
// exactly the value of its key.
func (r headerReader) object(value func(key string) error) error {
	if err := r.open('{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for r.tokens.More() {
		key, err := r.text()
		if err != nil {
			return err
		}
		if seen[key] {
			return r.corrupt("key " + strconv.Quote(key) + " is given twice")
		}
		seen[key] = true
		if err := value(key); err != nil {
			return err
		}
	}
	return r.open('}')
}

// text reads a string.
func (r headerReader) text() (string, error) {
	token, err := r.next()
	if err != nil {
		return "", err
	}
	s, ok := token.(string)
	if !ok {
		return "", r.corrupt("expected a string")
	}
	return s, nil
}

// integers reads an array of at most limit whole numbers that are not
// negative.
func (r headerReader) integers(limit int) ([]int64, error) {
	if err := r.open('['); err != nil {
		return nil, err
	}
	list := []int64{}
	for r.tokens.More() {
		token, err := r.next()
		if err != nil {
			return nil, err
		}
		number, ok := token.(json.Number)
		// ParseUint refuses signs, fractions and exponents: a length has none.
		n, err := strconv.ParseUint(number.String(), 10, 63)
		if !ok || err != nil || len(list) == limit {
			return nil, r.corrupt("expected at most " + strconv.Itoa(limit) + " whole numbers")
		}
		list = append(list, int64(n))
	}
	return list, r.open(']')
}

// entry reads one tensor's description, all three fields and no other.
func (r headerReader) entry(name string) (entry, error) {
	e := entry{Tensor: Tensor{Name: name}}
	fields := 0
	err := r.object(func(key string) (err error) {
		fields++
		switch key {
		case "dtype":
			e.DType, err = r.dtype()
		case "shape":
			e.Shape, err = r.integers(maxDimensions)
		case "data_offsets":
			var span []int64
			span, err = r.integers(2)
			if err == nil && len(span) != 2 {
				return r.corrupt("expected two offsets")
			}
			if err == nil {
				e.begin, e.end = span[0], span[1]
			}
		default:
			return r.corrupt("unknown field " + strconv.Quote(key))
		}
		return err
	})
	if err == nil && fields != 3 {
		return e, r.corrupt("tensor " + strconv.Quote(name) + " lacks a field")
	}
	return e, err
}

// dtype reads an element type. One that is not known here is a sign of a
// newer writer, not of damage.
func (r headerReader) dtype() (DType, error) {
	name, err := r.text()
	if err != nil {
		return "", err
	}
	if DType(name).Size() == 0 {
		return "", failure(KindFuture, "element type %q is not known", name)
	}
	return DType(name), nil
}
