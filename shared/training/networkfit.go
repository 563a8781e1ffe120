package training

import (
	"context"
	"fmt"
	"time"

	"godwit/shared/fault"
	"godwit/shared/ml/network"
	"godwit/shared/ml/neural/weights"
	"godwit/shared/ml/pipeline"
)

// scoreNetwork trains a task's network on the train rows and returns what it makes
// of the held ones after each number of epochs of its path.
func (s *Steps) scoreNetwork(ctx context.Context, job Job, p *plan, r *rows, number, taskNumber int, train, held []int32) (out pipeline.Outcome, found scored, more bool, err error) {
	t := p.Rungs[number].Tasks[taskNumber]
	if len(train) == 0 || len(held) == 0 {
		return out, found, false, s.refuse(ctx, job, fault.New(fault.Invalid, "there are too few different rows to learn from some and test on others"), nil)
	}
	x, err := s.networkTexts(ctx, job, r)
	if err != nil {
		return out, found, false, err
	}
	all := r.networkRows(x)
	c := &course{
		folder: partFolder(job, number, taskNumber), what: fmt.Sprintf("%s on fold %d", t.variant, t.Fold+1),
		set: p.networkSettings(t.at(t.C[len(t.C)-1])), train: learnt(all, train, t.Balance), held: all.Only(held), path: t.C,
	}
	_, progress, err := s.searched(ctx, job, p, number)
	if err != nil {
		return out, found, false, err
	}
	c.told = s.tellEpoch(ctx, job, c, "search", func(float64) float64 { return progress })
	if more, err = s.follow(ctx, job, c); err != nil || more {
		return out, found, more, err
	}
	for _, at := range t.C {
		out.Margins = append(out.Margins, c.reached.margins[int(at)])
	}
	m, err := c.run.Model()
	if err != nil {
		return out, found, false, err
	}
	found.Terms, found.Epochs = int64(m.Manifest().Weights), c.reached.epochs
	return out, found, false, nil
}

// networkTexts reads the texts that a network is trained on, nil of images.
func (s *Steps) networkTexts(ctx context.Context, job Job, r *rows) (*texts, error) {
	if r.Pixels != nil {
		return nil, nil
	}
	return s.loadTexts(ctx, job)
}

// Rounding tells what storing weights in fewer bytes costs, on held-out rows.
type Rounding struct {
	To     string  `json:"to"`     // float16 or int8
	Before float64 `json:"before"` // accuracy with whole weights
	After  float64 `json:"after"`  // and with those that are stored
}

func roundingFile(job Job) string { return fmt.Sprintf("fitted/%d/rounding.json", job.Attempt) }

// fitNetwork trains the chosen network on some rows for as many epochs as were
// best, and rounds its weights if the settings say so.
func (s *Steps) fitNetwork(ctx context.Context, job Job, p *plan, made *result, f fitting, some []int32) (pipeline.Predictor, bool, error) {
	all := made.rows.networkRows(made.texts)
	c := &course{
		folder: f.folder(job, 0), what: f.what, set: p.networkSettings(p.Best.Candidate), train: learnt(all, some, p.Best.Candidate.Balance),
	}
	c.begun = func() {
		s.event(ctx, job, Event{Phase: "finish", Message: "fitting " + f.what, Progress: f.progress(0, 0)})
	}
	c.told = s.tellEpoch(ctx, job, c, "finish", func(share float64) float64 { return f.progress(0, share) })
	if more, err := s.follow(ctx, job, c); err != nil || more {
		return nil, more, err
	}
	whole, err := c.run.Model()
	if err != nil {
		return nil, false, err
	}
	to := rounding(p.Settings.Params.Quantise)
	if to == weights.Whole {
		return whole, false, nil
	}
	rounded, err := whole.Round(to)
	if err != nil {
		return nil, false, fmt.Errorf("round %s: %w", f.what, err)
	}
	if f.name == evaluationFit.name && len(made.rows.Test) > 0 {
		accuracy := func(m network.Model) float64 {
			test := all.Only(made.rows.Test)
			return tallyClasses(m.Margins(test, s.Workers), test.Y, len(test.Labels)).score("accuracy")
		}
		err = s.putJSON(ctx, workKey(job, roundingFile(job)), Rounding{string(to), accuracy(whole), accuracy(rounded)})
	}
	return rounded, false, err
}

// rounding is what params.quantise means.
func rounding(quantise string) weights.Rounding {
	if quantise == "none" {
		return weights.Whole
	}
	return weights.Rounding(quantise)
}

// tellEpoch returns what tells of epochs: of the first, and at most every second.
func (s *Steps) tellEpoch(ctx context.Context, job Job, c *course, phase string, progress func(share float64) float64) func(Epoch) {
	var heard time.Time
	return func(e Epoch) {
		now := s.Jobs.Now()
		if now.Sub(heard) < time.Second && e.Epoch < c.set.Epochs {
			return
		}
		heard = now
		values := map[string]float64{"epoch": float64(e.Epoch), "loss": e.Loss}
		text := fmt.Sprintf("%s: epoch %d of %d, loss %.4g", c.what, e.Epoch, c.set.Epochs, e.Loss)
		if c.held.Len() > 0 {
			values["validation_loss"], values["validation_accuracy"] = e.Validation, e.Accuracy
			text += fmt.Sprintf(", validation loss %.4g, accuracy %.4f", e.Validation, e.Accuracy)
		}
		s.event(ctx, job, Event{Phase: phase, Message: text, Values: values, Progress: progress(float64(e.Epoch) / float64(c.set.Epochs))})
	}
}

// Course is how one training of the search went, epoch by epoch.
type Course struct {
	Features string  `json:"features"`
	Fold     int     `json:"fold"` // from 1
	Epochs   []Epoch `json:"epochs"`
}

// courses gathers the trainings of the rung that decided, for the report.
func (s *Steps) courses(ctx context.Context, job Job, p *plan) ([]Course, *Rounding, error) {
	var out []Course
	for i, t := range p.Rungs[p.Best.Rung].Tasks {
		if !t.isNetwork() {
			continue
		}
		var found scored
		if err := s.getJSON(ctx, workKey(job, scoreFile(p.Best.Rung, i)), &found); err != nil {
			return nil, nil, err
		}
		out = append(out, Course{t.Recipe, t.Fold + 1, found.Epochs})
	}
	var r Rounding
	err := s.getPart(ctx, workKey(job, roundingFile(job)), &r)
	if fault.Is(err, fault.NotFound) {
		return out, nil, nil
	}
	return out, &r, err
}
