package expr

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"godwit/functions/local/dynamodb/attr"
)

// node is a condition: true or false for an item, never an error. What cannot
// be compared (absent, another type) is false.
type node interface {
	holds(item attr.Item) bool
}

// operand is a value for an item; false when it has none.
type operand interface {
	find(item attr.Item) (attr.Value, bool)
}

type (
	group    struct{ node } // parenthesised, kept to find redundant parentheses
	negation struct{ of node }
	logical  struct {
		and         bool
		left, right node
	}
	comparison struct {
		op          string
		left, right operand
	}
	between    struct{ x, low, high operand }
	membership struct {
		x    operand
		list []operand
	}
	existence struct {
		of   path
		want bool
	}
	typeIs struct {
		of   path
		kind attr.Kind
	}
	beginsWith struct{ x, prefix operand }
	contains   struct{ x, part operand }

	// The operands, beside path.
	literal struct{ attr.Value }
	sizeOf  struct{ of path }
)

// A condition that is false because it cannot be compared is true under NOT.
func (n negation) holds(item attr.Item) bool { return !n.of.holds(item) }

// holds reads the right side only where the left does not decide, as a condition
// never fails.
func (n logical) holds(item attr.Item) bool {
	if n.and {
		return n.left.holds(item) && n.right.holds(item)
	}
	return n.left.holds(item) || n.right.holds(item)
}

// holds compares what both sides lead to. Values of different types are unequal
// and have no order.
func (n comparison) holds(item attr.Item) bool {
	left, hasLeft := n.left.find(item)
	right, hasRight := n.right.find(item)
	both := hasLeft && hasRight
	switch n.op {
	case "=":
		return both && attr.Equal(left, right)
	case "<>":
		// An absent attribute differs from every value: a condition
		// "state <> :done" lets an item through that is not there yet.
		return !both || !attr.Equal(left, right)
	}
	order, ok := attr.Compare(left, right)
	if !both || !ok {
		return false
	}
	switch n.op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// holds includes both bounds.
func (n between) holds(item attr.Item) bool {
	return comparison{">=", n.x, n.low}.holds(item) && comparison{"<=", n.x, n.high}.holds(item)
}

// holds when one of the list equals x.
func (n membership) holds(item attr.Item) bool {
	return slices.ContainsFunc(n.list, func(e operand) bool { return comparison{"=", n.x, e}.holds(item) })
}

// A NULL is there: existence is not about types.
func (n existence) holds(item attr.Item) bool {
	_, found := n.of.find(item)
	return found == n.want
}

// A path that leads nowhere has no type.
func (n typeIs) holds(item attr.Item) bool {
	v, found := n.of.find(item)
	return found && v.Kind == n.kind
}

// Only texts begin with texts and binaries with binaries.
func (n beginsWith) holds(item attr.Item) bool {
	x, hasX := n.x.find(item)
	prefix, hasPrefix := n.prefix.find(item)
	text := x.Kind == attr.String || x.Kind == attr.Binary
	return hasX && hasPrefix && text && x.Kind == prefix.Kind && strings.HasPrefix(x.Text, prefix.Text)
}

// contains is about a part of a text or binary, an element of a list or set.
func (n contains) holds(item attr.Item) bool {
	x, hasX := n.x.find(item)
	part, hasPart := n.part.find(item)
	if !hasX || !hasPart {
		return false
	}
	switch x.Kind {
	case attr.String, attr.Binary:
		return x.Kind == part.Kind && strings.Contains(x.Text, part.Text)
	case attr.List:
		return slices.ContainsFunc(x.List, func(e attr.Value) bool { return attr.Equal(e, part) })
	}
	element, isSet := x.Kind.Element()
	return isSet && element == part.Kind && slices.Contains(x.Set, part.Text)
}

func (l literal) find(attr.Item) (attr.Value, bool) { return l.Value, true }

// String writes the literal as AWS's messages do.
func (l literal) String() string {
	return fmt.Sprintf("AttributeValue: {%v:%s}", l.Kind, l.Text)
}

// find returns the length of a text in characters, of a binary in bytes, of a
// container in members; other types have no size.
func (s sizeOf) find(item attr.Item) (attr.Value, bool) {
	v, found := s.of.find(item)
	n := 0
	switch v.Kind {
	case attr.String:
		n = utf8.RuneCountInString(v.Text)
	case attr.Binary:
		n = len(v.Text)
	case attr.List:
		n = len(v.List)
	case attr.Map:
		n = len(v.Map)
	case attr.StringSet, attr.NumberSet, attr.BinarySet:
		n = len(v.Set)
	default:
		return attr.Value{}, false
	}
	return attr.Value{Kind: attr.Number, Text: strconv.Itoa(n)}, found
}
