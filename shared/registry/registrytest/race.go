package registrytest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// racers is how many goroutines meet at one record.
const racers = 16

// raceCreate has many create one record: one does.
func raceCreate(t *testing.T, s *suite) {
	for round := range 5 {
		k := key(fmt.Sprint(round))
		won := s.race(racers, fault.PreconditionFailed, func(i int) error {
			return s.store.Write(t.Context(), token(), put(k, fmt.Sprintf(`{"by":%d}`, i), 0))
		})
		if rec := s.get(k); won != 1 || rec.Rev != 1 {
			t.Errorf("round %d: %d winners and revision %d, want one and 1", round, won, rec.Rev)
		}
	}
}

// raceIncrement changes one record under its revision until every racer has
// had its turn: no change may be lost.
func raceIncrement(t *testing.T, s *suite) {
	k := key("sum")
	s.write(put(k, `0`, 0))
	won := s.race(racers, "", func(int) error {
		for {
			rec, err := s.store.Get(t.Context(), k)
			if err != nil {
				return err
			}
			var n int
			if err := json.Unmarshal(rec.Body, &n); err != nil {
				return err
			}
			// A token of its own for each try: a repeated one would count as made.
			err = s.store.Write(t.Context(), token(), put(k, fmt.Sprint(n+1), rec.Rev))
			if !fault.Is(err, fault.PreconditionFailed) {
				return err
			}
		}
	})
	if won != racers {
		t.Errorf("%d of %d increments succeeded", won, racers)
	}
	s.wantRecord(k, racers+1, fmt.Sprint(racers), nil)
}

// raceTransactions moves two pointers together from one revision.
func raceTransactions(t *testing.T, s *suite) {
	a, b := key("a"), key("b")
	s.write(put(a, `-1`, 0), put(b, `-1`, 0))
	for round := range 4 {
		rev := int64(round + 1)
		won := s.race(racers, fault.PreconditionFailed, func(i int) error {
			body := fmt.Sprint(i)
			writes := []registry.Write{put(a, body, rev), put(b, body, rev), put(key(fmt.Sprintf("h#%d#%d", round, i)), body, 0)}
			if i%2 == 1 { // meeting the records in another order must not matter
				slices.Reverse(writes)
			}
			for {
				err := s.store.Write(t.Context(), token(), writes...)
				if !fault.Is(err, fault.Unavailable) { // contended: allowed, the caller repeats
					return err
				}
			}
		})
		history, _ := s.query(registry.Query{Partition: "acme#TEST", Prefix: fmt.Sprintf("h#%d#", round), Limit: 100})
		ra, rb := s.get(a), s.get(b)
		if won != 1 || len(history) != 1 || ra.Rev != rev+1 || rb.Rev != rev+1 || string(ra.Body) != string(rb.Body) || string(ra.Body) != string(history[0].Body) {
			t.Errorf("round %d: %d winners, %d history entries, a %s (%d), b %s (%d), want one of one",
				round, won, len(history), ra.Body, ra.Rev, rb.Body, rb.Rev)
		}
	}
}

// raceCounters adds from many sides; no addition may be lost.
func raceCounters(t *testing.T, s *suite) {
	k := key("count")
	won := s.race(racers, "", func(i int) error {
		for range 5 {
			if err := s.store.Add(t.Context(), k, map[string]int64{"n": int64(i)}, time.Time{}); err != nil {
				return err
			}
		}
		return nil
	})
	if won != racers {
		t.Errorf("%d of %d adders succeeded", won, racers)
	}
	s.wantRecord(k, 1, `{}`, map[string]int64{"n": 5 * racers * (racers - 1) / 2})
}

// raceCommits ends trainings of one model at one moment, each twice.
func raceCommits(t *testing.T, s *suite) {
	reg := &registry.Registry{Store: s.store, Now: time.Now, NewToken: token}
	if _, err := reg.CreateModel(t.Context(), "acme", registry.Model{Name: "intents"}); err != nil {
		t.Fatalf("CreateModel = %v", err)
	}
	const jobs = racers / 2
	numbers := make([]int, racers)
	won := s.race(racers, "", func(i int) error {
		c := registry.Commit{
			Token: fmt.Sprintf("job-%d", i/2), By: "test", Promote: registry.Champion,
			Draft: registry.Version{Model: "intents", Gate: registry.Gate{Passed: true}},
		}
		for {
			v, err := reg.Commit(t.Context(), "acme", c)
			numbers[i] = v.Number
			if !fault.Is(err, fault.Unavailable) {
				return err
			}
		}
	})
	for i := range jobs {
		if numbers[2*i] != numbers[2*i+1] {
			t.Errorf("job %d made versions %d and %d, want one", i, numbers[2*i], numbers[2*i+1])
		}
	}
	versions, err := reg.Versions(t.Context(), "acme", "intents", registry.PageRequest{})
	a, aliasErr := reg.Alias(t.Context(), "acme", "intents", registry.Champion)
	history, historyErr := reg.AliasHistory(t.Context(), "acme", "intents", registry.Champion, registry.PageRequest{})
	if err := errors.Join(err, aliasErr, historyErr); err != nil {
		t.Fatalf("reading the model back = %v", err)
	}
	if won != racers || len(versions.Items) != jobs || a.Version != jobs || a.Rev != jobs || len(history.Items) != jobs {
		t.Errorf("%d commits succeeded, %d versions, champion %d at revision %d, %d history entries, want %d, and %d of each",
			won, len(versions.Items), a.Version, a.Rev, len(history.Items), racers, jobs)
	}
	for i, v := range versions.Items {
		if v.Number != jobs-i {
			t.Errorf("version %d in the list is %d, want %d", i, v.Number, jobs-i)
		}
	}
}
