package training

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/ml/artifact"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

const (
	dataFile  = "data.safetensors"
	planFile  = "plan.json"
	workLimit = 4 << 30 // bytes of one work file
)

// rows is what Prepare writes once and every later step reads: each document
// tokenised and counted, its class, fold and side of the split. Held-out
// documents keep their text, because the evaluation predicts them as a caller would.
type rows struct {
	pipeline.Data
	Train, Test []int32  // row numbers
	Fold        []uint8  // of each row of Train
	Group       []uint64 // of each row, dataset.GroupKey
	TestText    []string // of each row of Test
}

// encode lays the rows out as one safetensors file.
func (r *rows) encode() ([]byte, error) {
	labels, err := json.Marshal(r.Labels)
	if err != nil {
		return nil, fmt.Errorf("encode labels: %w", err)
	}
	blob, start := make([]byte, 0, 1<<16), make([]int64, 1, len(r.TestText)+1)
	for _, t := range r.TestText {
		blob = append(blob, t...)
		start = append(start, int64(len(blob)))
	}
	tensors := append(r.Corpus.Tensors(),
		artifact.FromInt32s("row.class", []int64{int64(len(r.Y))}, r.Y),
		artifact.FromFloat32s("row.weight", []int64{int64(len(r.Weight))}, r.Weight),
		artifact.FromUint64s("row.group", []int64{int64(len(r.Group))}, r.Group),
		artifact.FromInt32s("train.row", []int64{int64(len(r.Train))}, r.Train),
		artifact.FromBytes("train.fold", []int64{int64(len(r.Fold))}, r.Fold),
		artifact.FromInt32s("test.row", []int64{int64(len(r.Test))}, r.Test),
		artifact.FromBytes("test.text", []int64{int64(len(blob))}, blob),
		artifact.FromInt64s("test.start", []int64{int64(len(start))}, start),
	)
	return artifact.Encode(map[string]string{"format": "godwit-rows-1", "labels": string(labels)}, tensors)
}

// decodeRows reads what encode wrote. The corpus aliases data.
func decodeRows(data []byte) (*rows, error) {
	f, err := artifact.Decode(data, artifact.Limits{Bytes: workLimit})
	if err != nil {
		return nil, err
	}
	if got := f.Metadata["format"]; got != "godwit-rows-1" {
		return nil, fmt.Errorf("rows of format %q, want godwit-rows-1", got)
	}
	r := &rows{}
	if err := json.Unmarshal([]byte(f.Metadata["labels"]), &r.Labels); err != nil {
		return nil, fmt.Errorf("decode labels: %w", err)
	}
	if r.Corpus, err = text.CorpusOf(f); err != nil {
		return nil, err
	}
	var start []int64
	var texts []byte
	for _, read := range []error{
		view(f, "row.class", artifact.Int32s, &r.Y),
		view(f, "row.weight", artifact.Float32s, &r.Weight),
		view(f, "row.group", artifact.Uint64s, &r.Group),
		view(f, "train.row", artifact.Int32s, &r.Train),
		view(f, "train.fold", artifact.Bytes, &r.Fold),
		view(f, "test.row", artifact.Int32s, &r.Test),
		view(f, "test.text", artifact.Bytes, &texts),
		view(f, "test.start", artifact.Int64s, &start),
	} {
		if read != nil {
			return nil, read
		}
	}
	if len(start) != len(r.Test)+1 {
		return nil, fmt.Errorf("%d text offsets for %d held-out rows", len(start), len(r.Test))
	}
	r.TestText = make([]string, len(r.Test))
	for i := range r.Test {
		a, b := start[i], start[i+1]
		if a < 0 || a > b || b > int64(len(texts)) {
			return nil, fmt.Errorf("text offsets of held-out row %d are out of range", i)
		}
		r.TestText[i] = string(texts[a:b])
	}
	return r, nil
}

// view reads the named tensor with as into dst.
func view[T any](f *artifact.File, name string, as func(artifact.Tensor) ([]T, error), dst *[]T) error {
	t, ok := f.Tensor(name)
	if !ok {
		return fmt.Errorf("tensor %q is missing", name)
	}
	v, err := as(t)
	if err != nil {
		return fmt.Errorf("tensor %q: %w", name, err)
	}
	*dst = v
	return nil
}

// groupsOf returns the group key of each row.
func groupsOf(set []dataset.Row) []uint64 {
	groups := make([]uint64, len(set))
	for i, r := range set {
		groups[i] = dataset.GroupKey(r)
	}
	return groups
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
	data, err := s.readWork(ctx, key)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fault.Wrap(fault.Internal, err, "a file of the job's work cannot be read")
	}
	return nil
}
