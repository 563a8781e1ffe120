package cocoa

import (
	"math"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/sparse"
)

// Held is the columns a shard has, a bit for each, the first in the lowest bit
// of the first word.
type Held []uint64

// HeldBy returns the columns that at least one row of x has.
func HeldBy(x *sparse.Matrix) Held {
	h := make(Held, (x.Cols+63)/64)
	for _, j := range x.Index {
		h[j/64] |= 1 << (j % 64)
	}
	return h
}

// Layout says how many shards there are and which columns they have in common.
// It does not change.
type Layout struct {
	Shards  int
	Holders []uint16 // of each column: how many shards have it
	Common  []int32  // the columns at least two shards have, ascending: those whose weights are sent
}

// NewLayout counts the columns of shards, in any order. It fails with a
// *linear.InputError when there is none, more than 65,535, or one that does not
// have the number of columns.
func NewLayout(columns int, held []Held) (*Layout, error) {
	if len(held) < 1 || len(held) > math.MaxUint16 {
		return nil, linear.Invalid("%d shards: want 1 to %d", len(held), math.MaxUint16)
	}
	l := &Layout{Shards: len(held), Holders: make([]uint16, columns)}
	for k, h := range held {
		if len(h) != (columns+63)/64 {
			return nil, linear.Invalid("shard %d tells of %d words of columns, want %d", k, len(h), (columns+63)/64)
		}
		for j := range l.Holders {
			l.Holders[j] += uint16(h[j/64] >> (j % 64) & 1)
		}
	}
	l.Common = commonOf(l.Holders)
	return l, nil
}

// commonOf lists the columns that more than one shard has.
func commonOf(holders []uint16) (common []int32) {
	for j, n := range holders {
		if n > 1 {
			common = append(common, int32(j))
		}
	}
	return common
}
