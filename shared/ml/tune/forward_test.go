package tune_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"godwit/shared/ml/tune"
)

func TestForward(t *testing.T) {
	for _, tc := range []struct {
		name      string
		age       []float64
		y         []int32
		k         int
		want      []uint8
		wantFolds int
	}{
		{"even blocks", []float64{1, 2, 3, 4, 5, 6}, []int32{0, 1, 0, 1, 0, 1}, 2, []uint8{0, 0, 1, 1, 2, 2}, 2},
		{"any order", []float64{6, 1, 5, 2, 4, 3}, []int32{0, 1, 0, 0, 1, 1}, 2, []uint8{2, 0, 2, 0, 1, 1}, 2},
		{"one age stays together", []float64{1, 2, 2, 2, 3, 4}, []int32{0, 1, 0, 1, 0, 1}, 2, []uint8{0, 0, 0, 0, 1, 2}, 2},
		{"a block of one class goes on", []float64{1, 2, 3, 4, 5, 6}, []int32{0, 0, 0, 1, 0, 1}, 2, []uint8{0, 0, 0, 0, 1, 2}, 2},
		{"too few ages", []float64{1, 1, 1, 2, 2, 2}, []int32{0, 1, 0, 1, 0, 1}, 5, []uint8{0, 0, 0, 1, 1, 1}, 1},
		{"one age", []float64{1, 1, 1}, []int32{0, 1, 0}, 2, []uint8{0, 0, 0}, 0},
		{"the second class comes last", []float64{1, 2, 3}, []int32{0, 0, 1}, 2, []uint8{0, 0, 0}, 0},
		{"numbers", []float64{1, 2, 3, 4}, nil, 1, []uint8{0, 0, 1, 1}, 1},
		{"no rows", nil, nil, 3, []uint8{}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, folds := tune.Forward(tc.age, tc.y, tc.k)
			if fmt.Sprint(got) != fmt.Sprint(tc.want) || folds != tc.wantFolds {
				t.Errorf("Forward(%v, %v, %d) = %v, %d, want %v, %d", tc.age, tc.y, tc.k, got, folds, tc.want, tc.wantFolds)
			}
		})
	}
}

// Whatever the ages, no block holds a row as old as one of a block before it,
// every fold has rows to judge, and block 0 has two classes.
func TestForward_neverTheFuture(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n, k := 2+random.IntN(60), 1+random.IntN(6)
		age, y := make([]float64, n), make([]int32, n)
		for i := range age {
			age[i], y[i] = float64(random.IntN(n)), int32(random.IntN(3))
		}
		block, folds := tune.Forward(age, y, k)
		rows, classes := make([]int, folds+1), map[int32]bool{}
		for i := range age {
			rows[block[i]]++
			if block[i] == 0 {
				classes[y[i]] = true
			}
			for j := range age {
				if block[i] < block[j] && age[i] >= age[j] {
					t.Fatalf("Forward(%v, %v, %d) = %v: row %d is no older than row %d", age, y, k, block, i, j)
				}
			}
		}
		for b, r := range rows {
			if r == 0 || folds > k || folds > 0 && len(classes) < 2 {
				t.Fatalf("Forward(%v, %v, %d) = %v, %d folds: block %d has %d rows", age, y, k, block, folds, b, r)
			}
		}
	}
}

func ExampleForward() {
	age := []float64{2019, 2020, 2021, 2022, 2023, 2024}
	block, folds := tune.Forward(age, []int32{0, 1, 1, 0, 1, 0}, 2)
	fmt.Println(block, folds)
	// Output: [0 0 1 1 2 2] 2
}
