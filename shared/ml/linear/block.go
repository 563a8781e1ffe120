package linear

// Range is a block of the problems that one-against-the-rest training solves:
// From to To-1 of the list Problems gives, where with more than two classes a
// place in the list is its class. The zero value is all of them.
//
// Problems share nothing but the rows. Whoever trains block by block, in one
// function or in many, gets to the bit what training all at one go gives.
type Range struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Len returns how many problems are in the range.
func (r Range) Len() int { return r.To - r.From }

// Of returns the classes of the range, each to be solved against the rest. It
// fails with an *InputError when so many classes have no such problems.
func (r Range) Of(classes int) ([]int32, error) {
	all := Problems(classes)
	if r == (Range{}) {
		return all, nil
	}
	if r.From < 0 || r.To <= r.From || r.To > len(all) {
		return nil, Invalid("problems %d to %d of the %d that %d classes make", r.From, r.To, len(all), classes)
	}
	return all[r.From:r.To], nil
}

// Problems lists the classes that one-against-the-rest training solves for:
// all of them, or class 1 alone when there are two, being one problem.
func Problems(classes int) []int32 {
	if classes == 2 {
		return []int32{1}
	}
	all := make([]int32, classes)
	for c := range all {
		all[c] = int32(c)
	}
	return all
}

// Cut divides problems into blocks for functions, or parts of one, that each
// have `workers` goroutines (at least 1). One against the rest, each problem
// visits every row, so all are taken to cost the same: each. A block has as many
// as give no goroutine more than `most` to do, but at least one for each
// goroutine, and all blocks are of nearly one size. No problems are no blocks.
func Cut(problems int, each, most float64, workers int) []Range {
	if problems < 1 {
		return nil
	}
	// One goroutine's share. The comparison sends what is not a number, or not
	// positive, to one block.
	share := problems
	if n := most / each; n < float64(problems) {
		share = max(int(n), 1)
	}
	width := min(share*max(workers, 1), problems)
	n := (problems + width - 1) / width
	blocks := make([]Range, n)
	for i := range blocks {
		blocks[i] = Range{i * problems / n, (i + 1) * problems / n}
	}
	return blocks
}
