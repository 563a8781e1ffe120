package dynamodb

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"godwit/functions/local/dynamodb/attr"
)

// Limits of a transaction.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
const (
	maxTransactItems = 100
	maxTransactBytes = 4 << 20
	maxToken         = 36
	tokenLife        = 10 * time.Minute
)

// transactActions are the members of a TransactWriteItem.
var transactActions = []struct {
	name string
	kind writeKind
}{
	{"ConditionCheck", checkWrite}, {"Put", putWrite}, {"Delete", deleteWrite}, {"Update", updateWrite},
}

// transactWriteItems makes up to 100 writes, all or none, in one bbolt
// transaction together with its token.
func (db *DB) transactWriteItems(m *members) (object, error) {
	capacity := m.capacityChoice()
	m.collectionMetrics()
	token, hasToken := m.optionalText("ClientRequestToken")
	items := m.objects("TransactItems")
	if err := m.done(); err != nil {
		return nil, err
	}
	switch {
	case len(items) == 0 || len(items) > maxTransactItems:
		return nil, invalid("1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length between 1 and %d", maxTransactItems)
	case hasToken && (token == "" || len(token) > maxToken):
		return nil, invalid("1 validation error detected: Value at 'clientRequestToken' failed to satisfy constraint: Member must have length between 1 and %d", maxToken)
	}
	// Of the request as it came: what an expression means is not looked at.
	digest, err := digestOf(m.all["TransactItems"])
	if err != nil {
		return nil, err
	}
	writes := make([]*write, len(items))
	for i, one := range items {
		if writes[i], err = db.readAction(one); err != nil {
			return nil, err
		}
	}
	if duplicateTargets(writes) {
		return nil, invalid("Transaction request cannot include multiple operations on one item")
	}
	units := newUnitCounter()
	err = db.bolt.Update(func(tx *bbolt.Tx) error {
		// In the same transaction: a token is never noted for writes that were not made.
		done, err := db.useToken(tx, token, digest)
		if err != nil {
			return err
		}
		return transact(tx, writes, units, done)
	})
	if err != nil {
		return nil, err
	}
	return units.answer(capacity), nil
}

// readAction reads one element of TransactItems.
func (db *DB) readAction(m *members) (*write, error) {
	var chosen *members
	var kind writeKind
	given := 0
	for _, a := range transactActions {
		if one := m.nested(a.name); one != nil {
			chosen, kind = one, a.kind
			given++
		}
	}
	if err := m.done(); err != nil {
		return nil, err
	}
	if given != 1 {
		return nil, invalid("TransactItems can only contain one of Check, Put, Update or Delete")
	}
	if _, has := chosen.all["UpdateExpression"]; kind == updateWrite && !has {
		return nil, invalid("1 validation error detected: Value null at 'transactItems.update.updateExpression' failed to satisfy constraint: Member must not be null")
	}
	return db.readWrite(chosen, kind)
}

// transact makes all writes in tx, or answers TransactionCanceledException with
// a reason for each. done means an earlier request with the same token made
// them; then they only count as reads.
func transact(tx *bbolt.Tx, writes []*write, units unitCounter, done bool) error {
	reasons := make([]object, len(writes))
	codes := make([]string, len(writes))
	failed, size := false, 0
	for i, w := range writes {
		if done {
			s, _ := w.table.fetch(tx, w.primary)
			// A transaction's unit counts twice, a read one too.
			units.add(w.table, 2*readUnits(s.size, true))
			continue
		}
		// In order, each on what those before have done: no two are on one item,
		// so nothing shows of it. An error rolls all of them back.
		before, after, err := w.apply(tx)
		// Every item has a reason, in the order of the items, also those that would
		// have succeeded.
		reasons[i], codes[i] = object{{"Code", "None"}}, "None"
		if err != nil {
			var ok bool
			if reasons[i], codes[i], ok = cancellation(err); !ok {
				return err
			}
			failed = true
			continue
		}
		size += max(before.Size(), after.Size())
		units.add(w.table, 2*w.units(before, after))
	}
	switch {
	case failed:
		return &apiError{
			code:  "TransactionCanceledException",
			msg:   "Transaction cancelled, please refer cancellation reasons for specific reasons [" + strings.Join(codes, ", ") + "]",
			extra: object{{"CancellationReasons", reasons}},
		}
	case size > maxTransactBytes:
		return invalid("Transaction size exceeded the maximum allowed size of 4 MB")
	}
	return nil
}

