package linear_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/lineartest"
	"godwit/shared/ml/sparse"
)

func TestOneVsRest_blocks(t *testing.T) {
	for _, loss := range []linear.Loss{linear.Hinge, linear.SquaredHinge} {
		t.Run(string(loss), func(t *testing.T) {
			lineartest.Blocks(t, func(ctx context.Context, x *sparse.Matrix, y []int32, classes int, block linear.Range, workers int, each func(linear.Solution) error) error {
				svm := linear.SVM{Loss: loss, C: []float64{.1, 1, 10}, Seed: 5, Classes: block}
				return svm.OneVsRest(ctx, x, y, nil, classes, workers, each)
			})
		})
	}
}

func TestCut(t *testing.T) {
	for _, tc := range []struct {
		name       string
		problems   int
		each, most float64
		workers    int
		want       []linear.Range
	}{
		{"all at one go", 7, 1, 7, 1, []linear.Range{{0, 7}}},
		{"each alone", 3, 2, 1, 1, []linear.Range{{0, 1}, {1, 2}, {2, 3}}},
		{"one for each goroutine", 5, 2, 1, 2, []linear.Range{{0, 1}, {1, 3}, {3, 5}}},
		{"even sizes", 7, 1, 3, 1, []linear.Range{{0, 2}, {2, 4}, {4, 7}}},
		{"more goroutines than problems", 2, 5, 1, 8, []linear.Range{{0, 2}}},
		{"no goroutine said", 2, 5, 1, 0, []linear.Range{{0, 1}, {1, 2}}},
		{"work unknown", 3, 0, 0, 1, []linear.Range{{0, 3}}},
		{"no work", 3, 0, 1, 1, []linear.Range{{0, 3}}},
		{"not a number", 3, math.NaN(), 1, 1, []linear.Range{{0, 3}}},
		{"no problems", 0, 1, 1, 1, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := linear.Cut(tc.problems, tc.each, tc.most, tc.workers); fmt.Sprint(got) != fmt.Sprint(tc.want) {
				t.Errorf("Cut(%d, %v, %v, %d) = %v, want %v", tc.problems, tc.each, tc.most, tc.workers, got, tc.want)
			}
		})
	}
}

// However problems are cut, each is in one block, none is empty, and their
// sizes differ by one at most.
func TestCut_coversAll(t *testing.T) {
	for problems := 1; problems < 40; problems++ {
		for most := 1; most < 45; most += 3 {
			blocks := linear.Cut(problems, 1, float64(most), 2)
			at, least, greatest := 0, problems, 0
			for _, b := range blocks {
				if b.From != at {
					t.Fatalf("Cut(%d, 1, %d, 2) = %v, a gap at %d", problems, most, blocks, at)
				}
				at, least, greatest = b.To, min(least, b.Len()), max(greatest, b.Len())
			}
			if at != problems || least < 1 || greatest-least > 1 || greatest > 2*most {
				t.Errorf("Cut(%d, 1, %d, 2) = %v, want blocks of up to %d", problems, most, blocks, 2*most)
			}
		}
	}
}

func ExampleCut() {
	// Seven classes, half a minute each; a function has two cores and is to
	// work on a block for a minute.
	fmt.Println(linear.Cut(7, 30, 60, 2))
	// Output: [{0 3} {3 7}]
}
