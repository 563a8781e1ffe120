package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
)

// growthShards is how many shards the rows are trained in as they grow.
const growthShards = 4

// growthParts are the parts of a set that are trained: each nth row.
var growthParts = []int{8, 4, 2, 1}

// spreadsGrow trains parts of a set on one machine and by shards of rows, and
// prints what they take with the powers of the rows as which it grows.
func (b *bench) spreadsGrow(ctx context.Context, e *encoded, set string, tolerance float64, out io.Writer) error {
	table := [][]string{{"growth", "non-zeros", "one machine: CPU", "accuracy", fmt.Sprintf("%d shards: CPU", growthShards), "accuracy", "rounds", "moved"}}
	var rows []float64
	var grown [4][]float64 // CPU of one and of all, rounds, bytes
	for _, nth := range growthParts {
		part := e.part(nth)
		b.say("%s: %d rows", set, part.x.Rows)
		one, err := part.leastOf(func() (spread, error) { return part.alone(ctx, usualEpsilon) })
		if err != nil {
			return err
		}
		all, err := part.leastOf(func() (spread, error) { return part.byRows(ctx, growthShards, tolerance) })
		if err != nil {
			return err
		}
		table = append(table, []string{
			fmt.Sprintf("%d rows", part.x.Rows), fmt.Sprint(part.x.NonZeros()), seconds(one.cpu), fmt.Sprintf("%.4f", one.acc),
			seconds(all.cpu), fmt.Sprintf("%.4f", all.acc), fmt.Sprint(all.rounds), megabytes(float64(all.moved)),
		})
		rows = append(rows, float64(part.x.Rows))
		for k, v := range []float64{one.cpu, all.cpu, float64(all.rounds), float64(all.moved)} {
			grown[k] = append(grown[k], v)
		}
	}
	fitted := func(k int) string { return fmt.Sprintf("%.2f", exponent(rows, grown[k])) }
	return align(out, append(table, []string{"fitted power of the rows", "", fitted(0), "", fitted(1), "", fitted(2), fitted(3)}))
}

// leastOf is the run that took the least processor time, of three.
func (e *encoded) leastOf(way func() (spread, error)) (spread, error) {
	var runs []spread
	for range 3 {
		s, err := e.timed(way)
		if err != nil {
			return s, err
		}
		runs = append(runs, s)
	}
	return slices.MinFunc(runs, func(a, b spread) int { return cmp.Compare(a.cpu, b.cpu) }), nil
}

// part is each nth row, with the columns and the test rows of all.
func (e *encoded) part(nth int) *encoded {
	x, y := e.each(0, nth)
	return &encoded{x: x, y: y, test: e.test, truth: e.truth, classes: e.classes}
}
