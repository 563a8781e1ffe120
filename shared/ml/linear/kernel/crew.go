package kernel

import (
	"context"
	"sync"
	"sync/atomic"
)

// Crew is the number of goroutines a computation may use; anything below 2
// runs in the caller. It has no state and is safe for concurrent use.
type Crew int

// Each calls f(k) for each k in [0, n), concurrently and in any order, and
// returns when all calls have. What f computes must not depend on the order.
func (c Crew) Each(n int, f func(k int)) {
	if c < 2 || n < 2 {
		for k := range n {
			f(k)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(int(c), n) {
		wg.Go(func() {
			for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
				f(k)
			}
		})
	}
	wg.Wait()
}

// Tasks runs task(ctx, k) for each k in [0, n) on at most c goroutines, one
// task at a time each, since their costs may differ widely. Every goroutine
// calls newWorker once and runs its tasks through what it returns, so that
// buffers are made once for each goroutine and not for each task. The first
// error ends all: ctx, which the tasks watch, is cancelled, and the error is
// returned; so is the cause of a ctx that ends from outside.
func (c Crew) Tasks(ctx context.Context, n int, newWorker func() func(ctx context.Context, k int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(max(int(c), 1), n) {
		wg.Go(func() {
			task := newWorker()
			for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
				if err := task(ctx, k); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
