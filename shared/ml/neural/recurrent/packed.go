// Package recurrent holds the layers of neural networks for sequences: an
// embedding of tokens, GRU and LSTM in either direction, and pooling over time,
// each with its Forward and its Backward side by side.
//
// Sequences of a batch have lengths of their own and are packed: sorted by
// falling length and laid out step by step, so that step t holds one row for each
// sequence that is longer than t and nothing is computed for padding. The layers
// follow the rules of package layer: they own the memory of their results, serve
// one goroutine, and share weights with their replicas.
package recurrent

import "slices"

// Packed is a batch of sequences of tokens, laid out step by step. The zero
// Packed is ready for Pack.
type Packed struct {
	// Tokens holds the tokens of step 0 of all sequences, then those of step 1
	// and so on: one for each row of the layers' numbers.
	Tokens []int32
	// Start says where each step begins in Tokens; one more entry than steps.
	Start []int
	// Order gives the place in the batch of each sequence, longest first;
	// sequences of one length stay in the order of the batch.
	Order []int
}

// Pack lays out a batch. No sequence may be empty.
func (p *Packed) Pack(sequences [][]int32) {
	p.Tokens, p.Start, p.Order = p.Tokens[:0], append(p.Start[:0], 0), p.Order[:0]
	for i := range sequences {
		p.Order = append(p.Order, i)
	}
	slices.SortStableFunc(p.Order, func(a, b int) int { return len(sequences[b]) - len(sequences[a]) })
	for t := 0; ; t++ {
		for _, i := range p.Order {
			if t >= len(sequences[i]) {
				break
			}
			p.Tokens = append(p.Tokens, sequences[i][t])
		}
		if len(p.Tokens) == p.Start[t] {
			return
		}
		p.Start = append(p.Start, len(p.Tokens))
	}
}

// Rows returns how many tokens there are.
func (p *Packed) Rows() int { return len(p.Tokens) }

// Steps returns the length of the longest sequence.
func (p *Packed) Steps() int { return len(p.Start) - 1 }

// active returns how many sequences have step t; none before the first and
// after the last.
func (p *Packed) active(t int) int {
	if t < 0 || t >= p.Steps() {
		return 0
	}
	return p.Start[t+1] - p.Start[t]
}

// grow returns a slice of length n, s where that is long enough. Its content
// is undefined.
func grow(s []float32, n int) []float32 {
	if cap(s) < n {
		// Lengths vary from batch to batch: leave room for longer ones.
		return make([]float32, n, n+n/2)
	}
	return s[:n]
}
