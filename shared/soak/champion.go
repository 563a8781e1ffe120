package main

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// remembered is how long a server may go on with what it looked up: its TTL of
// 5 s, the 2 s it may take to ask again, and a second for a busy machine.
const remembered = 8 * time.Second

// move is one change of the champion that was acknowledged, or may have been made.
type move struct {
	version    int
	sent, done time.Time // done is zero unless it was acknowledged
	known      bool      // acknowledged
	revision   int64     // that it makes
}

// champion is where the alias pointed when, as far as its movers were told. It
// is safe for concurrent use.
type champion struct {
	mu    sync.Mutex
	moves []*move
}

// begin notes that a move is about to be asked for, which would make a revision.
func (c *champion) begin(version int, revision int64, at time.Time) *move {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := &move{version: version, revision: revision, sent: at}
	c.moves = append(c.moves, m)
	return m
}

// end notes what became of a move. One that was refused never was.
func (c *champion) end(m *move, a answer, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case a.status == 200:
		m.done, m.known = at, true
	case a.known():
		c.moves = slices.DeleteFunc(c.moves, func(o *move) bool { return o == m })
	}
}

// may reports whether a server asked from one time to another may have answered
// with a version: it was the champion, or may have been, within the time a
// server remembers.
func (c *champion) may(version int, from, to time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	from = from.Add(-remembered)
	for _, m := range c.moves {
		if m.version != version || m.sent.After(to) {
			continue
		}
		// It was over, or could no longer be made, once a later one was acknowledged.
		over := slices.ContainsFunc(c.moves, func(o *move) bool {
			return o.known && o.revision > m.revision && o.done.Before(from)
		})
		if !over {
			return true
		}
	}
	return false
}

// acknowledged returns the known moves by revision.
func (c *champion) acknowledged() []move {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []move
	for _, m := range c.moves {
		if m.known {
			out = append(out, *m)
		}
	}
	slices.SortFunc(out, func(a, b move) int { return cmp.Compare(a.revision, b.revision) })
	return out
}
