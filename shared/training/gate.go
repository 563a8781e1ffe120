package training

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/ml/artifact"
	"godwit/shared/ml/metric"
	"godwit/shared/ml/open"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
)

// Comparison is the paired test of the candidate against the version that serves.
type Comparison struct {
	Version    int     `json:"version"`          // that was compared with
	Reason     string  `json:"reason,omitempty"` // why it could not be, whatever the rows: other_task, other_classes, other_size or not_measured
	Rows       int     `json:"rows"`             // neither model was fitted, tuned or calibrated on
	Metric     string  `json:"metric"`           // accuracy, macro_f1 or rmse
	Candidate  float64 `json:"candidate"`        // of the metric, on them
	Champion   float64 `json:"champion"`         //
	Difference float64 `json:"difference"`       // above 0 when the candidate is better
	Low        float64 `json:"low"`              // bounds of the difference, 95 %, paired bootstrap
	High       float64 `json:"high"`
}

const (
	// comparable is the least number of common rows from which the gate judges.
	comparable = 100
	// tolerable is the greatest loss the gate lets pass as chance: a point of
	// accuracy or macro-F1, a hundredth of an rmse.
	tolerable = .01
)

// worse reports whether the candidate is measurably or notably worse.
func (c *Comparison) worse() bool {
	most := tolerable
	if c.Metric == "rmse" {
		most *= c.Champion
	}
	return c.High < 0 || c.Difference < -most
}

// String tells the outcome with its figures.
func (c *Comparison) String() string {
	return fmt.Sprintf("%s %s against %s of version %d on %d common rows (better by %.4g, 95 %% from %.4g to %.4g)",
		c.Metric, figure(c.Candidate), figure(c.Champion), c.Version, c.Rows, c.Difference, c.Low, c.High)
}

// why tells why nothing could be compared.
func (c *Comparison) why() string {
	switch c.Reason {
	case "other_task":
		return fmt.Sprintf("version %d does another task", c.Version)
	case "other_classes":
		return fmt.Sprintf("version %d knows another set of labels", c.Version)
	case "other_size":
		return fmt.Sprintf("version %d reads images of another size", c.Version)
	case "not_measured":
		return fmt.Sprintf("nothing was measured of version %d, which was trained elsewhere", c.Version)
	}
	return fmt.Sprintf("%d held-out rows are unknown to both models, %d are needed", c.Rows, comparable)
}

// judgePromotion decides whether the new version may take the alias: over the
// floor the settings ask for, and not measurably worse than the version there.
// judged is the version it was decided against, 0 for none.
func (s *Steps) judgePromotion(ctx context.Context, job Job, p *plan, r *rows, x *texts, evaluation pipeline.Predictor, test map[string]float64) (gate registry.Gate, versus *Comparison, judged int, err error) {
	if p.Settings.PromoteTo == "none" {
		return registry.Gate{Passed: true, Promotion: "none", Reason: "not_asked"}, nil, 0, nil
	}
	if why := p.Settings.Gate.fails(test); why != "" {
		return held("below_minimum", "%s", why), nil, 0, nil
	}
	against := p.Settings.Gate.NotWorseThan
	alias, err := s.Jobs.Registry.Alias(ctx, job.Tenant, job.Model, against)
	switch {
	case fault.Is(err, fault.NotFound) && against == p.Settings.PromoteTo:
		gate = registry.Gate{Passed: true, Promotion: "promoted"}
		if test == nil {
			gate.Detail = "nothing was measured: there are too few rows to hold some out"
		}
		return gate, nil, 0, nil
	case fault.Is(err, fault.NotFound):
		return held("no_such_alias", "the gate compares with @%s, which points at nothing; promote by hand, or set it first", against), nil, 0, nil
	case err != nil:
		return gate, nil, 0, err
	}
	gate, versus, err = s.judgeAgainst(ctx, job, p, r, x, evaluation, alias)
	return gate, versus, alias.Version, err
}

// judgeAgainst decides by the version that an alias points at.
func (s *Steps) judgeAgainst(ctx context.Context, job Job, p *plan, r *rows, x *texts, evaluation pipeline.Predictor, alias registry.Alias) (registry.Gate, *Comparison, error) {
	if alias.DataTime.After(job.DataTime) {
		return held("superseded", "version %d was trained on newer data", alias.Version), nil, nil
	}
	c, err := s.compare(ctx, job, p, r, x, evaluation, alias.Version)
	if err != nil {
		return registry.Gate{}, nil, err
	}
	switch {
	case c.Rows < comparable:
		return held("not_comparable", "%s; promote by hand after a look", c.why()), c, nil
	case c.worse():
		return held("worse", "%s", c), c, nil
	}
	return registry.Gate{Passed: true, Promotion: "promoted", Detail: c.String()}, c, nil
}

