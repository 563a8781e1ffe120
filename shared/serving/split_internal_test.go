package serving

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"godwit/shared/registry"
)

// weights are targets of these weights.
func weights(w ...int) []registry.Target {
	out := make([]registry.Target, len(w))
	for i := range w {
		out[i] = registry.Target{Pick: registry.Pick{Version: i + 1}, Weight: w[i]}
	}
	return out
}

// user is the assignment of a request of one user.
func user(id int) assignment {
	return assignment{tenant: "acme", model: "intents", context: map[string]string{"user": fmt.Sprint("user-", id)}}
}

func TestPick(t *testing.T) {
	targets := weights(1, 2, 1)
	below := math.Nextafter(1, 0)
	for _, tc := range []struct {
		u    float64
		want int
	}{{0, 0}, {.25 * below, 0}, {.25, 1}, {.5, 1}, {.75 * below, 1}, {.75, 2}, {below, 2}} {
		if got := pick(targets, tc.u); got != tc.want {
			t.Errorf("pick(1 2 1, %v) = %d, want %d", tc.u, got, tc.want)
		}
	}
	if got := pick(weights(registry.MaxWeight, 1), below); got != 1 {
		t.Errorf("pick of the last sliver = %d, want 1", got)
	}
}

// Each target gets its share of 100,000 requests within a point, by hash and by
// chance alike: the deviation to expect is at most a sixth of a point.
func TestPick_shares(t *testing.T) {
	const requests = 100_000
	chance := rand.New(rand.NewPCG(1, 2))
	for _, w := range [][]int{{95, 5}, {1, 1, 1}, {70, 20, 10}, {1, 999}} {
		total := 0
		for _, n := range w {
			total += n
		}
		hashed, drawn := make([]int, len(w)), make([]int, len(w))
		for i := range requests {
			hashed[pick(weights(w...), user(i).draw("user", "target"))]++
			drawn[pick(weights(w...), assignment{chance: chance.Float64}.draw("user", "target"))]++
		}
		for i, n := range w {
			want := float64(n) / float64(total)
			for how, got := range map[string]int{"hash": hashed[i], "chance": drawn[i]} {
				if share := float64(got) / requests; math.Abs(share-want) > .01 {
					t.Errorf("weights %v: target %d got %.4f of the requests by %s, want %.4f", w, i, share, how, want)
				}
			}
		}
	}
}

// The hash is fixed: who was assigned once is assigned the same in every build.
// The wanted numbers are from xxhsum 0.8.1 -H1 of the bytes
// "acme\0intents\0target\0user-N\0", shifted right by 11 bits, over 2^53.
func TestAssignment_draw_replay(t *testing.T) {
	for id, want := range map[int]float64{1: 0.40824127584873315, 2: 0.07458979417629863, 3: 0.25753770490276806} {
		if got := user(id).draw("user", "target"); got != want {
			t.Errorf("draw of user-%d = %v, want %v", id, got, want)
		}
	}
	if a, b := user(1).draw("user", "target"), user(1).draw("user", "shadow versions/2"); a == b {
		t.Errorf("draws for a target and a shadow are both %v, want them independent", a)
	}
	other := user(1)
	if other.model = "topics"; other.draw("user", "target") == user(1).draw("user", "target") {
		t.Error("two models draw the same number, want them independent")
	}
}

// Without the value, or with an empty one, chance decides.
func TestAssignment_draw_unknown(t *testing.T) {
	for _, context := range []map[string]string{nil, {}, {"session": "7"}, {"user": ""}} {
		a := assignment{context: context, chance: func() float64 { return .25 }}
		if got := a.draw("user", "target"); got != .25 {
			t.Errorf("draw in %v = %v, want the .25 of chance", context, got)
		}
	}
	if got := (assignment{}).draw("", "target"); got != 0 {
		t.Errorf("draw of nobody = %v, want 0", got)
	}
}

// A changed weight moves only those between the old border and the new.
func TestPick_growth(t *testing.T) {
	for i := range 10_000 {
		u := user(i).draw("user", "target")
		if before, after := pick(weights(95, 5), u), pick(weights(80, 20), u); before == 1 && after == 0 {
			t.Fatalf("user-%d left a target whose share grew", i)
		}
	}
}

func BenchmarkAssignment_draw(b *testing.B) {
	a, targets := user(7), weights(90, 5, 5)
	b.ReportAllocs()
	for b.Loop() {
		pick(targets, a.draw("user", "target"))
	}
}
