package blobtest

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"godwit/shared/blob"
	"godwit/shared/fault"
)

// racers is how many goroutines meet at one key.
const racers = 16

// raceIfAbsent has many write one absent key: one does, and what is read is its.
func raceIfAbsent(t *testing.T, s *suite) {
	for round := range 3 {
		key := fmt.Sprintf("artifacts/race-%d", round)
		var wg sync.WaitGroup
		var won atomic.Int64
		var winner atomic.Value
		for i := range racers {
			wg.Go(func() {
				// Long enough to be under way together, and whole or torn at a glance.
				text := strings.Repeat(fmt.Sprintf("%02d", i), 20_000)
				_, err := s.store.Put(t.Context(), key, strings.NewReader(text), int64(len(text)), blob.PutOptions{IfAbsent: true})
				switch {
				case err == nil:
					won.Add(1)
					winner.Store(text)
				case !fault.Is(err, fault.PreconditionFailed):
					t.Errorf("racer %d: %v, want success or %s", i, err, fault.PreconditionFailed)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Fatalf("round %d: %d winners, want one", round, won.Load())
		}
		s.want(key, winner.Load().(string))
	}
}

// raceReplace reads while others replace: always one of the objects, whole. Where
// the line breaks in the middle of one that is replaced meanwhile, its rest is
// gone: the reader is told to try again, and does.
func raceReplace(t *testing.T, s *suite) {
	text := func(i int) string { return strings.Repeat(string(rune('a'+i)), 30_000+i) }
	s.put("k", text(0), blob.PutOptions{})
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			if i%2 == 0 {
				s.put("k", text(i), blob.PutOptions{})
				return
			}
			for range 5 {
				data, err := blob.ReadAll(t.Context(), s.store, "k", 1<<20)
				for again := 0; again < 5 && fault.Is(err, fault.Unavailable); again++ {
					data, err = blob.ReadAll(t.Context(), s.store, "k", 1<<20)
				}
				if err != nil || len(data) < 30_000 || string(data) != text(int(data[0]-'a')) {
					t.Errorf("Get while others Put = %d bytes, %v, want one whole object", len(data), err)
				}
			}
		})
	}
	wg.Wait()
}
