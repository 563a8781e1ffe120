package training

import (
	"testing"

	"godwit/shared/ml/pipeline"
)

// Of 10,000 rows 11 may change their answer, of 2,000 none: the lower ends of
// Wilson's 95 % interval are .99803 and .99808 then, and one more row would make
// them .99790 and .99717, by its formula.
func TestFurthest(t *testing.T) {
	ladder := func(rows int, changed ...int) []pipeline.Pruning {
		below := []float64{-1, pipeline.DefaultPruneBelow, .003, .01}
		var out []pipeline.Pruning
		for i, n := range changed {
			out = append(out, pipeline.Pruning{Below: below[i], Same: rows - n, Rows: rows})
		}
		return out
	}
	for _, tc := range []struct {
		name   string
		ladder []pipeline.Pruning
		want   float64
	}{
		{"as far as the answers stay", ladder(10_000, 0, 0, 11, 12), .003},
		{"to the end", ladder(10_000, 0, 0, 0, 0), .01},
		{"a better step after a worse one does not count", ladder(10_000, 0, 30, 0, 0), -1},
		{"rounding alone changes too much", ladder(10_000, 50, 50, 50, 50), -1},
		{"none of 2,000 may change", ladder(2_000, 0, 0, 0, 1), .003},
		{"too few rows to tell", ladder(1_500, 0, 0, 0, 0), pipeline.DefaultPruneBelow},
		{"no rows", ladder(0, 0, 0, 0, 0), pipeline.DefaultPruneBelow},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := furthest(tc.ladder); got == nil || got.Below != tc.want {
				t.Errorf("furthest(%+v) = %+v, want below %v", tc.ladder, got, tc.want)
			}
		})
	}
	if got := furthest(nil); got != nil {
		t.Errorf("furthest of no ladder = %+v", got)
	}
}
