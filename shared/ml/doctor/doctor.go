// Package doctor examines a labelled data set before anything is trained on it
// and says what is wrong, where, and how to mend it.
//
// What can be seen row by row, dataset.Read reports already. This package adds
// what takes a look at the rows together, and a model: Suspects ranks the labels
// that out-of-fold predictions contradict, NearLeaks finds test rows that are
// learned from under a slightly different spelling, Describe makes the profile
// of a data set. Each can be used alone, by a service that has read, counted and
// cross-validated the rows anyway. Examine does all of it from the bytes of a
// file, with a quick model of its own, and gives one Report, to be served as JSON
// or printed.
//
// The package mends nothing and trains nothing that is kept. Profile and report
// show no text of a row but the excerpts of issues.
package doctor

import (
	"cmp"
	"fmt"
	"slices"

	"godwit/shared/ml/dataset"
)

// ProbableLabelError is the code of a row whose label is probably wrong, beside
// the codes of dataset.
const ProbableLabelError = "probable_label_error"

// LabelError is the issue of a Suspect: a warning, for the row is kept.
type LabelError struct {
	dataset.Issue
	Given      string  `json:"given_label"`
	Likely     string  `json:"likely_label"`
	Confidence float64 `json:"confidence"` // as in Suspect
	Margin     float64 `json:"margin"`     // as in Suspect
}

// LabelErrors returns the issues of suspects, in their order. rows holds the row
// of each place that Suspects was given, and labels the name of each class;
// column names the label column.
func LabelErrors(suspects []Suspect, rows []dataset.Row, labels []string, column string) []LabelError {
	out := make([]LabelError, 0, len(suspects))
	for _, s := range suspects {
		row, given, likely := &rows[s.Row], labels[s.Given], labels[s.Likely]
		out = append(out, LabelError{
			Issue: dataset.Issue{
				Code: ProbableLabelError, Severity: dataset.Warning, Line: row.Line, Record: row.Record, Column: column,
				Excerpt: Excerpt(row.Text),
				Message: fmt.Sprintf("labelled %q; rows like it are labelled %q (probability %.2f against %.2f)",
					given, likely, s.Confidence-s.Margin, s.Confidence),
				Fix: "read the text; correct the label, or leave it if it is right",
			},
			Given: given, Likely: likely, Confidence: s.Confidence, Margin: s.Margin,
		})
	}
	return out
}

// byLine puts issues in file order; those of one line stay as they came.
func byLine(issues []dataset.Issue) {
	slices.SortStableFunc(issues, func(a, b dataset.Issue) int { return cmp.Compare(a.Line, b.Line) })
}
