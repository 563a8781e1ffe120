package world

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"godwit/shared/blob"
	"godwit/shared/blob/memblob"
	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/registry/memory"
	"godwit/shared/serving"
	"godwit/shared/training"
)

// The size of a world.
const (
	laneCount = 4
	maxCalls  = 400             // that one request may make
	ttl       = 5 * time.Second // of a server's routes
)

// began is the time at which every world begins.
var began = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// tenants share the name of their model.
var tenants = []registry.Tenant{"acme", "rival"}

const intents registry.Name = "intents"

// Seams are the places where a test puts something else, or breaks a rule to
// see that the suite notices. The zero value is the product as it is.
type Seams struct {
	// Table is put between the lanes and the store.
	Table func(registry.Store) registry.Store
	// Resolver is put between a server and the registry.
	Resolver func(serving.Resolver, *World) serving.Resolver
	// Train does the work of a job; nil is the world's own worker.
	Train func(ctx context.Context, s *training.Steps, in training.StepInput) error
	// Data is what an upload holds; nil is the name of a model fitted before.
	Data func(kind int) string

	TTL           time.Duration // of a server's routes, default 5 s
	ForgetTokens  bool          // an adapter repeats a write as if it were another
	CommitEarly   bool          // the version is committed before its artifact is stored
	PromoteAlways bool          // a late older result is promoted too
	CleanAll      bool          // clean-up does not spare artifacts
	HideStale     bool          // an answer does not say that it may be old
	Salt          bool          // the same data gives another artifact each time
}

// World is an installation in memory. Run uses it for one schedule after the
// other; it is for one goroutine, and Close ends it.
type World struct {
	Seams Seams
	Tally Tally

	store           registry.Store // records, with what the seams put between
	records         *memory.Store
	uploads, models *memblob.Store
	lanes           []*lane
	clock           time.Time
	writer          *lane // whose write is under way
	ledger          ledger
	changed         bool // since the invariants were asked last
	raised          [33]error
	first           *beginning        // of every run; nil before the first
	rotten          map[string]rotten // objects of the models bucket that went bad
	down            bool              // the registry does not answer servers
	resting         bool              // no more faults
	turned          int               // times it went down or came back
	mail            []*letter
	executions      []*execution
	uploaded        []arrival
	answers         map[string]string      // what was said, by digest and text
	granted         map[string]int         // conditional changes that were made, by what they were conditional on
	idempotent      map[string]*idempotent // by tenant and key
	secrets         []secretKey
	asked           []asked           // answers that can be judged
	assigned        map[string]string // targets of callers, by route and sticky value
	scored          map[string]string // files of results, by what they are of
	reminded        map[string]bool   // jobs that were asked after at rest
	swept           bool              // the buckets' lifecycle has struck
	library         *library
	discard         *slog.Logger
}

// Tally counts what a world went through in all its runs.
type Tally struct {
	Schedules, Turns, Calls, Checks, Acts int
	Faults                                [faults]int
}

// Add adds another world's counts.
func (t *Tally) Add(o Tally) {
	t.Schedules += o.Schedules
	t.Turns += o.Turns
	t.Calls += o.Calls
	t.Checks += o.Checks
	t.Acts += o.Acts
	for i, n := range o.Faults {
		t.Faults[i] += n
	}
}

// Failure is an invariant that does not hold.
type Failure struct {
	Invariant int // its number
	Turn      int // after which it was seen
	Err       error
}

// Error returns what is broken and when.
func (f *Failure) Error() string {
	return fmt.Sprintf("invariant %d after turn %d: %v", f.Invariant, f.Turn, f.Err)
}

// New returns a world. The error is that of fitting its models.
func New(s Seams) (*World, error) {
	l, err := fitted()
	if err != nil {
		return nil, fmt.Errorf("fit the world's models: %w", err)
	}
	w := &World{Seams: s, library: l, discard: slog.New(slog.NewTextHandler(io.Discard, nil))}
	for range laneCount {
		w.lanes = append(w.lanes, &lane{})
	}
	return w, nil
}

// Close ends the world's lanes. No Run may follow.
func (w *World) Close() {
	for _, l := range w.lanes {
		if l.stop != nil {
			l.stop()
		}
	}
}

// Now is the world's time, which only its turns and acts move.
func (w *World) Now() time.Time { return w.clock }

// raise notes that an invariant does not hold; the first time counts.
func (w *World) raise(number int, format string, args ...any) {
	w.changed = true
	if w.raised[number] == nil {
		w.raised[number] = fmt.Errorf(format, args...)
	}
}

// Newest returns an artifact with the size and digest of what a reader gets under
// its key, which may not be what the version names.
func (w *World) Newest(a registry.Artifact) registry.Artifact {
	data, err := blob.ReadAll(context.Background(), w.models, a.Key, 1<<20)
	if err != nil {
		return a
	}
	data = w.spoiled(a.Key, data)
	a.Digest, a.Size = blob.DigestOf(data), int64(len(data))
	return a
}

// draft is a version as training leaves it.
func draft(n registry.Name, a registry.Artifact, l registry.Lineage) registry.Version {
	return registry.Version{
		Model: n, Task: registry.TextClassification, Algorithm: "linear-svm", Artifact: a, Evaluation: a,
		Gate: registry.Gate{Passed: true, Promotion: "promoted"}, Lineage: l, Settings: []byte(`{}`),
	}
}

// artifactOf names bytes as training does.
func artifactOf(t registry.Tenant, n registry.Name, data []byte) registry.Artifact {
	d := blob.DigestOf(data)
	return registry.Artifact{Key: fmt.Sprintf("artifacts/%s/%s/%s.safetensors", t, n, d.Hex()), Digest: d, Size: int64(len(data))}
}

// definite reports whether err says for sure that a change was not made.
func definite(err error) bool {
	if errors.Is(err, errDead) {
		return false
	}
	switch fault.CodeOf(err) {
	case fault.NotFound, fault.Conflict, fault.PreconditionFailed, fault.Invalid:
		return true
	}
	return false
}
