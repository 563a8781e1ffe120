package states

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The statuses of an execution, as the service spells them.
const (
	statusRunning   = "RUNNING"
	statusSucceeded = "SUCCEEDED"
	statusFailed    = "FAILED"
	statusTimedOut  = "TIMED_OUT"
	statusAborted   = "ABORTED"
)

var (
	executionsBucket = []byte("executions") // ARN -> execution
	itemsBucket      = []byte("items")      // ARN/state/index#digest of input -> output of an inline Map's item
	childrenBucket   = []byte("children")   // ARN/state/index -> child of a distributed Map
)

// execution is what is kept of one execution. It is written when it starts, before
// each further state is entered, and at its end; what a killed stage finds of it:
//
//	killed while a state runs     the state is run again from its input: a Task's
//	                              function may be called twice, as AWS may do too
//	killed inside an inline Map   items that ended are kept, the others run again;
//	or right after it             none of them, once all have ended
//	killed inside a distributed   each child goes on with its own state
//	killed after the end          the status change is offered again until taken
type execution struct {
	Name       string          `json:"name"`
	ARN        string          `json:"arn"`
	MachineARN string          `json:"machine_arn"`
	Input      string          `json:"input"`
	Status     string          `json:"status"`
	StartedAt  time.Time       `json:"started_at"`
	StoppedAt  time.Time       `json:"stopped_at,omitzero"`
	Output     string          `json:"output,omitempty"`
	Error      string          `json:"error,omitempty"`
	Cause      string          `json:"cause,omitempty"`
	State      string          `json:"state"` // to enter, or under way
	StateInput json.RawMessage `json:"state_input"`
	Entered    int             `json:"entered"` // states entered so far
	Emitted    string          `json:"emitted"` // last status somebody took
}

// create stores a new execution, or returns the one that has its ARN.
func (e *Engine) create(ex *execution) (there *execution, err error) {
	err = e.db.Update(func(tx *bolt.Tx) error {
		if data := tx.Bucket(executionsBucket).Get([]byte(ex.ARN)); data != nil {
			there = &execution{}
			return json.Unmarshal(data, there)
		}
		return put(tx, ex)
	})
	return there, err
}

// checkpoint stores where a running execution is; one that has ended stays as it is.
func (e *Engine) checkpoint(ex *execution) error {
	return e.db.Update(func(tx *bolt.Tx) error {
		stored, err := load(tx, ex.ARN)
		if err != nil || stored.Status != statusRunning {
			return err
		}
		return put(tx, ex)
	})
}

// close stores the end of an execution and reports whether this call ended it.
func (e *Engine) close(ex *execution) (won bool, err error) {
	err = e.db.Update(func(tx *bolt.Tx) error {
		stored, err := load(tx, ex.ARN)
		if err != nil || stored.Status != statusRunning {
			return err
		}
		won = true
		return put(tx, ex)
	})
	return won && err == nil, err
}

// taken notes that somebody took the status change.
func (e *Engine) taken(arn, status string) error {
	return e.db.Update(func(tx *bolt.Tx) error {
		stored, err := load(tx, arn)
		if err != nil {
			return err
		}
		stored.Emitted = status
		return put(tx, stored)
	})
}

// find returns the execution, nil when there is none.
func (e *Engine) find(arn string) (ex *execution, err error) {
	err = e.db.View(func(tx *bolt.Tx) error {
		data := tx.Bucket(executionsBucket).Get([]byte(arn))
		if data == nil {
			return nil
		}
		ex = &execution{}
		return json.Unmarshal(data, ex)
	})
	return ex, err
}

// each calls do with every execution, by ARN.
func (e *Engine) each(do func(*execution)) error {
	return e.db.View(func(tx *bolt.Tx) error {
		return tx.Bucket(executionsBucket).ForEach(func(_, data []byte) error {
			ex := &execution{}
			if err := json.Unmarshal(data, ex); err != nil {
				return fmt.Errorf("a stored execution cannot be read: %w", err)
			}
			do(ex)
			return nil
		})
	})
}

// put stores an execution under its ARN.
func put(tx *bolt.Tx, ex *execution) error {
	data, err := json.Marshal(ex)
	if err != nil {
		return fmt.Errorf("encode execution: %w", err)
	}
	return tx.Bucket(executionsBucket).Put([]byte(ex.ARN), data)
}

// load reads an execution that must be there.
func load(tx *bolt.Tx, arn string) (*execution, error) {
	ex := &execution{}
	if err := json.Unmarshal(tx.Bucket(executionsBucket).Get([]byte(arn)), ex); err != nil {
		return nil, fmt.Errorf("execution %s cannot be read: %w", arn, err)
	}
	return ex, nil
}

// item returns the kept output of a Map's item.
func (e *Engine) item(key string) (out any, ok bool, err error) {
	err = e.db.View(func(tx *bolt.Tx) error {
		data := tx.Bucket(itemsBucket).Get([]byte(key))
		if data == nil {
			return nil
		}
		ok = true
		var err error
		out, err = decodeJSON(data)
		return err
	})
	return out, ok, err
}

// keepItem notes the output of an inline Map's item.
func (e *Engine) keepItem(key string, output json.RawMessage) error {
	return e.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(itemsBucket).Put([]byte(key), output) })
}

// forgetItems drops what was kept of items and children under a prefix.
func (e *Engine) forgetItems(prefix string) error {
	return e.db.Update(func(tx *bolt.Tx) error {
		for _, bucket := range [][]byte{itemsBucket, childrenBucket} {
			c := tx.Bucket(bucket).Cursor()
			// Sought anew after each deletion, which moves bbolt's cursor.
			for k, _ := c.Seek([]byte(prefix)); bytes.HasPrefix(k, []byte(prefix)); k, _ = c.Seek([]byte(prefix)) {
				if err := c.Delete(); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// keptChild returns what is kept of a child, nil when there is nothing.
func (e *Engine) keptChild(key string) (c *child, err error) {
	err = e.db.View(func(tx *bolt.Tx) error {
		data := tx.Bucket(childrenBucket).Get([]byte(key))
		if data == nil {
			return nil
		}
		c = &child{}
		return json.Unmarshal(data, c)
	})
	return c, err
}

// keepChild notes where a child is, or how it ended.
func (e *Engine) keepChild(key string, c *child) error {
	data, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode a child execution: %w", err)
	}
	return e.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(childrenBucket).Put([]byte(key), data) })
}
