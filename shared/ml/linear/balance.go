package linear

import "math"

// SquareRootBalanced returns row weights that let rare classes count more: a
// row of a class of n rows is multiplied by sqrt(total/n), then all by the one
// factor that keeps their sum, so that C means what it meant. The square root
// lies between no balancing, which gives rare classes up, and full balancing
// (total/n), which makes a handful of rows count like thousands.
//
// y holds classes in [0, classes); weight is the weight of each row so far,
// nil for 1, and n counts rows by it. Neither is changed. The result has one
// weight for each row and suits every learner of this room and below.
func SquareRootBalanced(y []int32, weight []float32, classes int) []float32 {
	of := func(i int) float64 {
		if weight == nil {
			return 1
		}
		return float64(weight[i])
	}
	count := make([]float64, classes)
	total, balanced := 0.0, 0.0
	for i, class := range y {
		count[class] += of(i)
		total += of(i)
	}
	for _, n := range count {
		// n rows of sqrt(1/n) each.
		balanced += math.Sqrt(n)
	}
	out := make([]float32, len(y))
	for i, class := range y {
		if n := count[class]; n > 0 {
			out[i] = float32(of(i) * total / (balanced * math.Sqrt(n)))
		}
	}
	return out
}
