package cocoa

import (
	"context"
	"fmt"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/sparse"
)

// Rows are the training rows of one shard.
type Rows struct {
	X      *sparse.Matrix // of all columns of the data
	Y      []int32        // class of each row
	Weight []float32      // nil for 1
}

// Trained is what Train came to.
type Trained struct {
	Weights *Weights
	Layout  *Layout
	Columns [][]float32 // weights of each problem for all columns
	Bias    []float32   // of each problem
	Moved   int64       // bytes that shards and Reduce write and read, as files: weights, updates, duals; a file counts once each way
}

// Train runs a whole training in one process, shard after shard on workers
// goroutines, everything that would travel going through its file. It is what
// tests and measurements hold the method to; functions run its parts.
//
// It fails as NewShard, Round and Reduce do.
func (s SVM) Train(ctx context.Context, rows []Rows, classes, workers int) (*Trained, error) {
	var held []Held
	for _, r := range rows {
		if err := r.X.Check(); err != nil {
			return nil, fmt.Errorf("cocoa: rows of a shard: %w", err)
		}
		held = append(held, HeldBy(r.X))
	}
	if len(rows) == 0 {
		return nil, linear.Invalid("no shards")
	}
	l, err := NewLayout(rows[0].X.Cols, held)
	if err != nil {
		return nil, err
	}
	t := &Trained{Layout: l}
	shards := make([]*Shard, len(rows))
	for k, r := range rows {
		if shards[k], err = s.NewShard(r.X, r.Y, r.Weight, classes, k, l); err != nil {
			return nil, err
		}
	}
	if t.Weights, err = s.Start(classes, l); err != nil {
		return nil, err
	}
	duals := make([]*Duals, len(rows)) // nil before the first round
	for !t.Weights.Done() {
		if err := t.round(ctx, s, shards, duals, workers); err != nil {
			return nil, err
		}
	}
	return t, t.collect(ctx, s, shards, duals)
}

// round runs one round of all shards.
func (t *Trained) round(ctx context.Context, s SVM, shards []*Shard, duals []*Duals, workers int) error {
	updates := make([]*Update, len(shards))
	for k, shard := range shards {
		w, err := travel(t, t.Weights, (*Weights).Encode, OpenWeights)
		if err != nil {
			return err
		}
		u, d, err := shard.Round(ctx, w, duals[k], workers)
		if err != nil {
			return err
		}
		if updates[k], err = travel(t, u, (*Update).Encode, OpenUpdate); err != nil {
			return err
		}
		if duals[k], err = travel(t, d, (*Duals).Encode, OpenDuals); err != nil {
			return err
		}
	}
	next, err := s.Reduce(t.Weights, updates, t.Layout)
	if err != nil {
		return err
	}
	t.Weights = next
	return nil
}

// travel sends a thing through its file, and counts the bytes out and in.
func travel[T any](t *Trained, thing T, encode func(T) ([]byte, error), open func([]byte) (T, error)) (T, error) {
	data, err := encode(thing)
	if err != nil {
		return thing, err
	}
	t.Moved += 2 * int64(len(data))
	return open(data)
}

// collect puts the weights of common and own columns together.
func (t *Trained) collect(ctx context.Context, s SVM, shards []*Shard, duals []*Duals) error {
	bias := max(s.withDefaults().Bias, 0)
	for k := range t.Weights.Problems {
		weight, add := t.Weights.Common(k, bias)
		all := make([]float32, len(t.Layout.Holders))
		for n, j := range t.Layout.Common {
			all[j] = weight[n]
		}
		t.Columns, t.Bias = append(t.Columns, all), append(t.Bias, add)
	}
	for k, shard := range shards {
		err := shard.Own(ctx, t.Weights, duals[k], func(problem int, column []int32, weight []float32) error {
			for n, j := range column {
				t.Columns[problem][j] = weight[n]
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
