package parallel_test

import (
	"sync/atomic"
	"testing"

	"godwit/shared/ml/neural/parallel"
)

func TestEach(t *testing.T) {
	for _, tc := range []struct{ n, workers int }{{0, 4}, {1, 4}, {5, 0}, {5, -1}, {100, 3}, {2, 100}} {
		calls := make([]atomic.Int32, tc.n)
		var atOnce [100]atomic.Int32
		parallel.Each(tc.n, tc.workers, func(worker, i int) {
			if atOnce[worker].Add(1) > 1 {
				t.Errorf("%d workers: two calls of worker %d at a time", tc.workers, worker)
			}
			calls[i].Add(1)
			atOnce[worker].Add(-1)
		})
		for i := range calls {
			if got := calls[i].Load(); got != 1 {
				t.Errorf("%d of %d workers: piece %d was done %d times, want once", tc.n, tc.workers, i, got)
			}
		}
	}
}
