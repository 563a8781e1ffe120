package sparse_test

import (
	"reflect"
	"testing"

	"godwit/shared/ml/sparse"
)

func TestMatrix_Transpose(t *testing.T) {
	tests := []struct {
		name string
		m    *sparse.Matrix
		want *sparse.Matrix
	}{
		{"3 x 3 with an empty row", small(), &sparse.Matrix{
			Rows: 3, Cols: 3,
			Start: []int64{0, 1, 2, 3},
			Index: []int32{2, 0, 2},
			Value: []float32{2, 1.5, 3},
		}},
		{"no rows", &sparse.Matrix{Cols: 2, Start: []int64{0}}, &sparse.Matrix{
			Rows: 2, Start: []int64{0, 0, 0}, Index: []int32{}, Value: []float32{},
		}},
		{"no columns", &sparse.Matrix{Rows: 2, Start: []int64{0, 0, 0}}, &sparse.Matrix{
			Cols: 2, Start: []int64{0}, Index: []int32{}, Value: []float32{},
		}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := tc.m.Transpose()
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("Transpose() = %+v, want %+v", got, tc.want)
			}
			if err := got.Check(); err != nil {
				t.Errorf("Transpose().Check() = %v", err)
			}
			if again := got.Transpose(); again.Rows != tc.m.Rows || again.NonZeros() != tc.m.NonZeros() {
				t.Errorf("twice transposed is %+v, want %+v", again, tc.m)
			}
		})
	}
}
