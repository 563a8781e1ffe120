package serving

import (
	"context"
	"sync"

	"godwit/shared/fault"
)

// flight lets concurrent callers of one key share one call. The zero value is
// ready. It remembers nothing once a call is over.
type flight[K comparable, V any] struct {
	mu    sync.Mutex
	calls map[K]*call[V]
}

type call[V any] struct {
	done      chan struct{}
	value     V
	err       error
	abandoned bool // the caller that made it was cancelled: its error is not the others'
}

// do runs fn, or waits for the caller that is running it. A waiter whose leader
// was cancelled runs fn itself. known is asked first by whoever would run fn: the
// call before may have ended between the caller's own look and this.
func (f *flight[K, V]) do(ctx context.Context, key K, known func() (V, bool), fn func() (V, error)) (V, error) {
	for {
		f.mu.Lock()
		c, waiting := f.calls[key]
		if !waiting {
			if f.calls == nil {
				f.calls = make(map[K]*call[V])
			}
			c = &call[V]{done: make(chan struct{})}
			f.calls[key] = c
		}
		f.mu.Unlock()
		if !waiting {
			return f.lead(ctx, key, c, func() (V, error) {
				if v, ok := known(); ok {
					return v, nil
				}
				return fn()
			})
		}
		select {
		case <-c.done:
			if !c.abandoned {
				return c.value, c.err
			}
		case <-ctx.Done():
			var zero V
			return zero, fault.Wrap(fault.Unavailable, ctx.Err(), "the request ran out of time")
		}
	}
}

// lead runs fn for everybody waiting on c. They are released even if fn panics.
func (f *flight[K, V]) lead(ctx context.Context, key K, c *call[V], fn func() (V, error)) (V, error) {
	c.abandoned = true
	defer func() {
		f.mu.Lock()
		delete(f.calls, key)
		f.mu.Unlock()
		close(c.done)
	}()
	c.value, c.err = fn()
	c.abandoned = c.err != nil && ctx.Err() != nil
	return c.value, c.err
}
