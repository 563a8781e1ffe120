package dynamodb

import (
	"go.etcd.io/bbolt"

	"godwit/functions/local/dynamodb/attr"
	"godwit/functions/local/dynamodb/expr"
)

func (db *DB) putItem(m *members) (object, error)    { return db.writeItem(m, putWrite) }
func (db *DB) updateItem(m *members) (object, error) { return db.writeItem(m, updateWrite) }
func (db *DB) deleteItem(m *members) (object, error) { return db.writeItem(m, deleteWrite) }

// writeItem is one write in a transaction of its own.
func (db *DB) writeItem(m *members, kind writeKind) (object, error) {
	capacity := m.capacityChoice()
	m.collectionMetrics()
	returns := m.choice("ReturnValues", "NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW")
	// After ReturnValues was read, since this ends the reading: members nobody has
	// read by then are refused.
	w, err := db.readWrite(m, kind)
	if err != nil {
		return nil, err
	}
	// What a put leaves behind its caller has sent, and a deletion leaves nothing.
	if kind != updateWrite && returns != "NONE" && returns != "ALL_OLD" {
		return nil, invalid("ReturnValues can only be ALL_OLD or NONE")
	}
	var before, after attr.Item
	err = db.bolt.Update(func(tx *bbolt.Tx) (err error) {
		before, after, err = w.apply(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	answer := consumed(capacity, w.table, "", w.units(before, after))
	// No attributes, no member: AWS leaves an empty one out.
	if attributes := w.returned(returns, before, after); len(attributes) > 0 {
		answer = append(object{{"Attributes", attributes}}, answer...)
	}
	return answer, nil
}

// returned picks what ReturnValues asks for.
func (w *write) returned(choice string, before, after attr.Item) attr.Item {
	switch choice {
	case "ALL_OLD":
		return before
	case "ALL_NEW":
		return after
	case "UPDATED_OLD":
		if w.update != nil {
			return w.update.Changed(before)
		}
	case "UPDATED_NEW":
		if w.update != nil {
			return w.update.Changed(after)
		}
	}
	return nil
}

// collectionMetrics reads ReturnItemCollectionMetrics, which only ever has an
// answer for tables with local secondary indexes, and here are none.
func (m *members) collectionMetrics() {
	m.choice("ReturnItemCollectionMetrics", "NONE", "SIZE")
}

// getItem reads one item. A missing item is an answer without Item, not an
// error; every read here is consistent, so ConsistentRead only sets the price.
func (db *DB) getItem(m *members) (object, error) {
	capacity := m.capacityChoice()
	name := m.text("TableName")
	key := m.needed("Key")
	consistent, _ := m.flag("ConsistentRead")
	projection, err := m.projection()
	if err != nil {
		return nil, err
	}
	t, err := db.table(name)
	if err != nil {
		return nil, err
	}
	primary, err := t.address(key)
	if err != nil {
		return nil, err
	}
	var answer object
	// Of an item that is not there: one unit all the same.
	size := 0
	err = db.bolt.View(func(tx *bbolt.Tx) error {
		s, ok := t.fetch(tx, primary)
		if !ok {
			return nil
		}
		size = s.size
		item, err := projected(s, projection)
		answer = object{{"Item", item}}
		return err
	})
	return append(answer, consumed(capacity, t, "", readUnits(size, consistent))...), err
}

// projected returns the wanted part of a stored item; a nil projection wants
// all of it, which needs no decoding.
func projected(s stored, projection *expr.Projection) (rawItem, error) {
	if projection == nil {
		return s.raw(), nil
	}
	item, err := s.item()
	if err != nil {
		return nil, err
	}
	return attr.AppendItem(nil, projection.Apply(item)), nil
}

// projection reads the members of a read with a projection as its only
// expression and ends the reading; nil when there is none.
func (m *members) projection() (*expr.Projection, error) {
	text, has := m.optionalText("ProjectionExpression")
	names, hasNames := m.names()
	if err := m.done(); err != nil {
		return nil, err
	}
	switch {
	case hasNames && !has:
		return nil, invalid("ExpressionAttributeNames can only be specified when using expressions")
	case hasNames && len(names) == 0:
		return nil, invalid("ExpressionAttributeNames must not be empty")
	case !has:
		return nil, nil
	}
	scope, err := expr.NewScope(names, nil)
	if err != nil {
		return nil, err
	}
	p, err := expr.ParseProjection(text, scope)
	if err != nil {
		return nil, err
	}
	return p, scope.Unused()
}
