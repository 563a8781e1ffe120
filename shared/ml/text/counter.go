package text

import (
	"math"
	"slices"
)

// counter counts the features of one document, in order of first occurrence.
type counter struct {
	feature []int32
	count   []uint16  // of each feature
	seen    []int32   // hash set: place in feature + 1, 0 free
	value   []float32 // room for the weights of the features
	order   []uint64  // room for sort: feature and count in one number
}

// reset makes room for n tokens.
func (c *counter) reset(n int) {
	c.feature, c.count = c.feature[:0], c.count[:0]
	// Half full at most; a power of two, so that a mask finds the place.
	size := 64
	for size < 2*n {
		size *= 2
	}
	if size > cap(c.seen) {
		c.seen = make([]int32, size)
	}
	c.seen = c.seen[:size]
	clear(c.seen)
}

// add counts n occurrences and returns the feature's place. Counts stop at the
// largest they can hold.
func (c *counter) add(feature int32, n uint16) int32 {
	mask := uint32(len(c.seen) - 1)
	at := uint32(feature) * 0x9e3779b1 >> 7 & mask // Fibonacci hashing (Knuth, 6.4)
	for c.seen[at] != 0 {
		i := c.seen[at] - 1
		if c.feature[i] == feature {
			c.count[i] += min(n, math.MaxUint16-c.count[i])
			return i
		}
		at = (at + 1) & mask
	}
	c.feature = append(c.feature, feature)
	c.count = append(c.count, n)
	c.seen[at] = int32(len(c.feature))
	return c.seen[at] - 1
}

// sort orders what was counted by feature.
func (c *counter) sort() {
	c.order = c.order[:0]
	for i, f := range c.feature {
		c.order = append(c.order, uint64(f)<<16|uint64(c.count[i]))
	}
	slices.Sort(c.order)
	for i, o := range c.order {
		c.feature[i], c.count[i] = int32(o>>16), uint16(o)
	}
}
