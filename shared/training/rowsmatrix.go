package training

import (
	"context"
	"fmt"
	"strconv"

	"godwit/shared/fault"
	"godwit/shared/ml/artifact"
	"godwit/shared/ml/linear/cocoa"
	"godwit/shared/ml/sparse"
	"godwit/shared/ml/text"
)

// shardMatrix is what a shard is trained on in one phase.
type shardMatrix struct {
	x      *sparse.Matrix
	y      []int32
	weight []float32
	held   *sparse.Matrix // the rows that the search is judged by
	row    []int32        // their numbers among all
	truth  []int32        // their classes
}

const matrixFormat = "godwit-matrix-1"

// encodeShard makes a shard's matrix of the features that all shards share, and
// says which of them it has.
func (s *Steps) encodeShard(ctx context.Context, job Job, d shardJob) error {
	x, err := s.loadShard(ctx, job, d.shard)
	if err != nil {
		return err
	}
	x.Text = nil // its memory is needed
	corpus, err := s.loadCounted(ctx, job, d.shard)
	if err != nil {
		return err
	}
	all, err := loadTensors(ctx, s, mergedKey(job, d.turn), text.CensusOf)
	if err != nil {
		return err
	}
	if corpus, err = corpus.Align(all); err != nil {
		return fault.Wrap(fault.Internal, err, "the terms of shard %d are not among those of all", d.shard)
	}
	// Every shard makes the vocabulary anew from the counts: it is one pass over the
	// terms, and its features must be those of this very corpus.
	variant, _ := d.variant()
	v := all.Vocabulary(variant.features())
	learnt, held := d.learnt(x), d.heldBack(x)
	m := shardMatrix{
		x: corpus.Matrix(v, learnt), y: of(x.Y, learnt), weight: d.weights(of(x.Weight, learnt), of(x.Y, learnt)),
		held: corpus.Matrix(v, held), row: of(x.Number, held), truth: of(x.Y, held),
	}
	if err := s.keepMatrix(ctx, d.turn.key(job, "matrix", d.shard), m); err != nil {
		return err
	}
	// Held rows count among those that have a column: its weights must be sent here.
	has := cocoa.HeldBy(m.x)
	for j, word := range cocoa.HeldBy(m.held) {
		has[j] |= word
	}
	return s.keepTensors(ctx, d.turn.key(job, "columns", d.shard), map[string]string{"columns": strconv.Itoa(m.x.Cols)}, artifact.FromUint64s("has", nil, has))
}

// weights are those of rows of these classes, balanced if that is asked for.
func (d shardJob) weights(weight []float32, y []int32) []float32 {
	factor := d.balance()
	if factor == nil {
		return weight
	}
	for i, class := range y {
		weight[i] *= factor[class]
	}
	return weight
}

// balance is the factor of each class, nil when all count as they are.
func (d shardJob) balance() []float32 {
	for k, f := range phases {
		if f.name == d.phase.name && d.plan.Shards.Balance != nil {
			return d.plan.Shards.Balance[k]
		}
	}
	return nil
}

// keepMatrix stores the matrix of a shard.
func (s *Steps) keepMatrix(ctx context.Context, key string, m shardMatrix) error {
	tensors := append(matrixTensors("train", m.x), matrixTensors("held", m.held)...)
	return s.keepTensors(ctx, key, map[string]string{"format": matrixFormat, "columns": strconv.Itoa(m.x.Cols)}, append(tensors,
		artifact.FromInt32s("train.class", nil, m.y), artifact.FromFloat32s("train.weight", nil, m.weight),
		artifact.FromInt32s("held.row", nil, m.row), artifact.FromInt32s("held.class", nil, m.truth))...)
}

// matrixTensors returns a matrix for a file.
func matrixTensors(name string, m *sparse.Matrix) []artifact.Tensor {
	return []artifact.Tensor{
		artifact.FromInt64s(name+".start", nil, m.Start), artifact.FromInt32s(name+".column", nil, m.Index), artifact.FromFloat32s(name+".value", nil, m.Value),
	}
}

// loadMatrix reads the matrix of a shard.
func (s *Steps) loadMatrix(ctx context.Context, key string) (*shardMatrix, error) {
	return loadTensors(ctx, s, key, shardMatrixOf)
}

// shardMatrixOf reads what keepMatrix wrote.
func shardMatrixOf(f *artifact.File) (*shardMatrix, error) {
	columns, err := strconv.Atoi(f.Metadata["columns"])
	if err != nil || f.Metadata["format"] != matrixFormat {
		return nil, fmt.Errorf("a matrix of format %q, %q columns", f.Metadata["format"], f.Metadata["columns"])
	}
	m := &shardMatrix{}
	if m.x, err = matrixOf(f, "train", columns); err != nil {
		return nil, err
	}
	if m.held, err = matrixOf(f, "held", columns); err != nil {
		return nil, err
	}
	for _, read := range []error{
		view(f, "train.class", artifact.Int32s, &m.y),
		view(f, "train.weight", artifact.Float32s, &m.weight),
		view(f, "held.row", artifact.Int32s, &m.row),
		view(f, "held.class", artifact.Int32s, &m.truth),
	} {
		if read != nil {
			return nil, read
		}
	}
	if len(m.row) != m.held.Rows || len(m.truth) != m.held.Rows {
		return nil, fmt.Errorf("%d held rows with %d numbers and %d classes", m.held.Rows, len(m.row), len(m.truth))
	}
	return m, nil
}

// matrixOf reads and checks a matrix.
func matrixOf(f *artifact.File, name string, columns int) (*sparse.Matrix, error) {
	m := &sparse.Matrix{Cols: columns}
	for _, read := range []error{
		view(f, name+".start", artifact.Int64s, &m.Start),
		view(f, name+".column", artifact.Int32s, &m.Index),
		view(f, name+".value", artifact.Float32s, &m.Value),
	} {
		if read != nil {
			return nil, read
		}
	}
	m.Rows = len(m.Start) - 1
	if err := m.Check(); err != nil {
		return nil, err
	}
	return m, nil
}