// cancellation turns the failure of one write into its reason; ok is false for
// a failure that is not the request's.
func cancellation(err error) (reason object, code string, ok bool) {
	if e, isCondition := errors.AsType[*apiError](err); isCondition {
		// apply returns no other *apiError.
		code = "ConditionalCheckFailed"
		return append(object{{"Code", code}, {"Message", e.msg}}, e.extra...), code, true
	}
	if e, isInvalid := errors.AsType[*attr.Error](err); isInvalid {
		code = "ValidationError"
		return object{{"Code", code}, {"Message", e.Msg}}, code, true
	}
	return nil, "", false
}

// digestOf identifies what a transaction does. encoding/json writes object
// members in order of their names, so the order in the request does not count.
func digestOf(items any) ([]byte, error) {
	data, err := json.Marshal(items)
	sum := sha256.Sum256(data)
	return sum[:], err
}

// useToken notes the token with this transaction. done means that it was
// noted within the last ten minutes for the same transaction.
func (db *DB) useToken(tx *bbolt.Tx, token string, digest []byte) (done bool, err error) {
	if token == "" {
		return false, nil
	}
	b := tx.Bucket(tokensBucket)
	now := db.now()
	if old := b.Get([]byte(token)); old != nil && !tokenExpired(old, now) {
		if !bytes.Equal(old[8:], digest) {
			return false, &apiError{code: "IdempotentParameterMismatchException", msg: "The request uses the same client token as a previous, but non-identical request. Do not reuse a client token with different requests, unless the requests are identical"}
		}
		return true, nil
	}
	// Eight bytes of time, then the digest.
	record := binary.BigEndian.AppendUint64(nil, uint64(now.UnixNano()))
	return false, b.Put([]byte(token), append(record, digest...))
}

// tokenExpired reports whether a token's ten minutes are over.
func tokenExpired(record []byte, now time.Time) bool {
	noted := time.Unix(0, int64(binary.BigEndian.Uint64(record)))
	return now.Sub(noted) >= tokenLife
}

// forgetTokens deletes tokens past their life; ten minutes of a laptop's
// transactions are few enough to look through.
func forgetTokens(tx *bbolt.Tx, now time.Time) error {
	var old [][]byte
	b := tx.Bucket(tokensBucket)
	err := b.ForEach(func(token, record []byte) error {
		if tokenExpired(record, now) {
			old = append(old, bytes.Clone(token))
		}
		return nil
	})
	for _, token := range old {
		err = errors.Join(err, b.Delete(token))
	}
	return err
}

// unitCounter adds up capacity units by table.
type unitCounter map[string]*tableUnits

// tableUnits are the units used on one table.
type tableUnits struct {
	table *table
	units float64
}

func newUnitCounter() unitCounter { return unitCounter{} }

func (c unitCounter) add(t *table, units float64) {
	u := c[t.Spec.Name]
	if u == nil {
		u = &tableUnits{table: t}
		c[t.Spec.Name] = u
	}
	u.units += units
}

// answer returns ConsumedCapacity for each table, by name.
func (c unitCounter) answer(choice string) object {
	if choice == "NONE" {
		return nil
	}
	var list []object
	for _, name := range slices.Sorted(maps.Keys(c)) {
		list = append(list, capacityOf(choice, c[name].table, "", c[name].units))
	}
	return object{{"ConsumedCapacity", list}}
}
