package linear_test

import (
	"math"
	"math/rand/v2"
	"slices"

	"godwit/shared/ml/sparse"
)

// zipf makes rows of text-like features: words drawn as by Zipf's law from
// a common vocabulary, a third of them from the row's class instead, plus one
// word nobody else has, each row of length 1. It uses integers and square
// roots only, so that it gives the same matrix everywhere.
func zipf(rows, columns, classes int, seed uint64) (x *sparse.Matrix, y []int32) {
	random := rand.New(rand.NewPCG(seed, 0))
	// A product of uniform numbers is spread evenly over magnitudes, as the
	// ranks of words are.
	word := func() int {
		return random.IntN(columns) * random.IntN(columns) / columns * random.IntN(columns) / columns
	}
	x = &sparse.Matrix{Rows: rows, Cols: columns + rows, Start: []int64{0}}
	for i := range rows {
		class := random.IntN(classes)
		count := map[int32]int{int32(columns + i): 1}
		for range 8 + random.IntN(16) {
			w := word()
			if random.IntN(3) == 0 {
				w = (w*classes + class) % columns
			}
			count[int32(w)]++
		}
		words, squares := make([]int32, 0, len(count)), 0
		for w, n := range count {
			words, squares = append(words, w), squares+n*n
		}
		slices.Sort(words)
		for _, w := range words {
			x.Index = append(x.Index, w)
			x.Value = append(x.Value, float32(float64(count[w])/math.Sqrt(float64(squares))))
		}
		x.Start = append(x.Start, int64(len(x.Index)))
		y = append(y, int32(class))
	}
	return x, y
}
