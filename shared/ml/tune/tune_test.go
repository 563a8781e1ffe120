package tune_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"godwit/shared/ml/tune"
)

// counts returns the rows by [class][fold] and by fold.
func counts(y []int32, fold []uint8, k int) (byClass map[int32][]int, size []int) {
	byClass, size = map[int32][]int{}, make([]int, k)
	for i, class := range y {
		if byClass[class] == nil {
			byClass[class] = make([]int, k)
		}
		byClass[class][fold[i]]++
		size[fold[i]]++
	}
	return byClass, size
}

func spread(n []int) int { return slices.Max(n) - slices.Min(n) }

func TestFolds_singleRowsAreBalanced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := rapid.SliceOfN(rapid.Int32Range(0, 6), 0, 200).Draw(t, "y")
		k := rapid.IntRange(1, 8).Draw(t, "k")
		seed := rapid.Uint64().Draw(t, "seed")
		before := slices.Clone(y)
		fold := tune.Folds(y, nil, k, seed)
		if len(fold) != len(y) || !slices.Equal(y, before) {
			t.Fatalf("Folds() has %d rows, y is now %v, want %d and %v", len(fold), y, len(y), before)
		}
		byClass, size := counts(y, fold, k)
		for class, n := range byClass {
			if spread(n) > 1 {
				t.Errorf("class %d has %v rows in the folds, want at most one apart", class, n)
			}
		}
		if spread(size) > 1 {
			t.Errorf("folds have %v rows, want at most one apart", size)
		}
		if again := tune.Folds(y, nil, k, seed); !slices.Equal(again, fold) {
			t.Errorf("a second call gives %v, want %v", again, fold)
		}
	})
}

func TestFolds_groupsStayTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 150).Draw(t, "rows")
		y := rapid.SliceOfN(rapid.Int32Range(0, 4), n, n).Draw(t, "y")
		group := rapid.SliceOfN(rapid.Uint64Range(0, 60), n, n).Draw(t, "group")
		k := rapid.IntRange(1, 6).Draw(t, "k")
		before := slices.Clone(group)
		fold := tune.Folds(y, group, k, 7)
		if !slices.Equal(group, before) {
			t.Fatalf("group is now %v, want %v", group, before)
		}
		home := map[uint64]uint8{}
		for i, g := range group {
			if int(fold[i]) >= k {
				t.Fatalf("row %d is in fold %d of %d", i, fold[i], k)
			}
			if f, ok := home[g]; ok && f != fold[i] {
				t.Errorf("group %d is in folds %d and %d", g, f, fold[i])
			}
			home[g] = fold[i]
		}
	})
}

// TestFolds_duplicatesKeepBalance has a tenth of the rows in pairs and triples
// of one class each, as duplicates are: classes stay within one bundle.
func TestFolds_duplicatesKeepBalance(t *testing.T) {
	const rows, k = 1000, 5
	var y []int32
	var group []uint64
	for i := range rows {
		y = append(y, int32(i%10))
		group = append(group, uint64(i))
		if i%10 == i/10%10 {
			for range 1 + i%2 {
				y = append(y, int32(i%10))
				group = append(group, uint64(i))
			}
		}
	}
	byClass, size := counts(y, tune.Folds(y, group, k, 1), k)
	for class, n := range byClass {
		if spread(n) > 2 {
			t.Errorf("class %d has %v rows in the folds, want at most two apart", class, n)
		}
	}
	if spread(size) > 10 {
		t.Errorf("folds have %v rows, want nearly equal", size)
	}
}

func TestFolds_edges(t *testing.T) {
	tests := []struct {
		name  string
		y     []int32
		group []uint64
		k     int
		sizes []int // sorted
	}{
		{"no rows", nil, nil, 3, []int{0, 0, 0}},
		{"one fold", []int32{0, 1, 0}, nil, 1, []int{3}},
		{"fewer rows than folds", []int32{0, 1}, nil, 3, []int{0, 1, 1}},
		{"one group", []int32{0, 1, 0}, []uint64{9, 9, 9}, 2, []int{0, 3}},
		{"group over classes", []int32{0, 1, 0, 1}, []uint64{5, 5, 6, 6}, 2, []int{2, 2}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, sizes := counts(tc.y, tune.Folds(tc.y, tc.group, tc.k, 3), tc.k)
			slices.Sort(sizes)
			if !slices.Equal(sizes, tc.sizes) {
				t.Errorf("fold sizes %v, want %v", sizes, tc.sizes)
			}
		})
	}
}

func TestFolds_seedMatters(t *testing.T) {
	y := make([]int32, 100)
	if slices.Equal(tune.Folds(y, nil, 5, 1), tune.Folds(y, nil, 5, 2)) {
		t.Error("seeds 1 and 2 give the same folds")
	}
}

func TestFolds_panics(t *testing.T) {
	tests := []struct {
		name  string
		group []uint64
		k     int
	}{
		{"no fold", nil, 0},
		{"too many folds", nil, 256},
		{"groups missing", []uint64{1}, 2},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("Folds() returned, want a panic")
				}
			}()
			tune.Folds([]int32{0, 1}, tc.group, tc.k, 0)
		})
	}
}

