package training

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/ml/artifact"
	"godwit/shared/ml/metric"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
)

// calibrate fits the temperature on the pooled out-of-fold margins of the
// chosen candidate: margins of training rows by models that did not see them.
func (s *Steps) calibrate(ctx context.Context, job Job, p *plan, classes int) (float64, error) {
	var margins []float32
	var y []int32
	for i, t := range p.Rungs[p.Best.Rung].Tasks {
		c := slices.Index(t.C, p.Best.C)
		if t.Recipe != p.Best.Recipe || c < 0 {
			continue
		}
		data, err := s.readWork(ctx, workKey(job, marginFile(p.Best.Rung, i)))
		if err != nil {
			return 0, err
		}
		f, err := artifact.Decode(data, artifact.Limits{Bytes: workLimit})
		if err != nil {
			return 0, fmt.Errorf("margins of task %d: %w", i, err)
		}
		var m []float32
		var of []int32
		if err := view(f, fmt.Sprintf("margins.%d", c), artifact.Float32s, &m); err != nil {
			return 0, err
		}
		if err := view(f, "class", artifact.Int32s, &of); err != nil {
			return 0, err
		}
		margins, y = append(margins, m...), append(y, of...)
	}
	return pipeline.FitTemperature(margins, y, classes), nil
}

// evaluate predicts the held-out texts as a caller would and measures.
func evaluate(m *pipeline.Model, r *rows) (metric.Report, error) {
	k := len(r.Labels)
	prob := make([]float32, 0, len(r.Test)*k)
	var scratch pipeline.Scratch
	for _, doc := range r.TestText {
		prob = append(prob, m.Scores(&scratch, doc)...)
	}
	return metric.Classify(classesOf(r.Y, r.Test), prob, r.Labels)
}

// Comparison is the paired test of the candidate against the version that serves.
type Comparison struct {
	Version    int     `json:"version"`    // that was compared with
	Rows       int     `json:"rows"`       // neither model was fitted, tuned or calibrated on
	Candidate  float64 `json:"candidate"`  // accuracy on them
	Champion   float64 `json:"champion"`   //
	Difference float64 `json:"difference"` // candidate - champion
	Low        float64 `json:"low"`        // bounds of the difference, 95 %, paired bootstrap
	High       float64 `json:"high"`
}

// comparable is the least number of common rows from which the gate judges.
const comparable = 100

// judgePromotion decides whether the new version may take the alias: over the
// floor the settings ask for, and not measurably worse than the version there.
func (s *Steps) judgePromotion(ctx context.Context, job Job, p *plan, r *rows, evaluation *pipeline.Model, test map[string]float64) (registry.Gate, *Comparison, error) {
	if p.Settings.PromoteTo == "none" {
		return registry.Gate{Passed: true, Promotion: "none", Reason: "not_asked"}, nil, nil
	}
	held := func(reason, format string, args ...any) registry.Gate {
		return registry.Gate{Promotion: "held", Reason: reason, Detail: fmt.Sprintf(format, args...)}
	}
	for _, name := range headline {
		floor, ok := p.Settings.Gate.Min[name]
		if !ok {
			continue
		}
		if got, measured := test[name]; !measured || got < floor {
			return held("below_minimum", "%s is %.4f on held-out rows, the gate asks for %.4f", name, got, floor), nil, nil
		}
	}
	alias, err := s.Jobs.Registry.Alias(ctx, job.Tenant, job.Model, p.Settings.Gate.NotWorseThan)
	if fault.Is(err, fault.NotFound) {
		return registry.Gate{Passed: true, Promotion: "promoted"}, nil, nil
	}
	if err != nil {
		return registry.Gate{}, nil, err
	}
	if alias.DataTime.After(job.DataTime) {
		return held("superseded", "version %d was trained on newer data", alias.Version), nil, nil
	}
	c, err := s.compare(ctx, job, r, evaluation, alias.Version)
	if err != nil {
		return registry.Gate{}, nil, err
	}
	switch {
	case c.Rows < comparable:
		return held("not_comparable", "%d held-out rows are unknown to both models, %d are needed; promote by hand after a look", c.Rows, comparable), c, nil
	case c.High < 0 || c.Difference < -.01:
		return held("worse", "accuracy %.4f against %.4f of version %d on %d common rows (difference %.4f, 95 %% from %.4f to %.4f)", c.Candidate, c.Champion, c.Version, c.Rows, c.Difference, c.Low, c.High), c, nil
	}
	return registry.Gate{Passed: true, Promotion: "promoted", Detail: fmt.Sprintf("accuracy %.4f against %.4f of version %d on %d common rows", c.Candidate, c.Champion, c.Version, c.Rows)}, c, nil
}

