package random_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"godwit/shared/ml/neural/random"
)

// TestKey_Bits compares with SplitMix64 as its authors publish it: seed
// 1234567 gives these first numbers. A Key is the generator's state.
func TestKey_Bits(t *testing.T) {
	k := random.Key(1234567)
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		if got := k.Bits(uint64(i)); got != want {
			t.Errorf("Bits(%d) = %d, want %d", i, got, want)
		}
	}
}

func TestKey_Split(t *testing.T) {
	seen := map[random.Key]string{}
	for seed := range uint64(8) {
		k := random.FromSeed(seed)
		for part := range uint64(64) {
			name := fmt.Sprint(seed, part)
			if other, ok := seen[k.Split(part)]; ok {
				t.Errorf("Split of %s and %s is the same key", name, other)
			}
			seen[k.Split(part)] = name
		}
	}
}

// TestKey_distribution compares means and variances with those of the
// distributions, within four standard errors.
func TestKey_distribution(t *testing.T) {
	const n = 1 << 16
	k := random.FromSeed(7)
	tests := []struct {
		name           string
		draw           func(i uint64) float64
		mean, variance float64
	}{
		{"Float", func(i uint64) float64 { return float64(k.Float(i)) }, .5, 1.0 / 12},
		{"Normal", func(i uint64) float64 { return float64(k.Normal(i)) }, 0, 1},
		{"Below", func(i uint64) float64 { return float64(k.Below(i, 10)) }, 4.5, 99.0 / 12},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			sum, squares := 0.0, 0.0
			for i := range uint64(n) {
				v := tc.draw(i) - tc.mean
				sum += v
				squares += v * v
			}
			if got, most := math.Abs(sum/n), 4*math.Sqrt(tc.variance/n); got > most {
				t.Errorf("mean is off by %g, want at most %g", got, most)
			}
			if got := squares / n; math.Abs(got-tc.variance) > .02*tc.variance {
				t.Errorf("variance = %g, want %g", got, tc.variance)
			}
		})
	}
}

func TestKey_Permutation(t *testing.T) {
	k := random.FromSeed(1)
	for _, n := range []int{0, 1, 2, 1000} {
		order := k.Permutation(n)
		sorted := slices.Sorted(slices.Values(order))
		for i, v := range sorted {
			if v != int32(i) {
				t.Fatalf("Permutation(%d) holds %d in place of %d", n, v, i)
			}
		}
		if n > 2 && slices.Equal(sorted, order) {
			t.Errorf("Permutation(%d) is in order", n)
		}
		if !slices.Equal(order, k.Permutation(n)) {
			t.Errorf("Permutation(%d) differs the second time", n)
		}
	}
}

func TestKey_Uniform(t *testing.T) {
	v := make([]float32, 1000)
	random.FromSeed(3).Uniform(v, random.Bound(16))
	if low, high := slices.Min(v), slices.Max(v); low < -.25 || high >= .25 || low > -.24 || high < .24 {
		t.Errorf("Uniform(.25) reaches from %g to %g, want nearly all of [-.25, .25)", low, high)
	}
}

func ExampleKey() {
	epoch := random.FromSeed(1).Split(3)
	again := random.FromSeed(1).Split(3)
	fmt.Println(epoch.Permutation(5), epoch.Below(0, 100) == again.Below(0, 100))
	// Output: [2 3 0 1 4] true
}