func TestBest(t *testing.T) {
	score := func(c float64, terms int64, folds ...float64) tune.Score {
		return tune.NewScore(tune.Candidate{Recipe: "word", C: c}, folds, terms)
	}
	nan := math.NaN()
	tests := []struct {
		name   string
		scores []tune.Score
		want   int
	}{
		{"none", nil, -1},
		{"one", []tune.Score{score(1, 10, .5)}, 0},
		{"clearly better wins though larger", []tune.Score{score(1, 10, .80, .81, .82), score(3, 90, .90, .91, .93)}, 1},
		{"small but steady difference is no tie", []tune.Score{score(1, 10, .80, .90, .70), score(3, 90, .81, .911, .71)}, 1},
		{"difference within one standard error is a tie", []tune.Score{score(3, 90, .82, .89, .72), score(1, 10, .80, .90, .71)}, 1},
		{"equal: fewer terms", []tune.Score{score(1, 20, .8, .9), score(3, 10, .8, .9)}, 1},
		{"equal: smaller C", []tune.Score{score(3, 10, .8, .9), score(1, 10, .8, .9)}, 1},
		{"equal in all: the earlier", []tune.Score{score(1, 10, .8, .9), score(1, 10, .8, .9)}, 0},
		{"tie, equal size: higher mean", []tune.Score{score(1, 10, .8, .9, .7), score(1, 10, .82, .89, .72)}, 1},
		{"tie is with the top, not with a neighbour", []tune.Score{score(1, 1, .70, .80), score(2, 5, .79, .91), score(3, 9, .81, .90)}, 1},
		{"one fold: only equal means tie", []tune.Score{score(1, 10, .899), score(3, 90, .9)}, 1},
		{"folds that cannot be paired", []tune.Score{score(1, 10, .9, .7, .8), score(3, 90, .9, .71)}, 1},
		{"not a number loses", []tune.Score{score(1, 10, nan, nan), score(3, 90, .1, .2)}, 1},
		{"not a number last", []tune.Score{score(3, 90, .1, .2), score(1, 10, nan, .9)}, 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := tune.Best(tc.scores); got != tc.want {
				t.Errorf("Best() = %d, want %d", got, tc.want)
			}
		})
	}
}

// TestBest_neverFarBelowTheTop holds the rule's promise for any scores.
func TestBest_neverFarBelowTheTop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "candidates")
		var scores []tune.Score
		for i := range n {
			folds := rapid.SliceOfN(rapid.Float64Range(0, 1), 5, 5).Draw(t, "folds")
			scores = append(scores, tune.NewScore(tune.Candidate{C: float64(i)}, folds, rapid.Int64Range(0, 3).Draw(t, "terms")))
		}
		best := scores[tune.Best(scores)]
		top := scores[0]
		for _, s := range scores {
			if s.Mean > top.Mean {
				top = s
			}
		}
		difference := make([]float64, 5)
		for f := range difference {
			difference[f] = top.Folds[f] - best.Folds[f]
		}
		if gap, most := tune.Mean(difference), tune.Deviation(difference)/math.Sqrt(5); gap > most+1e-12 {
			t.Fatalf("chose %v, but %v is better by %v, more than its error %v", best, top, gap, most)
		}
		if best.Terms > top.Terms {
			t.Fatalf("chose %d terms over %d of the top", best.Terms, top.Terms)
		}
	})
}

// TestDeviation compares with numpy.std(v, ddof=1), version 1.24.2.
func TestDeviation(t *testing.T) {
	tests := []struct {
		v    []float64
		want float64
	}{
		{nil, 0},
		{[]float64{3}, 0},
		{[]float64{1, 2, 3, 4}, 1.2909944487358056},
		{[]float64{.5, .5}, 0},
	}
	for _, tc := range tests {
		if got := tune.Deviation(tc.v); math.Abs(got-tc.want) > 1e-15 {
			t.Errorf("Deviation(%v) = %v, want %v", tc.v, got, tc.want)
		}
	}
	if got := tune.Mean(nil); got != 0 {
		t.Errorf("Mean(nil) = %v, want 0", got)
	}
}

func ExampleBest() {
	scores := []tune.Score{
		tune.NewScore(tune.Candidate{Recipe: "word", Loss: "squared_hinge", C: 1}, []float64{.89, .90, .88}, 20_000),
		tune.NewScore(tune.Candidate{Recipe: "union", Loss: "squared_hinge", C: 1}, []float64{.91, .92, .91}, 90_000),
		tune.NewScore(tune.Candidate{Recipe: "union", Loss: "squared_hinge", C: 3}, []float64{.92, .91, .91}, 90_000),
	}
	best := scores[tune.Best(scores)]
	fmt.Printf("%s C=%v %.3f ± %.3f\n", best.Recipe, best.C, best.Mean, best.Deviation)
	// Output: union C=1 0.913 ± 0.006
}

func BenchmarkFolds(b *testing.B) {
	const rows = 100_000
	y, group := make([]int32, rows), make([]uint64, rows)
	for i := range y {
		y[i] = int32(i % 100)
		group[i] = uint64(i - i%20/19) // one row in twenty repeats the one before
	}
	b.ReportAllocs()
	for b.Loop() {
		tune.Folds(y, group, 5, 1)
	}
}
