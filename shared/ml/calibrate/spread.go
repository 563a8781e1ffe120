package calibrate

import (
	"fmt"
	"math"
	"slices"

	"godwit/shared/ml/artifact"
)

// Spread gives prediction intervals of a regression by split conformal
// prediction (Lei, G'Sell, Rinaldo, Tibshirani and Wasserman, "Distribution-Free
// Predictive Inference for Regression", JASA 2018): a predicted number plus or
// minus a quantile of how far predictions were from the truth on rows the model
// had not seen. Rows like those then have their true number in the interval with
// at least the coverage asked for, on average over rows, whatever the model is. A
// model refitted on more rows makes that approximate.
//
// It keeps at most 1,001 of the distances; between them coverage is rounded up,
// by at most a thousandth. The zero Spread knows no rows and has no intervals. It
// does not change and is safe for concurrent use.
type Spread struct {
	rows int64
	// Distances, ascending: entry j is the one of rank ceil((j+1) x rows /
	// len(distance)), so that the last is the greatest.
	distance []float64
}

// NewSpread gathers how far out-of-fold predictions were from the truth. It
// panics when lengths differ.
func NewSpread(predicted []float32, truth []float64) Spread {
	if len(predicted) != len(truth) {
		panic(fmt.Sprintf("calibrate: NewSpread: %d predictions for %d rows", len(predicted), len(truth)))
	}
	all := make([]float64, len(truth))
	for i, want := range truth {
		all[i] = min(math.Abs(float64(predicted[i])-want), math.MaxFloat64) // a prediction may be too large for a float32
	}
	slices.Sort(all)
	return Spread{rows: int64(len(all)), distance: sketched(all)}
}

// sketched returns the entries of sorted values that a sketch keeps.
func sketched[T any](all []T) []T {
	n, m := len(all), min(len(all), sketchSize)
	kept := make([]T, m)
	for j := range kept {
		kept[j] = all[((j+1)*n+m-1)/m-1]
	}
	return kept
}

// Rows returns how many rows the intervals stand on.
func (s Spread) Rows() int64 { return s.rows }

// Interval returns the bounds of the interval around a predicted number that
// holds the true one with a probability of coverage. ok is false where there is
// no bound: a coverage that is not within (0, 1), fewer than 1/(1-coverage) rows,
// or numbers beyond all bounds.
func (s Spread) Interval(value, coverage float64) (low, high float64, ok bool) {
	if !(coverage > 0) {
		return 0, 0, false
	}
	r, ok := rank(s.rows, coverage)
	if !ok {
		return 0, 0, false
	}
	// As in Conformal.Threshold.
	d := s.distance[(r-1)*int64(len(s.distance))/s.rows]
	low, high = value-d, value+d
	if math.IsInf(low, -1) || math.IsInf(high, 1) {
		return 0, 0, false
	}
	return low, high, true
}

// The tensor of a Spread beside tensorRows.
const tensorDistance = "conformal.distance" // F64 [min(rows, 1001)], ascending

// Tensors returns the distances for the file of a model.
func (s Spread) Tensors() []artifact.Tensor {
	return []artifact.Tensor{
		artifact.FromInt64s(tensorRows, nil, []int64{s.rows}),
		artifact.FromFloat64s(tensorDistance, nil, s.distance),
	}
}

// SpreadOf reads and checks the distances of a model, which alias the file. It
// fails with ErrAbsent when there are none, and with an *artifact.Error of
// KindCorrupt when they make no sense.
func SpreadOf(f *artifact.File) (Spread, error) {
	rows, distance, err := sketchOf(f, tensorDistance, artifact.Float64s)
	if err != nil {
		return Spread{}, err
	}
	s := Spread{rows, distance}
	if s.rows < 0 || int64(len(distance)) != min(s.rows, sketchSize) {
		return Spread{}, corrupt(nil, "%d distances of %d rows", len(distance), s.rows)
	}
	for j, d := range distance {
		if !(d >= 0) || math.IsInf(d, 1) || j > 0 && d < distance[j-1] {
			return Spread{}, corrupt(nil, "distance %d is %v", j, d)
		}
	}
	return s, nil
}

// sketchOf reads the number of rows and the entries of a sketch.
func sketchOf[T any](f *artifact.File, name string, as func(artifact.Tensor) ([]T, error)) (rows int64, kept []T, err error) {
	if _, there := f.Tensor(tensorRows); !there {
		return 0, nil, ErrAbsent
	}
	counts, err := artifact.Elements(f, tensorRows, artifact.Int64s)
	if err != nil {
		return 0, nil, err
	}
	if kept, err = artifact.Elements(f, name, as); err != nil {
		return 0, nil, err
	}
	if len(counts) != 1 {
		return 0, nil, corrupt(nil, "%d numbers of rows", len(counts))
	}
	return counts[0], kept, nil
}
