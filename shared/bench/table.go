package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// line is one measured thing and what is asked of it. Zero numbers are absent.
type line struct {
	work string               // what was measured, with the circumstances that matter
	show func(float64) string // how ours and peer are written
	ours float64
	peer float64

	most  float64 // goal: ours is at most this
	least float64 // goal: ours is at least this
	ratio float64 // goal: ours is at most this share of peer

	// lacking says why a number is not there, and what to do about it.
	lacking string
}

// gap is how far two numbers that should agree are apart, seen from the second.
func gap(a, b float64) float64 { return math.Abs(a-b) / math.Abs(b) }

// cells returns the columns of the table.
func (l line) cells() []string {
	c := []string{l.work, "-", "-", "-", l.goal(), l.verdict()}
	if l.ours != 0 {
		c[1] = l.show(l.ours)
	}
	if l.peer != 0 {
		c[2] = l.show(l.peer)
	}
	if l.ours != 0 && l.peer != 0 {
		c[3] = fmt.Sprintf("%.3g", l.ours/l.peer)
	}
	return c
}

// goal says what is asked.
func (l line) goal() string {
	switch {
	case l.most != 0:
		return "<= " + l.show(l.most)
	case l.least != 0:
		return ">= " + l.show(l.least)
	case l.ratio != 0:
		return fmt.Sprintf("<= %.3g x", l.ratio)
	}
	return "-"
}

// verdict compares with the goal.
func (l line) verdict() string {
	var met bool
	switch {
	case l.ours == 0 || l.ratio != 0 && l.peer == 0:
		return "not measured: " + l.lacking
	case l.most != 0:
		met = l.ours <= l.most
	case l.least != 0:
		met = l.ours >= l.least
	case l.ratio != 0:
		met = l.ours <= l.ratio*l.peer
	case l.peer == 0 && l.lacking != "":
		return "not measured: " + l.lacking
	default:
		return "-"
	}
	if met {
		return "meets"
	}
	return "falls short"
}

// write prints the table.
func write(out io.Writer, lines []line) error {
	rows := [][]string{{"work", "ours", "peer", "ratio", "goal", "verdict"}}
	for _, l := range lines {
		rows = append(rows, l.cells())
	}
	return align(out, rows)
}

// align prints rows of cells in columns.
func align(out io.Writer, rows [][]string) error {
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t| "))
	}
	return w.Flush()
}

// seconds writes a time with three digits.
func seconds(s float64) string {
	switch {
	case s < 1e-3:
		return fmt.Sprintf("%.3g us", s*1e6)
	case s < 1:
		return fmt.Sprintf("%.3g ms", s*1e3)
	}
	return fmt.Sprintf("%.3g s", s)
}

// megabytes writes a size.
func megabytes(n float64) string { return fmt.Sprintf("%.3g MB", n/1e6) }

// whole writes a number without what is behind its point.
func whole(v float64) string { return fmt.Sprintf("%.0f", v) }

// number writes a number without a unit.
func number(v float64) string { return fmt.Sprintf("%.7g", v) }

// group is a part of the table that can be asked for by name.
type group struct {
	name string
	run  func(*bench, context.Context) ([]line, error)
}

// groups are in the order of the table.
var groups = []group{
	{"solver", (*bench).solver},
	{"whole", (*bench).whole},
	{"predict", (*bench).predict},
	{"function", (*bench).function},
	{"neural", (*bench).neural},
	{"stage", (*bench).stage},
	{"size", (*bench).size},
}

// table measures and prints everything, or the groups of -only.
func table(ctx context.Context, args []string, out, notes io.Writer) error {
	var only string
	b, err := newBench("", args, notes, func(f *flag.FlagSet) {
		f.StringVar(&only, "only", "", "groups to run, by comma: solver,whole,predict,function,neural,stage,size")
	})
	if err != nil {
		return err
	}
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	var lines []line
	for _, g := range chosen {
		some, err := g.run(b, ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			some = append(some, line{work: g.name, lacking: err.Error()})
		}
		lines = append(lines, some...)
	}
	fmt.Fprintln(out, b.surroundings())
	return write(out, lines)
}

// choose returns the groups named, by comma, in only; all for "".
func choose(only string) ([]group, error) {
	if only == "" {
		return groups, nil
	}
	var chosen []group
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(groups, func(g group) bool { return g.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no group %q", name)
		}
		chosen = append(chosen, groups[i])
	}
	return chosen, nil
}
