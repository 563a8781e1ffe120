package dynamodb

import (
	"encoding/json"
	"fmt"
	"strconv"

	"godwit/functions/local/dynamodb/attr"
)

// object is a JSON object under construction, members in order. Stored items
// go through it as bytes, without being decoded.
type object []member

// member is one member of an object; value is one of the types listed, or
// anything encoding/json writes.
type member struct {
	name  string
	value any // string, int, float64, bool, attr.Item, rawItem, object, []object, []string, []any
}

// rawItem is an item as JSON.
type rawItem []byte

// appendJSON appends the object to dst.
func (o object) appendJSON(dst []byte) ([]byte, error) {
	dst = append(dst, '{')
	for i, m := range o {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendMember(dst, m.name); err != nil {
			return nil, err
		}
		dst = append(dst, ':')
		if dst, err = appendMember(dst, m.value); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return append(dst, '}'), nil
}

// appendMember writes one value. Items take the short way; the rest, strings
// and short lists, go through encoding/json.
func appendMember(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case attr.Item:
		return attr.AppendItem(dst, v), nil
	case rawItem:
		return append(dst, v...), nil
	case object:
		return v.appendJSON(dst)
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case []object:
		return appendElements(dst, v)
	case []rawItem:
		return appendElements(dst, v)
	}
	data, err := json.Marshal(v)
	return append(dst, data...), err
}

// appendElements writes a list; a nil one is [], never null, because clients
// tell an empty answer from a missing one.
func appendElements[T any](dst []byte, list []T) ([]byte, error) {
	dst = append(dst, '[')
	for i, e := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendMember(dst, e); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}