func held(reason, format string, args ...any) registry.Gate {
	return registry.Gate{Promotion: "held", Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// fails returns why metrics do not pass the gate's own bounds, "" when they do.
func (g GateSettings) fails(test map[string]float64) string {
	for _, name := range rising {
		if floor, asked := g.Min[name]; asked {
			if got, measured := test[name]; !measured || got < floor {
				return fmt.Sprintf("%s is %.4f on held-out rows, the gate asks for at least %.4f", name, got, floor)
			}
		}
	}
	for _, name := range falling {
		if ceiling, asked := g.Max[name]; asked {
			if got, measured := test[name]; !measured || got > ceiling {
				return fmt.Sprintf("%s is %.4g on held-out rows, the gate asks for at most %.4g", name, got, ceiling)
			}
		}
	}
	return ""
}

// compare holds the evaluation models of candidate and champion against each
// other on this job's held-out rows that the champion never knew.
func (s *Steps) compare(ctx context.Context, job Job, p *plan, r *rows, x *texts, evaluation pipeline.Predictor, number int) (*Comparison, error) {
	v, err := s.Jobs.Registry.Version(ctx, job.Tenant, job.Model, number)
	if err != nil {
		return nil, err
	}
	c := &Comparison{Version: number, Metric: p.Settings.Metric}
	switch {
	case v.Evaluation.Key == "":
		c.Reason = "not_measured"
	case v.Task != p.Settings.Task:
		c.Reason = "other_task"
	case !slices.Equal(v.Labels, r.Labels):
		c.Reason = "other_classes"
	}
	if c.Reason != "" {
		return c, nil
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
	champion, err := open.Model(ctx, data)
	if err != nil {
		return nil, fmt.Errorf("open evaluation model of version %d: %w", number, err)
	}
	if shape, images := shapeOf(champion); images && shape != r.Shape {
		c.Reason = "other_size"
		return c, nil
	}
	var common []int32
	for _, row := range r.Test {
		if _, found := slices.BinarySearch(known, r.Group[row]); !found {
			common = append(common, row)
		}
	}
	if c.Rows = len(common); c.Rows > 0 {
		c.measure(r, common, r.predict(evaluation, x, common), r.predict(champion, x, common))
	}
	return c, nil
}

// measure sets the metric of both and their difference.
func (c *Comparison) measure(r *rows, common []int32, candidate, champion answers) {
	truth, k := of(r.Y, common), len(r.Labels)
	var d metric.Difference
	switch c.Metric {
	case "rmse":
		values := of(r.Values, common)
		c.Candidate, c.Champion = metric.RMSE(values, candidate.value), metric.RMSE(values, champion.value)
		d = rmseDifference(values, candidate.value, champion.value)
	case "macro_f1":
		c.Candidate, c.Champion = metric.MacroF1(truth, candidate.class, k), metric.MacroF1(truth, champion.class, k)
		d = metric.MacroF1Difference(truth, candidate.class, champion.class, k, resamples, 1)
	default:
		c.Candidate, c.Champion = metric.Accuracy(truth, candidate.class), metric.Accuracy(truth, champion.class)
		d = metric.AccuracyDifference(truth, candidate.class, champion.class, resamples, 1)
	}
	c.Difference, c.Low, c.High = d.Mean, d.Low, d.High
}

// rmseDifference returns by how much the rmse of a is below that of b, with the
// paired bootstrap of their squared errors.
func rmseDifference(truth, a, b []float64) metric.Difference {
	first, second := make([]float64, len(truth)), make([]float64, len(truth))
	for i, t := range truth {
		first[i], second[i] = (a[i]-t)*(a[i]-t), (b[i]-t)*(b[i]-t)
	}
	n := float64(len(truth))
	i := metric.Bootstrap(len(truth), resamples, 1, func(pick []int32) float64 {
		var x, y float64
		for _, k := range pick {
			x, y = x+first[k], y+second[k]
		}
		return math.Sqrt(y/n) - math.Sqrt(x/n)
	})
	return metric.Difference{Mean: metric.RMSE(truth, b) - metric.RMSE(truth, a), Low: i.Low, High: i.High}
}

// keepKnown files the groups of the rows the evaluation model was fitted, tuned
// or calibrated on, so that a later gate can leave them out.
func (s *Steps) keepKnown(ctx context.Context, job Job, r *rows) error {
	known := of(r.Group, r.Train)
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
