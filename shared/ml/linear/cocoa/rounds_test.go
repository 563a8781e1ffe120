package cocoa_test

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/cocoa"
	"godwit/shared/ml/linear/lineartest"
)

// team is the shards of one training and what each keeps.
type team struct {
	set    cocoa.SVM
	layout *cocoa.Layout
	shards []*cocoa.Shard
	duals  []*cocoa.Duals
}

// gather packs rows into shards.
func gather(tb testing.TB, set cocoa.SVM, rows []cocoa.Rows, classes int) *team {
	tb.Helper()
	var held []cocoa.Held
	for _, r := range rows {
		held = append(held, cocoa.HeldBy(r.X))
	}
	l, err := cocoa.NewLayout(rows[0].X.Cols, held)
	if err != nil {
		tb.Fatal(err)
	}
	m := &team{set: set, layout: l, duals: make([]*cocoa.Duals, len(rows))}
	for k, r := range rows {
		s, err := set.NewShard(r.X, r.Y, r.Weight, classes, k, l)
		if err != nil {
			tb.Fatal(err)
		}
		m.shards = append(m.shards, s)
	}
	return m
}

// round runs one round of all shards and returns their updates.
func (m *team) round(tb testing.TB, w *cocoa.Weights) []*cocoa.Update {
	tb.Helper()
	var updates []*cocoa.Update
	for k, s := range m.shards {
		u, d, err := s.Round(tb.Context(), w, m.duals[k], 1)
		if err != nil {
			tb.Fatal(err)
		}
		updates, m.duals[k] = append(updates, u), d
	}
	return updates
}

// solve goes on from w until it is done.
func (m *team) solve(tb testing.TB, w *cocoa.Weights) *cocoa.Weights {
	tb.Helper()
	for !w.Done() {
		next, err := m.set.Reduce(w, m.round(tb, w), m.layout)
		if err != nil {
			tb.Fatal(err)
		}
		w = next
	}
	return w
}

func start(tb testing.TB, m *team, classes int) *cocoa.Weights {
	tb.Helper()
	w, err := m.set.Start(classes, m.layout)
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

// TestSVM_Reduce_order holds the sum to the order of shards, not of arrival, and
// all to one result for any number of processors.
func TestSVM_Reduce_order(t *testing.T) {
	x, y := lineartest.Zipf(300, 200, 4, 5)
	m := gather(t, cocoa.SVM{}, even(x, y, nil, 3), 4)
	w := start(t, m, 4)
	for range 3 {
		updates := m.round(t, w)
		next, err := m.set.Reduce(w, updates, m.layout)
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(updates)
		turned, err := m.set.Reduce(w, updates, m.layout)
		if err != nil || !reflect.DeepEqual(turned, next) {
			t.Fatalf("Reduce() of updates in another order = %v, %v, want the same weights", turned, err)
		}
		w = next
	}
	var want *cocoa.Trained
	for _, processors := range []int{1, 2, 4} {
		before := runtime.GOMAXPROCS(processors)
		got, err := cocoa.SVM{}.Train(t.Context(), even(x, y, nil, 3), 4, processors)
		runtime.GOMAXPROCS(before)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d processors give other weights than one", processors)
		}
	}
}

// TestSVM_Reduce_refuses what is no whole round.
func TestSVM_Reduce_refuses(t *testing.T) {
	x, y := lineartest.Zipf(60, 50, 3, 5)
	m := gather(t, cocoa.SVM{}, even(x, y, nil, 2), 3)
	w := start(t, m, 3)
	u := m.round(t, w)
	next, err := m.set.Reduce(w, u, m.layout)
	if err != nil {
		t.Fatal(err)
	}
	other := gather(t, cocoa.SVM{}, even(x, y, nil, 2), 4)
	foreign := other.round(t, start(t, other, 4))
	tests := []struct {
		name    string
		weights *cocoa.Weights
		updates []*cocoa.Update
	}{
		{"one missing", w, u[:1]},
		{"one twice", w, []*cocoa.Update{u[0], u[0]}},
		{"of the round before", next, u},
		{"of another training", w, []*cocoa.Update{u[0], foreign[1]}},
		{"none", w, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := m.set.Reduce(tc.weights, tc.updates, m.layout); !isInput(err) {
				t.Errorf("Reduce() = %v, want an *InputError", err)
			}
		})
	}
}

