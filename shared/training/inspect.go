package training

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"godwit/shared/fault"
	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/doctor"
	"godwit/shared/ml/tabular"
	"godwit/shared/registry"
)

const profileFile = "profile.json"

// Profile is the file behind a data set's /profile: what the data is made of.
type Profile struct {
	doctor.Profile
	CodePoints *doctor.Quantiles `json:"code_points,omitempty"` // as in Profile; absent for a table
	Bytes      *doctor.Quantiles `json:"bytes,omitempty"`       // likewise
	// Features tells, of a table, what each column was taken for.
	Features []tabular.Column `json:"features,omitempty"`
	// WrongLabels estimates how many labels are wrong, once a search has been
	// over the rows; it counts the model's own mistakes too.
	WrongLabels int `json:"wrong_labels"`
	// TimeSplit is "offered" when a column of times was noticed, Source names it,
	// "used" when rows were held out by it, and empty when there is none.
	TimeSplit string `json:"time_split,omitempty"`
}

// What a Profile says of a split by time.
const (
	timeOffered = "offered"
	timeUsed    = "used"
)

func timeSplit(source dataset.Source, how string) string {
	switch {
	case how == dataset.ByTime:
		return timeUsed
	case source.TimeColumn != "":
		return timeOffered
	}
	return ""
}

// describe files the profile of the data, whose rows were held out so.
func (s *Steps) describe(ctx context.Context, job Job, in *input, r *rows, how string) error {
	p := Profile{TimeSplit: timeSplit(in.set.Source, how)}
	switch {
	case in.images != nil:
		p.Profile = doctor.DescribeImages(in.set)
	case in.table == nil:
		p.Profile = doctor.Describe(in.set, r.Corpus)
		p.CodePoints, p.Bytes = &p.Profile.CodePoints, &p.Profile.Bytes
	default:
		e, err := tabular.Fit(ctx, r.tableData().Table, everyRow(r.len()), tabular.Options{})
		if errors.Is(err, tabular.ErrInvalid) {
			return s.refuse(ctx, job, fault.Wrap(fault.Invalid, err, "%s", doctor.Unlearnable(err)), nil)
		}
		if err != nil {
			return fmt.Errorf("describe columns: %w", err)
		}
		p.Profile, p.Features = doctor.DescribeTable(in.table), e.Columns()
	}
	if err := s.putJSON(ctx, reportKey(job, profileFile), p); err != nil {
		return err
	}
	return s.tellDataset(ctx, job, func(d *registry.Dataset) { d.ProfileKey = reportKey(job, profileFile) })
}

// suspects is the greatest number of probable label errors listed.
const suspects = 500

// inspect adds to the data set's findings what the training brought to light:
// labels that models fitted without the row contradict, and held-out rows that
// the file's own split lets into the training under another spelling. It starts
// from what Prepare found, so that a repeated Finish files the same.
func (s *Steps) inspect(ctx context.Context, job Job, p *plan, out *pool, made result) error {
	r, x := made.rows, made.texts
	var issues Issues
	if err := s.getJSON(ctx, workKey(job, issuesFile), &issues); err != nil {
		return err
	}
	var profile Profile
	if err := s.getJSON(ctx, reportKey(job, profileFile), &profile); err != nil {
		return err
	}
	if issues.Counts == nil {
		issues.Counts = map[string]int{}
	}
	if p.Split == dataset.ByColumn && r.Corpus != nil {
		issues.addLeaks(x.all(r), r, p)
	}
	if !p.regression() {
		found, wrong := labelErrors(p, out, made)
		issues.Items = append(issues.Items, found...)
		if wrong > 0 {
			issues.Counts[doctor.ProbableLabelError] = wrong
		}
		profile.WrongLabels = wrong
	}
	p.Issues = issues.Counts
	if err := s.putJSON(ctx, reportKey(job, profileFile), profile); err != nil {
		return err
	}
	return s.putJSON(ctx, job.IssuesKey(), issues)
}

// addLeaks adds the test rows that the file's own split lets into the training.
func (f *Issues) addLeaks(set []dataset.Row, r *rows, p *plan) {
	leaks := doctor.NearLeaks(set, r.Train, r.Test, strings.Join(p.Source.TextColumns, ", "))
	f.Items = append(f.Items, leaks[:min(len(leaks), suspects)]...)
	if len(leaks) > 0 {
		if f.Counts == nil {
			f.Counts = map[string]int{}
		}
		f.Counts[dataset.SplitLeak] += len(leaks)
	}
}

// labelErrors returns the rows whose labels are contradicted by models that did
// not see them, the most suspicious first, and an estimate of how many there
// are: training rows by their out-of-fold margins, held-out ones by the
// evaluation model.
func labelErrors(p *plan, out *pool, made result) (issues []dataset.Issue, wrong int) {
	r, x, k := made.rows, made.texts, len(made.rows.Labels)
	// The temperature alone: steps would blur the ranks of the least probable.
	c := calibrate.Calibration{Kind: calibrate.KindTemperature, T: calibrate.Temperature(out.margins, of(r.Y, out.rows), k)}
	held := r.predict(made.evaluation.With(c, calibrate.Conformal{}), x, r.Test)
	rows := slices.Concat(out.rows, r.Test)
	all, wrong := doctor.Suspects(append(c.ApplyAll(out.margins, k), held.prob...), of(r.Y, rows), k)
	all = all[:min(len(all), wrong, suspects)]
	// LabelErrors finds rows by place: only those it shows are made.
	shown := make([]dataset.Row, len(all))
	for i := range all {
		shown[i] = x.row(r, rows[all[i].Row])
		all[i].Row = i
	}
	for _, e := range doctor.LabelErrors(all, shown, r.Labels, p.Source.LabelColumn) {
		issues = append(issues, e.Issue)
	}
	return issues, wrong
}

// all returns every row with its text.
func (x *texts) all(r *rows) []dataset.Row {
	rows := make([]dataset.Row, r.len())
	for i := range rows {
		rows[i] = x.row(r, int32(i))
	}
	return rows
}

// loadTexts reads the job's texts.
func (s *Steps) loadTexts(ctx context.Context, job Job) (*texts, error) {
	data, err := s.readWork(ctx, workKey(job, textFile))
	if err != nil {
		return nil, err
	}
	x, err := decodeTexts(data)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the job's texts cannot be read")
	}
	return x, nil
}
