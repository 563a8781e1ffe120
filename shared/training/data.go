package training

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/ml/artifact"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/image"
	"godwit/shared/ml/text"
	"godwit/shared/registry"
)

const (
	dataFile  = "data.safetensors"
	textFile  = "texts.safetensors"
	planFile  = "plan.json"
	workLimit = 4 << 30 // bytes of one work file
)

// rows is what Prepare writes once and every later step reads: each row's class
// or number, its fold and side of the split, and its features, either counted
// terms or the cells of a table.
type rows struct {
	task   registry.Task
	Y      []int32   // of a classification: the class of each row
	Labels []string  // of a classification
	Values []float64 // of a regression: the number of each row
	Weight []float32 // of each row

	Corpus       *text.Corpus     // of texts, unless shards count them
	estimated    int64            // non-zeros of texts that shards count
	Columns      []dataset.Column // of a table
	DecimalComma bool
	Shape        image.Shape // of images
	Pixels       []uint8     // of images, see neural.Images

	Train, Test []int32  // row numbers
	Fold        []uint8  // of each row of Train; its block when Forward
	Forward     bool     // whether folds go forward in time, see tune.Forward
	Group       []uint64 // of each row, dataset.GroupKey
}

// len returns the number of rows.
func (r *rows) len() int { return len(r.Weight) }

// fold returns the training rows that fold f learns from and those it is judged
// on: all others, or those before and in the block after it.
func (r *rows) fold(f int) (train, held []int32) {
	judged := f
	if r.Forward {
		judged = f + 1
	}
	for i, row := range r.Train {
		switch b := int(r.Fold[i]); {
		case b == judged:
			held = append(held, row)
		case b < judged || !r.Forward:
			train = append(train, row)
		}
	}
	return train, held
}

// folds returns how many folds there are.
func (r *rows) folds() int {
	n := int(slices.Max(r.Fold))
	if r.Forward {
		return n // block 0 is only learned from
	}
	return n + 1
}

// of returns the elements of v at rows.
func of[T any](v []T, rows []int32) []T {
	out := make([]T, len(rows))
	for i, row := range rows {
		out[i] = v[row]
	}
	return out
}

const rowsFormat = "godwit-rows-3"

// encode lays the rows out as one safetensors file.
func (r *rows) encode() ([]byte, error) {
	about, err := json.Marshal(rowsHead{r.task, r.Labels, r.DecimalComma, r.Forward, r.Shape})
	if err != nil {
		return nil, fmt.Errorf("encode labels: %w", err)
	}
	tensors := []artifact.Tensor{
		artifact.FromInt32s("row.class", nil, r.Y),
		artifact.FromFloat64s("row.value", nil, r.Values),
		artifact.FromFloat32s("row.weight", nil, r.Weight),
		artifact.FromUint64s("row.group", nil, r.Group),
		artifact.FromInt32s("train.row", nil, r.Train),
		artifact.FromBytes("train.fold", nil, r.Fold),
		artifact.FromInt32s("test.row", nil, r.Test),
	}
	switch {
	case r.Corpus != nil:
		tensors = append(tensors, r.Corpus.Tensors()...)
	case r.Pixels != nil:
		tensors = append(tensors, artifact.FromBytes("pixels", nil, r.Pixels))
	default:
		tensors = append(tensors, dataset.ColumnTensors(r.Columns)...)
	}
	return artifact.Encode(map[string]string{"format": rowsFormat, "about": string(about)}, tensors)
}

// rowsHead is the part of rows that is no tensor.
type rowsHead struct {
	Task         registry.Task `json:"task"`
	Labels       []string      `json:"labels"`
	DecimalComma bool          `json:"decimal_comma"`
	Forward      bool          `json:"forward"`
	Shape        image.Shape   `json:"shape,omitzero"`
}

// decodeRows reads what encode wrote. The result aliases data.
func decodeRows(data []byte) (*rows, error) {
	f, err := artifact.Decode(data, artifact.Limits{Bytes: workLimit})
	if err != nil {
		return nil, err
	}
	if got := f.Metadata["format"]; got != rowsFormat {
		return nil, fmt.Errorf("rows of format %q, want %s", got, rowsFormat)
	}
	var head rowsHead
	if err := json.Unmarshal([]byte(f.Metadata["about"]), &head); err != nil {
		return nil, fmt.Errorf("decode labels: %w", err)
	}
	r := &rows{task: head.Task, Labels: head.Labels, DecimalComma: head.DecimalComma, Forward: head.Forward, Shape: head.Shape}
	switch r.task {
	case registry.TextClassification:
		r.Corpus, err = text.CorpusOf(f)
	case registry.ImageClassification:
		err = view(f, "pixels", artifact.Bytes, &r.Pixels)
	default:
		r.Columns, err = dataset.ColumnsOf(f)
	}
	if err != nil {
		return nil, err
	}
	for _, read := range []error{
		view(f, "row.class", artifact.Int32s, &r.Y),
		view(f, "row.value", artifact.Float64s, &r.Values),
		view(f, "row.weight", artifact.Float32s, &r.Weight),
		view(f, "row.group", artifact.Uint64s, &r.Group),
		view(f, "train.row", artifact.Int32s, &r.Train),
		view(f, "train.fold", artifact.Bytes, &r.Fold),
		view(f, "test.row", artifact.Int32s, &r.Test),
	} {
		if read != nil {
			return nil, read
		}
	}
	return r, nil
}

// view reads the named tensor with as into dst.
func view[T any](f *artifact.File, name string, as func(artifact.Tensor) ([]T, error), dst *[]T) error {
	v, err := artifact.Elements(f, name, as)
	if err != nil {
		return err
	}
	*dst = v
	return nil
}

// putWork stores a work file.
func (s *Steps) putWork(ctx context.Context, key string, data []byte) error {
	_, err := s.Models.Put(ctx, key, bytes.NewReader(data), int64(len(data)), blob.PutOptions{ContentType: "application/octet-stream"})
	return err
}

// loadRows reads the job's encoded rows.
func (s *Steps) loadRows(ctx context.Context, job Job) (*rows, error) {
	data, err := s.readWork(ctx, workKey(job, dataFile))
	if err != nil {
		return nil, err
	}
	r, err := decodeRows(data)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the job's encoded rows cannot be read")
	}
	return r, nil
}

// readWork reads a file an earlier step of this job wrote. Its absence is our
// mistake, not the caller's.
func (s *Steps) readWork(ctx context.Context, key string) ([]byte, error) {
	data, err := blob.ReadAll(ctx, s.Models, key, workLimit)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.Wrap(fault.Internal, err, "a file of the job's work is gone")
	}
	return data, err
}

func (s *Steps) putJSON(ctx context.Context, key string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	_, err = s.Models.Put(ctx, key, bytes.NewReader(data), int64(len(data)), blob.PutOptions{ContentType: "application/json"})
	return err
}

func (s *Steps) getJSON(ctx context.Context, key string, v any) error {
	err := s.getPart(ctx, key, v)
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.Internal, err, "a file of the job's work is gone")
	}
	return err
}

// getPart is getJSON for a file that need not be there: fault.NotFound.
func (s *Steps) getPart(ctx context.Context, key string, v any) error {
	data, err := blob.ReadAll(ctx, s.Models, key, workLimit)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fault.Wrap(fault.Internal, err, "a file of the job's work cannot be read")
	}
	return nil
}
