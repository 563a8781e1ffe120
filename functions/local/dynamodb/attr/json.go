package attr

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// maxDepth is how deep lists and maps may nest.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const maxDepth = 32

// ShapeError is JSON whose types are not those of the wire format, which
// DynamoDB answers with SerializationException.
type ShapeError struct {
	Msg string // as the caller sees it
}

// Error returns Msg.
func (e *ShapeError) Error() string { return e.Msg }

func shapeError(format string, args ...any) error {
	return &ShapeError{Msg: fmt.Sprintf(format, args...)}
}

// errDepth is what a request and an update that nest too deep are answered.
func errDepth() error { return Errorf("Nesting Levels have exceeded supported limits") }

// ItemFromJSON turns a decoded JSON object, as encoding/json gives it for any,
// into an item. Errors: *ShapeError, *Error.
func ItemFromJSON(v any) (Item, error) { return itemFromJSON(v, 0) }

// ValueFromJSON turns a decoded JSON object such as {"S":"a"} into a value.
// Numbers are brought to canonical form. Errors: *ShapeError, *Error.
func ValueFromJSON(v any) (Value, error) { return valueFromJSON(v, 0) }

// itemFromJSON reads an item or the content of a map that lies depth containers
// deep.
func itemFromJSON(v any, depth int) (Item, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return nil, shapeError("Unexpected field type: want an object of attribute values")
	}
	item := make(Item, len(object))
	// Sorted, so that an item with two mistakes always reports the same one.
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value, err := valueFromJSON(object[name], depth)
		if err != nil {
			return nil, err
		}
		item[name] = value
	}
	return item, nil
}

// valueFromJSON reads {"TYPE": content}: exactly one member, of a known type.
func valueFromJSON(v any, depth int) (Value, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return Value{}, shapeError("Unexpected value type in payload: want an attribute value")
	}
	if depth > maxDepth {
		return Value{}, errDepth()
	}
	switch len(object) {
	case 0:
		return Value{}, Errorf("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	case 1:
	default:
		return Value{}, Errorf("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	}
	// One member only, so the order of the map does not matter.
	for name, content := range object {
		kind, ok := KindNamed(name)
		if !ok {
			return Value{}, Errorf("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
		}
		return contentFromJSON(kind, content, depth)
	}
	return Value{}, nil
}

// contentFromJSON reads what stands under the type's name.
func contentFromJSON(kind Kind, content any, depth int) (Value, error) {
	switch kind {
	case String, Number, Binary:
		text, err := scalarFromJSON(kind, content)
		return Value{Kind: kind, Text: text}, err
	case Bool, Null:
		b, ok := content.(bool)
		if !ok {
			return Value{}, shapeError("%s must be true or false", kind)
		}
		if kind == Null {
			if !b {
				return Value{}, Errorf("One or more parameter values were invalid: Null attribute value types must have the value of true")
			}
			return Value{Kind: Null}, nil
		}
		return Value{Kind: Bool, Bool: b}, nil
	case Map:
		m, err := itemFromJSON(content, depth+1)
		return Value{Kind: Map, Map: m}, err
	}
	elements, ok := content.([]any)
	if !ok {
		return Value{}, shapeError("%s must be a list", kind)
	}
	if kind == List {
		return listFromJSON(elements, depth)
	}
	return setFromJSON(kind, elements)
}

// listFromJSON reads a list's elements, which lie one container deeper.
func listFromJSON(elements []any, depth int) (Value, error) {
	list := make([]Value, len(elements))
	for i, e := range elements {
		v, err := valueFromJSON(e, depth+1)
		if err != nil {
			return Value{}, err
		}
		list[i] = v
	}
	return Value{Kind: List, List: list}, nil
}

// setFromJSON reads a set; its elements are bare strings, without a type each.
func setFromJSON(kind Kind, elements []any) (Value, error) {
	element, _ := kind.Element()
	texts := make([]string, len(elements))
	for i, e := range elements {
		text, err := scalarFromJSON(element, e)
		if err != nil {
			return Value{}, err
		}
		texts[i] = text
	}
	return NewSet(kind, texts)
}

// scalarFromJSON reads S, N or B into the form Value.Text has: text as it is,
// numbers canonical, binaries decoded.
func scalarFromJSON(kind Kind, content any) (string, error) {
	text, ok := content.(string)
	if !ok {
		return "", shapeError("%s must be a string", kind)
	}
	switch kind {
	case Number:
		d, err := ParseDecimal(text)
		return d.String(), err
	case Binary:
		// Strict: two spellings of one binary would be two keys to a client.
		raw, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil {
			return "", shapeError("B is not base64")
		}
		return string(raw), nil
	}
	return text, nil
}

// DecodeItem reads what AppendItem wrote.
func DecodeItem(data []byte) (Item, error) {
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, fmt.Errorf("decode item: %w", err)
	}
	return ItemFromJSON(v)
}

// AppendItem appends the item as wire JSON, names ascending, so equal items
// are equal bytes.
func AppendItem(dst []byte, it Item) []byte {
	dst = append(dst, '{')
	for i, name := range slices.Sorted(maps.Keys(it)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, name)
		dst = append(dst, ':')
		dst = AppendValue(dst, it[name])
	}
	return append(dst, '}')
}

// AppendValue appends the value as wire JSON, such as {"N":"1"}.
func AppendValue(dst []byte, v Value) []byte {
	dst = append(dst, `{"`...)
	dst = append(dst, v.Kind.String()...)
	dst = append(dst, `":`...)
	switch v.Kind {
	case Bool:
		dst = fmt.Append(dst, v.Bool)
	case Null:
		dst = append(dst, "true"...)
	case List:
		dst = appendList(dst, v.List, AppendValue)
	case Map:
		dst = AppendItem(dst, v.Map)
	case StringSet, NumberSet, BinarySet:
		element, _ := v.Kind.Element()
		dst = appendList(dst, v.Set, func(dst []byte, s string) []byte { return appendScalar(dst, element, s) })
	default:
		dst = appendScalar(dst, v.Kind, v.Text)
	}
	return append(dst, '}')
}

// appendList writes a JSON array, each element by one.
func appendList[T any](dst []byte, list []T, one func([]byte, T) []byte) []byte {
	dst = append(dst, '[')
	for i, e := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = one(dst, e)
	}
	return append(dst, ']')
}

// appendScalar writes an S, N or B, alone or in a set.
func appendScalar(dst []byte, kind Kind, text string) []byte {
	if kind == Binary {
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, []byte(text))
		return append(dst, '"')
	}
	return appendString(dst, text)
}

const hexDigits = "0123456789abcdef"

// appendString escapes only what RFC 8259 requires; bytes that are not UTF-8
// become U+FFFD, as encoding/json made them on the way in.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// MarshalJSON writes the item as AppendItem does.
func (it Item) MarshalJSON() ([]byte, error) { return AppendItem(nil, it), nil }
