package expr

import "godwit/functions/local/dynamodb/attr"

// KeyCondition is what a Query asks for: one partition, and optionally a range
// of its sort keys.
type KeyCondition struct {
	Hash attr.Value // the partition
	// Operator is "", "=", "<", "<=", ">", ">=", "BETWEEN" or "begins_with";
	// "" means the whole partition.
	Operator string
	Low      attr.Value // the operand; of BETWEEN the lower bound
	High     attr.Value // of BETWEEN, the upper bound
}

// ParseKeyCondition parses a KeyConditionExpression for a table or index with
// these key attributes; sortKey is "" when it has none. Errors: *attr.Error.
func ParseKeyCondition(src string, scope *Scope, hash, sortKey string) (KeyCondition, error) {
	c, err := ParseCondition("KeyConditionExpression", src, scope)
	if err != nil {
		return KeyCondition{}, err
	}
	k := keyReader{hash: hash, sort: sortKey}
	if err := k.read(c.root); err != nil {
		return KeyCondition{}, err
	}
	if !k.hasHash {
		return KeyCondition{}, attr.Errorf("Query condition missed key schema element: %s", hash)
	}
	// A condition on one attribute that is no key leaves the key uncovered.
	if k.foreign != "" {
		if sortKey == "" {
			return KeyCondition{}, attr.Errorf("Query key condition not supported")
		}
		return KeyCondition{}, attr.Errorf("Query condition missed key schema element: %s", sortKey)
	}
	return k.KeyCondition, nil
}

// keyReader gathers the key condition from the parsed condition's tree.
type keyReader struct {
	KeyCondition
	hash, sort       string
	hasHash, hasSort bool
	foreign          string
}

// read walks down ANDs and parentheses; anything else between comparisons
// cannot name one range of keys.
func (k *keyReader) read(n node) error {
	switch n := n.(type) {
	case group:
		return k.read(n.node)
	case logical:
		if !n.and {
			return wrongOperator("OR")
		}
		if err := k.read(n.left); err != nil {
			return err
		}
		return k.read(n.right)
	case comparison:
		if n.op == "<>" {
			return wrongOperator("<>")
		}
		return k.one(n.op, n.left, n.right)
	case between:
		return k.one("BETWEEN", n.x, n.low, n.high)
	case beginsWith:
		return k.one("begins_with", n.x, n.prefix)
	case negation:
		return wrongOperator("NOT")
	case membership:
		return wrongOperator("IN")
	}
	return wrongOperator("function")
}

// wrongOperator refuses what no range of keys can express.
func wrongOperator(op string) error {
	return attr.Errorf("Invalid operator used in KeyConditionExpression: %s", op)
}

// one takes one comparison of a key attribute with literals.
func (k *keyReader) one(op string, subject operand, operands ...operand) error {
	p, ok := subject.(path)
	if !ok {
		return attr.Errorf("Invalid condition in KeyConditionExpression: %s operator must have the key attribute as its first operand", op)
	}
	if len(p) > 1 {
		return attr.Errorf("KeyConditionExpressions cannot have conditions on nested attributes")
	}
	values := make([]attr.Value, len(operands))
	for i, x := range operands {
		l, ok := x.(literal)
		if !ok {
			return attr.Errorf("Invalid condition in KeyConditionExpression: %s operator must have values as its operands", op)
		}
		values[i] = l.Value
	}
	return k.set(op, p[0].name, values)
}

// set takes a condition on one attribute. The partition key allows equality
// only, since partitions have no order.
func (k *keyReader) set(op, name string, values []attr.Value) error {
	switch {
	case name == k.hash && k.hasHash, name == k.sort && k.hasSort:
		return attr.Errorf("KeyConditionExpressions must only contain one condition per key")
	case name == k.hash:
		if op != "=" {
			return attr.Errorf("Query key condition not supported")
		}
		k.hasHash, k.Hash = true, values[0]
	case name == k.sort:
		k.hasSort, k.Operator, k.Low = true, op, values[0]
		if len(values) == 2 {
			k.High = values[1]
		}
	default:
		k.foreign = name
	}
	return nil
}
