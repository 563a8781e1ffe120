package calibrate_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"godwit/shared/ml/calibrate"
)

// TestConformal_coverage draws rows and further rows from one world. Coverage
// on the further ones varies as a binomial on both counts; four standard
// deviations, and a thousandth for the sketch, hold for these seeds and nearly
// all others.
func TestConformal_coverage(t *testing.T) {
	tests := []struct {
		name    string
		rows    int
		classes int
		draw    func(rows int, seed uint64) ([]float32, []int32)
	}{
		{"few rows", 200, 4, func(n int, seed uint64) ([]float32, []int32) { return world(n, 4, 1, seed) }},
		{"uncalibrated", 2000, 10, func(n int, seed uint64) ([]float32, []int32) { return world(n, 10, 5, seed) }},
		{"isotonic", 8000, 4, func(n int, seed uint64) ([]float32, []int32) { return bent(n, 4, seed) }},
		{"two classes", 1000, 2, func(n int, seed uint64) ([]float32, []int32) { return world(n, 2, 1, seed) }},
	}
	const others = 20000
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			margins, y := tc.draw(tc.rows, 11)
			var c calibrate.Calibration
			if tc.name == "isotonic" {
				c = calibrate.Choose(margins, y, tc.classes)
			}
			sets := calibrate.NewConformal(c.ApplyAll(margins, tc.classes), y, tc.classes)
			other, truth := tc.draw(others, 12)
			prob := c.ApplyAll(other, tc.classes)
			for _, want := range []float64{.5, .8, .9, .95, .99} {
				covered, right := 0, 0
				var set []int32
				for i, k := range truth {
					p := prob[i*tc.classes : (i+1)*tc.classes]
					set = sets.Set(set[:0], p, want)
					if slices.Contains(set, k) {
						covered++
					}
					if set[0] == k {
						right++
					}
				}
				got := float64(covered) / others
				slack := 4*math.Sqrt(want*(1-want)*(1/float64(tc.rows)+1./others)) + .001
				// The most probable label is always there, so coverage is that
				// of the classifier at least.
				most := max(want, float64(right)/others) + slack + 1/float64(tc.rows)
				if got < want-slack || got > most {
					t.Errorf("coverage %v: %v of %d rows, want %v to %v", want, got, others, want-slack, most)
				}
			}
		})
	}
}

func TestConformal_Set(t *testing.T) {
	// 20 rows whose true class has probability 1, .95, ..., .05.
	var prob []float32
	var y []int32
	for i := range 20 {
		p := 1 - float32(i)/20
		prob, y = append(prob, p, 1-p), append(y, 0)
	}
	sets := calibrate.NewConformal(prob, y, 2)
	row := []float32{.12, .55, .33}
	tests := []struct {
		name     string
		c        calibrate.Conformal
		coverage float64
		want     []int32
	}{
		// Rank ceil(21 x .9) = 19: the 19th largest is .1.
		{"all reach the 19th", sets, .9, []int32{1, 2, 0}},
		// Rank ceil(21 x .8) = 17: .2.
		{"two reach the 17th", sets, .8, []int32{1, 2}},
		{"none reaches: the most probable", sets, .1, []int32{1}},
		{"20 rows are enough for .95", sets, .95, []int32{1, 2, 0}},
		{"and too few for .96", sets, .96, []int32{1, 2, 0}},
		{"coverage 0", sets, 0, []int32{1}},
		{"coverage 1", sets, 1, []int32{1, 2, 0}},
		{"coverage above 1", sets, 2, []int32{1, 2, 0}},
		{"not a number", sets, math.NaN(), []int32{1, 2, 0}},
		{"no rows", calibrate.Conformal{}, .5, []int32{1, 2, 0}},
		{"no rows, no coverage", calibrate.Conformal{}, -1, []int32{1}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := tc.c.Set([]int32{9}, row, tc.coverage)
			if want := append([]int32{9}, tc.want...); !slices.Equal(got, want) {
				t.Errorf("Set(%v) = %v, want %v", tc.coverage, got, want)
			}
		})
	}
	if got := sets.Set(nil, nil, .5); got != nil {
		t.Errorf("Set of no classes = %v, want none", got)
	}
	if got := sets.Rows(); got != 20 {
		t.Errorf("Rows() = %d, want 20", got)
	}
}

