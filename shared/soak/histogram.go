package main

import (
	"fmt"
	"math/bits"
	"strings"
	"sync"
	"time"
)

// Each power of two of microseconds is cut into so many buckets, so a latency is
// known within 1/32 from a microsecond to days.
const (
	cutBits = 5
	cuts    = 1 << cutBits
)

// histogram counts latencies in buckets that grow with them, after Gil Tene's
// HdrHistogram. The zero value is ready; it is safe for concurrent use.
type histogram struct {
	mu      sync.Mutex
	buckets [(64 - cutBits + 1) * cuts]int64
	n       int64
	longest time.Duration
}

// add counts one latency; a negative one is none.
func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.buckets[bucketOf(uint64(d.Microseconds()))]++
	h.n++
	h.longest = max(h.longest, d)
}

// bucketOf returns the bucket of a number of microseconds: itself while it is
// small, then its leading bits.
func bucketOf(us uint64) int {
	if us < cuts {
		return int(us)
	}
	shift := bits.Len64(us) - cutBits - 1
	return (shift+1)*cuts + int(us>>shift) - cuts
}

// upper returns the largest number of microseconds in a bucket.
func upper(bucket int) uint64 {
	if bucket < cuts {
		return uint64(bucket)
	}
	shift := bucket/cuts - 1
	return (uint64(bucket%cuts)+cuts+1)<<shift - 1
}

// quantile returns the latency that the share q of all, 0 to 1, do not exceed; 0
// without any.
func (h *histogram) quantile(q float64) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	rank, seen := int64(q*float64(h.n)), int64(0)
	for i, n := range h.buckets {
		if seen += n; n > 0 && seen >= rank {
			return min(time.Duration(upper(i))*time.Microsecond, h.longest)
		}
	}
	return h.longest
}

// String draws the quantiles that matter.
func (h *histogram) String() string {
	var b strings.Builder
	for _, q := range []float64{.5, .9, .99, .999} {
		fmt.Fprintf(&b, "p%g %.2f ms, ", 100*q, h.quantile(q).Seconds()*1e3)
	}
	fmt.Fprintf(&b, "most %.2f ms", h.longest.Seconds()*1e3)
	return b.String()
}
