package lineartest

import (
	"math"
	"math/rand/v2"
	"slices"

	"godwit/shared/ml/sparse"
)

// Zipf makes rows of text-like features: words drawn as by Zipf's law from a
// common vocabulary, a third of them from the row's class instead, plus one
// word nobody else has, each row of length 1. It uses integers and square
// roots only, so that it gives the same matrix everywhere.
func Zipf(rows, columns, classes int, seed uint64) (x *sparse.Matrix, y []int32) {
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

// Targets makes a number for each row of x: a sum of its values by weights
// that repeat over the columns, plus a part no column explains.
func Targets(x *sparse.Matrix, seed uint64) []float64 {
	random := rand.New(rand.NewPCG(seed, 1))
	y := make([]float64, x.Rows)
	for i := range y {
		index, value := x.Row(i)
		for k, j := range index {
			y[i] += float64(value[k]) * float64(j%7-3)
		}
		y[i] += 10 + float64(random.IntN(1000)-500)/1000
	}
	return y
}

// Rows returns the matrix of the given rows of x, which may repeat, and the
// labels or targets that go with them.
func Rows[T any](x *sparse.Matrix, y []T, pick []int) (*sparse.Matrix, []T) {
	out := &sparse.Matrix{Rows: len(pick), Cols: x.Cols, Start: []int64{0}}
	var of []T
	for _, i := range pick {
		index, value := x.Row(i)
		out.Index = append(out.Index, index...)
		out.Value = append(out.Value, value...)
		out.Start = append(out.Start, int64(len(out.Index)))
		of = append(of, y[i])
	}
	return out, of
}

// Margin returns w.x[i] + bias.
func Margin(x *sparse.Matrix, i int, weight []float64, bias float64) float64 {
	sum := bias
	index, value := x.Row(i)
	for k, j := range index {
		sum += weight[j] * float64(value[k])
	}
	return sum
}

// Near reports whether got is want within a relative tolerance.
func Near(got, want, tolerance float64) bool {
	return math.Abs(got-want) <= tolerance*max(math.Abs(want), 1e-9)
}
