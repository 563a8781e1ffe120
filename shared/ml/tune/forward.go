package tune

import (
	"cmp"
	"slices"
)

// Forward cuts rows into the blocks of an expanding window, for data that is to
// judge what comes later: fold f is judged on block f+1 and learns from blocks 0
// to f, which are older, so that nothing learns from its future (Tashman,
// "Out-of-sample tests of forecasting accuracy", International Journal of
// Forecasting 16, 2000). It returns the block of each row and the number of
// folds, at most k.
//
// Rows of one age are not parted, so blocks are of nearly one size where ages
// allow it. Block 0 goes on until it has two classes, which a model needs to
// learn from; y is nil for numbers. There are no folds when nothing is left to be
// judged. It panics for k outside [1, MaxFolds-1] and lengths that differ.
func Forward(age []float64, y []int32, k int) (block []uint8, folds int) {
	if k < 1 || k >= MaxFolds || y != nil && len(y) != len(age) {
		panic("tune: Forward: folds out of range, or classes and ages differ in length")
	}
	oldest := make([]int32, len(age))
	for i := range oldest {
		oldest[i] = int32(i)
	}
	slices.SortStableFunc(oldest, func(a, b int32) int { return cmp.Compare(age[a], age[b]) })
	block = make([]uint8, len(age))
	next, two := len(age)/(k+1), y == nil // where the next block is due, and whether it may begin
	for n, i := range oldest {
		if n > 0 && age[i] != age[oldest[n-1]] && n >= next && two && folds < k {
			folds++
			next = n + (len(age)-n)/(k+1-folds) // the rest in equal parts
		}
		block[i] = uint8(folds)
		two = two || y[i] != y[oldest[0]]
	}
	return block, folds
}
