package world

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Kind is what an act does.
type Kind uint8

// The kinds of acts. A is whose it is; what B and C mean is said by names.
const (
	Upload Kind = iota
	Deliver
	Work
	Promote
	Rollback
	Unalias
	Route
	Unroute
	Remove
	RemoveModel
	Predict
	List
	Create
	Key
	Cancel
	Ask
	Clean
	Rot
	Outage
	Tick
	Score
	Judge
	Count
	Discard
	Retrain
	kinds
)

// Act is one thing that a lane does.
type Act struct {
	Lane    int
	Kind    Kind
	A, B, C int
}

// Turn lets a lane go on, or when it has nothing to do the next one that has, and
// says what happens to the call it makes.
type Turn struct {
	Lane  int
	Fault Fault
}

// Schedule is everything a run depends on. Once the turns are used up the lanes
// finish one after the other without faults.
type Schedule struct {
	Seed  uint64 // it was made from
	Acts  []Act
	Turns []Turn
}

// weights say how often each kind of act is drawn.
var weights = [kinds]int{
	Upload: 6, Deliver: 7, Work: 8, Promote: 8, Rollback: 3, Unalias: 2, Route: 5, Unroute: 1, Remove: 4, RemoveModel: 1,
	Predict: 11, List: 2, Create: 3, Key: 4, Cancel: 1, Ask: 1, Clean: 1, Rot: 1, Outage: 3, Tick: 4, Score: 4, Judge: 6, Count: 2, Discard: 2, Retrain: 2,
}

// New schedules draw this many acts at least, and as many again at most.
const fewestActs = 10

// Generate returns the schedule of a seed. It leaves about half of the kinds of
// acts out: what needs many of a few kinds is found much sooner by schedules that
// have few kinds than by such as have all (swarm testing, Groce et al. 2012).
//
// With only some kinds named, exactly these are drawn.
func Generate(seed uint64, only ...Kind) Schedule {
	rng := rand.New(rand.NewPCG(seed, 0x676f64776974))
	s := Schedule{Seed: seed}
	drawn, total := weights, 0
	for i := range drawn {
		kind := Kind(i)
		if out := rng.IntN(2) == 0 && kind != Tick; len(only) == 0 && out || len(only) > 0 && !slices.Contains(only, kind) {
			drawn[kind] = 0
		}
		total += drawn[kind]
	}
	for range fewestActs + rng.IntN(fewestActs+1) {
		n, kind := rng.IntN(total), Kind(0)
		for ; n >= drawn[kind]; kind++ {
			n -= drawn[kind]
		}
		s.Acts = append(s.Acts, Act{Lane: rng.IntN(laneCount), Kind: kind, A: rng.IntN(8) / 6, B: rng.IntN(12), C: rng.IntN(12)})
	}
	for range 8 * len(s.Acts) {
		t := Turn{Lane: rng.IntN(laneCount)}
		if rng.IntN(12) == 0 {
			t.Fault = Lost + Fault(rng.IntN(int(faults-Lost)))
		}
		s.Turns = append(s.Turns, t)
	}
	return s
}

// String writes the schedule for a reader.
func (s Schedule) String() string {
	var b strings.Builder
	for i := range laneCount {
		for _, a := range s.Acts {
			if a.Lane == i {
				fmt.Fprintf(&b, "lane %d: %v\n", i, a)
			}
		}
	}
	b.WriteString("turns:")
	for _, t := range s.Turns {
		fmt.Fprintf(&b, " %d", t.Lane)
		if t.Fault != None {
			fmt.Fprintf(&b, "(%s)", t.Fault)
		}
	}
	return b.String()
}

