package monitor_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"godwit/shared/monitor"
)

// TestDrift: PSI by hand from the formula, with half a row added to each bin;
// the quantiles of chi-squared behind Chance from the tables (1: 3.841, 2: 5.991,
// 9: 16.919), which the approximation may miss by 2.5 %.
func TestDrift(t *testing.T) {
	for _, tc := range []struct {
		name             string
		expected, actual []int64
		psi, chance      float64
		band             monitor.Band
	}{
		{"the same", []int64{100, 100}, []int64{100, 100}, 0, 3.841 * .02 / 2, monitor.Stable},
		{"a moderate shift", []int64{500, 500}, []int64{700, 300}, .16910022213822168, 3.841 * .002, monitor.Moderate},
		{"a large shift", []int64{500, 500}, []int64{800, 200}, .4149117739331105, 3.841 * .002, monitor.Large},
		{"the same shift of few rows", []int64{5, 5}, []int64{8, 2}, .3337569358969406, 3.841 * .2, monitor.Unclear},
		{"an empty bin, and one nobody has", []int64{500, 500, 0}, []int64{0, 500, 0}, 3.447482424807994, 3.841 * .003, monitor.Large},
		{"a small shift of many rows", slices.Repeat([]int64{500}, 10), append(slices.Repeat([]int64{590}, 5), slices.Repeat([]int64{410}, 5)...),
			.032690742864179875, 16.919 * .0004, monitor.Stable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, ok := monitor.Drift(tc.expected, tc.actual)
			if !ok || math.Abs(got.PSI-tc.psi) > 1e-12 || got.Band != tc.band {
				t.Errorf("Drift = %+v, %v; want %v, %s", got, ok, tc.psi, tc.band)
			}
			if tc.band == monitor.Stable && tc.psi == 0 {
				return
			}
			if math.Abs(got.Chance/tc.chance-1) > .025 {
				t.Errorf("Chance = %v, want %v", got.Chance, tc.chance)
			}
		})
	}
	for _, none := range [][2][]int64{{{0, 0}, {1, 1}}, {{1, 1}, {0, 0}}, {{}, {}}} {
		if got, ok := monitor.Drift(none[0], none[1]); ok {
			t.Errorf("Drift(%v, %v) = %+v, want none", none[0], none[1], got)
		}
	}
	if got, ok := monitor.Drift([]int64{9}, []int64{1}); !ok || got.PSI != 0 || got.Band != monitor.Stable {
		t.Errorf("Drift of one bin = %+v, %v; want 0", got, ok)
	}
}

// Samples of one distribution stay below Chance about 95 times in a hundred.
func TestDrift_chance(t *testing.T) {
	state := uint64(1)
	uniform := func() float64 { // Knuth's MMIX generator: the same on every machine
		state = state*6364136223846793005 + 1442695040888963407
		return float64(state>>11) / (1 << 53)
	}
	const trials, bins, rows = 2000, 20, 2000
	below := 0
	for range trials {
		a, b := make([]int64, bins), make([]int64, bins)
		for range rows {
			a[int(uniform()*bins)]++
			b[int(uniform()*bins)]++
		}
		if s, _ := monitor.Drift(a, b); s.PSI <= s.Chance {
			below++
		}
	}
	// The standard deviation of the share is .5 %: four of them.
	if share := float64(below) / trials; math.Abs(share-.95) > .02 {
		t.Errorf("%.3f of the samples stay below Chance, want .95", share)
	}
}

func TestDrift_properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 64).Draw(t, "bins")
		counts := rapid.SliceOfN(rapid.Int64Range(0, 1<<40), n, n)
		a, b := counts.Draw(t, "expected"), counts.Draw(t, "actual")
		one, ok := monitor.Drift(a, b)
		two, _ := monitor.Drift(b, a)
		if !ok {
			return
		}
		if one.PSI < 0 || math.IsNaN(one.PSI) || math.IsInf(one.PSI, 0) || math.Abs(one.PSI-two.PSI) > 1e-9*max(1, one.PSI) {
			t.Errorf("Drift = %v one way and %v the other, want a number that is the same", one.PSI, two.PSI)
		}
	})
}

func ExampleDrift() {
	s, _ := monitor.Drift([]int64{500, 300, 200}, []int64{100, 60, 240})
	fmt.Printf("%.2f %s\n", s.PSI, s.Band)
	// Output: 0.71 large
}
