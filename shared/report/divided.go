package report

import (
	"fmt"
	"strconv"
)

// dividedTable is how the fits were divided over functions and, where that was by
// rows, how each training went.
type dividedTable struct {
	Note, Open string
	Facts      []fact
	Head       []string
	Rows       []dividedRow
}

// dividedRow is one training by rows.
type dividedRow struct {
	Phase   string
	Figures []string // C, rounds, gap, bytes
}

// divided tells how the work was divided, if it was.
func (v *view) divided() {
	w, d := v.words, v.R.Distributed
	if d == nil {
		return
	}
	out := dividedTable{Note: w.DividedClasses}
	out.Facts = []fact{{w.Engine, named(w.Engines, d.Engine), false}}
	if d.Blocks > 0 {
		out.Facts = append(out.Facts, fact{w.Blocks, count(d.Blocks), false})
	}
	if d.Shards > 0 {
		out.Note = w.DividedRows
		out.Facts = append(out.Facts, fact{w.Shards, count(d.Shards), false}, fact{w.Rounds, count(d.Rounds), false})
	}
	out.Facts = append(out.Facts, fact{w.Moved, size(d.Bytes), false})
	if m := d.Dollars; m != nil {
		out.Facts = append(out.Facts, fact{w.DollarsRows, dollars(m.Rows), false}, fact{w.DollarsClasses, dollars(m.Classes), false})
	}
	out.Facts = told(out.Facts)
	open := 0
	for _, c := range d.Costs {
		gap := figure(c.Gap)
		if !c.Closed() {
			gap, open = fmt.Sprintf(w.GapOpen, gap), open+1
		}
		out.Rows = append(out.Rows, dividedRow{named(w.Phases, c.Phase), []string{figure(c.C), count(c.Rounds), gap, size(c.Bytes)}})
	}
	if len(out.Rows) > 0 {
		out.Head = []string{w.Phase, "C", w.Rounds, w.Gap, w.Moved}
	}
	if open > 0 {
		out.Open = fmt.Sprintf(w.GapsOpen, open)
	}
	v.Divided = out
}

// dollars writes an amount to a hundredth of a cent, which a small job is charged.
func dollars(v float64) string {
	const least = .0001
	if v > 0 && v < least {
		return fmt.Sprintf("< US$ %.4f", least)
	}
	return "US$ " + strconv.FormatFloat(v, 'f', 4, 64)
}
