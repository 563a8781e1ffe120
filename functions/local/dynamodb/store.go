package dynamodb

import (
	"bytes"
	"encoding/binary"
	"time"

	"go.etcd.io/bbolt"

	"godwit/functions/local/dynamodb/attr"
)

// maxItem is the size limit of an item, names included.
const maxItem = 400 << 10

// stored is an item as the file holds it: its size (so that pages need not be
// decoded to be measured), then its JSON. The bytes belong to the transaction.
type stored struct {
	size int
	json []byte
}

// decodeStored splits a value of the items bucket. No value (nil) is a stored
// item of size zero.
func decodeStored(data []byte) stored {
	size, n := binary.Uvarint(data)
	return stored{int(size), data[max(n, 0):]}
}

func (s stored) item() (attr.Item, error) { return attr.DecodeItem(s.json) }

// raw returns the JSON in bytes that outlive the transaction.
func (s stored) raw() rawItem { return bytes.Clone(s.json) }

// fetch returns the stored item of a key, and whether there is one.
func (t *table) fetch(tx *bbolt.Tx, primary []byte) (stored, bool) {
	data := tx.Bucket(t.items).Get(primary)
	return decodeStored(data), data != nil
}

// load returns the item of a key; nil when there is none.
func (t *table) load(tx *bbolt.Tx, primary []byte) (attr.Item, error) {
	s, ok := t.fetch(tx, primary)
	if !ok {
		return nil, nil
	}
	return s.item()
}

// checkItem refuses an item that the table cannot hold. what begins the
// message about its size.
func (t *table) checkItem(item attr.Item, what string) error {
	for _, ix := range t.indexes {
		if err := ix.check(item); err != nil {
			return err
		}
	}
	if item.Size() > maxItem {
		return invalid("%s has exceeded the maximum allowed size", what)
	}
	return item.CheckDepth()
}

// save replaces the item of a key: before is what is there now, after what
// shall be; nil is no item. Index and expiry entries follow.
func (t *table) save(tx *bbolt.Tx, primary []byte, before, after attr.Item) error {
	items := tx.Bucket(t.items)
	if after == nil {
		if before == nil {
			return nil
		}
		if err := items.Delete(primary); err != nil {
			return err
		}
	} else {
		// Twice its size is room enough for the quotes and type names of most items.
		data := binary.AppendUvarint(make([]byte, 0, after.Size()*2), uint64(after.Size()))
		if err := items.Put(primary, attr.AppendItem(data, after)); err != nil {
			return err
		}
	}
	for _, ix := range t.indexes {
		if err := move(tx.Bucket(ix.bucket), ix.entry(before, primary), ix.entry(after, primary), primary); err != nil {
			return err
		}
	}
	return move(tx.Bucket(t.expiry), t.expiryKey(before, primary), t.expiryKey(after, primary), nil)
}

// move takes the entry from away and puts the entry to; either may be nil.
func move(b *bbolt.Bucket, from, to, value []byte) error {
	if bytes.Equal(from, to) {
		return nil
	}
	if from != nil {
		if err := b.Delete(from); err != nil {
			return err
		}
	}
	if to == nil {
		return nil
	}
	return b.Put(to, value)
}

// sweepBatch bounds how long one sweep transaction keeps writers waiting.
const sweepBatch = 200

// maxExpiredAge is how old an expiry may be and still count: AWS takes older
// ones for a mistake.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html
const maxExpiredAge = 5 * 365 * 24 * time.Hour

// Sweep deletes expired items and forgotten idempotency tokens now, as the
// background does from time to time, and returns how many items went. Until
// then an expired item is read, queried and conditioned on like any other, as
// on AWS: callers filter by the expiry attribute themselves.
func (db *DB) Sweep() (int, error) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	total := 0
	for _, t := range db.tables {
		for n := sweepBatch; n == sweepBatch && t.Spec.TTL != ""; {
			err := db.bolt.Update(func(tx *bbolt.Tx) (err error) {
				n, err = t.sweep(tx, db.now())
				return err
			})
			if err != nil {
				return total, err
			}
			total += n
		}
	}
	return total, db.bolt.Update(func(tx *bbolt.Tx) error { return forgetTokens(tx, db.now()) })
}

// sweep deletes at most sweepBatch items that expired before now.
func (t *table) sweep(tx *bbolt.Tx, now time.Time) (int, error) {
	oldest := binary.BigEndian.AppendUint64(nil, uint64(max(now.Add(-maxExpiredAge).Unix(), 0)))
	limit := binary.BigEndian.AppendUint64(nil, uint64(max(now.Unix(), 0)))
	var keys [][]byte
	c := tx.Bucket(t.expiry).Cursor()
	// Collected first: bbolt's cursor does not survive changes of its bucket.
	for k, _ := c.Seek(oldest); k != nil && bytes.Compare(k, limit) < 0 && len(keys) < sweepBatch; k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k[len(limit):]))
	}
	for _, primary := range keys {
		item, err := t.load(tx, primary)
		if err != nil {
			return 0, err
		}
		if err := t.save(tx, primary, item, nil); err != nil {
			return 0, err
		}
	}
	return len(keys), nil
}
