package registrytest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// model returns a Registry on the suite's store whose model intents has n
// versions, with champion at the newest.
func (s *suite) model(n int) *registry.Registry {
	s.Helper()
	r := &registry.Registry{Store: s.store, Now: time.Now, NewToken: token}
	for i := range n {
		c := registry.Commit{Token: fmt.Sprint("job-", i), Draft: registry.Version{Model: "intents", Gate: registry.Gate{Passed: true}}, Promote: registry.Champion, By: "test"}
		if _, err := r.Commit(s.Context(), "acme", c); err != nil {
			s.Fatalf("Commit = %v", err)
		}
	}
	return r
}

// chained checks that an alias's history has want entries, each of which goes on
// where the one before ended, and that the newest is where the alias points.
func (s *suite) chained(r *registry.Registry, want int) registry.AliasChange {
	s.Helper()
	a, err := r.Alias(s.Context(), "acme", "intents", registry.Champion)
	page, historyErr := r.AliasHistory(s.Context(), "acme", "intents", registry.Champion, registry.PageRequest{Limit: 200})
	if err := errors.Join(err, historyErr); err != nil {
		s.Fatalf("reading the alias back = %v", err)
	}
	if len(page.Items) != want || page.Items[0].To != a.Version || page.Items[0].Revision != a.Rev {
		s.Fatalf("%d history entries, the newest %+v, alias %+v, want %d that end at the alias", len(page.Items), page.Items[0], a, want)
	}
	for i, change := range page.Items[:want-1] {
		if before := page.Items[i+1]; change.From != before.To || change.Revision != before.Revision+1 {
			s.Errorf("change %+v does not follow %+v", change, before)
		}
	}
	return page.Items[0]
}

// patient repeats f while the store is contended, which it may say of a write
// that met others.
func patient(f func() error) error {
	for {
		if err := f(); !fault.Is(err, fault.Unavailable) {
			return err
		}
	}
}

// racePromotions points an alias from one revision to many versions at once
// (invariant 7).
func racePromotions(t *testing.T, s *suite) {
	r := s.model(4)
	for round := range 3 {
		// Four commits made revision 4, and each round one more.
		rev := int64(4 + round)
		won := s.race(racers, fault.PreconditionFailed, func(i int) error {
			return patient(func() error {
				_, err := r.SetAlias(t.Context(), "acme", "intents", registry.Champion, i%4+1, rev, "test")
				return err
			})
		})
		if s.chained(r, 5+round); won != 1 {
			t.Errorf("round %d: %d promotions from one revision, want one", round, won)
		}
	}
}

// raceRollbacks takes one promotion back many times at once from one revision:
// it is taken back once.
func raceRollbacks(t *testing.T, s *suite) {
	r := s.model(5)
	for round := range 3 {
		rev := int64(5 + round)
		won := s.race(racers, fault.PreconditionFailed, func(int) error {
			return patient(func() error {
				_, err := r.RollbackAlias(t.Context(), "acme", "intents", registry.Champion, 0, rev, "test")
				return err
			})
		})
		if last := s.chained(r, 6+round); won != 1 || !last.Rollback || last.To != 4-round {
			t.Errorf("round %d: %d rollbacks won, the last is %+v, want one, to version %d", round, won, last, 4-round)
		}
	}
}

// raceRoutes replaces a route from one revision many times at once.
func raceRoutes(t *testing.T, s *suite) {
	r := s.model(2)
	for round := range int64(3) {
		won := s.race(racers, fault.PreconditionFailed, func(i int) error {
			return patient(func() error {
				route := registry.Route{Targets: []registry.Target{{Pick: registry.Pick{Alias: registry.Champion}, Weight: i + 1}, {Pick: registry.Pick{Version: 1}, Weight: 1}}}
				_, err := r.SetRoute(t.Context(), "acme", "intents", route, round, fmt.Sprint("key-", i+1))
				return err
			})
		})
		route, err := r.Route(t.Context(), "acme", "intents")
		if err != nil || won != 1 || route.Rev != round+1 || len(route.Targets) != 2 || fmt.Sprint("key-", route.Targets[0].Weight) != route.UpdatedBy {
			t.Errorf("round %d: %d routes won, %+v, %v, want one at revision %d, whole", round, won, route, err, round+1)
		}
	}
}

