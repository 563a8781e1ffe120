package delivery

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Outcomes of a settled parcel.
const (
	delivered = "delivered"
	dead      = "dead"
)

// lockTimeout bounds the wait for a ledger another process holds.
const lockTimeout = time.Second

// Buckets of the ledger. A parcel is in one of them, under its key.
var (
	pendingBucket = []byte("pending") // parcel as JSON
	settledBucket = []byte("settled") // settlement as JSON
)

// parcel is one event on its way to one function:
//
//	offered -> pending -> delivered    the function took it
//	              |  ^--- update       an attempt failed, another will follow
//	              +-----> dead         no retry is left; written to the folder first
//
// A stage that ends at any point finds it pending again, with the attempts that
// were noted, or settled. What it cannot know is whether an attempt under way
// was the one that succeeded: so events are delivered at least once.
type parcel struct {
	ID        string          `json:"id"` // of the event
	Rule      string          `json:"rule"`
	Function  string          `json:"function"`
	Event     json.RawMessage `json:"event"`
	OfferedAt time.Time       `json:"offered_at"`
	Unreached int             `json:"unreached"` // attempts that did not reach the function
	Failed    int             `json:"failed"`    // attempts the function answered with an error
	Reason    string          `json:"reason,omitempty"`
}

// key is the parcel's key in the ledger.
func (p parcel) key() []byte { return []byte(p.ID + "\x00" + p.Rule) }

// attempts is how often the parcel was carried in vain.
func (p parcel) attempts() int { return p.Unreached + p.Failed }

// settlement is what stays of a parcel.
type settlement struct {
	Outcome string    `json:"outcome"`
	At      time.Time `json:"at"`
}

// ledger is the file that remembers parcels. Safe for concurrent use.
type ledger struct{ db *bolt.DB }

// openLedger opens or makes the file at path.
func openLedger(path string) (*ledger, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("delivery: %w", err)
	}
	// Without syncing: a commit is with the kernel before it is answered, which
	// a killed process survives. A power cut may cost the file, as it may cost
	// the objects the events are about.
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: lockTimeout, NoSync: true})
	if err != nil {
		return nil, fmt.Errorf("delivery: open %s: %w", path, err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{pendingBucket, settledBucket} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("delivery: prepare %s: %w", path, err), db.Close())
	}
	return &ledger{db: db}, nil
}

// add records p as pending and reports false if the ledger knows it.
func (l *ledger) add(p parcel) (bool, error) {
	// Looked up first without writing: a sweep offers mostly what is known.
	known := false
	err := l.db.View(func(tx *bolt.Tx) error {
		known = tx.Bucket(pendingBucket).Get(p.key()) != nil || tx.Bucket(settledBucket).Get(p.key()) != nil
		return nil
	})
	if err != nil || known {
		return false, err
	}
	// Between look and write nobody adds: Deliverer.take holds its lock.
	return true, l.update(p)
}

// update stores p as pending.
func (l *ledger) update(p parcel) error {
	data, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("delivery: record event: %w", err)
	}
	return l.db.Update(func(tx *bolt.Tx) error {
		return tx.Bucket(pendingBucket).Put(p.key(), data)
	})
}

// settle moves p from pending to settled.
func (l *ledger) settle(p parcel, outcome string, at time.Time) error {
	// The event itself is dropped: what stays is only to know it again.
	data, err := json.Marshal(settlement{Outcome: outcome, At: at})
	if err != nil {
		return err
	}
	return l.db.Update(func(tx *bolt.Tx) error {
		if err := tx.Bucket(pendingBucket).Delete(p.key()); err != nil {
			return err
		}
		return tx.Bucket(settledBucket).Put(p.key(), data)
	})
}

// pending returns what is on its way.
func (l *ledger) pending() ([]parcel, error) {
	var all []parcel
	err := l.db.View(func(tx *bolt.Tx) error {
		return tx.Bucket(pendingBucket).ForEach(func(_, data []byte) error {
			var p parcel
			if err := json.Unmarshal(data, &p); err != nil {
				return fmt.Errorf("delivery: ledger entry: %w", err)
			}
			all = append(all, p)
			return nil
		})
	})
	return all, err
}

// counts returns the number of parcels by state.
func (l *ledger) counts() (onTheWay, arrived, lost int, err error) {
	err = l.db.View(func(tx *bolt.Tx) error {
		onTheWay = tx.Bucket(pendingBucket).Stats().KeyN
		return tx.Bucket(settledBucket).ForEach(func(_, data []byte) error {
			var s settlement
			if err := json.Unmarshal(data, &s); err != nil {
				return fmt.Errorf("delivery: ledger entry: %w", err)
			}
			if s.Outcome == dead {
				lost++
			} else {
				arrived++
			}
			return nil
		})
	})
	return onTheWay, arrived, lost, err
}

// close writes everything to the disk and closes the file.
func (l *ledger) close() error { return errors.Join(l.db.Sync(), l.db.Close()) }
