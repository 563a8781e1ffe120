package dynamodb

import (
	"bytes"
	"slices"

	"go.etcd.io/bbolt"

	"godwit/functions/local/dynamodb/attr"
	"godwit/functions/local/dynamodb/expr"
)

// maxPage is how many bytes of items one Query looks at.
const maxPage = 1 << 20

// queryPlan is a Query ready to run.
type queryPlan struct {
	table      *table
	index      *index // nil queries the table
	low, high  []byte // keys from low up to high, exclusive; high nil is no bound
	after      []byte // exclusive start; nil begins at the end the order says
	forward    bool
	limit      int64 // items looked at; 0 no limit
	consistent bool
	choice     string // Select
	filter     *expr.Condition
	projection *expr.Projection
}

// query reads one page of a partition, of the table or of an index.
func (db *DB) query(m *members) (object, error) {
	capacity := m.capacityChoice()
	plan, err := db.planQuery(m)
	if err != nil {
		return nil, err
	}
	var page queryPage
	err = db.bolt.View(func(tx *bbolt.Tx) (err error) {
		page, err = plan.run(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	answer := object{{"Count", page.matched}, {"ScannedCount", page.scanned}}
	if plan.choice != "COUNT" {
		answer = append(answer, member{"Items", page.items})
	}
	if page.last != nil {
		answer = append(answer, member{"LastEvaluatedKey", page.last})
	}
	return append(answer, consumed(capacity, plan.table, plan.indexName(), readUnits(page.size, plan.consistent))...), nil
}

// planQuery reads and checks the request.
func (db *DB) planQuery(m *members) (*queryPlan, error) {
	q := &queryPlan{forward: true}
	tableName := m.text("TableName")
	indexName, hasIndex := m.optionalText("IndexName")
	if forward, ok := m.flag("ScanIndexForward"); ok {
		q.forward = forward
	}
	q.consistent, _ = m.flag("ConsistentRead")
	limit, hasLimit := m.whole("Limit")
	q.limit = limit
	start := m.item("ExclusiveStartKey")
	q.choice = m.choice("Select", "", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT")
	texts := m.queryExpressions()
	scope := m.scope(true)
	if err := m.done(); err != nil {
		return nil, err
	}
	if hasLimit && limit < 1 {
		return nil, invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1", limit)
	}
	var err error
	if q.table, err = db.table(tableName); err != nil {
		return nil, err
	}
	if hasIndex {
		if err := q.useIndex(indexName); err != nil {
			return nil, err
		}
	}
	if err := q.parse(texts, scope); err != nil {
		return nil, err
	}
	return q, q.startAfter(start)
}

// queryTexts are the expressions of a Query; absent ones are nil.
type queryTexts struct{ key, filter, projection *string }

// queryExpressions reads the expressions; parsing waits until the key is known.
func (m *members) queryExpressions() queryTexts {
	optional := func(name string) *string {
		if s, ok := m.optionalText(name); ok {
			return &s
		}
		return nil
	}
	return queryTexts{optional("KeyConditionExpression"), optional("FilterExpression"), optional("ProjectionExpression")}
}

// useIndex directs the query to an index. Reads of it are current here, but AWS
// refuses to promise that, so ConsistentRead is refused as there.
func (q *queryPlan) useIndex(name string) error {
	i := slices.IndexFunc(q.table.indexes, func(ix index) bool { return ix.Name == name })
	if i < 0 {
		return invalid("The table does not have the specified index: %s", name)
	}
	if q.consistent {
		return invalid("Consistent reads are not supported on global secondary indexes")
	}
	q.index = &q.table.indexes[i]
	return nil
}

// indexName returns the index's name, "" for the table.
func (q *queryPlan) indexName() string {
	if q.index == nil {
		return ""
	}
	return q.index.Name
}

// keys returns the key that is queried.
func (q *queryPlan) keys() keySchema {
	if q.index != nil {
		return q.index.keys
	}
	return q.table.keys
}

// parse parses the expressions against the key.
func (q *queryPlan) parse(texts queryTexts, scope *expr.Scope) error {
	if texts.key == nil {
		return invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	keys := q.keys()
	condition, err := expr.ParseKeyCondition(*texts.key, scope, keys.hash.Name, keys.sort.Name)
	if err != nil {
		return err
	}
	if err := q.bound(condition); err != nil {
		return err
	}
	if texts.filter != nil {
		if q.filter, err = expr.ParseCondition("FilterExpression", *texts.filter, scope); err != nil {
			return err
		}
		// A filter on a key would read what a key condition skips.
		for _, name := range q.filter.Attributes() {
			if keys.has(name) {
				return invalid("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", name)
			}
		}
	}
	if texts.projection != nil {
		if q.projection, err = expr.ParseProjection(*texts.projection, scope); err != nil {
			return err
		}
	}
	if err := q.checkSelect(); err != nil {
		return err
	}
	return scope.Unused()
}

// checkSelect holds Select, projection and index together.
func (q *queryPlan) checkSelect() error {
	switch {
	case q.projection != nil && q.choice != "" && q.choice != "SPECIFIC_ATTRIBUTES":
		return invalid("Cannot specify the ProjectionExpression when choosing to get %s", q.choice)
	case q.projection == nil && q.choice == "SPECIFIC_ATTRIBUTES":
		return invalid("Must specify the ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
	case q.index == nil && q.choice == "ALL_PROJECTED_ATTRIBUTES":
		return invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
	case q.index == nil || q.index.Projection == projectAll:
		return nil
	case q.choice == "ALL_ATTRIBUTES":
		return invalid("One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index %s because its projection type is not ALL", q.index.Name)
	case q.projection == nil:
		return nil
	}
	for _, name := range q.projection.Attributes() {
		if !q.covers(name) {
			return invalid("One or more parameter values were invalid: Global secondary index %s does not project [%s]", q.index.Name, name)
		}
	}
	return nil
}

// covers reports whether the index holds an attribute.
func (q *queryPlan) covers(name string) bool {
	return q.index.Projection == projectAll || q.index.keys.has(name) || q.table.keys.has(name) ||
		slices.Contains(q.index.NonKey, name)
}

// bound turns the key condition into a range of encoded keys. P is the encoded
// partition, k and K operands of the sort key, end the first key after all that
// begin so:
//
//	           low     high, exclusive
//	(none)     P       end(P)
//	= k        Pk      end(Pk)
//	< k        P       Pk
//	<= k       P       end(Pk)
//	> k        end(Pk) end(P)
//	>= k       Pk      end(P)
//	k AND K    Pk      end(PK)
//	begins k   Pk'     end(Pk')   k' without the end of a text
func (q *queryPlan) bound(c expr.KeyCondition) error {
	keys := q.keys()
	if err := q.checkOperand(keys.hash, c.Hash); err != nil {
		return err
	}
	partition := attr.AppendKey(nil, c.Hash)
	// No encoding is a prefix of another, so a partition is the keys that begin
	// with its own.
	q.low, q.high = partition, attr.PrefixEnd(partition)
	if c.Operator == "" {
		return nil
	}
	if err := q.checkOperand(keys.sort, c.Low); err != nil {
		return err
	}
	at := func(v attr.Value) []byte { return attr.AppendKey(slices.Clone(partition), v) }
	switch low := at(c.Low); c.Operator {
	case "=":
		q.low, q.high = low, attr.PrefixEnd(low)
	case "<":
		q.high = low
	case "<=":
		q.high = attr.PrefixEnd(low)
	case ">":
		q.low = attr.PrefixEnd(low)
	case ">=":
		q.low = low
	case "BETWEEN":
		if err := q.checkOperand(keys.sort, c.High); err != nil {
			return err
		}
		q.low, q.high = low, attr.PrefixEnd(at(c.High))
	case "begins_with":
		if c.Low.Kind == attr.Number {
			return invalid("Invalid KeyConditionExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N")
		}
		q.low = attr.AppendKeyPrefix(slices.Clone(partition), c.Low)
		q.high = attr.PrefixEnd(q.low)
	}
	return nil
}

// checkOperand holds a value of the key condition against its key attribute.
func (q *queryPlan) checkOperand(a Attribute, v attr.Value) error {
	if v.Kind.String() != a.Type {
		return invalid("One or more parameter values were invalid: Condition parameter type does not match schema type")
	}
	if v.Kind != attr.Number && v.Text == "" {
		return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", emptyNames[v.Kind], a.Name)
	}
	return nil
}

// startAfter checks ExclusiveStartKey: the key attributes of the table and the
// index, no more, inside the range.
func (q *queryPlan) startAfter(start attr.Item) error {
	if start == nil {
		return nil
	}
	// An index's key is not unique, so a place in it needs the table's key too.
	wanted := q.table.keys.attributes()
	if q.index != nil {
		for _, a := range q.index.keys.attributes() {
			if !slices.Contains(wanted, a) {
				wanted = append(wanted, a)
			}
		}
	}
	mismatch := len(start) != len(wanted)
	for _, a := range wanted {
		mismatch = mismatch || start[a.Name].Kind.String() != a.Type
	}
	if mismatch {
		return invalid("The provided starting key is invalid")
	}
	primary, err := q.table.primary(start)
	if err != nil {
		return err
	}
	q.after = primary
	if q.index != nil {
		q.after = q.index.entry(start, primary)
	}
	if bytes.Compare(q.after, q.low) < 0 || q.high != nil && bytes.Compare(q.after, q.high) >= 0 {
		return invalid("The provided starting key is outside query boundaries based on provided conditions")
	}
	return nil
}
