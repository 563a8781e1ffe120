package training

import (
	"bufio"
	"context"
	"errors"
	"io"

	"godwit/shared/fault"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/image"
	"godwit/shared/registry"
)

// Issues is the file behind a data set's /issues: everything a job found.
type Issues struct {
	Counts  map[string]int  `json:"counts"` // findings per code, also those beyond Items
	Items   []dataset.Issue `json:"items"`  // the reader's in file order, at most 1,000, then probable label errors, at most 500
	Source  dataset.Source  `json:"source"` // how the file was read
	Records int64           `json:"records"`
	Kept    int64           `json:"kept"`
}

// input is a data set read: texts, a table, or images.
type input struct {
	task   registry.Task
	reason string // for the task, when it was found out
	set    *dataset.Set
	table  *dataset.TableSet // nil unless it is one; set is its Set
	images *image.Set        // likewise
}

// groupKey is equal for rows that must not be parted.
func (in *input) groupKey(row int) uint64 {
	if in.table != nil {
		return in.table.GroupKey(row)
	}
	return dataset.GroupKey(in.set.Rows[row])
}

// read returns the checked rows and files the findings, whether or not the data can be used.
func (s *Steps) read(ctx context.Context, job Job, settings Settings) (*input, error) {
	body, _, err := s.Uploads.GetVersion(ctx, job.Key, job.SourceVersion)
	if fault.Is(err, fault.NotFound) {
		return nil, s.refuse(ctx, job, fault.New(fault.NotFound, "the uploaded file is gone"), nil)
	}
	if err != nil {
		return nil, err
	}
	defer body.Close()
	in, err := readAs(ctx, body, job.Key, settings)
	wrong, bad := errors.AsType[*dataset.InputError](err)
	if err != nil && !bad {
		return nil, fault.Wrap(fault.Unavailable, err, "the uploaded file could not be read to its end")
	}
	if !bad {
		if err := s.addFeedback(ctx, job, in, settings); err != nil {
			return nil, err
		}
	}
	issues := Issues{}
	if in.set != nil {
		issues = Issues{Counts: in.set.IssueCounts, Items: in.set.Issues, Source: in.set.Source, Records: in.set.Records, Kept: in.set.Records - in.set.Rejected}
	} else {
		issues.Items = wrong.Issues
	}
	if err := s.putJSON(ctx, job.IssuesKey(), issues); err != nil {
		return nil, err
	}
	status := DatasetChecked
	if bad {
		status = DatasetFailed
	}
	if err := s.tellDataset(ctx, job, func(d *registry.Dataset) { d.IssuesKey, d.Status = job.IssuesKey(), status }); err != nil {
		return nil, err
	}
	if bad {
		return nil, s.refuse(ctx, job, fault.Wrap(fault.Invalid, wrong, "%s", wrong.Message), findings(wrong.Issues))
	}
	return in, s.putJSON(ctx, workKey(job, issuesFile), issues) // Finish adds to them
}

const issuesFile = "issues.json"

// tellDataset changes the record of the job's data set. One that was deleted
// meanwhile is no failure: the job goes on with the object it names.
func (s *Steps) tellDataset(ctx context.Context, job Job, change func(*registry.Dataset)) error {
	_, err := s.Jobs.Registry.UpdateDataset(ctx, job.Tenant, job.Dataset, registry.AnyRev, func(d *registry.Dataset) error {
		change(d)
		return nil
	})
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// readAs reads the body as the task wants it, which the beginning of the file
// decides unless the settings do. The set may be there beside an error.
func readAs(ctx context.Context, body io.Reader, name string, settings Settings) (*input, error) {
	in := &input{task: settings.Task}
	if in.task == "" {
		buffered := bufio.NewReaderSize(body, dataset.Beginning)
		head, _ := buffered.Peek(dataset.Beginning) // an error comes again with the reading
		in.task, in.reason = taskOf(ctx, head, name, settings)
		body = buffered
	}
	options := dataset.Options{Filename: name, TextColumns: settings.Columns.Text, LabelColumn: settings.Columns.Label,
		Times: settings.Split.By == dataset.ByTime, TimeColumn: settings.Split.Column}
	if settings.Engine == engineRows {
		options.MaxRows, options.MaxBytes = rowsMost, MaxFileBytes
	}
	var err error
	if in.task == registry.TextClassification {
		in.set, err = dataset.Read(ctx, body, options)
		return in, err
	}
	if in.task == registry.ImageClassification {
		return readImages(ctx, body, in, options)
	}
	want := dataset.TableOptions{Options: options, Target: settings.Columns.Label}
	switch settings.Task {
	case registry.TableClassification:
		want.Task = dataset.Classification
	case registry.TableRegression:
		want.Task = dataset.Regression
	}
	in.table, err = dataset.ReadTable(ctx, body, want)
	if in.table == nil {
		return in, err
	}
	in.set, in.task = &in.table.Set, registry.TableClassification
	if in.table.Task == dataset.Regression {
		in.task = registry.TableRegression
	}
	if in.reason != "" && in.set.Source.TaskReason != "" {
		in.reason += "; " + in.set.Source.TaskReason
	}
	return in, err
}

func findings(issues []dataset.Issue) []Finding {
	out := make([]Finding, 0, len(issues))
	for _, i := range issues {
		if i.Severity == "error" {
			out = append(out, Finding{Code: i.Code, Line: i.Line, Record: i.Record, Column: i.Column, Message: i.Message, Fix: i.Fix})
		}
	}
	return out
}
