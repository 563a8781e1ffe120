package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Objects are the bytes of buckets, as S3 keeps them.
type Objects interface {
	Get(ctx context.Context, bucket, key string) ([]byte, error)
	Put(ctx context.Context, bucket, key string, data []byte) error
}

// Options set up an Engine. Every field is needed but Objects.
type Options struct {
	Dir string // where executions are kept; made if needed
	// Invoke calls a function by ARN or name. functionError is empty, or what
	// X-Amz-Function-Error would say; err means that the call itself failed.
	Invoke func(ctx context.Context, functionARN string, payload []byte) (out []byte, functionError string, err error)
	// Emit offers a status change in EventBridge's shape. It is offered again
	// after a restart until nil is returned.
	Emit func(ctx context.Context, event []byte) error
	// Objects reads the items of a distributed Map and stores what became of
	// them; nil where no machine has one, which Register then refuses.
	Objects Objects
	Now     func() time.Time
	NewID   func() string // unique for each call
	Log     *slog.Logger
}

// Engine runs executions. It is safe for concurrent use.
type Engine struct {
	opts Options
	db   *bolt.DB
	ctx  context.Context // ends with Close
	stop context.CancelFunc
	work sync.WaitGroup

	mu       sync.Mutex
	machines map[string]*registered        // by ARN
	running  map[string]context.CancelFunc // by execution ARN
}

// registered is a machine under the names by which executions call it.
type registered struct {
	name, arn string
	machine   *Machine
}

// New opens the executions kept in Dir. Call Register for every machine, then
// Resume.
func New(opts Options) (*Engine, error) {
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of executions: %w", err)
	}
	db, err := bolt.Open(filepath.Join(opts.Dir, "executions.db"), 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		return nil, fmt.Errorf("open the executions: %w", err)
	}
	// A process killed at any point leaves the file whole without a sync: the
	// pages are the kernel's by then. Only a power cut needs more, and nobody
	// trusts a development host with one.
	db.NoSync = true
	err = db.Update(func(tx *bolt.Tx) error {
		_, a := tx.CreateBucketIfNotExists(executionsBucket)
		_, b := tx.CreateBucketIfNotExists(itemsBucket)
		_, c := tx.CreateBucketIfNotExists(childrenBucket)
		return errors.Join(a, b, c)
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare the executions: %w", err), db.Close())
	}
	e := &Engine{opts: opts, db: db, machines: map[string]*registered{}, running: map[string]context.CancelFunc{}}
	e.ctx, e.stop = context.WithCancel(context.Background())
	return e, nil
}

// Register makes a definition known under its ARN. It fails, naming the
// construct, when the definition holds anything that is not interpreted.
func (e *Engine) Register(name, arn string, definition []byte) error {
	m, err := ParseMachine(definition)
	if err != nil {
		return fmt.Errorf("state machine %s: %w", name, err)
	}
	if e.opts.Objects == nil && m.distributes() {
		return fmt.Errorf("state machine %s: a distributed Map needs objects, and this engine has none", name)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.machines[arn] = &registered{name: name, arn: arn, machine: m}
	return nil
}

// Resume goes on with every execution that was under way and offers the status
// changes nobody has taken.
func (e *Engine) Resume() error {
	var open []*execution
	err := e.each(func(ex *execution) {
		// Gathered first: bbolt may have a write wait for a reading that is open.
		if ex.Status == statusRunning || ex.Emitted != ex.Status {
			open = append(open, ex)
		}
	})
	if err != nil {
		return err
	}
	for _, ex := range open {
		m := e.machine(ex.MachineARN)
		// A state machine was renamed: its executions would hang for ever unseen.
		if m == nil {
			return fmt.Errorf("execution %s is of a state machine that is not registered: %s", ex.Name, ex.MachineARN)
		}
		if ex.Status == statusRunning {
			e.launch(ex, m)
		} else {
			e.work.Go(func() { e.emit(ex) })
		}
	}
	return nil
}

// Close stops working on executions, without ending them: Resume goes on.
func (e *Engine) Close() error {
	e.stop()
	e.work.Wait()
	return e.db.Close()
}

// machine returns what Register made known, nil when nothing did.
func (e *Engine) machine(arn string) *registered {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.machines[arn]
}

// launch runs the execution in the background.
func (e *Engine) launch(ex *execution, m *registered) {
	ctx, cancel := context.WithCancel(e.ctx)
	e.mu.Lock()
	e.running[ex.ARN] = cancel
	e.mu.Unlock()
	e.work.Go(func() {
		defer cancel()
		e.run(ctx, ex, m)
		e.mu.Lock()
		delete(e.running, ex.ARN)
		e.mu.Unlock()
	})
}

// run takes an execution from its last checkpoint to its end.
func (e *Engine) run(ctx context.Context, ex *execution, m *registered) {
	// RUNNING comes first; one that was told before a restart is not told again.
	e.emit(ex)
	if t := m.machine.TimeoutSeconds; t > 0 {
		var cancel context.CancelFunc
		// From the start, not from now: a restart gives no execution more time.
		ctx, cancel = context.WithDeadlineCause(ctx, ex.StartedAt.Add(time.Duration(t)*time.Second), errTimedOut)
		defer cancel()
	}
	w := &walk{engine: e, machine: m.machine, execution: ex, registered: m, key: ex.ARN}
	out, err := w.run(ctx, ex.State, ex.StateInput, ex.Entered, func(state string, input json.RawMessage, entered int) error {
		ex.State, ex.StateInput, ex.Entered = state, input, entered
		return e.checkpoint(ex)
	})
	if e.ctx.Err() != nil {
		return // the stage is stopping: Resume goes on from the checkpoint
	}
	status, f := statusSucceeded, &failure{}
	switch {
	case err == nil:
	case errors.Is(context.Cause(ctx), errTimedOut):
		status, f = statusTimedOut, &failure{name: "States.Timeout"}
	case ctx.Err() != nil:
		return // stopped by StopExecution, which wrote the end
	default:
		status, f = statusFailed, asFailure(err)
	}
	e.finish(ex, status, out, f)
}

// errTimedOut tells a deadline of the execution's own from the stage's end.
var errTimedOut = errors.New("the execution took longer than TimeoutSeconds")

// finish writes the end of an execution, unless somebody else did, and tells it.
func (e *Engine) finish(ex *execution, status string, out json.RawMessage, f *failure) bool {
	done := *ex
	done.Status, done.Output, done.Error, done.Cause = status, string(out), f.name, f.cause
	done.StoppedAt = e.opts.Now().UTC()
	won, err := e.close(&done)
	if err != nil {
		e.opts.Log.Error("the end of an execution could not be written", "execution", ex.Name, "error", err)
		return false
	}
	if err := e.forgetItems(ex.ARN + "/"); err != nil {
		e.opts.Log.Warn("kept items not dropped", "execution", ex.Name, "error", err)
	}
	if won {
		e.opts.Log.Info("execution ended", "execution", ex.Name, "status", status, "error", f.name)
		e.emit(&done)
	}
	return won
}
