package sparse_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"godwit/shared/ml/sparse"
)

// small is [[0 1.5 0] [0 0 0] [2 0 3]].
func small() *sparse.Matrix {
	return &sparse.Matrix{
		Rows: 3, Cols: 3,
		Start: []int64{0, 1, 1, 3},
		Index: []int32{1, 0, 2},
		Value: []float32{1.5, 2, 3},
	}
}

func TestMatrix_Row(t *testing.T) {
	m := small()
	tests := []struct {
		row       int
		wantIndex []int32
		wantValue []float32
	}{
		{0, []int32{1}, []float32{1.5}},
		{1, nil, nil},
		{2, []int32{0, 2}, []float32{2, 3}},
	}
	for _, tc := range tests {
		index, value := m.Row(tc.row)
		if !slices.Equal(index, tc.wantIndex) || !slices.Equal(value, tc.wantValue) {
			t.Errorf("Row(%d) = %v %v, want %v %v", tc.row, index, value, tc.wantIndex, tc.wantValue)
		}
		if cap(index) != len(index) {
			t.Errorf("Row(%d) has capacity %d beyond its %d entries", tc.row, cap(index), len(index))
		}
	}
	if got := m.NonZeros(); got != 3 {
		t.Errorf("NonZeros() = %d, want 3", got)
	}
	if got := (&sparse.Matrix{}).NonZeros(); got != 0 {
		t.Errorf("zero Matrix: NonZeros() = %d, want 0", got)
	}
	if got := m.Bytes(); got != 4*8+3*4+3*4 {
		t.Errorf("Bytes() = %d, want 56", got)
	}
}

func TestMatrix_Check(t *testing.T) {
	nan := float32(math.NaN())
	inf := float32(math.Inf(-1))
	tests := []struct {
		name    string
		change  func(m *sparse.Matrix)
		wantRow int // -2: no error
	}{
		{"well formed", func(*sparse.Matrix) {}, -2},
		{"zero rows", func(m *sparse.Matrix) { *m = sparse.Matrix{Cols: 3, Start: []int64{0}} }, -2},
		{"no offsets", func(m *sparse.Matrix) { *m = sparse.Matrix{} }, -1},
		{"negative columns", func(m *sparse.Matrix) { m.Cols = -1 }, -1},
		{"offset missing", func(m *sparse.Matrix) { m.Start = m.Start[:3] }, -1},
		{"values missing", func(m *sparse.Matrix) { m.Value = m.Value[:2] }, -1},
		{"offsets start late", func(m *sparse.Matrix) { m.Start[0] = 1 }, -1},
		{"entries left over", func(m *sparse.Matrix) { m.Start[3] = 2 }, -1},
		{"offsets fall", func(m *sparse.Matrix) { m.Start[1] = 2 }, 1},
		{"column repeats", func(m *sparse.Matrix) { m.Index[2] = 0 }, 2},
		{"column beyond the last", func(m *sparse.Matrix) { m.Index[0] = 3 }, 0},
		{"column negative", func(m *sparse.Matrix) { m.Index[1] = -1 }, 2},
		{"value not a number", func(m *sparse.Matrix) { m.Value[0] = nan }, 0},
		{"value infinite", func(m *sparse.Matrix) { m.Value[2] = inf }, 2},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			m := small()
			tc.change(m)
			err := m.Check()
			if tc.wantRow == -2 {
				if err != nil {
					t.Fatalf("Check() = %v, want nil", err)
				}
				return
			}
			shape, ok := errors.AsType[*sparse.ShapeError](err)
			if !ok || shape.Row != tc.wantRow {
				t.Errorf("Check() = %v, want a ShapeError in row %d", err, tc.wantRow)
			}
		})
	}
}

func ExampleMatrix() {
	m := &sparse.Matrix{
		Rows: 2, Cols: 4,
		Start: []int64{0, 2, 3},
		Index: []int32{0, 3, 1},
		Value: []float32{.5, .25, 1},
	}
	for i := range m.Rows {
		index, value := m.Row(i)
		fmt.Println(index, value)
	}
	// Output:
	// [0 3] [0.5 0.25]
	// [1] [1]
}
