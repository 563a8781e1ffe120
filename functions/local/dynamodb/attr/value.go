// Package attr is DynamoDB's data: typed attribute values, exact decimal
// numbers, item sizes, their JSON form on the wire and in the file, and the
// byte encoding of keys that sorts as DynamoDB sorts.
//
// Everything here is pure: no clock, no storage, no request. Values are
// treated as immutable once built; Clone makes a copy that may be changed.
// Rules that need a table (which attributes are keys) live one floor up.
package attr

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Kind is the type of an attribute value.
type Kind uint8

// The ten types of DynamoDB.
const (
	String Kind = iota + 1
	Number
	Binary
	Bool
	Null
	List
	Map
	StringSet
	NumberSet
	BinarySet
)

var kindNames = [...]string{String: "S", Number: "N", Binary: "B", Bool: "BOOL", Null: "NULL",
	List: "L", Map: "M", StringSet: "SS", NumberSet: "NS", BinarySet: "BS"}

// String returns the name of the type on the wire, such as "S" or "BOOL"; ""
// for the zero Kind.
func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		return ""
	}
	return kindNames[k]
}

// KindNamed returns the Kind with a wire name, and whether there is one.
func KindNamed(name string) (Kind, bool) {
	i := slices.Index(kindNames[:], name)
	return Kind(max(i, 0)), i > 0 // 0 is the zero Kind, which has no name
}

// Element returns the type of a set's elements, and whether k is a set.
func (k Kind) Element() (Kind, bool) {
	switch k {
	case StringSet:
		return String, true
	case NumberSet:
		return Number, true
	case BinarySet:
		return Binary, true
	}
	return 0, false
}

// Value is one attribute value. Which fields count depends on Kind; the others
// are zero.
type Value struct {
	Kind Kind     // zero: no value
	Text string   // String: the text; Number: the canonical decimal; Binary: the raw bytes
	Bool bool     // Bool
	List []Value  // List, in order
	Map  Item     // Map
	Set  []string // the sets: distinct elements as in Text, ascending
}

// Item is a whole item, or the content of a Map.
type Item map[string]Value

// Error is a value or a request that DynamoDB refuses with ValidationException.
type Error struct {
	Msg string // as the caller sees it
}

// Error returns Msg.
func (e *Error) Error() string { return e.Msg }

// Errorf makes an *Error.
func Errorf(format string, args ...any) error {
	return &Error{Msg: fmt.Sprintf(format, args...)}
}

// Clone returns a deep copy of the item; nil stays nil.
func (it Item) Clone() Item {
	if it == nil {
		return nil
	}
	out := make(Item, len(it))
	for name, v := range it {
		out[name] = v.Clone()
	}
	return out
}

// Clone returns a deep copy of the value.
func (v Value) Clone() Value {
	v.Map = v.Map.Clone()
	v.Set = slices.Clone(v.Set)
	if v.List != nil {
		list := make([]Value, len(v.List))
		for i, e := range v.List {
			list[i] = e.Clone()
		}
		v.List = list
	}
	return v
}

// Equal reports whether two values have the same type and content. Numbers are
// canonical and sets sorted, so this is a comparison field by field.
func Equal(a, b Value) bool {
	return a.Kind == b.Kind && a.Text == b.Text && a.Bool == b.Bool &&
		slices.EqualFunc(a.List, b.List, Equal) &&
		maps.EqualFunc(a.Map, b.Map, Equal) &&
		slices.Equal(a.Set, b.Set)
}

// Compare orders two scalars of one type: strings by their UTF-8 bytes,
// binaries as unsigned bytes, numbers by value. ok is false when the types
// differ or have no order.
func Compare(a, b Value) (order int, ok bool) {
	if a.Kind != b.Kind {
		return 0, false
	}
	switch a.Kind {
	case String, Binary:
		return strings.Compare(a.Text, b.Text), true
	case Number:
		return compareDecimalText(a.Text, b.Text), true
	}
	return 0, false
}

// NewSet returns a set value with its elements sorted. Duplicates are an
// *Error, so is an empty set: DynamoDB has neither.
func NewSet(kind Kind, elements []string) (Value, error) {
	if len(elements) == 0 {
		return Value{}, Errorf("One or more parameter values were invalid: An %s set may not be empty", setNames[kind])
	}
	sorted := slices.Clone(elements)
	slices.SortFunc(sorted, elementOrder(kind))
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			return Value{}, Errorf("One or more parameter values were invalid: Input collection of type %s contains duplicates.", kind)
		}
	}
	return Value{Kind: kind, Set: sorted}, nil
}

// setNames are the words of the message about empty sets.
var setNames = map[Kind]string{StringSet: "string", NumberSet: "number", BinarySet: "binary"}

// Union returns the set of all elements of two sets of one kind.
func Union(a, b Value) Value {
	all := slices.Concat(a.Set, b.Set)
	slices.SortFunc(all, elementOrder(a.Kind))
	return Value{Kind: a.Kind, Set: slices.Compact(all)}
}

// Difference returns the elements of a that are not in b. The result may be
// empty, which no stored set is: the caller removes the attribute then.
func Difference(a, b Value) Value {
	left := make([]string, 0, len(a.Set))
	for _, e := range a.Set {
		if !slices.Contains(b.Set, e) {
			left = append(left, e)
		}
	}
	return Value{Kind: a.Kind, Set: left}
}

// elementOrder returns how the elements of a set are sorted: by value for
// numbers, by bytes for the others.
func elementOrder(set Kind) func(a, b string) int {
	if set == NumberSet {
		return compareDecimalText
	}
	return strings.Compare
}

// Size returns the bytes DynamoDB counts for an item: the UTF-8 length of
// every name plus the size of every value.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func (it Item) Size() int {
	n := 0
	for name, v := range it {
		n += len(name) + v.Size()
	}
	return n
}

// Size returns the bytes DynamoDB counts for a value. A number takes about a
// byte for two significant digits and one more; lists and maps take three and
// one for each member.
func (v Value) Size() int {
	switch v.Kind {
	case String, Binary:
		return len(v.Text)
	case Number:
		return numberSize(v.Text)
	case Bool, Null:
		return 1
	case List:
		n := 3
		for _, e := range v.List {
			n += 1 + e.Size()
		}
		return n
	case Map:
		return 3 + len(v.Map) + v.Map.Size()
	}
	n := 0
	for _, e := range v.Set {
		if v.Kind == NumberSet {
			n += numberSize(e)
		} else {
			n += len(e)
		}
	}
	return n
}

// CheckDepth refuses an item whose lists and maps nest too deep, as an update
// can make them.
func (it Item) CheckDepth() error {
	// The item itself is a container that the limit does not count.
	if (Value{Kind: Map, Map: it}).depth() > maxDepth+1 {
		return errDepth()
	}
	return nil
}

// depth returns how many containers hold the deepest member of v.
func (v Value) depth() int {
	deepest := 0
	for _, e := range v.List {
		deepest = max(deepest, 1+e.depth())
	}
	for _, e := range v.Map {
		deepest = max(deepest, 1+e.depth())
	}
	return deepest
}
