package sgd_test

import (
	"math"
	"slices"
	"testing"

	"godwit/shared/ml/linear/sgd"
)

func TestShuffled(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 4, 5, 16, 17, 1000} {
		seen := make([]bool, n)
		for i := range sgd.Shuffled(n, 1, 0) {
			if seen[i] {
				t.Fatalf("Shuffled(%d) gives %d twice", n, i)
			}
			seen[i] = true
		}
		if slices.Contains(seen, false) {
			t.Errorf("Shuffled(%d) misses numbers", n)
		}
	}
	// Every number comes about equally often at every place.
	const n, epochs = 8, 4000
	var count [n][n]int
	for e := range uint64(epochs) {
		place := 0
		for i := range sgd.Shuffled(n, 7, e) {
			count[place][i]++
			place++
		}
	}
	for place, row := range count {
		for i, c := range row {
			// 500 expected with a deviation of 21.
			if math.Abs(float64(c)-epochs/n) > 110 {
				t.Errorf("%d comes %d times at place %d of %d epochs, want about %d", i, c, place, epochs, epochs/n)
			}
		}
	}
}
