package registry

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"godwit/shared/fault"
)

// Limits every Store keeps. The first three are DynamoDB's or below them.
const (
	MaxBody      = 300 << 10 // bytes of one record's body
	MaxWrite     = 4 << 20   // bytes of all bodies of one Write
	MaxWrites    = 100       // records in one Write or GetMany
	MaxQuery     = 200       // records of one Query
	maxPartition = 1024      // bytes of a partition key; DynamoDB takes 2048
	maxSort      = 1024      // bytes of a sort key, as DynamoDB
)

// CheckWrites holds the preconditions of Store.Write that need no state, so
// that every adapter refuses the same calls: fault.TooLarge for bodies over the
// limits, fault.Internal for what only a mistake in the caller can produce.
func CheckWrites(token string, writes []Write) error {
	if token == "" || len(token) > 256 {
		return misuse("a write needs a token of 1 to 256 bytes")
	}
	if len(writes) == 0 || len(writes) > MaxWrites {
		return misuse("a write has 1 to 100 records")
	}
	seen := make(map[Key]bool, len(writes))
	total := 0
	for _, w := range writes {
		if err := CheckKey(w.Record.Key); err != nil {
			return err
		}
		if seen[w.Record.Key] {
			return misuse("a write names each key once")
		}
		seen[w.Record.Key] = true
		if w.IfRev < AnyRev || w.Op < Put || w.Op > Check || w.Op == Check && w.IfRev == AnyRev {
			return misuse("a write has a known operation and condition")
		}
		if w.Op != Put {
			continue
		}
		if err := checkRecord(w.Record); err != nil {
			return err
		}
		total += len(w.Record.Body)
	}
	if total > MaxWrite {
		return fault.New(fault.TooLarge, "the change holds %d bytes, the limit is %d", total, MaxWrite)
	}
	return nil
}

// checkRecord holds the preconditions of one put.
func checkRecord(r Record) error {
	if len(r.Body) > MaxBody {
		return fault.New(fault.TooLarge, "the record holds %d bytes, the limit is %d", len(r.Body), MaxBody)
	}
	// A table keeps text: bytes that are not UTF-8 would come back changed.
	if !json.Valid(r.Body) || !utf8.Valid(r.Body) {
		return misuse("a record's body is JSON in UTF-8")
	}
	if r.Index != (Key{}) {
		return CheckKey(r.Index)
	}
	return nil
}

// CheckKey refuses keys no table can hold, with fault.Internal: keys are built
// from checked names, so a bad one is the caller's mistake.
func CheckKey(k Key) error {
	if k.Partition == "" || k.Sort == "" || len(k.Partition) > maxPartition || len(k.Sort) > maxSort ||
		!utf8.ValidString(k.Partition) || !utf8.ValidString(k.Sort) {
		return misuse("a key has a partition and a sort part of UTF-8, each within its limit")
	}
	return nil
}

// CheckKeys holds the preconditions of Store.GetMany.
func CheckKeys(keys []Key) error {
	if len(keys) > MaxWrites {
		return misuse("at most 100 records are read at once")
	}
	for _, k := range keys {
		if err := CheckKey(k); err != nil {
			return err
		}
	}
	return nil
}

// CheckQuery holds the preconditions of Store.Query. empty reports that no
// record can match because After lies beyond the prefix.
func CheckQuery(q Query) (empty bool, err error) {
	if q.Limit < 1 || q.Limit > MaxQuery {
		return false, misuse("a query asks for 1 to 200 records")
	}
	// After may be empty and a key may not: any character makes one of it.
	if err := CheckKey(Key{q.Partition, "-" + q.After}); err != nil {
		return false, err
	}
	if q.After == "" || strings.HasPrefix(q.After, q.Prefix) {
		return false, nil
	}
	// Outside the prefix, After lies before all that match or behind all.
	return (q.After > q.Prefix) != q.Descending, nil
}

// misuse is a call that no request can cause, only a mistake in this program.
func misuse(msg string) error { return fault.New(fault.Internal, "%s", msg) }

// CheckAdd holds the preconditions of Store.Add: 1 to 20 counters, each called
// by 1 to 64 of a-z, 0-9 and "_".
func CheckAdd(key Key, delta map[string]int64) error {
	if len(delta) == 0 || len(delta) > 20 {
		return misuse("1 to 20 counters are changed at once")
	}
	for name := range delta {
		if name == "" || len(name) > 64 || !all(name, func(c byte) bool { return isLowerAlnum(c) || c == '_' }) {
			return misuse("a counter's name has 1 to 64 characters from a-z, 0-9 and \"_\"")
		}
	}
	return CheckKey(key)
}
