package dynamodb

import (
	"encoding/binary"
	"math/big"

	"godwit/functions/local/dynamodb/attr"
)

// Limits of key values in bytes.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const (
	maxHashKey  = 2048
	maxRangeKey = 1024
)

// keySchema is the key of a table or of an index; sort is zero when there is
// none.
type keySchema struct {
	hash, sort Attribute
}

// attributes returns the one or two key attributes.
func (s keySchema) attributes() []Attribute {
	if s.sort.Name == "" {
		return []Attribute{s.hash}
	}
	return []Attribute{s.hash, s.sort}
}

// has reports whether name is a key attribute.
func (s keySchema) has(name string) bool { return name == s.hash.Name || name == s.sort.Name }

// of returns the key attributes of an item that has them.
func (s keySchema) of(item attr.Item) attr.Item {
	key := attr.Item{}
	for _, a := range s.attributes() {
		key[a.Name] = item[a.Name]
	}
	return key
}

// appendKey appends the encoded key of an item that has it.
func (s keySchema) appendKey(dst []byte, item attr.Item) []byte {
	for _, a := range s.attributes() {
		dst = attr.AppendKey(dst, item[a.Name])
	}
	return dst
}

// primary encodes the key of an item to be stored. A missing key, a wrong
// type, an empty or a too long one is an *attr.Error.
func (t *table) primary(item attr.Item) ([]byte, error) {
	for _, a := range t.keys.attributes() {
		v, ok := item[a.Name]
		if !ok {
			return nil, invalid("One or more parameter values were invalid: Missing the key %s in the item", a.Name)
		}
		if v.Kind.String() != a.Type {
			return nil, invalid("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", a.Name, a.Type, v.Kind)
		}
		if err := t.checkKeyValue(a, v); err != nil {
			return nil, err
		}
	}
	return t.keys.appendKey(nil, item), nil
}

// address encodes the key of a request, which must hold the key attributes and
// no more.
func (t *table) address(key attr.Item) ([]byte, error) {
	names := t.keys.attributes()
	mismatch := len(key) != len(names)
	for _, a := range names {
		mismatch = mismatch || key[a.Name].Kind.String() != a.Type
	}
	if mismatch {
		return nil, invalid("The provided key element does not match the schema")
	}
	return t.primary(key)
}

// checkKeyValue holds the limits of primary key values: not empty, not too
// long. Numbers have neither problem.
func (t *table) checkKeyValue(a Attribute, v attr.Value) error {
	limit, which := maxHashKey, "hashkey"
	if a == t.keys.sort {
		limit, which = maxRangeKey, "rangekey"
	}
	switch {
	case v.Kind == attr.Number:
		return nil
	case v.Text == "":
		return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", emptyNames[v.Kind], a.Name)
	case len(v.Text) > limit:
		return invalid("One or more parameter values were invalid: Size of %s has exceeded the maximum size limit of%d bytes", which, limit)
	}
	return nil
}

// emptyNames are the words of AWS's messages about empty keys.
var emptyNames = map[attr.Kind]string{attr.String: "string", attr.Binary: "binary"}

// check refuses an item whose index key attributes, when present, could not be
// keys.
func (ix index) check(item attr.Item) error {
	for _, a := range ix.keys.attributes() {
		v, ok := item[a.Name]
		switch {
		case !ok:
		case v.Kind.String() != a.Type:
			return invalid("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", a.Name, a.Type, v.Kind, ix.Name)
		case v.Kind != attr.Number && v.Text == "":
			return invalid("One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty %s value. IndexName: %s, IndexKey: %s", emptyNames[v.Kind], ix.Name, a.Name)
		case a == ix.keys.sort && len(v.Text) > maxRangeKey, len(v.Text) > maxHashKey:
			return invalid("One or more parameter values were invalid: Size of index key %s has exceeded the maximum size limit; IndexName: %s", a.Name, ix.Name)
		}
	}
	return nil
}

// entry returns the index key of an item, followed by its primary key to make
// it unique; nil when the item is not in the index.
func (ix index) entry(item attr.Item, primary []byte) []byte {
	for _, a := range ix.keys.attributes() {
		if _, ok := item[a.Name]; !ok {
			return nil
		}
	}
	return append(ix.keys.appendKey(nil, item), primary...)
}

// expiryKey returns the key of the item's expiry entry: the whole second it
// expires in, then the primary key. nil when TTL is off or the attribute is
// not a number of seconds after 1970.
func (t *table) expiryKey(item attr.Item, primary []byte) []byte {
	v := item[t.Spec.TTL]
	if t.Spec.TTL == "" || v.Kind != attr.Number {
		return nil
	}
	// The text is at most some 150 characters, so the rational stays small.
	r, ok := new(big.Rat).SetString(v.Text)
	if !ok || r.Sign() < 0 {
		return nil
	}
	// A fraction is cut, as TTL looks at whole seconds.
	seconds := new(big.Int).Quo(r.Num(), r.Denom())
	if !seconds.IsInt64() {
		return nil
	}
	return append(binary.BigEndian.AppendUint64(nil, seconds.Uint64()), primary...)
}
