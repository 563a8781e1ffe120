package dataset_test

import (
	"math"
	"testing"

	"godwit/shared/ml/dataset"
)

func TestAges(t *testing.T) {
	times := []string{"2025-03-01", "2025-01-01", "", "2025-02-01", "2024-12-31"}
	keys := []uint64{1, 2, 3, 1, 4} // rows 0 and 3 are of one key
	rows := make([]dataset.Row, len(times))
	for i, at := range times {
		rows[i].Time = at
	}
	got := dataset.Ages(rows, func(i int) uint64 { return keys[i] })
	if got[0] != got[3] || !math.IsInf(got[2], -1) {
		t.Errorf("Ages() = %v, want the first and fourth alike and the third -Inf", got)
	}
	if !(got[2] < got[4] && got[4] < got[1] && got[1] < got[0]) {
		t.Errorf("Ages() = %v, want rows 2, 4, 1, 0 in this order", got)
	}
	if all := dataset.Ages(nil, nil); len(all) != 0 {
		t.Errorf("Ages of no rows = %v", all)
	}
}
