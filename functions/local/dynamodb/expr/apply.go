package expr

import (
	"slices"

	"godwit/functions/local/dynamodb/attr"
)

type (
	// The right sides of SET, as the grammar at updateParser has them.
	constant   struct{ attr.Value }
	reference  struct{ to path }
	arithmetic struct {
		left, right formula
		minus       bool
	}
	fallback struct {
		first  reference
		second formula
	}
	concatenation struct{ left, right formula }
	// Of ADD and DELETE, which need their target to compute what it becomes.
	sum struct {
		target path
		delta  attr.Value
	}
	subtraction struct {
		target path
		gone   attr.Value
	}
)

// errOperand is the error for a value whose type the item got from elsewhere.
func errOperand() error {
	return attr.Errorf("An operand in the update expression has an incorrect data type")
}

// errTarget is the error for a path through what is absent or no container.
func errTarget() error {
	return attr.Errorf("The document path provided in the update expression is invalid for update")
}

// Apply returns the item after the update; old is not changed, and absent is
// an empty item. Every right side sees old. Sections apply in the order SET,
// REMOVE, ADD, DELETE; removals of list elements all mean positions before the
// update. Errors: *attr.Error when the item does not fit the expression.
func (u *Update) Apply(old attr.Item) (attr.Item, error) {
	// A copy: right sides read old, and a transaction that fails later must find it
	// unchanged.
	item := old.Clone()
	if item == nil {
		item = attr.Item{}
	}
	root := attr.Value{Kind: attr.Map, Map: item}
	// Ascending, so that elements set past the end of a list are appended in
	// order of their indexes.
	for _, a := range sortedByTarget(u.sets) {
		v, err := a.from.compute(old)
		if err != nil {
			return nil, err
		}
		if err := assign(&root, a.target, v.Clone()); err != nil {
			return nil, err
		}
	}
	// Descending, so that a removal does not move elements still to be removed.
	for _, a := range slices.Backward(sortedByTarget(u.removes)) {
		if err := remove(&root, a.target); err != nil {
			return nil, err
		}
	}
	for _, a := range slices.Concat(u.adds, u.deletes) {
		v, err := a.from.compute(old)
		if err != nil {
			return nil, err
		}
		change(item, a.target[0].name, v)
	}
	return item, nil
}

// change sets a top-level attribute; no value, or a set that became empty,
// removes it.
func change(item attr.Item, name string, v attr.Value) {
	_, isSet := v.Kind.Element()
	if v.Kind == 0 || isSet && len(v.Set) == 0 {
		delete(item, name)
		return
	}
	item[name] = v
}

// sortedByTarget orders actions by their paths, elements by index.
func sortedByTarget(actions []action) []action {
	return slices.SortedFunc(slices.Values(actions), func(a, b action) int {
		return slices.CompareFunc(a.target, b.target, compareSteps)
	})
}

// assign sets what the path leads to; everything above it must be there. A
// list grows by one when the index is past its end.
func assign(v *attr.Value, to path, x attr.Value) error {
	s, rest := to[0], to[1:]
	if len(rest) == 0 {
		switch {
		case s.index < 0 && v.Kind == attr.Map:
			v.Map[s.name] = x
		case s.index >= 0 && v.Kind == attr.List && s.index < len(v.List):
			v.List[s.index] = x
		case s.index >= 0 && v.Kind == attr.List:
			v.List = append(v.List, x)
		default:
			return errTarget()
		}
		return nil
	}
	return within(v, s, func(child *attr.Value) error { return assign(child, rest, x) })
}

// remove takes away what the path leads to, if it is there; everything above
// it must be there.
func remove(v *attr.Value, at path) error {
	s, rest := at[0], at[1:]
	if len(rest) == 0 {
		switch {
		case s.index < 0 && v.Kind == attr.Map:
			delete(v.Map, s.name)
		case s.index >= 0 && v.Kind == attr.List:
			if s.index < len(v.List) {
				v.List = slices.Delete(v.List, s.index, s.index+1)
			}
		default:
			return errTarget()
		}
		return nil
	}
	return within(v, s, func(child *attr.Value) error { return remove(child, rest) })
}

// within changes one member of a container in place.
func within(v *attr.Value, s step, change func(*attr.Value) error) error {
	child, ok := s.into(*v)
	if !ok {
		return errTarget()
	}
	if err := change(&child); err != nil {
		return err
	}
	if s.index < 0 {
		v.Map[s.name] = child
	} else {
		v.List[s.index] = child
	}
	return nil
}

func (c constant) compute(attr.Item) (attr.Value, error) { return c.Value, nil }

// compute reads an attribute; SET cannot copy what is not there.
func (r reference) compute(old attr.Item) (attr.Value, error) {
	v, ok := r.to.find(old)
	if !ok {
		return attr.Value{}, attr.Errorf("The provided expression refers to an attribute that does not exist in the item")
	}
	return v, nil
}

// compute adds or subtracts exactly; see Decimal.Add for what is too large.
func (a arithmetic) compute(old attr.Item) (attr.Value, error) {
	left, right, err := both(a.left, a.right, old, attr.Number)
	if err != nil {
		return attr.Value{}, err
	}
	delta := right.Decimal()
	if a.minus {
		delta = delta.Neg()
	}
	d, err := left.Decimal().Add(delta)
	return attr.NumberOf(d), err
}

// compute takes the second only when the first is absent; a NULL is there.
func (f fallback) compute(old attr.Item) (attr.Value, error) {
	if v, ok := f.first.to.find(old); ok {
		return v, nil
	}
	return f.second.compute(old)
}

// compute joins two lists into a new one.
func (c concatenation) compute(old attr.Item) (attr.Value, error) {
	left, right, err := both(c.left, c.right, old, attr.List)
	return attr.Value{Kind: attr.List, List: slices.Concat(left.List, right.List)}, err
}

// both computes two operands that must have one kind.
func both(left, right formula, old attr.Item, kind attr.Kind) (l, r attr.Value, err error) {
	if l, err = left.compute(old); err != nil {
		return l, r, err
	}
	if r, err = right.compute(old); err != nil {
		return l, r, err
	}
	if l.Kind != kind || r.Kind != kind {
		return l, r, errOperand()
	}
	return l, r, nil
}

// compute adds to a number, or joins a set; an absent attribute counts as zero
// or as the empty set.
func (s sum) compute(old attr.Item) (attr.Value, error) {
	v, ok := s.target.find(old)
	switch {
	case !ok:
		return s.delta, nil
	case v.Kind != s.delta.Kind:
		return attr.Value{}, errOperand()
	case v.Kind == attr.Number:
		d, err := v.Decimal().Add(s.delta.Decimal())
		return attr.NumberOf(d), err
	}
	return attr.Union(v, s.delta), nil
}

// compute takes elements out of a set; an absent attribute stays absent.
func (s subtraction) compute(old attr.Item) (attr.Value, error) {
	v, ok := s.target.find(old)
	if !ok {
		return attr.Value{}, nil
	}
	if v.Kind != s.gone.Kind {
		return attr.Value{}, errOperand()
	}
	return attr.Difference(v, s.gone), nil
}
