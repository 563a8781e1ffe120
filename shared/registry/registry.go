package registry

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"godwit/shared/fault"
)

// Registry is the rules over a Store. Its fields are set once before use; all
// methods are safe for concurrent use and their errors are *fault.Error or the
// context's. fault.NotFound means absent or another tenant's,
// fault.PreconditionFailed that a revision is no longer current,
// fault.Unavailable that the same call may succeed later.
//
// Names, aliases and tenants must have come through ParseName, ParseAlias and
// ParseTenant.
type Registry struct {
	Store    Store
	Now      func() time.Time // any zone: records hold UTC
	NewToken func() string    // unique for each call, 1 to 64 printable ASCII characters
}

// attempts bounds how often a change is made again after losing a race. Each
// lost race means that another caller won, so this many contenders for one
// record at once all get through.
const attempts = 32

// maxPage and defaultPage bound the items of a page.
const (
	maxPage     = 200
	defaultPage = 50
)

// PageRequest asks for one page of a list.
type PageRequest struct {
	Limit int    // 0 means 50; more than 200 is taken as 200
	After string // the Next of the previous page; empty for the first
}

// Page is part of a list.
type Page[T any] struct {
	Items []T    // in the order of the list
	Next  string // After of the next page; empty on the last
}

// limit is Limit with its default, within what one query may bring.
func (p PageRequest) limit() int {
	if p.Limit <= 0 {
		return defaultPage
	}
	return min(p.Limit, maxPage)
}

// badCursor is the answer to a page token that was made up, or of another list.
func badCursor() error {
	return fault.New(fault.Malformed, "the page token is not one this list gave out").WithReason("bad_page_token")
}

// now returns the time as records keep it.
func (r *Registry) now() time.Time { return r.Now().UTC() }

// encode marshals a domain value into a record's body. The types hold nothing
// JSON cannot express, except raw JSON given by callers.
func encode(v any) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the record holds settings or a signature that are not JSON")
	}
	return body, nil
}

// decode reads a record's body into a T. Unknown fields are ignored: during an
// upgrade newer binaries write beside older ones.
func decode[T any](rec Record) (T, error) {
	var v T
	if err := json.Unmarshal(rec.Body, &v); err != nil {
		return v, fault.Wrap(fault.Internal, err, "a stored record cannot be read")
	}
	return v, nil
}

// put is a Write of v under a condition.
func put(key Key, v any, ifRev int64) (Write, error) {
	body, err := encode(v)
	return Write{Op: Put, Record: Record{Key: key, Body: body}, IfRev: ifRev}, err
}

// get reads the record under key into a T. notFound is the message of
// fault.NotFound.
func get[T any](ctx context.Context, r *Registry, key Key, notFound string, args ...any) (T, int64, error) {
	var zero T
	rec, err := r.Store.Get(ctx, key)
	if fault.Is(err, fault.NotFound) {
		return zero, 0, fault.New(fault.NotFound, notFound, args...)
	}
	if err != nil {
		return zero, 0, err
	}
	v, err := decode[T](rec)
	return v, rec.Rev, err
}

// errLost marks a race lost inside a change that may be made again.
var errLost = errors.New("registry: lost a race")

// again runs change until it does not lose a race, at most attempts times.
// There is no pause between rounds: a lost race means the winner has finished.
func again(ctx context.Context, what string, change func() error) error {
	for range attempts {
		err := change()
		if !errors.Is(err, errLost) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return fault.New(fault.Unavailable, "too many changes to %s at the same moment; try again", what)
}

// stale is the answer to a change under a revision that is no longer current.
func stale(what string) error {
	return fault.New(fault.PreconditionFailed, "%s has changed since you read it; read it again and repeat the change", what)
}
