package expr

import (
	"godwit/functions/local/dynamodb/attr"
)

// Condition is a parsed ConditionExpression or FilterExpression.
type Condition struct {
	root  node
	paths []path
}

// ParseCondition parses a condition. kind is how messages call it:
// "ConditionExpression", "FilterExpression". Errors: *attr.Error.
func ParseCondition(kind, src string, scope *Scope) (*Condition, error) {
	p, err := newParser(kind, src, scope)
	if err != nil {
		return nil, err
	}
	c := conditionParser{parser: p}
	root, err := c.or()
	if err != nil {
		return nil, err
	}
	return &Condition{root: root, paths: c.paths}, p.end()
}

// Holds reports whether the item meets the condition; an absent item is an
// empty one.
func (c *Condition) Holds(item attr.Item) bool { return c.root.holds(item) }

// Attributes returns the top-level attribute names, each once, ascending.
func (c *Condition) Attributes() []string { return topLevel(c.paths) }

// conditionParser parses by recursive descent, one method per precedence. A 4 KB
// expression bounds the recursion.
//
//	or         = and { "OR" and }
//	and        = not { "AND" not }
//	not        = "NOT" not | primary
//	primary    = "(" or ")" | function | comparison
//	comparison = operand ( "=" | "<>" | "<" | "<=" | ">" | ">=" ) operand
//	           | operand "BETWEEN" operand "AND" operand
//	           | operand "IN" "(" operand { "," operand } ")"
//	function   = name "(" operand { "," operand } ")"
//	operand    = path | ":value" | "size" "(" path ")"
type conditionParser struct {
	*parser
	paths []path
}

// or and and parse chains of their operator, left to right.
func (c *conditionParser) or() (node, error)  { return c.chain("OR", c.and) }
func (c *conditionParser) and() (node, error) { return c.chain("AND", c.not) }

// chain parses operands joined by word, left to right.
func (c *conditionParser) chain(word string, operand func() (node, error)) (node, error) {
	left, err := operand()
	for err == nil && c.takeKeyword(word) {
		if err := c.operator(); err != nil {
			return nil, err
		}
		var right node
		right, err = operand()
		left = logical{and: word == "AND", left: left, right: right}
	}
	return left, err
}

// not parses NOT, which binds tighter than AND and may be repeated.
func (c *conditionParser) not() (node, error) {
	if !c.takeKeyword("NOT") {
		return c.primary()
	}
	if err := c.operator(); err != nil {
		return nil, err
	}
	inner, err := c.not()
	return negation{inner}, err
}

// primary parses parentheses, a function that is a condition, or a comparison.
// size is an operand although it looks like a function.
func (c *conditionParser) primary() (node, error) {
	if _, ok := c.takeSymbol("("); ok {
		inner, err := c.or()
		if err != nil {
			return nil, err
		}
		if _, twice := inner.(group); twice {
			return nil, c.errorf("The expression has redundant parentheses;")
		}
		return group{inner}, c.want(")")
	}
	if c.atCall() && c.peek().text != "size" {
		return c.function()
	}
	return c.comparison()
}

// atCall reports whether a name and an opening parenthesis come next.
func (c *conditionParser) atCall() bool {
	return c.peek().kind == identifier && c.tokens[c.next+1].text == "("
}

// comparison parses operand operator operand, BETWEEN and IN.
func (c *conditionParser) comparison() (node, error) {
	left, err := c.operand()
	if err != nil {
		return nil, err
	}
	if err := c.operator(); err != nil {
		return nil, err
	}
	if c.takeKeyword("BETWEEN") {
		return c.between(left)
	}
	if c.takeKeyword("IN") {
		return c.in(left)
	}
	op, ok := c.takeSymbol("=", "<>", "<=", "<", ">=", ">")
	if !ok {
		return nil, c.syntaxError()
	}
	right, err := c.operand()
	if err != nil {
		return nil, err
	}
	if op != "=" && op != "<>" {
		if err := c.ordered(op, left, right); err != nil {
			return nil, err
		}
	}
	return comparison{op, left, right}, c.distinct(op, left, right)
}

// between parses the bounds. The AND in it belongs to BETWEEN, which is why
// the bounds are operands and not conditions.
func (c *conditionParser) between(x operand) (node, error) {
	low, err := c.operand()
	if err != nil {
		return nil, err
	}
	if !c.takeKeyword("AND") {
		return nil, c.syntaxError()
	}
	high, err := c.operand()
	if err != nil {
		return nil, err
	}
	if err := c.ordered("BETWEEN", x, low, high); err != nil {
		return nil, err
	}
	l, isLow := low.(literal)
	h, isHigh := high.(literal)
	if isLow && isHigh {
		// Known without an item only where both bounds are literals.
		order, same := attr.Compare(l.Value, h.Value)
		if !same {
			return nil, c.errorf("The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: %v, upper bound operand: %v", l, h)
		}
		if order > 0 {
			return nil, c.errorf("The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: %v, upper bound operand: %v", l, h)
		}
	}
	return between{x, low, high}, nil
}

// maxInOperands is AWS's limit for the list of IN.
const maxInOperands = 100

