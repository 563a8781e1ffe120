package dynamodb

import (
	"go.etcd.io/bbolt"

	"godwit/functions/local/dynamodb/attr"
	"godwit/functions/local/dynamodb/expr"
)

// writeKind is what a write does to its item.
type writeKind uint8

const (
	putWrite writeKind = iota
	updateWrite
	deleteWrite
	checkWrite // only holds a condition; in transactions
)

// write is one change of one item, parsed and checked as far as it can be
// without reading the item.
type write struct {
	kind       writeKind
	table      *table
	primary    []byte
	key        attr.Item
	item       attr.Item       // put
	update     *expr.Update    // update; nil leaves the item as it is
	condition  *expr.Condition // nil holds always
	showFailed bool            // ReturnValuesOnConditionCheckFailure is ALL_OLD
}

// readWrite reads the members that a write has alone and in a transaction, and
// refuses those that are left.
func (db *DB) readWrite(m *members, kind writeKind) (*write, error) {
	w := &write{kind: kind}
	tableName := m.text("TableName")
	if kind == putWrite {
		w.item = m.needed("Item")
	} else {
		w.key = m.needed("Key")
	}
	w.showFailed = m.choice("ReturnValuesOnConditionCheckFailure", "NONE", "ALL_OLD") == "ALL_OLD"
	if err := m.writeExpressions(w); err != nil {
		return nil, err
	}
	var err error
	if w.table, err = db.table(tableName); err != nil {
		return nil, err
	}
	return w, w.bind()
}

// writeExpressions reads the expressions of a write and ends the reading.
func (m *members) writeExpressions(w *write) error {
	condition, hasCondition := m.optionalText("ConditionExpression")
	update, hasUpdate := "", false
	if w.kind == updateWrite {
		update, hasUpdate = m.optionalText("UpdateExpression")
	}
	if w.kind == checkWrite && !hasCondition {
		m.fail(invalid("1 validation error detected: Value null at 'conditionExpression' failed to satisfy constraint: Member must not be null"))
	}
	scope := m.scope(hasCondition || hasUpdate)
	if err := m.done(); err != nil {
		return err
	}
	var err error
	if hasUpdate {
		if w.update, err = expr.ParseUpdate(update, scope); err != nil {
			return err
		}
	}
	if hasCondition {
		if w.condition, err = expr.ParseCondition("ConditionExpression", condition, scope); err != nil {
			return err
		}
	}
	return scope.Unused()
}

// bind checks the write against its table's schema.
func (w *write) bind() (err error) {
	// A put's key is in its item; the others name it apart.
	if w.kind == putWrite {
		if w.primary, err = w.table.primary(w.item); err != nil {
			return err
		}
		w.key = w.table.keys.of(w.item)
		return w.table.checkItem(w.item, "Item size")
	}
	if w.primary, err = w.table.address(w.key); err != nil || w.update == nil {
		return err
	}
	for _, name := range w.update.Attributes() {
		if w.table.keys.has(name) {
			return invalid("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", name)
		}
	}
	return nil
}

// apply makes the change in tx and returns the item before and after it; nil
// is no item. Errors: ConditionalCheckFailedException, *attr.Error.
func (w *write) apply(tx *bbolt.Tx) (before, after attr.Item, err error) {
	if before, err = w.table.load(tx, w.primary); err != nil {
		return nil, nil, err
	}
	if w.condition != nil && !w.condition.Holds(before) {
		if !w.showFailed {
			return nil, nil, conditionFailed(nil)
		}
		return nil, nil, conditionFailed(before)
	}
	switch w.kind {
	case checkWrite:
		return before, before, nil
	case putWrite:
		after = w.item
	case updateWrite:
		if after, err = w.updated(before); err != nil {
			return nil, nil, err
		}
	}
	return before, after, w.table.save(tx, w.primary, before, after)
}

// updated returns the item after the update; an absent item begins with its
// key only.
func (w *write) updated(before attr.Item) (attr.Item, error) {
	after := before.Clone()
	if w.update != nil {
		var err error
		if after, err = w.update.Apply(before); err != nil {
			return nil, err
		}
	}
	if after == nil {
		after = attr.Item{}
	}
	// The update may not name them, so an item that is new has them from here.
	for name, v := range w.key {
		after[name] = v
	}
	return after, w.table.checkItem(after, "Item size to update")
}

// units returns the write units of the change.
func (w *write) units(before, after attr.Item) float64 {
	return writeUnits(before.Size(), after.Size())
}
