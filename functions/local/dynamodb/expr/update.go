package expr

import (
	"strings"

	"godwit/functions/local/dynamodb/attr"
)

// Update is a parsed UpdateExpression.
type Update struct {
	sets, removes, adds, deletes []action
	paths                        []path // of all actions, as written
}

// action changes what one path leads to; from is nil for REMOVE.
type action struct {
	target path
	from   formula
}

// formula is the right side of an action, computed from the item as it was
// before the update.
type formula interface {
	compute(old attr.Item) (attr.Value, error)
}

// ParseUpdate parses an UpdateExpression. Errors: *attr.Error.
func ParseUpdate(src string, scope *Scope) (*Update, error) {
	p, err := newParser("UpdateExpression", src, scope)
	if err != nil {
		return nil, err
	}
	u := updateParser{parser: p}
	for p.peek().kind != endOfInput {
		if err := u.section(); err != nil {
			return nil, err
		}
	}
	return &u.Update, p.disjoint(u.paths)
}

// Attributes returns the top-level attribute names it changes, each once,
// ascending.
func (u *Update) Attributes() []string { return topLevel(u.paths) }

// Changed returns the parts of an item that the update's paths lead to: what
// ReturnValues UPDATED_OLD and UPDATED_NEW answer.
func (u *Update) Changed(item attr.Item) attr.Item {
	if item == nil {
		return attr.Item{}
	}
	return project(item, u.paths)
}

// updateParser parses an update expression section by section.
//
//	update  = section { section }
//	section = "SET" path "=" sum { "," ... } | "REMOVE" path { "," ... }
//	        | "ADD" path ":value" { "," ... } | "DELETE" path ":value" { "," ... }
//	sum     = term [ ( "+" | "-" ) term ]
//	term    = path | ":value" | "if_not_exists" "(" path "," term ")"
//	        | "list_append" "(" term "," term ")"
type updateParser struct {
	*parser
	Update
}

// section parses SET, REMOVE, ADD or DELETE and its list of actions. Sections
// come in any order, each at most once.
func (u *updateParser) section() error {
	t := u.peek()
	word := strings.ToUpper(t.text)
	var list *[]action
	var one func(path) (formula, error)
	switch word {
	case "SET":
		list, one = &u.sets, u.assignment
	case "REMOVE":
		list, one = &u.removes, func(path) (formula, error) { return nil, nil }
	case "ADD":
		list, one = &u.adds, u.addition
	case "DELETE":
		list, one = &u.deletes, u.deletion
	default:
		return u.syntaxError()
	}
	u.take()
	if *list != nil {
		return u.errorf("The %q section can only be used once in an update expression;", word)
	}
	for {
		target, err := u.path()
		if err != nil {
			return err
		}
		from, err := one(target)
		if err != nil {
			return err
		}
		if err := u.operator(); err != nil {
			return err
		}
		*list = append(*list, action{target, from})
		u.paths = append(u.paths, target)
		if _, more := u.takeSymbol(","); !more {
			return nil
		}
	}
}

// assignment parses = operand [ + operand | - operand ].
func (u *updateParser) assignment(path) (formula, error) {
	if err := u.want("="); err != nil {
		return nil, err
	}
	left, err := u.term()
	if err != nil {
		return nil, err
	}
	op, ok := u.takeSymbol("+", "-")
	if !ok {
		return left, nil
	}
	if err := u.operator(); err != nil {
		return nil, err
	}
	right, err := u.term()
	if err != nil {
		return nil, err
	}
	// Only literals have a type yet; a path's shows when the item is there.
	for _, x := range []formula{left, right} {
		if v, ok := x.(constant); ok && v.Kind != attr.Number {
			return nil, u.errorf("Incorrect operand type for operator or function; operator or function: %s, operand type: %s", op, v.Kind)
		}
	}
	return arithmetic{left, right, op == "-"}, nil
}

// term parses a :value, a path, if_not_exists(path, term) or
// list_append(term, term).
func (u *updateParser) term() (formula, error) {
	t := u.peek()
	switch {
	case t.kind == value:
		u.take()
		v, err := u.valueOf(t.text)
		return constant{v}, err
	case t.kind == identifier && u.tokens[u.next+1].text == "(":
		return u.call()
	}
	p, err := u.path()
	return reference{p}, err
}

// call parses if_not_exists or list_append; both may stand inside each other.
func (u *updateParser) call() (formula, error) {
	fn := u.take().text
	if fn != "if_not_exists" && fn != "list_append" {
		if _, known := functionArguments[fn]; known || fn == "size" {
			return nil, u.errorf("The function is not allowed in an update expression; function: %s", fn)
		}
		return nil, u.errorf("Invalid function name; function: %s", fn)
	}
	if err := u.operator(); err != nil {
		return nil, err
	}
	if err := u.want("("); err != nil {
		return nil, err
	}
	var list []formula
	for {
		x, err := u.term()
		if err != nil {
			return nil, err
		}
		list = append(list, x)
		if _, more := u.takeSymbol(","); !more {
			break
		}
	}
	if err := u.want(")"); err != nil {
		return nil, err
	}
	if len(list) != 2 {
		return nil, u.errorf("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", fn, len(list))
	}
	if fn == "if_not_exists" {
		p, ok := list[0].(reference)
		if !ok {
			return nil, u.errorf("Operator or function requires a document path; operator or function: %s", fn)
		}
		return fallback{p, list[1]}, nil
	}
	for _, x := range list {
		if v, ok := x.(constant); ok && v.Kind != attr.List {
			return nil, u.errorf("Incorrect operand type for operator or function; operator or function: %s, operand type: %s", fn, v.Kind)
		}
	}
	return concatenation{list[0], list[1]}, nil
}

// addition parses the operand of ADD: a number or a set.
func (u *updateParser) addition(target path) (formula, error) {
	v, err := u.operandOf("ADD", target)
	if _, isSet := v.Kind.Element(); err == nil && !isSet && v.Kind != attr.Number {
		return nil, u.errorf("Incorrect operand type for operator or function; operator: ADD, operand type: %s", v.Kind)
	}
	return sum{target, v}, err
}

// deletion parses the operand of DELETE: a set.
func (u *updateParser) deletion(target path) (formula, error) {
	v, err := u.operandOf("DELETE", target)
	if _, isSet := v.Kind.Element(); err == nil && !isSet {
		return nil, u.errorf("Incorrect operand type for operator or function; operator: DELETE, operand type: %s", v.Kind)
	}
	return subtraction{target, v}, err
}

// operandOf parses the :value of ADD and DELETE, which the documentation
// allows on top-level attributes only.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
func (u *updateParser) operandOf(section string, target path) (attr.Value, error) {
	if len(target) > 1 {
		return attr.Value{}, u.errorf("%s can only be used on top-level attributes; path: %v", section, target)
	}
	if u.peek().kind != value {
		return attr.Value{}, u.syntaxError()
	}
	return u.valueOf(u.take().text)
}
