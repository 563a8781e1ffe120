package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tabular"
)

// DescribeTable is Describe of a table: its rows are described as texts of their
// cells, copies are rows whose cells are all alike, and what speaks of language is
// left out.
func DescribeTable(set *dataset.TableSet) Profile {
	// Rows without groups, since copies count whatever their group.
	ungrouped := *set
	ungrouped.Rows = make([]dataset.Row, len(set.Rows))
	p := describe(ofCells(set), nil, ungrouped.GroupKey)
	p.Scripts, p.Languages = nil, nil // cells are names and numbers, not sentences
	return p
}

// ofCells returns the set of a table with the cells of each row as its text, for
// lengths and excerpts. It does not tell rows apart, since white space counts for
// nothing in a text: TableSet.GroupKey does.
func ofCells(t *dataset.TableSet) *dataset.Set {
	set := t.Set
	set.Rows = make([]dataset.Row, len(t.Rows))
	cells := make([]string, len(t.Columns))
	for i, row := range t.Rows {
		for c := range t.Columns {
			cells[c] = t.Columns[c].Cell(i)
		}
		row.Text = strings.Join(cells, "\t")
		set.Rows[i] = row
	}
	return &set
}

// ExamineTable is Examine of a table: its target is the label column of the
// options, or found out, and the quick model that checks labels is a logistic
// regression with C = 1. Of a regression there are no labels to check.
func ExamineTable(ctx context.Context, r io.Reader, o Options) (*Report, error) {
	o.tell("reading")
	set, err := dataset.ReadTable(ctx, r, dataset.TableOptions{Options: o.Read, Target: o.Read.LabelColumn})
	bad, unfit := errors.AsType[*dataset.InputError](err)
	if err != nil && !unfit {
		return nil, err
	}
	report := begun(&set.Set, bad)
	report.Profile = DescribeTable(set)
	if unfit {
		return report, nil
	}
	// The columns are judged on all rows: this encoder trains nothing.
	all := make([]int32, len(set.Rows))
	for i := range all {
		all[i] = int32(i)
	}
	encoder, err := tabular.Fit(ctx, tabular.TableOf(set), all, tabular.Options{})
	if errors.Is(err, tabular.ErrInvalid) {
		report.Trainable, report.Reasons = false, []string{Unlearnable(err)}
		return report, nil
	}
	if err != nil {
		return nil, fmt.Errorf("describe columns: %w", err)
	}
	report.Features = encoder.Columns()
	if set.Task == dataset.Regression {
		report.Notes = append(report.Notes, "labels were not checked: the target is a number")
		return report, nil
	}
	return report, report.examineTable(ctx, set, o)
}

// Unlearnable says, for the owner of a table, why tabular.Fit refused it. err
// wraps tabular.ErrInvalid.
func Unlearnable(err error) string {
	why := strings.TrimPrefix(err.Error(), tabular.ErrInvalid.Error()+": ")
	return "nothing can be learned from the columns of this table: " + why
}

// examineTable checks the labels of a table that can be trained.
func (r *Report) examineTable(ctx context.Context, set *dataset.TableSet, o Options) error {
	rows := ofCells(set)
	prob, y, folds, err := outOfFold(rows, set.GroupKey, func(y, train, held []int32) ([][]float32, error) {
		data := pipeline.TableData{Table: tabular.TableOf(set), Task: set.Task, Y: y, Labels: set.Labels}
		return pipeline.TableMargins(ctx, data, train, held, pipeline.TableSettings{Learner: pipeline.Logistic, Seed: o.Seed}, []float64{1}, o.Workers)
	}, o)
	return r.judgeFolds(rows, prob, y, folds, err, o)
}
