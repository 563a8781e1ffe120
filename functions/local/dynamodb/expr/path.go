package expr

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"godwit/functions/local/dynamodb/attr"
)

// maxPathDepth is how many steps a document path may have.
const maxPathDepth = 32

// step is one part of a document path: a map member, or a list element when
// index >= 0.
type step struct {
	name  string
	index int
}

// path is a document path such as a.b[2]; its first step is always a name.
type path []step

// String writes the path as AWS's messages do: [a, b, [2]].
func (p path) String() string {
	parts := make([]string, len(p))
	for i, s := range p {
		parts[i] = s.name
		if s.index >= 0 {
			parts[i] = fmt.Sprintf("[%d]", s.index)
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// path parses name { "." name | "[" digits "]" }.
func (p *parser) path() (path, error) {
	var out path
	for {
		n, err := p.pathName()
		if err != nil {
			return nil, err
		}
		out = append(out, step{name: n, index: -1})
		for {
			if _, ok := p.takeSymbol("["); !ok {
				break
			}
			index, err := p.pathIndex()
			if err != nil {
				return nil, err
			}
			out = append(out, step{index: index})
		}
		if len(out) > maxPathDepth {
			return nil, p.errorf("The document path has too many nesting elements; nesting levels: %d", len(out))
		}
		if _, ok := p.takeSymbol("."); !ok {
			return out, nil
		}
	}
}

// pathName parses one name: a #placeholder, or a plain name that is not
// reserved. A dot inside a placeholder's name is part of the name.
func (p *parser) pathName() (string, error) {
	switch t := p.peek(); t.kind {
	case name:
		p.take()
		return p.nameOf(t.text)
	case identifier:
		if isReserved(t.text) {
			return "", p.errorf("Attribute name is a reserved keyword; reserved keyword: %s", t.text)
		}
		return p.take().text, nil
	}
	return "", p.syntaxError()
}

// pathIndex parses the digits and the bracket that closes them.
func (p *parser) pathIndex() (int, error) {
	t := p.peek()
	index, err := strconv.Atoi(t.text)
	if t.kind != number || err != nil {
		return 0, p.syntaxError()
	}
	if index > maxIndex {
		return 0, p.errorf("List index is not within the allowable range; index: [%d]", index)
	}
	p.take()
	return index, p.want("]")
}

// maxIndex is far above what 400 KB can hold, and keeps arithmetic on indexes safe.
const maxIndex = 1 << 20

// find returns what the path leads to in the item.
func (p path) find(item attr.Item) (attr.Value, bool) {
	v := attr.Value{Kind: attr.Map, Map: item}
	for _, s := range p {
		next, ok := s.into(v)
		if !ok {
			return attr.Value{}, false
		}
		v = next
	}
	return v, true
}

// into takes one step; false when v has no such member or is no container of
// that kind.
func (s step) into(v attr.Value) (attr.Value, bool) {
	if s.index < 0 {
		if v.Kind != attr.Map {
			return attr.Value{}, false
		}
		next, ok := v.Map[s.name]
		return next, ok
	}
	if v.Kind != attr.List || s.index >= len(v.List) {
		return attr.Value{}, false
	}
	return v.List[s.index], true
}

// compareSteps orders names by bytes and elements by index.
func compareSteps(a, b step) int {
	return cmp.Or(cmp.Compare(a.index, b.index), strings.Compare(a.name, b.name))
}

// disjoint checks that no path contains another and that no two treat one
// value as a map and as a list: DynamoDB refuses both.
func (p *parser) disjoint(paths []path) error {
	for i, a := range paths {
		// Each pair once; an update has few paths, within 4 KB of text.
		for _, b := range paths[:i] {
			// How many steps the two have in common.
			n := 0
			for n < len(a) && n < len(b) && a[n] == b[n] {
				n++
			}
			if n == len(a) || n == len(b) {
				return p.errorf("Two document paths overlap with each other; must remove or rewrite one of these paths; path one: %v, path two: %v", b, a)
			}
			if (a[n].index < 0) != (b[n].index < 0) {
				return p.errorf("Two document paths conflict with each other; must remove or rewrite one of these paths; path one: %v, path two: %v", b, a)
			}
		}
	}
	return nil
}

// Projection is a set of document paths to keep of an item.
type Projection struct {
	paths []path
}

// ParseProjection parses a ProjectionExpression. Errors: *attr.Error.
func ParseProjection(src string, scope *Scope) (*Projection, error) {
	p, err := newParser("ProjectionExpression", src, scope)
	if err != nil {
		return nil, err
	}
	var out Projection
	for {
		one, err := p.path()
		if err != nil {
			return nil, err
		}
		out.paths = append(out.paths, one)
		if _, more := p.takeSymbol(","); !more {
			break
		}
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	return &out, p.disjoint(out.paths)
}

// Attributes returns the top-level attribute names, each once, ascending.
func (p *Projection) Attributes() []string { return topLevel(p.paths) }

// topLevel returns the attributes the paths begin with, each once, ascending.
func topLevel(paths []path) []string {
	names := make([]string, len(paths))
	for i, one := range paths {
		names[i] = one[0].name
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Apply returns the parts of the item that the paths lead to, inside the maps
// and lists that hold them. Elements of a list keep their order and close up.
// The item is not changed; the result shares its values.
func (p *Projection) Apply(item attr.Item) attr.Item { return project(item, p.paths) }

// project keeps the parts of an item that disjoint paths lead to.
func project(item attr.Item, paths []path) attr.Item {
	out, _ := pick(attr.Value{Kind: attr.Map, Map: item}, paths)
	if out.Map == nil {
		return attr.Item{}
	}
	return out.Map
}

// pick keeps the parts of v that the paths, relative to v, lead to. Disjoint
// paths are either one empty path or start with steps into one kind of
// container.
func pick(v attr.Value, paths []path) (attr.Value, bool) {
	if len(paths[0]) == 0 {
		return v, true
	}
	// Paths that share a step meet again below it, or the container would be built
	// twice.
	byStep := map[step][]path{}
	for _, p := range paths {
		byStep[p[0]] = append(byStep[p[0]], p[1:])
	}
	steps := make([]step, 0, len(byStep))
	for s := range byStep {
		steps = append(steps, s)
	}
	// Elements keep the order of the list, whatever order they were asked for in.
	slices.SortFunc(steps, compareSteps)
	out := attr.Value{Kind: v.Kind}
	for _, s := range steps {
		child, ok := s.into(v)
		if !ok {
			continue
		}
		if child, ok = pick(child, byStep[s]); !ok {
			continue
		}
		if s.index >= 0 {
			out.List = append(out.List, child)
			continue
		}
		if out.Map == nil {
			out.Map = attr.Item{}
		}
		out.Map[s.name] = child
	}
	return out, out.List != nil || out.Map != nil
}
