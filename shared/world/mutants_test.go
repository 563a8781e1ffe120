package world_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/shared/registry"
	"godwit/shared/serving"
	"godwit/shared/world"
)

// rewriting is a store that changes the writes on their way.
type rewriting struct {
	registry.Store
	change func([]registry.Write) []registry.Write
}

func (r rewriting) Write(ctx context.Context, token string, w ...registry.Write) error {
	if w = r.change(slices.Clone(w)); len(w) == 0 {
		return nil
	}
	return r.Store.Write(ctx, token, w...)
}

// free returns writes that forget the condition of records whose sort keys begin
// with one of the prefixes.
func free(prefixes ...string) func(registry.Store) registry.Store {
	return func(s registry.Store) registry.Store {
		return rewriting{s, func(ws []registry.Write) []registry.Write {
			for i, w := range ws {
				if w.Op == registry.Put && begins(w.Record.Key.Sort, prefixes) {
					ws[i].IfRev = registry.AnyRev
				}
			}
			return ws
		}}
	}
}

// without returns writes that leave out records, or conditions, whose sort keys
// begin with one of the prefixes.
func without(op registry.Op, prefixes ...string) func(registry.Store) registry.Store {
	return func(s registry.Store) registry.Store {
		return rewriting{s, func(ws []registry.Write) []registry.Write {
			return slices.DeleteFunc(ws, func(w registry.Write) bool { return w.Op == op && begins(w.Record.Key.Sort, prefixes) })
		}}
	}
}

// skipping lets a commit take two numbers.
func skipping(s registry.Store) registry.Store {
	return rewriting{s, func(ws []registry.Write) []registry.Write {
		for i, w := range ws {
			if strings.HasSuffix(w.Record.Key.Partition, "#MODELS") {
				ws[i].Record.Body = bytes.Replace(w.Record.Body, []byte(`"latest":3`), []byte(`"latest":4`), 1)
			}
		}
		return ws
	}}
}

// unleased lets any worker commit.
func unleased(s registry.Store) registry.Store {
	return rewriting{s, func(ws []registry.Write) []registry.Write {
		for i, w := range ws {
			if w.Record.Key.Sort == "JOB" && len(ws) > 1 {
				ws[i].IfRev = registry.AnyRev
			}
		}
		return ws
	}}
}

