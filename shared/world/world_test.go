package world_test

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/shared/world"
)

// schedules is how many are tried when GODWIT_SCHEDULES does not say.
const schedules = 1000

// number returns the number in an environment variable, or what stands for none.
func number(t *testing.T, name string, none uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return none
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%q: want a number", name, text)
	}
	return n
}

func open(t testing.TB, s world.Seams) *world.World {
	t.Helper()
	w, err := world.New(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// themes are acts that meet each other often when there are few others: what one
// schedule of all acts in a thousand tries, these do in one of fifty.
var themes = [][]world.Kind{promotes, trains, deletes, predicts, cleans, creates, pages, keys, routes, batches, judges, counts, discards, retrains}

// schedule is the schedule of a seed: every other one has a theme.
func schedule(seed uint64) world.Schedule {
	if seed%2 == 0 {
		return world.Generate(seed)
	}
	return world.Generate(seed, themes[seed/2%uint64(len(themes))]...)
}

// fail reports what a schedule breaks, in its shortest form.
func fail(t *testing.T, w *world.World, s world.Schedule, f *world.Failure) {
	t.Helper()
	short := world.Shrink(w.Run, s)
	t.Errorf("seed %d breaks %v\nshortest form, %v:\n%v\nagain: GODWIT_SEED=%d GODWIT_SCHEDULES=1 go test ./shared/world -run '^%s$' -v",
		s.Seed, f, w.Run(short), short, s.Seed, t.Name())
}

// TestWorld tries schedules of consecutive seeds, from GODWIT_SEED on.
func TestWorld(t *testing.T) {
	from, count := number(t, "GODWIT_SEED", 1), number(t, "GODWIT_SCHEDULES", schedules)
	began := time.Now()
	var sum world.Tally
	violations := 0
	var mu sync.Mutex
	var wg sync.WaitGroup
	workers := uint64(runtime.GOMAXPROCS(0))
	for k := range workers {
		w := open(t, world.Seams{})
		wg.Go(func() {
			broken := 0
			for seed := from + k; seed < from+count && broken == 0; seed += workers {
				s := schedule(seed)
				if f := w.Run(s); f != nil {
					fail(t, w, s, f)
					broken++
				}
			}
			mu.Lock()
			defer mu.Unlock()
			sum.Add(w.Tally)
			violations += broken
		})
	}
	wg.Wait()
	report(t, sum, time.Since(began), violations)
}

// report logs what was tried.
func report(t *testing.T, n world.Tally, took time.Duration, violations int) {
	t.Helper()
	t.Logf("%d schedules in %.1f s (%.0f a second), %d acts, %d calls, %d turns, %d checks of invariants",
		n.Schedules, took.Seconds(), float64(n.Schedules)/took.Seconds(), n.Acts, n.Calls, n.Turns, n.Checks)
	var b strings.Builder
	for _, f := range world.Faults() {
		b.WriteString(" " + f.String() + " " + strconv.Itoa(n.Faults[f]) + ",")
		if n.Faults[f] == 0 && n.Schedules >= schedules {
			t.Errorf("the fault %q was never tried", f)
		}
	}
	t.Logf("faults:%s violations %d", b.String(), violations)
}

// TestReplay plays the schedule of GODWIT_SEED (1) and shows it: twice the same.
func TestReplay(t *testing.T) {
	seed := number(t, "GODWIT_SEED", 1)
	w := open(t, world.Seams{})
	s := schedule(seed)
	t.Logf("seed %d:\n%v", seed, s)
	first := w.Run(s)
	turns := w.Tally.Turns
	second := w.Run(s)
	if w.Tally.Turns != 2*turns || (first == nil) != (second == nil) || first != nil && first.Error() != second.Error() {
		t.Errorf("two runs of seed %d = %v in %d turns, then %v in %d, want the same", seed, first, turns, second, w.Tally.Turns-turns)
	}
	if first != nil {
		fail(t, w, s, first)
	}
}
