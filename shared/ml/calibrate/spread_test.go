package calibrate_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/calibrate"
)

// spreadOf returns the Spread of rows that were off by the given distances.
func spreadOf(distance ...float64) calibrate.Spread {
	predicted := make([]float32, len(distance))
	for i := range predicted {
		predicted[i] = float32(100 * i)
	}
	truth := make([]float64, len(distance))
	for i, d := range distance {
		truth[i] = float64(predicted[i]) + d*float64(1-2*(i%2)) // on either side
	}
	return calibrate.NewSpread(predicted, truth)
}

// The rank is ceil((n+1) x coverage) of the distances in order, by hand.
func TestSpread_Interval(t *testing.T) {
	nine := spreadOf(9, 1, 8, 2, 7, 3, 6, 4, 5)
	for _, tc := range []struct {
		name     string
		s        calibrate.Spread
		coverage float64
		want     float64 // half the width, -1 for no interval
	}{
		{"rank 5 of 9", nine, .5, 5},
		{"rank 9 of 9", nine, .88, 9},
		{"rank 10 of 9 and fewer than 1/(1-coverage) rows", nine, .9, -1},
		{"the least", nine, .0001, 1},
		{"no coverage", nine, 0, -1},
		{"all", nine, 1, -1},
		{"not a number", nine, math.NaN(), -1},
		{"no rows", calibrate.Spread{}, .5, -1},
		{"one row", spreadOf(3), .5, -1},
		{"two rows", spreadOf(3, 4), .5, 4},
		{"predicted beyond all bounds", calibrate.NewSpread([]float32{float32(math.Inf(1)), 1}, []float64{-1e300, 1}), .5, math.MaxFloat64},
	} {
		t.Run(tc.name, func(t *testing.T) {
			low, high, ok := tc.s.Interval(50, tc.coverage)
			if ok != (tc.want >= 0) || ok && (low != 50-tc.want || high != 50+tc.want) {
				t.Errorf("Interval(50, %v) = %v, %v, %v, want 50 -+ %v", tc.coverage, low, high, ok, tc.want)
			}
		})
	}
}

// Intervals hold the truth as often as asked on rows like those measured, sketch
// or not.
func TestSpread_covers(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	sample := func(n int) (predicted []float32, truth []float64) {
		for range n {
			x := random.NormFloat64()
			predicted, truth = append(predicted, float32(x)), append(truth, x+math.Abs(x)*random.NormFloat64())
		}
		return predicted, truth
	}
	for _, n := range []int{500, 20_000} {
		s := calibrate.NewSpread(sample(n))
		if s.Rows() != int64(n) {
			t.Errorf("Rows() = %d, want %d", s.Rows(), n)
		}
		predicted, truth := sample(20_000)
		for _, coverage := range []float64{.5, .8, .9, .95, .99} {
			held := 0
			for i, want := range truth {
				if low, high, ok := s.Interval(float64(predicted[i]), coverage); ok && low <= want && want <= high {
					held++
				}
			}
			// Three standard deviations of the share, of the measured rows too.
			slack := 3 * math.Sqrt(coverage*(1-coverage)*(1/float64(n)+1./20_000))
			if got := float64(held) / 20_000; math.Abs(got-coverage) > slack+.001 {
				t.Errorf("of %d rows: coverage %v, asked for %v", n, got, coverage)
			}
		}
	}
}

func TestSpreadOf(t *testing.T) {
	long := make([]float64, 2500)
	for i := range long {
		long[i] = float64(i)
	}
	for _, want := range []calibrate.Spread{spreadOf(1, 2, 3), spreadOf(long...), spreadOf()} {
		got, err := calibrate.SpreadOf(decode(t, encode(t, want.Tensors()...)))
		if err != nil || got.Rows() != want.Rows() || !reflect.DeepEqual(got.Tensors(), want.Tensors()) {
			t.Errorf("SpreadOf() = %v, %v, want %v", got, err, want)
		}
	}
	rows, distance := "conformal.rows", "conformal.distance"
	for _, tc := range []struct {
		name    string
		tensors []artifact.Tensor
		want    error
	}{
		{"nothing", nil, calibrate.ErrAbsent},
		{"no distances", []artifact.Tensor{artifact.FromInt64s(rows, nil, []int64{1})}, artifact.ErrCorrupt},
		{"rows are text", []artifact.Tensor{artifact.FromBytes(rows, nil, []byte("1"))}, artifact.ErrCorrupt},
		{"two numbers of rows", []artifact.Tensor{artifact.FromInt64s(rows, nil, []int64{1, 1}), artifact.FromFloat64s(distance, nil, []float64{1})}, artifact.ErrCorrupt},
		{"fewer than rows", []artifact.Tensor{artifact.FromInt64s(rows, nil, []int64{2}), artifact.FromFloat64s(distance, nil, []float64{1})}, artifact.ErrCorrupt},
		{"falling", []artifact.Tensor{artifact.FromInt64s(rows, nil, []int64{2}), artifact.FromFloat64s(distance, nil, []float64{2, 1})}, artifact.ErrCorrupt},
		{"negative", []artifact.Tensor{artifact.FromInt64s(rows, nil, []int64{1}), artifact.FromFloat64s(distance, nil, []float64{-1})}, artifact.ErrCorrupt},
		{"infinite", []artifact.Tensor{artifact.FromInt64s(rows, nil, []int64{1}), artifact.FromFloat64s(distance, nil, []float64{math.Inf(1)})}, artifact.ErrCorrupt},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := calibrate.SpreadOf(decode(t, encode(t, tc.tensors...))); !errors.Is(err, tc.want) {
				t.Errorf("SpreadOf() = %v, want %v", err, tc.want)
			}
		})
	}
}

func ExampleSpread() {
	// Out-of-fold predictions and what was true.
	s := calibrate.NewSpread([]float32{10, 20, 30, 40}, []float64{11, 18, 33, 36})
	low, high, ok := s.Interval(25, .75)
	fmt.Println(low, high, ok)
	// Output: 21 29 true
}