// names are the kinds with their B and C.
var names = [kinds]string{
	Upload: "upload data %d, event comes %d+1 times", Deliver: "deliver event %d (%d)", Work: "work on execution %d (%d)",
	Promote: "promote version %d, condition %d", Rollback: "roll back to %d, condition %d", Unalias: "delete alias %d, condition %d",
	Route: "set route over %d, condition %d", Unroute: "delete route (%d, %d)", Remove: "delete version %d (%d)",
	RemoveModel: "delete model (%d, %d)", Predict: "predict %d as caller %d", List: "list by %d+1 (%d)", Create: "create under key %d body %d",
	Key: "make and revoke a key (%d, %d)", Cancel: "cancel job %d (%d)", Ask: "read job %d (%d)", Clean: "clean up (%d, %d)",
	Rot: "artifact %d goes bad (%d)", Outage: "registry down or up (%d, %d)", Tick: "time passes %d (%d)",
	Score: "ask for file %d to be scored, %d", Judge: "judge answer %d as %d", Count: "count %d+1 rows, fault %d",
	Discard: "delete data set %d (%d)", Retrain: "train on data set %d, origin %d",
}

// String says what the act does.
func (a Act) String() string {
	return string(tenants[a.A%len(tenants)]) + ": " + fmt.Sprintf(names[a.Kind], a.B, a.C)
}

// Shrink returns the smallest schedule it finds that breaks the same invariant
// as s does. run returns what a schedule breaks.
func Shrink(run func(Schedule) *Failure, s Schedule) Schedule {
	want := run(s)
	if want == nil {
		return s
	}
	fails := func(c Schedule) bool {
		f := run(c)
		return f != nil && f.Invariant == want.Invariant
	}
	for size := -1; size != s.size(); {
		size = s.size()
		s.Turns = fewer(s.Turns, func(t []Turn) bool { return fails(Schedule{s.Seed, s.Acts, t}) })
		s.Acts = fewer(s.Acts, func(a []Act) bool { return fails(Schedule{s.Seed, a, s.Turns}) })
		for i, t := range s.Turns {
			turns := slices.Clone(s.Turns)
			turns[i] = Turn{Lane: t.Lane}
			if t.Fault != None && fails(Schedule{s.Seed, s.Acts, turns}) {
				s.Turns = turns
			}
		}
		s = apart(lower(s, fails), fails)
	}
	return s
}

// lower gives acts the least numbers that break the same. What a number picks, out
// of as many as there are, changes with every act that goes; a low one stays.
func lower(s Schedule, fails func(Schedule) bool) Schedule {
	for i := range s.Acts {
		for _, number := range []func(*Act) *int{func(a *Act) *int { return &a.B }, func(a *Act) *int { return &a.C }} {
			for n := range *number(&s.Acts[i]) {
				acts := slices.Clone(s.Acts)
				*number(&acts[i]) = n
				if c := (Schedule{s.Seed, acts, s.Turns}); fails(c) {
					s = c
					break
				}
			}
		}
	}
	return s
}

// apart takes one act away together with the turns that were its own, from any
// turn on: without the act those turns would go to others, so neither goes alone.
func apart(s Schedule, fails func(Schedule) bool) Schedule {
	const most = 8 // turns at a time
	for i := 0; i < len(s.Acts); i++ {
		acts := slices.Delete(slices.Clone(s.Acts), i, i+1)
		for from := 0; from < len(s.Turns); from++ {
			for to := from + 1; to <= min(from+most, len(s.Turns)); to++ {
				c := Schedule{s.Seed, acts, slices.Delete(slices.Clone(s.Turns), from, to)}
				if fails(c) {
					return apart(c, fails)
				}
			}
		}
	}
	return s
}

// size is what shrinking makes smaller.
func (s Schedule) size() int {
	n := len(s.Acts) + len(s.Turns)
	for _, t := range s.Turns {
		if t.Fault != None {
			n++
		}
	}
	for _, a := range s.Acts {
		n += a.B + a.C
	}
	return n
}

// fewer takes ever smaller pieces away from a list for as long as it keeps
// failing: the greedy half of delta debugging (Zeller and Hildebrandt 2002).
func fewer[T any](list []T, fails func([]T) bool) []T {
	for piece := len(list); piece > 0; piece /= 2 {
		for from := 0; from+piece <= len(list); {
			rest := slices.Delete(slices.Clone(list), from, from+piece)
			if fails(rest) {
				list = rest
			} else {
				from += piece
			}
		}
	}
	return list
}