// raceDeletions deletes a version while an alias and a route are set to it: the
// deletion wins, or it loses and the pointers stand (invariant 28).
func raceDeletions(t *testing.T, s *suite) {
	r := s.model(6)
	for number := 1; number <= 5; number++ {
		// An alias of its own for each round: what a lost race leaves is not moved.
		blue := registry.AliasName(fmt.Sprint("blue-", number))
		var deleted, pointed, routed error
		s.race(3, "", func(i int) error {
			switch i {
			case 0:
				deleted = patient(func() error { return r.DeleteVersion(t.Context(), "acme", "intents", number, registry.AnyRev) })
			case 1:
				pointed = patient(func() error {
					_, err := r.SetAlias(t.Context(), "acme", "intents", blue, number, 0, "test")
					return err
				})
			default:
				routed = patient(func() error {
					route := registry.Route{Targets: []registry.Target{{Pick: registry.Pick{Version: number}, Weight: 1}}}
					_, err := r.SetRoute(t.Context(), "acme", "intents", route, registry.AnyRev, "test")
					return err
				})
			}
			return nil
		})
		_, err := r.Version(t.Context(), "acme", "intents", number)
		// Either outcome is right, both at once or neither is not.
		won := deleted == nil && fault.Is(pointed, fault.NotFound) && fault.Is(routed, fault.Invalid) && fault.Is(err, fault.NotFound)
		lost := fault.Is(deleted, fault.Conflict) && (pointed == nil || routed == nil) && err == nil
		if won == lost {
			t.Errorf("version %d: deletion %v, alias %v, route %v, then reading it %v, want the deletion alone or without it", number, deleted, pointed, routed, err)
		}
	}
}

// raceModelDeletion deletes a model while trainings of it end: what is committed
// after the deletion brings the name back with a number of its own.
func raceModelDeletion(t *testing.T, s *suite) {
	r := s.model(1)
	if err := r.DeleteAlias(t.Context(), "acme", "intents", registry.Champion, registry.AnyRev, "test"); err != nil {
		t.Fatalf("DeleteAlias = %v", err)
	}
	numbers := make([]int, racers)
	won := s.race(racers, "", func(i int) error {
		return patient(func() error {
			if i == 0 {
				return r.DeleteModel(t.Context(), "acme", "intents", registry.AnyRev)
			}
			v, err := r.Commit(t.Context(), "acme", registry.Commit{Token: fmt.Sprint("late-", i), Draft: registry.Version{Model: "intents"}})
			numbers[i] = v.Number
			return err
		})
	})
	if won != racers {
		t.Fatalf("%d of %d succeeded", won, racers)
	}
	seen := map[int]bool{}
	for _, n := range numbers[1:] {
		if n < 2 || n > racers || seen[n] {
			t.Errorf("a version got the number %d, want each from 2 to %d once: %v", n, racers, numbers)
		}
		seen[n] = true
	}
	versions, err := r.Versions(t.Context(), "acme", "intents", registry.PageRequest{})
	m, modelErr := r.Model(t.Context(), "acme", "intents")
	if err != nil || fault.Is(modelErr, fault.NotFound) != (len(versions.Items) == 0) || modelErr == nil && m.Latest != racers {
		t.Errorf("afterwards %d versions, %v, model %+v, %v, want versions and model there or gone together", len(versions.Items), err, m, modelErr)
	}
}

// raceDatasetDeletion opens jobs on a data set while it is deleted: those that were
// opened before it was condemned are all there are, and the others find no data set.
func raceDatasetDeletion(t *testing.T, s *suite) {
	r := &registry.Registry{Store: s.store, Now: time.Now, NewToken: token}
	for round := range 4 {
		id := fmt.Sprint("ds_", round)
		if _, err := r.CreateDataset(t.Context(), "acme", registry.Dataset{ID: id, Model: "intents"}); err != nil {
			t.Fatalf("CreateDataset = %v", err)
		}
		opened := registry.Query{Partition: "acme#TEST", Prefix: id + "#", Limit: 100}
		var before []registry.Record
		won := s.race(racers, fault.NotFound, func(i int) error {
			for {
				d, err := r.DatasetToDelete(t.Context(), "acme", id)
				if err != nil {
					return err
				}
				if i == 0 {
					if d, err = r.CondemnDataset(t.Context(), d); err == nil {
						before, _ = s.query(opened)
						err = r.DeleteDataset(t.Context(), "acme", id, d.Rev)
					}
				} else {
					err = s.openJob(r, id, i)
				}
				if !fault.Is(err, fault.PreconditionFailed) && !fault.Is(err, fault.Unavailable) {
					return err
				}
			}
		})
		after, _ := s.query(opened)
		if _, err := r.DatasetToDelete(t.Context(), "acme", id); !fault.Is(err, fault.NotFound) || len(after) != len(before) || won > 1+len(after) {
			t.Errorf("round %d: %d jobs before the deletion and %d after it, %d calls succeeded, reading it then %v, want no job later and none lost",
				round, len(before), len(after), won, err)
		}
	}
}

// openJob writes a record that stands for job number i together with its reading
// of a data set.
func (s *suite) openJob(r *registry.Registry, id string, i int) error {
	d, err := r.Dataset(s.Context(), "acme", id)
	if err != nil {
		return err
	}
	job := fmt.Sprintf("%s#%02d", id, i)
	read, err := r.ReadBy(d, job)
	if err != nil {
		return err
	}
	return s.store.Write(s.Context(), token(), put(key(job), `{}`, 0), read)
}
