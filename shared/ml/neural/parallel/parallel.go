// Package parallel shares numbered pieces of work out among goroutines. Who does
// which piece is a matter of chance, so a piece must not depend on another, and
// what pieces give is put together by number.
package parallel

import (
	"sync"
	"sync/atomic"
)

// Each calls f for every number below n and returns when all calls have. At
// most workers calls run at a time, one if workers is below 2; worker, below
// workers, tells those apart, for memory of their own.
func Each(n, workers int, f func(worker, i int)) {
	if workers = min(workers, n); workers < 2 {
		for i := range n {
			f(0, i)
		}
		return
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(worker, i)
			}
		})
	}
	group.Wait()
}
