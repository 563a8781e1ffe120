package world_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"godwit/shared/registry"
	"godwit/shared/serving"
	"godwit/shared/world"
)

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
	routes   = []world.Kind{world.Route, world.Predict}
	batches  = []world.Kind{world.Score, world.Work, world.Cancel}
	judges   = []world.Kind{world.Predict, world.Judge, world.Tick}
	counts   = []world.Kind{world.Count}
	discards = []world.Kind{world.Create, world.Upload, world.Deliver, world.Work, world.Discard}
	retrains = []world.Kind{world.Upload, world.Deliver, world.Work, world.Discard, world.Retrain}
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
	{"a commit that does not end its job", world.Seams{Table: unended}, trains, []int{5}},
	{"a commit without the condition on the number", world.Seams{Table: free("V#", "intents", "A#", "H#")}, commits, []int{2, 7, 9}},
	{"a number that is skipped", world.Seams{Table: lying("intents", `"latest":3`, `"latest":4`)}, trains, []int{9}},
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
	{"a table without tenants", world.Seams{Table: func(s registry.Store) registry.Store { return oneTenant{s, "MODEL#"} }}, pages, []int{31, 8, 22}},
	{"a key that is revoked for its owner only", world.Seams{Table: func(s registry.Store) registry.Store { return forgiving{s} }}, keys, []int{31}},
	{"a learner that is not repeatable", world.Seams{Salt: true}, trains, []int{20}},
	{"a route that forgets its callers", rerouting(careless), routes, []int{21}},
	{"a shadow that answers", rerouting(unveiled), routes, []int{22}},
	{"a batch job without the condition on its revision", world.Seams{Table: free("BATCH")}, batches, []int{11}},
	{"feedback without the condition on what was judged", world.Seams{Table: free("00")}, judges, []int{8}},
	{"a merge that takes a broken row for an answer", world.Seams{Table: lying("BATCH", `"ok":4,"failed":1`, `"ok":5,"failed":0`)}, batches, []int{19}},
	{"rows that nobody accounts for", world.Seams{Table: lying("JOB", `"rejected":1`, `"rejected":0`)}, trains, []int{15}},
	{"a count that is not kept", world.Seams{Table: func(s registry.Store) registry.Store { return uncounted{s} }}, counts, []int{10}},
	{"data sets without tenants", world.Seams{Table: func(s registry.Store) registry.Store { return oneTenant{s, "DATASETS"} }}, discards, []int{31}},
	{"a deletion of whatever the data set has become", world.Seams{Table: free("ds_")}, retrains, []int{6}},
	{"a job that does not tell its data set", world.Seams{Table: untold}, retrains, []int{6}},
}

// budget is how many schedules a mutant may survive.
const budget = 3000

// TestMutants breaks one rule at a time: the suite must notice each, by name,
// in schedules of the acts that the rule is about. What it noticed comes again
// from the seed alone. With GODWIT_SCHEDULES, as in make test-faults, each is also
// reduced to a schedule that shows the same, and printed.
func TestMutants(t *testing.T) {
	caught, ran := map[int]bool{}, 0
	var mu sync.Mutex
	t.Run("each", func(t *testing.T) {
		for _, tc := range mutants {
			t.Run(tc.name, func(t *testing.T) {
				ran++ // one after the other as far as here
				t.Parallel()
				w := open(t, tc.seams)
				s, f := hunt(w, tc.only)
				if f == nil {
					t.Fatalf("survived %d schedules", budget)
				}
				if !slices.Contains(tc.want, f.Invariant) {
					t.Errorf("caught by invariant %d (%v), want one of %v", f.Invariant, f.Err, tc.want)
				}
				again := open(t, tc.seams).Run(world.Generate(s.Seed, tc.only...))
				if again == nil || again.Error() != f.Error() {
					t.Errorf("seed %d breaks %v, and in another world %v", s.Seed, f, again)
				}
				t.Logf("seed %d, %v", s.Seed, f)
				if number(t, "GODWIT_SCHEDULES", 0) > schedules {
					reduce(t, w, open(t, tc.seams), s, f)
				}
				mu.Lock()
				defer mu.Unlock()
				caught[f.Invariant] = true
			})
		}
	})
	if ran == len(mutants) && len(caught) < 10 {
		t.Errorf("the mutants were caught by %d invariants, want at least 10", len(caught))
	}
	t.Logf("%d broken installations, caught by %d different invariants", ran, len(caught))
}

// reduce holds that what breaks in one world can be made short there, and breaks
// the same in another.
func reduce(t *testing.T, w, other *world.World, s world.Schedule, f *world.Failure) {
	t.Helper()
	short := world.Shrink(w.Run, s)
	again := other.Run(short)
	if again == nil || again.Invariant != f.Invariant || len(short.Acts) > 6 || len(short.Turns) > 30 {
		t.Errorf("the shortest form of seed %d is %v, breaking %v, want at most 6 acts that break %v", s.Seed, short, again, f)
	}
	t.Logf("shortest form, %v\n%v", again, short)
}

// hunt returns the first schedule of the given acts that breaks an invariant, or
// nil.
func hunt(w *world.World, only []world.Kind) (world.Schedule, *world.Failure) {
	for seed := uint64(1); seed <= budget; seed++ {
		s := world.Generate(seed, only...)
		if f := w.Run(s); f != nil {
			return s, f
		}
	}
	return world.Schedule{}, nil
}

// TestShrink reduces a failure among schedules of all acts: the shortest form
// breaks the same invariant, and is short enough to read.
func TestShrink(t *testing.T) {
	w := open(t, world.Seams{CommitEarly: true})
	s, f := hunt(w, nil)
	if f == nil {
		t.Fatalf("nothing to shrink in %d schedules", budget)
	}
	reduce(t, w, open(t, world.Seams{CommitEarly: true}), s, f)
}