// compare holds the evaluation models of candidate and champion against each
// other on this job's held-out rows that the champion never knew.
func (s *Steps) compare(ctx context.Context, job Job, r *rows, evaluation *pipeline.Model, number int) (*Comparison, error) {
	v, err := s.Jobs.Registry.Version(ctx, job.Tenant, job.Model, number)
	if err != nil {
		return nil, err
	}
	c := &Comparison{Version: number}
	if !slices.Equal(v.Labels, r.Labels) {
		return c, nil // another set of classes: nothing to compare
	}
	known, err := s.known(ctx, v)
	if err != nil {
		return nil, err
	}
	data, err := blob.ReadAll(ctx, s.Models, v.Evaluation.Key, workLimit)
	if err != nil {
		return nil, err
	}
	if blob.DigestOf(data) != v.Evaluation.Digest {
		return nil, fault.New(fault.Internal, "the evaluation model of version %d is damaged", number)
	}
	champion, err := pipeline.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("decode evaluation model of version %d: %w", number, err)
	}
	c.measure(r, known, evaluation, champion)
	return c, nil
}

func (c *Comparison) measure(r *rows, known []uint64, candidate, champion *pipeline.Model) {
	var a, b pipeline.Scratch
	var diff []int8
	var right, was int
	for i, row := range r.Test {
		if _, found := slices.BinarySearch(known, r.Group[row]); found {
			continue
		}
		mine, theirs := top(candidate.Scores(&a, r.TestText[i])) == r.Y[row], top(champion.Scores(&b, r.TestText[i])) == r.Y[row]
		d := int8(0)
		if mine {
			right++
			d++
		}
		if theirs {
			was++
			d--
		}
		diff = append(diff, d)
	}
	c.Rows = len(diff)
	if c.Rows == 0 {
		return
	}
	n := float64(c.Rows)
	c.Candidate, c.Champion = float64(right)/n, float64(was)/n
	c.Difference = c.Candidate - c.Champion
	c.Low, c.High = bootstrap(diff)
}

func top(scores []float32) int32 { return int32(slices.Index(scores, slices.Max(scores))) }

// bootstrap returns the 95 % percentile interval of the mean of d over 2,000
// resamples (Efron and Tibshirani 1993, chapter 13), from a fixed seed.
func bootstrap(d []int8) (low, high float64) {
	const resamples = 2000
	rng := rand.New(rand.NewPCG(1, uint64(len(d))))
	means := make([]float64, resamples)
	for i := range means {
		sum := 0
		for range d {
			sum += int(d[rng.IntN(len(d))])
		}
		means[i] = float64(sum) / float64(len(d))
	}
	slices.Sort(means)
	at := func(q float64) float64 { return means[int(math.Round(q*(resamples-1)))] }
	return at(.025), at(.975)
}

// keepKnown files the groups of the rows the evaluation model was fitted, tuned
// or calibrated on, so that a later gate can leave them out.
func (s *Steps) keepKnown(ctx context.Context, job Job, r *rows) error {
	known := make([]uint64, len(r.Train))
	for i, row := range r.Train {
		known[i] = r.Group[row]
	}
	slices.Sort(known)
	known = slices.Compact(known)
	data, err := artifact.Encode(map[string]string{"format": "godwit-known-1"}, []artifact.Tensor{
		artifact.FromUint64s("group", []int64{int64(len(known))}, known),
	})
	if err != nil {
		return fmt.Errorf("encode known rows: %w", err)
	}
	_, err = s.Models.Put(ctx, reportKey(job, knownFile), bytes.NewReader(data), int64(len(data)), blob.PutOptions{})
	return err
}

const knownFile = "known.safetensors"

// known returns the groups filed for a version, ascending.
func (s *Steps) known(ctx context.Context, v registry.Version) ([]uint64, error) {
	data, err := blob.ReadAll(ctx, s.Models, reportKey(Job{Tenant: v.Tenant, Model: v.Model, ID: v.Lineage.Job}, knownFile), workLimit)
	if err != nil {
		return nil, err
	}
	f, err := artifact.Decode(data, artifact.Limits{Bytes: workLimit})
	if err != nil {
		return nil, fmt.Errorf("known rows of version %d: %w", v.Number, err)
	}
	var groups []uint64
	return groups, view(f, "group", artifact.Uint64s, &groups)
}