func begins(s string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

// oneByOne makes each write of a transaction by itself.
type oneByOne struct{ registry.Store }

func (o oneByOne) Write(ctx context.Context, token string, ws ...registry.Write) error {
	for i, w := range ws {
		if err := o.Store.Write(ctx, token+strings.Repeat("+", i), w); err != nil {
			return err
		}
	}
	return nil
}

// inclusive begins a page with the last record of the one before.
type inclusive struct{ registry.Store }

func (s inclusive) Query(ctx context.Context, q registry.Query) ([]registry.Record, bool, error) {
	if q.Descending && q.After != "" && !q.Index {
		q.After += "0" // sorts after the record itself
	}
	return s.Store.Query(ctx, q)
}

// oneTenant keeps all tenants' models in one place.
type oneTenant struct{ registry.Store }

func (s oneTenant) key(k registry.Key) registry.Key {
	if rest, ok := strings.CutPrefix(k.Partition, "rival#MODEL#"); ok {
		k.Partition = "acme#MODEL#" + rest
	}
	return k
}

func (s oneTenant) Get(ctx context.Context, k registry.Key) (registry.Record, error) {
	return s.Store.Get(ctx, s.key(k))
}

func (s oneTenant) Query(ctx context.Context, q registry.Query) ([]registry.Record, bool, error) {
	q.Partition = s.key(registry.Key{Partition: q.Partition}).Partition
	return s.Store.Query(ctx, q)
}

// forgiving never ends a key where the authorizer looks it up.
type forgiving struct{ registry.Store }

func (s forgiving) Write(ctx context.Context, token string, ws ...registry.Write) error {
	for _, w := range ws {
		if w.Record.Key.Sort == "KEY" && w.IfRev == registry.AnyRev {
			return nil
		}
	}
	return s.Store.Write(ctx, token, ws...)
}

// unverified gives versions the size and digest of whatever is in the bucket.
type unverified struct {
	serving.Resolver
	w *world.World
}

func (u unverified) Resolve(ctx context.Context, t registry.Tenant, ref registry.Reference) (registry.Version, string, error) {
	v, variant, err := u.Resolver.Resolve(ctx, t, ref)
	if err == nil {
		v.Artifact = u.w.Newest(v.Artifact)
	}
	return v, variant, err
}

// What schedules consist of that are to find a mutant soon.
var (
	promotes = []world.Kind{world.Promote, world.Rollback, world.Unalias}
	trains   = []world.Kind{world.Upload, world.Deliver, world.Work, world.Cancel, world.Tick}
	commits  = []world.Kind{world.Upload, world.Deliver, world.Work}
	deletes  = []world.Kind{world.Promote, world.Route, world.Remove}
	predicts = []world.Kind{world.Promote, world.Predict, world.Rot, world.Outage, world.Tick}
	cleans   = []world.Kind{world.Upload, world.Deliver, world.Work, world.Clean}
	creates  = []world.Kind{world.Create, world.Tick}
	pages    = []world.Kind{world.List, world.Promote, world.Predict}
	keys     = []world.Kind{world.Key}
)

// mutants are installations that break one rule each, and the invariants that
// may be the first to show it.
var mutants = []struct {
	name  string
	seams world.Seams
	only  []world.Kind // that the schedules consist of
	want  []int
}{
	{"SetAlias without the condition on its revision", world.Seams{Table: free("A#", "H#")}, promotes, []int{7}},
	{"a commit without the condition on the lease", world.Seams{Table: unleased}, trains, []int{11}},
	{"a commit without the condition on the number", world.Seams{Table: free("V#", "intents", "A#", "H#")}, commits, []int{2, 7, 9}},
	{"a number that is skipped", world.Seams{Table: skipping}, trains, []int{9}},
	{"a commit before the artifact is stored", world.Seams{CommitEarly: true}, trains, []int{1}},
	{"a promotion whatever the champion's data", world.Seams{PromoteAlways: true}, trains, []int{4}},
	{"an alias without a history entry", world.Seams{Table: without(registry.Put, "H#")}, promotes, []int{7}},
	{"a deletion that does not hold the guard", world.Seams{Table: without(registry.Check, "G")}, deletes, []int{28}},
	{"a promotion that does not hold its version", world.Seams{Table: without(registry.Check, "V#")}, deletes, []int{28}},
	{"a transaction write by write", world.Seams{Table: func(s registry.Store) registry.Store { return oneByOne{s} }}, trains, []int{1, 5, 7, 9, 10}},
	{"an adapter that forgets its tokens", world.Seams{ForgetTokens: true}, promotes, []int{10, 3, 5}},
	{"an artifact that is not held against its version", world.Seams{Resolver: func(r serving.Resolver, w *world.World) serving.Resolver { return unverified{r, w} }}, predicts, []int{8, 12}},
	{"a clean-up of artifacts", world.Seams{CleanAll: true}, cleans, []int{1, 6}},
	{"a server that looks nothing up again", world.Seams{TTL: 1000 * time.Hour}, predicts, []int{23, 24}},
	{"an old answer that does not say so", world.Seams{HideStale: true}, predicts, []int{24, 8, 23}},
	{"an Idempotency-Key that is not kept", world.Seams{Table: without(registry.Put, "IDEMPOTENCY")}, creates, []int{27}},
	{"a page that begins where the last one ended", world.Seams{Table: func(s registry.Store) registry.Store { return inclusive{s} }}, pages, []int{29}},
	{"a table without tenants", world.Seams{Table: func(s registry.Store) registry.Store { return oneTenant{s} }}, pages, []int{31, 8, 22}},
	{"a key that is revoked for its owner only", world.Seams{Table: func(s registry.Store) registry.Store { return forgiving{s} }}, keys, []int{31}},
	{"a learner that is not repeatable", world.Seams{Salt: true}, trains, []int{20}},
}

// budget is how many schedules a mutant may survive.
const budget = 3000

// TestMutants breaks one rule at a time: the suite must notice each, by name,
// in schedules of the acts that the rule is about.
func TestMutants(t *testing.T) {
	caught, ran := map[int]bool{}, 0
	var mu sync.Mutex
	t.Run("each", func(t *testing.T) {
		for _, tc := range mutants {
			t.Run(tc.name, func(t *testing.T) {
				ran++ // one after the other as far as here
				t.Parallel()
				w := open(t, tc.seams)
				for seed := uint64(1); seed <= budget; seed++ {
					f := w.Run(world.Generate(seed, tc.only...))
					if f == nil {
						continue
					}
					if !slices.Contains(tc.want, f.Invariant) {
						t.Errorf("caught by invariant %d (%v), want one of %v", f.Invariant, f.Err, tc.want)
					}
					t.Logf("invariant %d after %d schedules: %v", f.Invariant, seed, f.Err)
					mu.Lock()
					defer mu.Unlock()
					caught[f.Invariant] = true
					return
				}
				t.Errorf("survived %d schedules", budget)
			})
		}
	})
	if ran == len(mutants) && len(caught) < 10 {
		t.Errorf("the mutants were caught by %d invariants, want at least 10", len(caught))
	}
	t.Logf("%d broken installations, caught by %d different invariants", ran, len(caught))
}

// TestShrink reduces a failure: the shortest form breaks the same invariant, and
// is short enough to read.
func TestShrink(t *testing.T) {
	w := open(t, world.Seams{CommitEarly: true})
	for seed := uint64(1); seed <= budget; seed++ {
		s := world.Generate(seed)
		f := w.Run(s)
		if f == nil {
			continue
		}
		short := world.Shrink(w.Run, s)
		again := w.Run(short)
		if again == nil || again.Invariant != f.Invariant || len(short.Acts) > 5 || len(short.Turns) > 20 {
			t.Errorf("the shortest form of seed %d is %v, breaking %v, want at most 5 acts that break %v", seed, short, again, f)
		}
		t.Logf("%v\n%v", again, short)
		return
	}
	t.Errorf("nothing to shrink in %d schedules", budget)
}
