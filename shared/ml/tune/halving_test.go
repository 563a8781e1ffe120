package tune_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"godwit/shared/ml/tune"
)

func TestHalving(t *testing.T) {
	for _, tc := range []struct {
		name         string
		n            int
		cost, budget float64
		want         []tune.Rung
	}{
		{"none", 0, 1, 0, nil},
		{"one", 1, 1, 0, []tune.Rung{{1, 1}}},
		{"two", 2, 1, 0, []tune.Rung{{2, 1. / 3}, {1, 1}}},
		{"four end in two", 4, 1, 0, []tune.Rung{{4, 1. / 3}, {2, 1}}},
		{"nine", 9, 1, 0, []tune.Rung{{9, 1. / 9}, {3, 1. / 3}, {1, 1}}},
		{"twenty", 20, 1, 0, []tune.Rung{{20, 1. / 27}, {7, 1. / 9}, {3, 1. / 3}, {1, 1}}},
		{"half the budget, half the rows", 9, 2, 3, []tune.Rung{{9, 1. / 18}, {3, 1. / 6}, {1, .5}}},
		{"a budget to spare", 9, 1, 100, []tune.Rung{{9, 1. / 9}, {3, 1. / 3}, {1, 1}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := tune.Halving(tc.n, tc.cost, tc.budget)
			if !slices.EqualFunc(got, tc.want, func(a, b tune.Rung) bool {
				return a.Candidates == b.Candidates && math.Abs(a.Share-b.Share) < 1e-12
			}) {
				t.Errorf("Halving(%d, %v, %v) = %v, want %v", tc.n, tc.cost, tc.budget, got, tc.want)
			}
		})
	}
}

// A sample holds its share of every class, and a greater one holds it all.
func TestSample(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 120).Draw(t, "rows")
		y := rapid.SliceOfN(rapid.Int32Range(0, 3), n, n).Draw(t, "y")
		key := rapid.SliceOfN(rapid.Uint64(), n, n).Draw(t, "key")
		var rows []int32
		for i := range int32(n) {
			if i%5 > 0 {
				rows = append(rows, i)
			}
		}
		small, large := rapid.Float64Range(.01, .5).Draw(t, "small"), rapid.Float64Range(.5, 1).Draw(t, "large")
		few, many := tune.Sample(rows, y, key, small), tune.Sample(rows, y, key, large)
		if !slices.IsSorted(few) || !slices.IsSorted(many) {
			t.Fatalf("samples %v and %v are not ascending", few, many)
		}
		for _, r := range few {
			if !slices.Contains(many, r) || !slices.Contains(rows, r) {
				t.Errorf("row %d of the sample of %v is not in that of %v", r, small, large)
			}
		}
		for class := range int32(4) {
			have, got := 0, 0
			for _, r := range rows {
				if y[r] == class {
					have++
				}
			}
			for _, r := range few {
				if y[r] == class {
					got++
				}
			}
			if want := min(max(int(small*float64(have)+.5), 2), have); got != want {
				t.Errorf("class %d has %d of %d rows at a share of %v, want %d", class, got, have, small, want)
			}
		}
	})
}

func TestTop(t *testing.T) {
	score := func(value, share float64) tune.Score { return tune.Score{Value: value, Share: share} }
	scores := []tune.Score{score(.5, 1), score(.9, .3), score(math.NaN(), 1), score(.7, 1), score(.7, 1)}
	for _, tc := range []struct {
		n    int
		want []int
	}{{0, nil}, {2, []int{3, 4}}, {9, []int{3, 4, 0, 2, 1}}} {
		if got := tune.Top(scores, tc.n); !slices.Equal(got, tc.want) {
			t.Errorf("Top(%d) = %v, want %v", tc.n, got, tc.want)
		}
	}
	if got := tune.Best(scores); got != 3 {
		t.Errorf("Best() = %d, want 3: the larger value on fewer rows proves less", got)
	}
}
