package training

import (
	"context"
	"fmt"

	"godwit/shared/fault"
	"godwit/shared/ml/artifact"
)

// marginCells bounds the margins a task keeps for each C: rows x classes. One
// temperature needs far fewer rows than a large job has.
const marginCells = 1 << 22

func marginFile(rung, task int) string { return fmt.Sprintf("margins/%d/%d.safetensors", rung, task) }

// keepMargins stores margins of evenly spaced held rows, for each cost of a task.
func (s *Steps) keepMargins(ctx context.Context, job Job, number, task int, margins [][]float32, held []int32) error {
	return s.putMargins(ctx, workKey(job, marginFile(number, task)), margins, held, marginCells)
}

// putMargins stores margins of evenly spaced held rows, at most so many of each cost.
func (s *Steps) putMargins(ctx context.Context, key string, margins [][]float32, held []int32, cells int) error {
	width := 0
	if len(held) > 0 {
		width = len(margins[0]) / len(held)
	}
	stride := max(1, (len(held)*width+cells-1)/cells)
	var rows []int32
	for i := 0; i < len(held); i += stride {
		rows = append(rows, held[i])
	}
	tensors := []artifact.Tensor{artifact.FromInt32s("row", nil, rows)}
	for c, all := range margins {
		kept := all
		if stride > 1 {
			kept = nil
			for i := 0; i < len(held); i += stride {
				kept = append(kept, all[i*width:(i+1)*width]...)
			}
		}
		tensors = append(tensors, artifact.FromFloat32s(fmt.Sprintf("margins.%d", c), []int64{int64(len(rows)), int64(width)}, kept))
	}
	data, err := artifact.Encode(map[string]string{"format": "godwit-margins-2"}, tensors)
	if err != nil {
		return fmt.Errorf("encode margins: %w", err)
	}
	return s.putWork(ctx, key, data)
}

// pool holds out-of-fold margins of the chosen candidate: margins of training
// rows by models that did not see them. What is fitted on them, the calibration
// and the prediction sets, has seen no held-out row.
type pool struct {
	rows    []int32   // which rows these are, fold by fold
	margins []float32 // rows x classes; of a regression the predicted numbers
}

// pooled gathers the margins of every fold of the chosen candidate.
func (s *Steps) pooled(ctx context.Context, job Job, p *plan) (*pool, error) {
	all := &pool{}
	for i, t := range p.Rungs[p.Best.Rung].Tasks {
		c := p.Best.at(t)
		if c < 0 {
			continue
		}
		data, err := s.readWork(ctx, workKey(job, marginFile(p.Best.Rung, i)))
		if err != nil {
			return nil, err
		}
		if err := all.add(data, c); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "the margins of task %d cannot be read", i)
		}
	}
	return all, nil
}

// add appends what keepMargins stored for one place of a path.
func (a *pool) add(data []byte, c int) error {
	f, err := artifact.Decode(data, artifact.Limits{Bytes: workLimit})
	if err != nil {
		return err
	}
	var margins []float32
	var rows []int32
	if err := view(f, fmt.Sprintf("margins.%d", c), artifact.Float32s, &margins); err != nil {
		return err
	}
	if err := view(f, "row", artifact.Int32s, &rows); err != nil {
		return err
	}
	a.margins, a.rows = append(a.margins, margins...), append(a.rows, rows...)
	return nil
}
