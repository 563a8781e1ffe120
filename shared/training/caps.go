package training

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"godwit/shared/fault"
	"godwit/shared/ml/artifact"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tune"
)

// floors are the floors of document frequency tried in turn when a model would
// be too large to serve: each leaves out at least a third of what is left, and
// the last is the greatest that Params.MinDocs may ask for.
var floors = []int{2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 1000}

// floorFile says which floor an attempt has come to.
func floorFile(job Job) string { return fmt.Sprintf("floor/%d.json", job.Attempt) }

// raised is a floor, above the candidate's own, and why it is there.
type raised struct {
	MinDocs int    `json:"min_docs"`
	Warning string `json:"warning"`
}

// fit fits the models. What would be too large, by an estimate before the fit or
// by its file after it, is fitted with a higher floor of document frequency; when
// the last floor does not help the job fails by name.
func (s *Steps) fit(ctx context.Context, job Job, p *plan, made *result, out *pool) (more bool, err error) {
	floor, err := s.floorOf(ctx, job)
	if err != nil {
		return false, err
	}
	finished := calibrated(made.rows, out)
	for {
		made.floor, made.warning = floor.MinDocs, floor.Warning
		err := s.fitsEstimate(p, made)
		if err == nil {
			more, err = s.fitBoth(ctx, job, p, made, finished)
		}
		if !errors.Is(err, artifact.ErrTooLarge) {
			return more, err
		}
		if floor, err = s.raise(ctx, job, p, floor.MinDocs, err); err != nil {
			return false, err
		}
	}
}

// raise notes the next floor after one with which a model was too large, or closes
// the job when there is none.
func (s *Steps) raise(ctx context.Context, job Job, p *plan, floor int, tooLarge error) (raised, error) {
	next := slices.IndexFunc(floors, func(f int) bool { return f > max(floor, p.Best.MinDocs) })
	if p.network() {
		return raised{}, s.refuse(ctx, job, fault.Wrap(fault.TooLarge, tooLarge, "the network would be larger than the %d MB that may be served: "+
			"choose params.quantise, or a smaller params.hidden or params.embedding", s.modelBytes()>>20), nil)
	}
	if next < 0 || p.table() {
		return raised{}, s.refuse(ctx, job, fault.Wrap(fault.TooLarge, tooLarge,
			"the model would be larger than the %d MB that may be served%s: ask for fewer features with params.features, or train fewer classes",
			s.modelBytes()>>20, p.lastFloor()), nil)
	}
	r := raised{floors[next], fmt.Sprintf("the model would be larger than may be served; terms of fewer than %d rows were left out (%v)", floors[next], tooLarge)}
	s.event(ctx, job, Event{Phase: "finish", Progress: evaluationFit.progress(r.MinDocs, 0), Message: "warning: " + r.Warning, Values: map[string]float64{"min_docs": float64(r.MinDocs)}})
	return r, s.putJSON(ctx, workKey(job, floorFile(job)), r)
}

// floorOf reads which floor the attempt has come to, a zero one at first.
func (s *Steps) floorOf(ctx context.Context, job Job) (raised, error) {
	var floor raised
	err := s.getPart(ctx, workKey(job, floorFile(job)), &floor)
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	return floor, err
}

// lastFloor says how far terms were left out in vain.
func (p *plan) lastFloor() string {
	if p.table() {
		return ""
	}
	return fmt.Sprintf(", even without the terms of fewer than %d rows", floors[len(floors)-1])
}

// floored is the best candidate with a floor of document frequency.
func (p *plan) floored(floor int) tune.Candidate {
	c := p.Best.Candidate
	c.MinDocs = max(c.MinDocs, floor)
	return c
}

// fitsEstimate estimates the served model of texts, the larger of the two, from
// its vocabulary and the weights that the measured fold's model kept of its own.
// It fails with artifact.ErrTooLarge.
func (s *Steps) fitsEstimate(p *plan, made *result) error {
	if p.table() || p.Best.Pruning == nil {
		return nil
	}
	settings, err := prunedSettings(p.floored(made.floor), p.Best.Pruning, p.Settings.Seed)
	if err != nil {
		return err
	}
	each := float64(p.Best.Pruning.Weights) / float64(max(p.Best.Terms, 1))
	size := pipeline.EstimateSize(made.rows.textData(), everyRow(made.rows.len()), settings, each)
	return s.fitsCaps(size)
}

// encoded returns the file of a model, or artifact.ErrTooLarge.
func (s *Steps) encoded(p *plan, m pipeline.Predictor) ([]byte, error) {
	data, err := m.Encode(map[string]string{"dataset_sha256": p.SHA256})
	if err != nil {
		return nil, fmt.Errorf("encode model: %w", err)
	}
	return data, s.fitsCaps(pipeline.Size{File: int64(len(data))})
}

// fitsCaps reports a model beyond what may be served.
func (s *Steps) fitsCaps(size pipeline.Size) error {
	most := s.modelBytes()
	if size.File <= most && size.Loaded <= most+most/2 {
		return nil
	}
	return &artifact.Error{Kind: artifact.KindTooLarge, Msg: fmt.Sprintf("%d MB, %d MB loaded, at most %d and %d", size.File>>20, size.Loaded>>20, most>>20, (most+most/2)>>20)}
}

func (s *Steps) modelBytes() int64 {
	return min(cmp.Or(s.ModelBytes, pipeline.MaxFileBytes), pipeline.MaxFileBytes)
}