func isInput(err error) bool {
	_, ok := errors.AsType[*linear.InputError](err)
	return ok
}

// TestShard_Round_refuses weights and duals that are not of the shard's round.
func TestShard_Round_refuses(t *testing.T) {
	x, y := lineartest.Zipf(60, 50, 3, 5)
	m := gather(t, cocoa.SVM{}, even(x, y, nil, 2), 3)
	w := start(t, m, 3)
	next, err := m.set.Reduce(w, m.round(t, w), m.layout)
	if err != nil {
		t.Fatal(err)
	}
	dearer, err := m.shards[0].At(5)
	if err != nil {
		t.Fatal(err)
	}
	long := gather(t, cocoa.SVM{}, cut(x, y, nil, 10), 3)
	long.round(t, start(t, long, 3))
	tests := []struct {
		name    string
		shard   *cocoa.Shard
		weights *cocoa.Weights
		duals   *cocoa.Duals
	}{
		{"duals of a later round", m.shards[0], w, m.duals[0]},
		{"no duals in a later round", m.shards[0], next, nil},
		{"another C", dearer, next, m.duals[0]},
		{"other classes", m.shards[0], start(t, m, 5), nil},
		{"duals of a larger shard", long.shards[0], next, long.duals[1]},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if _, _, err := tc.shard.Round(t.Context(), tc.weights, tc.duals, 1); !isInput(err) {
				t.Errorf("Round() = %v, want an *InputError", err)
			}
			if err := tc.shard.Own(t.Context(), tc.weights, tc.duals, nil); !isInput(err) {
				t.Errorf("Own() = %v, want an *InputError", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := m.shards[0].Round(ctx, next, m.duals[0], 2); !errors.Is(err, context.Canceled) {
		t.Errorf("Round() with an ended context = %v, want context.Canceled", err)
	}
}

// TestSVM_refuses settings and layouts that have no meaning.
func TestSVM_refuses(t *testing.T) {
	x, y := lineartest.Zipf(10, 20, 2, 1)
	l, err := cocoa.NewLayout(x.Cols, []cocoa.Held{cocoa.HeldBy(x)})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		set   cocoa.SVM
		shard int
	}{
		{"loss", cocoa.SVM{Loss: "log"}, 0},
		{"C", cocoa.SVM{C: -1}, 0},
		{"tolerance", cocoa.SVM{Tolerance: -1}, 0},
		{"rounds", cocoa.SVM{Rounds: -1}, 0},
		{"sweeps", cocoa.SVM{Sweeps: -1}, 0},
		{"a shard beyond the last", cocoa.SVM{}, 1},
	}
	for _, tc := range tests {
		if _, err := tc.set.NewShard(x, y, nil, 2, tc.shard, l); !isInput(err) {
			t.Errorf("%s: NewShard() = %v, want an *InputError", tc.name, err)
		}
	}
	if _, err := cocoa.NewLayout(x.Cols, nil); !isInput(err) {
		t.Errorf("NewLayout() of no shards = %v, want an *InputError", err)
	}
	if _, err := cocoa.NewLayout(x.Cols+64, []cocoa.Held{cocoa.HeldBy(x)}); !isInput(err) {
		t.Errorf("NewLayout() of too few columns = %v, want an *InputError", err)
	}
	without, err := cocoa.NewLayout(x.Cols, []cocoa.Held{make(cocoa.Held, len(cocoa.HeldBy(x)))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (cocoa.SVM{}).NewShard(x, y, nil, 2, 0, without); !isInput(err) {
		t.Errorf("NewShard() of uncounted columns = %v, want an *InputError", err)
	}
}

// TestWeights_Next trains along a path of C and comes to the same place as a
// training of its last C alone, in fewer rounds.
func TestWeights_Next(t *testing.T) {
	x, y := lineartest.Zipf(400, 300, 3, 8)
	for _, loss := range []linear.Loss{linear.Hinge, linear.SquaredHinge} {
		alone := gather(t, cocoa.SVM{Loss: loss, C: 1.5}, even(x, y, nil, 4), 3)
		want := alone.solve(t, start(t, alone, 3))
		path := gather(t, cocoa.SVM{Loss: loss}, even(x, y, nil, 4), 3)
		first := path.solve(t, start(t, path, 3))
		w, err := first.Next(1.5)
		if err != nil {
			t.Fatal(err)
		}
		for k, s := range path.shards {
			if path.shards[k], err = s.At(1.5); err != nil {
				t.Fatal(err)
			}
		}
		got := path.solve(t, w)
		if !lineartest.Near(got.Primal(), want.Primal(), 1e-3) || got.Gap() > 1e-3 {
			t.Errorf("%s: along a path the objective is %v, gap %v, want %v", loss, got.Primal(), got.Gap(), want.Primal())
		}
		if more := got.Rounds - first.Rounds; more >= want.Rounds {
			t.Errorf("%s: %d rounds from C = 1, %d from nothing", loss, more, want.Rounds)
		}
		if _, err := got.Next(1); !isInput(err) {
			t.Errorf("Next() of a smaller C = %v, want an *InputError", err)
		}
	}
}

// TestFiles reads back what a training writes, and writes it again.
func TestFiles(t *testing.T) {
	for name, data := range files(t) {
		again, err := reread(name, data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !bytes.Equal(again, data) {
			t.Errorf("%s: written again it is %d other bytes than the first %d", name, len(again), len(data))
		}
		for other := range files(t) {
			if _, err := reread(other, data); other != name && err == nil {
				t.Errorf("%s is read as %s", name, other)
			}
		}
	}
}

// files returns one file of each kind, of the second round.
func files(tb testing.TB) map[string][]byte {
	tb.Helper()
	x, y := lineartest.Zipf(40, 30, 3, 2)
	m := gather(tb, cocoa.SVM{}, even(x, y, nil, 2), 3)
	w := start(tb, m, 3)
	w, err := m.set.Reduce(w, m.round(tb, w), m.layout)
	if err != nil {
		tb.Fatal(err)
	}
	u := m.round(tb, w)
	out := map[string][]byte{}
	for name, encode := range map[string]func() ([]byte, error){
		"layout": m.layout.Encode, "weights": w.Encode, "duals": m.duals[0].Encode, "update": u[1].Encode,
	} {
		if out[name], err = encode(); err != nil {
			tb.Fatal(err)
		}
	}
	return out
}

// reread opens a file of a kind and encodes what was read.
func reread(kind string, data []byte) ([]byte, error) {
	switch kind {
	case "layout":
		l, err := cocoa.OpenLayout(data)
		if err != nil {
			return nil, err
		}
		return l.Encode()
	case "weights":
		w, err := cocoa.OpenWeights(data)
		if err != nil {
			return nil, err
		}
		return w.Encode()
	case "duals":
		d, err := cocoa.OpenDuals(data)
		if err != nil {
			return nil, err
		}
		return d.Encode()
	}
	u, err := cocoa.OpenUpdate(data)
	if err != nil {
		return nil, err
	}
	return u.Encode()
}

// FuzzOpen gives the readers files that were tampered with: none panics, and
// what is read can be written.
func FuzzOpen(f *testing.F) {
	for _, data := range files(f) {
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, kind := range []string{"layout", "weights", "duals", "update"} {
			if again, err := reread(kind, data); err == nil && len(again) == 0 {
				t.Errorf("%s: read, and written as nothing", kind)
			}
		}
	})
}
