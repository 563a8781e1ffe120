package dynamodb

import (
	"maps"
	"slices"

	"go.etcd.io/bbolt"

	"godwit/functions/local/dynamodb/attr"
	"godwit/functions/local/dynamodb/expr"
)

// Limits of the batch operations.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
const (
	maxBatchKeys   = 100
	maxBatchAnswer = 16 << 20
	maxBatchWrites = 25
)

// batchRead is what BatchGetItem wants of one table.
type batchRead struct {
	table      *table
	keys       []attr.Item
	primaries  [][]byte
	projection *expr.Projection
	consistent bool
	request    map[string]any // as it came, for UnprocessedKeys

	found []rawItem
	rest  []attr.Item // keys left for another call
	units float64
}

// batchGetItem reads up to 100 items by key, in one snapshot: every table's
// items are of one moment, where AWS promises that for single items only.
func (db *DB) batchGetItem(m *members) (object, error) {
	capacity := m.capacityChoice()
	request := m.nested("RequestItems")
	if err := m.done(); err != nil {
		return nil, err
	}
	if request == nil || len(request.all) == 0 {
		return nil, invalid("1 validation error detected: Value at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	var reads []*batchRead
	total := 0
	// By name, so that a request with two mistakes is always refused for the same.
	for _, name := range slices.Sorted(maps.Keys(request.all)) {
		r, err := db.readBatch(name, request.nested(name), request)
		if err != nil {
			return nil, err
		}
		reads = append(reads, r)
		total += len(r.keys)
	}
	if total > maxBatchKeys {
		return nil, invalid("Too many items requested for the BatchGetItem call")
	}
	// One budget of bytes for all tables, spent in the order of their names.
	err := db.bolt.View(func(tx *bbolt.Tx) error {
		left := maxBatchAnswer
		for _, r := range reads {
			if err := r.run(tx, &left); err != nil {
				return err
			}
		}
		return nil
	})
	return batchAnswer(reads, capacity), err
}

// readBatch reads one table's part of the request.
func (db *DB) readBatch(name string, m, request *members) (*batchRead, error) {
	if m == nil {
		request.fail(&attr.ShapeError{Msg: "Unexpected type: RequestItems must hold objects"})
		return nil, request.err
	}
	r := &batchRead{request: m.all}
	r.consistent, _ = m.flag("ConsistentRead")
	for _, raw := range m.list("Keys") {
		key, err := attr.ItemFromJSON(raw)
		if err != nil {
			return nil, err
		}
		r.keys = append(r.keys, key)
	}
	var err error
	if r.projection, err = m.projection(); err != nil {
		return nil, err
	}
	if len(r.keys) == 0 {
		return nil, invalid("1 validation error detected: Value '[]' at 'requestItems.%s.member.keys' failed to satisfy constraint: Member must have length greater than or equal to 1", name)
	}
	if r.table, err = db.table(name); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, key := range r.keys {
		primary, err := r.table.address(key)
		if err != nil {
			return nil, err
		}
		if seen[string(primary)] {
			return nil, errDuplicateKeys()
		}
		seen[string(primary)] = true
		r.primaries = append(r.primaries, primary)
	}
	return r, nil
}

// errDuplicateKeys is what both batch operations answer to a key named twice.
func errDuplicateKeys() error { return invalid("Provided list of item keys contains duplicates") }

// run reads the items while the answer has room.
func (r *batchRead) run(tx *bbolt.Tx, left *int) error {
	for i, primary := range r.primaries {
		s, ok := r.table.fetch(tx, primary)
		// What does not fit ends the table's part: the client asks again for the rest
		// in the order it chose.
		if ok && s.size > *left {
			r.rest = r.keys[i:]
			return nil
		}
		// Before the test for an item: looking for one that is not there costs too.
		r.units += readUnits(s.size, r.consistent)
		if !ok {
			continue
		}
		*left -= s.size
		item, err := projected(s, r.projection)
		if err != nil {
			return err
		}
		r.found = append(r.found, item)
	}
	return nil
}

// batchAnswer collects the tables' answers, by table name. Keys without an item
// are simply missing from Responses.
func batchAnswer(reads []*batchRead, capacity string) object {
	responses, unprocessed := object{}, object{}
	var units []object
	for _, r := range reads {
		name := r.table.Spec.Name
		responses = append(responses, member{name, r.found})
		if len(r.rest) > 0 {
			// As it came, with the keys that are left: a client sends it back unchanged.
			again := maps.Clone(r.request)
			again["Keys"] = r.rest
			unprocessed = append(unprocessed, member{name, again})
		}
		units = append(units, capacityOf(capacity, r.table, "", r.units))
	}
	answer := object{{"Responses", responses}, {"UnprocessedKeys", unprocessed}}
	if capacity != "NONE" {
		answer = append(answer, member{"ConsumedCapacity", units})
	}
	return answer
}

// batchWriteItem puts and deletes without conditions. AWS may do a part of it;
// here all of it happens or none.
func (db *DB) batchWriteItem(m *members) (object, error) {
	capacity := m.capacityChoice()
	m.collectionMetrics()
	request := m.nested("RequestItems")
	if err := m.done(); err != nil {
		return nil, err
	}
	if request == nil || len(request.all) == 0 {
		return nil, invalid("1 validation error detected: Value at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	var writes []*write
	for _, name := range slices.Sorted(maps.Keys(request.all)) {
		for _, one := range request.objects(name) {
			w, err := db.readBatchWrite(name, one)
			if err != nil {
				return nil, err
			}
			writes = append(writes, w)
		}
	}
	switch {
	case request.err != nil:
		return nil, request.err
	case len(writes) == 0 || len(writes) > maxBatchWrites:
		return nil, invalid("Too many items requested for the BatchWriteItem call: want 1 to %d", maxBatchWrites)
	case duplicateTargets(writes):
		return nil, errDuplicateKeys()
	}
	units := newUnitCounter()
	err := db.bolt.Update(func(tx *bbolt.Tx) error {
		for _, w := range writes {
			before, after, err := w.apply(tx)
			if err != nil {
				return err
			}
			units.add(w.table, w.units(before, after))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return append(object{{"UnprocessedItems", object{}}}, units.answer(capacity)...), nil
}

// readBatchWrite reads one element of RequestItems: a put or a delete, which
// take neither conditions nor expressions.
func (db *DB) readBatchWrite(table string, m *members) (*write, error) {
	put, del := m.nested("PutRequest"), m.nested("DeleteRequest")
	if err := m.done(); err != nil {
		return nil, err
	}
	if (put == nil) == (del == nil) {
		return nil, invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of PutRequest and DeleteRequest")
	}
	w, one := &write{kind: putWrite}, put
	if put != nil {
		w.item = put.needed("Item")
	} else {
		w.kind, one = deleteWrite, del
		w.key = del.needed("Key")
	}
	if err := one.done(); err != nil {
		return nil, err
	}
	var err error
	if w.table, err = db.table(table); err != nil {
		return nil, err
	}
	return w, w.bind()
}

// duplicateTargets reports whether two writes are on one item.
func duplicateTargets(writes []*write) bool {
	seen := map[string]bool{}
	for _, w := range writes {
		id := w.table.Spec.Name + "\x00" + string(w.primary) // a table name has no zero byte
		if seen[id] {
			return true
		}
		seen[id] = true
	}
	return false
}
