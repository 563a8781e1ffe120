package registry

import (
	"context"
	"time"
)

// Key addresses one record. Partition always begins with the tenant and is
// built only by the functions in keys.go. Two kinds of record belong to none:
// an API key's, looked up before the tenant is known, and the installation's secrets.
type Key struct {
	Partition string // 1 to 1,024 bytes of UTF-8
	Sort      string // the same; records of a partition are in its byte order
}

// Record is what a Store keeps: a JSON body under a key, with a revision.
type Record struct {
	Key   Key
	Rev   int64  // set by the Store: 1 on creation, one more on each write; 0 means absent
	Body  []byte // JSON object, at most 300 KB
	Index Key    // entry in the one secondary index; zero when not indexed
	// ExpiresAt is when the record counts as absent; zero means never. Whole seconds.
	ExpiresAt time.Time
	// Counters are numbers changed by Add only; a Put keeps them.
	Counters map[string]int64
}

// Op says what a Write does.
type Op int

// The operations of a Write.
const (
	Put    Op = iota // write Record.Body, Index and ExpiresAt
	Delete           // remove Record.Key
	Check            // change nothing, only hold the condition
)

// AnyRev as a Write's condition writes whatever is there.
const AnyRev int64 = -1

// Write is one conditional change. IfRev is the revision the record must have
// now: 0 absent, AnyRev unconditional.
type Write struct {
	Op     Op
	Record Record // of a Delete or Check only the Key counts
	IfRev  int64
}

// Query asks for one page of a partition, in byte order of the sort key.
type Query struct {
	Partition  string // of the table, or of the index
	Prefix     string // of the sort key; may be empty
	After      string // exclusive start sort key (in the index: the sort key of the index); empty starts at the beginning
	Limit      int    // 1 to 200
	Descending bool   // backwards; After is then above what is returned
	Index      bool   // read the secondary index
}

// Store is the port for metadata: one table of records. All methods are safe
// for concurrent use and strongly consistent, except that a Query of the index
// may lag.
//
// Errors: fault.NotFound for an absent record; fault.PreconditionFailed when a
// condition does not hold; fault.Unavailable after bounded retries.
type Store interface {
	Get(ctx context.Context, key Key) (Record, error)
	// GetMany returns the records that exist, in the order of keys (at most 100).
	GetMany(ctx context.Context, keys []Key) ([]Record, error)
	// Query returns a page and whether more records follow the last one.
	// In an index query Record.Index is set; it holds the After of the next page.
	Query(ctx context.Context, q Query) (records []Record, more bool, err error)
	// Write makes all writes or none (at most 100, distinct keys). token is
	// unique to this intent: a Write repeated with the token it first won with
	// succeeds again and changes nothing, so a lost answer is not a failure.
	Write(ctx context.Context, token string, writes ...Write) error
	// Add adds delta to named counters of a record, creating it if absent. It
	// does not change Rev. Not idempotent: for approximate counts.
	Add(ctx context.Context, key Key, delta map[string]int64, expiresAt time.Time) error
}