// in parses the list of IN.
func (c *conditionParser) in(x operand) (node, error) {
	list, err := c.arguments(func() (operand, error) { return c.operand() })
	if err != nil {
		return nil, err
	}
	if len(list) > maxInOperands {
		return nil, c.errorf("Too many operands for the IN operator; number of operands: %d", len(list))
	}
	return membership{x, list}, nil
}

// arguments parses ( one { , one } ).
func (c *conditionParser) arguments(one func() (operand, error)) ([]operand, error) {
	if err := c.want("("); err != nil {
		return nil, err
	}
	var list []operand
	for {
		x, err := one()
		if err != nil {
			return nil, err
		}
		list = append(list, x)
		if _, more := c.takeSymbol(","); !more {
			return list, c.want(")")
		}
	}
}

// operand parses a path, a :value or size(path).
func (c *conditionParser) operand() (operand, error) {
	if c.peek().kind == value {
		v, err := c.valueOf(c.take().text)
		return literal{v}, err
	}
	if c.atCall() {
		return c.size()
	}
	one, err := c.path()
	c.paths = append(c.paths, one)
	return one, err
}

// size parses size(path); any other function is no operand.
func (c *conditionParser) size() (operand, error) {
	fn := c.take().text
	if fn != "size" {
		if _, known := functionArguments[fn]; known {
			return nil, c.errorf("The function is not allowed to be used this way in an expression; function: %s", fn)
		}
		return nil, c.errorf("Invalid function name; function: %s", fn)
	}
	if err := c.operator(); err != nil {
		return nil, err
	}
	list, err := c.arguments(c.operand)
	if err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, c.wrongCount(fn, len(list))
	}
	of, ok := list[0].(path)
	if !ok {
		return nil, c.errorf("Operator or function requires a document path; operator or function: %s", fn)
	}
	return sizeOf{of}, nil
}

// functionArguments gives the number of arguments of the functions that are
// conditions by themselves.
var functionArguments = map[string]int{
	"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2,
}

// function parses a function that is a condition. Names of functions are case
// sensitive, unlike keywords.
func (c *conditionParser) function() (node, error) {
	fn := c.take().text
	count, known := functionArguments[fn]
	if !known {
		// AWS takes a reserved word here for a misplaced keyword.
		if isReserved(fn) {
			c.next--
			return nil, c.syntaxError()
		}
		return nil, c.errorf("Invalid function name; function: %s", fn)
	}
	if err := c.operator(); err != nil {
		return nil, err
	}
	list, err := c.arguments(c.operand)
	if err != nil {
		return nil, err
	}
	if len(list) != count {
		return nil, c.wrongCount(fn, len(list))
	}
	return c.checkFunction(fn, list)
}

// wrongCount is the error for n arguments too many or too few.
func (c *conditionParser) wrongCount(fn string, n int) error {
	return c.errorf("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", fn, n)
}

// checkFunction checks what can be known of the arguments without an item.
func (c *conditionParser) checkFunction(fn string, list []operand) (node, error) {
	subject, isPath := list[0].(path)
	switch fn {
	case "attribute_exists", "attribute_not_exists", "attribute_type":
		if !isPath {
			return nil, c.errorf("Operator or function requires a document path; operator or function: %s", fn)
		}
		if fn != "attribute_type" {
			return existence{subject, fn == "attribute_exists"}, nil
		}
		t, ok := list[1].(literal)
		if !ok || t.Kind != attr.String {
			return nil, c.wrongType(fn, list[1])
		}
		kind, ok := attr.KindNamed(t.Text)
		if !ok {
			return nil, c.errorf("Invalid attribute type name found; type: %s, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}", t.Text)
		}
		return typeIs{subject, kind}, nil
	case "begins_with":
		for _, x := range list {
			if v, ok := x.(literal); ok && v.Kind != attr.String && v.Kind != attr.Binary {
				return nil, c.wrongType(fn, x)
			}
		}
		return beginsWith{list[0], list[1]}, c.distinct(fn, list[0], list[1])
	}
	return contains{list[0], list[1]}, c.distinct(fn, list[0], list[1])
}

// wrongType is the error for a literal whose type the function cannot take.
func (c *conditionParser) wrongType(fn string, x operand) error {
	kind := "path"
	if v, ok := x.(literal); ok {
		kind = v.Kind.String()
	}
	return c.errorf("Incorrect operand type for operator or function; operator or function: %s, operand type: %s", fn, kind)
}

// ordered checks that literal operands of an order comparison have an order.
func (c *conditionParser) ordered(op string, operands ...operand) error {
	for _, x := range operands {
		v, ok := x.(literal)
		if ok && v.Kind != attr.String && v.Kind != attr.Number && v.Kind != attr.Binary {
			return c.wrongType(op, x)
		}
	}
	return nil
}

// distinct refuses a comparison of a path with itself.
func (c *conditionParser) distinct(op string, left, right operand) error {
	l, isLeft := left.(path)
	r, isRight := right.(path)
	if isLeft && isRight && l.String() == r.String() {
		return c.errorf("The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %v", op, l)
	}
	return nil
}
