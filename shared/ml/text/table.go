package text

import (
	"bytes"
	"math/bits"
)

// slot is one place of a hash table: the low half of a term's hash above its
// number + 1. A zero slot is free.
type slot uint64

// slotOf returns the slot of a term.
func slotOf(h uint64, id int32) slot { return slot(h<<32 | uint64(uint32(id)+1)) }

// matches reports whether the slot's term may have this hash: its bytes must
// still be compared.
func (s slot) matches(h uint64) bool { return uint32(s>>32) == uint32(h) }

// id returns the number of the slot's term.
func (s slot) id() int32 { return int32(uint32(s) - 1) }

// place gives a hash's home among n slots: its high bits, scaled, so that n
// need not be a power of two.
func place(h uint64, n int) int {
	high, _ := bits.Mul64(h, uint64(n))
	return int(high)
}

// terms is a list of terms: family and bytes of each, by number.
type terms struct {
	family []Family
	start  []uint32 // one more than terms; offsets into blob
	blob   []byte
}

// len returns how many terms there are.
func (t *terms) len() int { return len(t.family) }

// bytes returns the characters of a term; they must not be changed.
func (t *terms) bytes(id int32) []byte { return t.blob[t.start[id]:t.start[id+1]] }

// is reports whether a term has this family and these bytes.
func (t *terms) is(id int32, f Family, b []byte) bool {
	return t.family[id] == f && bytes.Equal(t.bytes(id), b)
}

// add appends a term.
func (t *terms) add(f Family, b []byte) {
	if len(t.start) == 0 {
		t.start = append(t.start, 0)
	}
	t.family = append(t.family, f)
	t.blob = append(t.blob, b...)
	t.start = append(t.start, uint32(len(t.blob)))
}

// table numbers terms in the order of their first occurrence. It is a hash table
// of its own, with open addressing over one block of bytes: a map of strings has a
// pointer and a header for each of millions of terms, which the collector walks.
type table struct {
	terms
	hash []uint64 // of each term, kept so that growing hashes nothing again
	slot []slot
}

// number returns the number of a term, a new one if it was never seen.
func (t *table) number(h uint64, f Family, b []byte) int32 {
	// At most half full, so that a search ends after a step or two.
	if 2*t.len() >= len(t.slot) {
		t.grow()
	}
	at := place(h, len(t.slot))
	for ; t.slot[at] != 0; at++ { // wraps round at the end
		if t.slot[at].matches(h) && t.is(t.slot[at].id(), f, b) {
			return t.slot[at].id()
		}
		if at == len(t.slot)-1 {
			at = -1
		}
	}
	id := int32(t.len())
	t.slot[at] = slotOf(h, id)
	t.hash = append(t.hash, h)
	t.add(f, b)
	return id
}

// grow doubles the places.
func (t *table) grow() {
	t.slot = make([]slot, max(1<<12, 2*len(t.slot)))
	for id, h := range t.hash {
		at := place(h, len(t.slot))
		for t.slot[at] != 0 {
			if at++; at == len(t.slot) {
				at = 0
			}
		}
		t.slot[at] = slotOf(h, int32(id))
	}
}

// index finds the terms of a finished list.
type index struct {
	slot []slot
}

// indexSlots returns the places of an index of n terms: three for two terms
// keep misses, the common case, short, and one is always free.
func indexSlots(n int) int { return n + n/2 + 1 }

// newIndex builds the index of a list and reports the first term that occurs
// twice, -1 for none.
func newIndex(t *terms) (x index, twice int32) {
	x.slot = make([]slot, indexSlots(t.len()))
	for id := range int32(t.len()) {
		b := t.bytes(id)
		h := hash(t.family[id], b)
		at := place(h, len(x.slot))
		for x.slot[at] != 0 {
			if x.slot[at].matches(h) && t.is(x.slot[at].id(), t.family[id], b) {
				return x, id
			}
			if at++; at == len(x.slot) {
				at = 0
			}
		}
		x.slot[at] = slotOf(h, id)
	}
	return x, -1
}

// find returns the number of a term in the list x was built from, -1 for none.
func (x index) find(t *terms, f Family, b []byte) int32 {
	h := hash(f, b)
	for at := place(h, len(x.slot)); x.slot[at] != 0; {
		if s := x.slot[at]; s.matches(h) && t.is(s.id(), f, b) {
			return s.id()
		}
		if at++; at == len(x.slot) {
			at = 0
		}
	}
	return -1
}
