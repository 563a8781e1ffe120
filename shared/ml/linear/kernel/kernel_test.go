package kernel_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"testing"

	"godwit/shared/ml/linear/kernel"
	"godwit/shared/ml/linear/lineartest"
)

// vector makes n numbers of uneven size.
func vector(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = float64(i*7919%1009)/1009 - .5
	}
	return v
}

// TestCrew_Multiply compares with the sum as it is written, in both
// directions, for widths that do and do not fill the lanes.
func TestCrew_Multiply(t *testing.T) {
	x, _ := lineartest.Zipf(300, 200, 3, 1)
	for _, width := range []int{1, 2, 7, 8, 9, 16, 77} {
		in := vector(x.Cols * width)
		want, wantSquares := make([]float64, x.Rows*width), make([]float64, x.Rows*width)
		for i := range x.Rows {
			index, value := x.Row(i)
			for k, j := range index {
				for c := range width {
					v := float64(value[k])
					want[i*width+c] += v * in[int(j)*width+c]
					wantSquares[i*width+c] += v * v * in[int(j)*width+c]
				}
			}
		}
		first := make([]float64, x.Rows*width)
		kernel.Crew(1).Multiply(x, in, width, first)
		for workers := range 5 {
			got, squares := vector(x.Rows*width), vector(x.Rows*width)
			kernel.Crew(workers).Multiply(x, in, width, got)
			kernel.Crew(workers).MultiplySquares(x, in, width, squares)
			if !slices.Equal(got, first) {
				t.Errorf("width %d: %d workers give other bits than one", width, workers)
			}
			for k := range want {
				if math.Abs(got[k]-want[k]) > 1e-12 || math.Abs(squares[k]-wantSquares[k]) > 1e-12 {
					t.Fatalf("width %d: element %d = %v, squares %v, want %v, %v", width, k, got[k], squares[k], want[k], wantSquares[k])
				}
			}
		}
	}
}

// TestCrew_vectors goes through lengths on either side of a partial sum.
func TestCrew_vectors(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 4095, 4096, 4097, 20_001} {
		a, b := vector(n), vector(n)
		want, moved := 0.0, make([]float64, n)
		for i := range a {
			b[i] *= 3
			want += a[i] * b[i]
			moved[i] = b[i] - 2*a[i]
		}
		first := kernel.Crew(1).Dot(a, b)
		for workers := range 5 {
			if got := kernel.Crew(workers).Dot(a, b); got != first || math.Abs(got-want) > 1e-9 {
				t.Errorf("%d workers: Dot of %d = %v, want %v, %v with one", workers, n, got, want, first)
			}
			got := slices.Clone(b)
			kernel.Crew(workers).Add(got, -2, a)
			if !slices.Equal(got, moved) {
				t.Errorf("%d workers: Add of %d is wrong", workers, n)
			}
		}
	}
}

func TestCrew_Tasks(t *testing.T) {
	for _, workers := range []int{-1, 0, 1, 3, 50} {
		var made, done atomic.Int64
		err := kernel.Crew(workers).Tasks(t.Context(), 10, func() func(context.Context, int) error {
			made.Add(1)
			return func(context.Context, int) error {
				done.Add(1)
				return nil
			}
		})
		if err != nil || done.Load() != 10 || made.Load() > int64(max(workers, 1)) {
			t.Errorf("%d workers: %v, %d tasks by %d workers, want 10", workers, err, done.Load(), made.Load())
		}
	}
	stop := errors.New("enough")
	err := kernel.Crew(2).Tasks(t.Context(), 1000, func() func(context.Context, int) error {
		return func(_ context.Context, k int) error {
			if k == 7 {
				return stop
			}
			return nil
		}
	})
	if !errors.Is(err, stop) {
		t.Errorf("Tasks() = %v, want the task's error", err)
	}
}

func BenchmarkCrew_Multiply(b *testing.B) {
	x, _ := lineartest.Zipf(10_000, 20_000, 77, 1)
	for _, width := range []int{1, 4, 77} {
		b.Run(fmt.Sprint(width), func(b *testing.B) {
			in, out := vector(x.Cols*width), make([]float64, x.Rows*width)
			b.ReportAllocs()
			for b.Loop() {
				kernel.Crew(1).Multiply(x, in, width, out)
			}
			b.ReportMetric(float64(x.NonZeros())*float64(width)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mmadd/s")
		})
	}
}