func TestQuantile(t *testing.T) {
	upTo := func(n int) []float64 {
		s := make([]float64, n)
		for i := range s {
			s[i] = float64(n - i)
		}
		return s
	}
	tests := []struct {
		scores   []float64
		coverage float64
		want     float64
	}{
		{upTo(20), .9, 19},
		{upTo(20), .95, 20},
		{upTo(19), .95, math.Inf(1)}, // fewer than 1/(1-.95)
		{upTo(99), .5, 50},
		{upTo(100), .99, 100},
		{upTo(2), .01, 1},
		{nil, .5, math.Inf(1)},
		{upTo(5), 1, math.Inf(1)},
		{upTo(5), 0, math.Inf(-1)},
		{upTo(5), math.NaN(), math.Inf(1)},
	}
	for _, tc := range tests {
		if got := calibrate.Quantile(tc.scores, tc.coverage); got != tc.want {
			t.Errorf("Quantile of %d scores, coverage %v = %v, want %v", len(tc.scores), tc.coverage, got, tc.want)
		}
	}
}

// TestConformal_isMonotone holds that more coverage never shrinks a set, that
// the sketch never asks more of a label than all scores do, and that it is at
// most a thousandth of the rows more generous.
func TestConformal_isMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.IntRange(1, 60), rapid.IntRange(1000, 1003), rapid.IntRange(1500, 5000)).Draw(t, "rows")
		seed := rapid.Uint64().Draw(t, "seed")
		low := rapid.Float64Range(0, 1).Draw(t, "low")
		high := rapid.Float64Range(low, 1).Draw(t, "high")
		margins, y := world(n, 3, 1, seed)
		prob := calibrate.Calibration{}.ApplyAll(margins, 3)
		c := calibrate.NewConformal(prob, y, 3)
		narrow, wide := c.Set(nil, prob[:3], low), c.Set(nil, prob[:3], high)
		if len(wide) < len(narrow) || !slices.Equal(wide[:len(narrow)], narrow) {
			t.Errorf("coverage %v gives %v, %v gives %v", low, narrow, high, wide)
		}
		scores := make([]float64, n)
		for i, k := range y {
			scores[i] = -float64(prob[i*3+int(k)])
		}
		got := float64(c.Threshold(low))
		exact := max(-calibrate.Quantile(scores, low), 0)
		generous := max(-calibrate.Quantile(scores, low+.002+1/float64(n)), 0)
		if got > exact || got < generous {
			t.Errorf("Threshold(%v) = %v of %d rows, want %v to %v", low, got, n, generous, exact)
		}
	})
}

func TestAllocations(t *testing.T) {
	margins, y := bent(9000, 4, 3)
	c := calibrate.Choose(margins, y, 4)
	if c.Kind != calibrate.KindIsotonic {
		t.Fatalf("Choose() is %s, want isotonic", c.Kind)
	}
	sets := calibrate.NewConformal(c.ApplyAll(margins, 4), y, 4)
	prob, set := make([]float32, 4), make([]int32, 0, 4)
	if got := testing.AllocsPerRun(100, func() {
		c.Apply(prob, margins[:4])
		set = sets.Set(set[:0], prob, .95)
	}); got != 0 {
		t.Errorf("Apply and Set allocate %v times, want 0", got)
	}
}

func ExampleConformal_Set() {
	// Out-of-fold probabilities of ten rows; the class 0 is the true one.
	var prob []float32
	for i := range 10 {
		p := .9 - float32(i)/20
		prob = append(prob, p, 1-p)
	}
	sets := calibrate.NewConformal(prob, make([]int32, 10), 2)
	fmt.Println(sets.Set(nil, []float32{.7, .3}, .5))
	fmt.Println(sets.Set(nil, []float32{.52, .48}, .9))
	// Output:
	// [0]
	// [0 1]
}
