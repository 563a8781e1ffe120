package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/image"
	"godwit/shared/ml/metric"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tabular"
	"godwit/shared/ml/text"
	"godwit/shared/ml/tune"
)

// Options say how Examine works. The zero value is ready.
type Options struct {
	Read     dataset.Options    // how the file is read
	Folds    int                // of the cross-validation, 2 to tune.MaxFolds; 0: 5
	Workers  int                // goroutines; below 1 counts as 1
	Seed     uint64             // of folds and learner
	Suspects int                // label errors listed at most; 0: 500, negative: none
	Progress func(stage string) // told what begins, in a few words; nil: nobody
}

// mostCells bounds rows x classes of the cross-validation: 1 GB of margins, in
// float32.
const mostCells = 1 << 28

// Report is what Examine found.
type Report struct {
	Trainable   bool            `json:"trainable"`
	Reasons     []string        `json:"reasons"` // why not
	Profile     Profile         `json:"profile"`
	IssueCounts map[string]int  `json:"issue_counts"` // by code, also of those not listed
	Issues      []dataset.Issue `json:"issues"`       // in file order; label errors are apart
	// WrongLabels is the estimate of Suspects, which is high where classes
	// overlap: the model's own mistakes count too. LabelErrors lists as many rows,
	// within the limit of the options, the most suspicious first.
	WrongLabels int          `json:"wrong_labels"`
	LabelErrors []LabelError `json:"label_errors"`
	Quality     *Quality     `json:"quality,omitempty"` // absent when no model could be fitted
	Confusions  []Confusion  `json:"confusions"`        // at most 10, the most frequent first
	Notes       []string     `json:"notes"`             // checks that could not be made, and why
	Images      *image.Shape `json:"images,omitempty"`  // of images: the size that a model reads them in
	// Features tells, of a table, what each column was taken for.
	Features []tabular.Column `json:"features,omitempty"`
}

// Quality is how well a quick model does on rows it was not fitted on: words and
// word pairs, a linear SVM with C = 1. A search over settings does better.
type Quality struct {
	Folds        int     `json:"folds"`        // of the cross-validation
	Accuracy     float64 `json:"accuracy"`     // share of rows predicted right, 0 to 1, as all of these
	AccuracyLow  float64 `json:"accuracy_low"` // Wilson 95 %
	AccuracyHigh float64 `json:"accuracy_high"`
	Baseline     float64 `json:"baseline"` // accuracy of always answering the largest class
	MacroF1      float64 `json:"macro_f1"` // mean over the classes, see metric.MacroF1
}

// Confusion is a pair of classes that are often taken for each other.
type Confusion struct {
	A        string `json:"a"`
	B        string `json:"b"`
	Mistaken int    `json:"mistaken"` // rows of either that were taken for the other
	Rows     int    `json:"rows"`     // of both
}

// begun returns a report on what was read, before anything is fitted; bad says
// why it cannot be trained, nil that it can. Lists are empty and not nil, for in
// JSON they are [] and not null.
func begun(set *dataset.Set, bad *dataset.InputError) *Report {
	r := &Report{Trainable: bad == nil, Reasons: []string{}, LabelErrors: []LabelError{}, Confusions: []Confusion{}, Notes: []string{}}
	if bad != nil {
		r.Reasons = bad.Reasons
	}
	r.IssueCounts, r.Issues = maps.Clone(set.IssueCounts), append([]dataset.Issue{}, set.Issues...)
	return r
}

// Examine reads a data set to its end and examines it. Data that cannot be
// trained are no error: the report says why. The error is the reader's or the
// context's, wrapped. The report depends on the bytes and the options, not on
// the number of workers.
func Examine(ctx context.Context, r io.Reader, o Options) (*Report, error) {
	o.tell("reading")
	set, err := dataset.Read(ctx, r, o.Read)
	bad, unfit := errors.AsType[*dataset.InputError](err)
	if err != nil && !unfit {
		return nil, err
	}
	report := begun(set, bad)
	if unfit {
		report.Profile = Describe(set, nil)
		return report, nil
	}
	return report, report.examine(ctx, set, o)
}

// tell reports what begins, if somebody listens.
func (o *Options) tell(stage string) {
	if o.Progress != nil {
		o.Progress(stage)
	}
}

// examine does the part that needs a data set that can be trained.
func (r *Report) examine(ctx context.Context, set *dataset.Set, o Options) error {
	o.tell("counting words")
	docs := make([]string, len(set.Rows))
	for i := range docs {
		docs[i] = set.Rows[i].Text
	}
	corpus, err := text.Count(ctx, docs, []text.Recipe{text.Word()}, o.Workers, nil)
	if err != nil {
		return fmt.Errorf("count words: %w", err)
	}
	r.Profile = Describe(set, corpus)
	if train, test, how := dataset.Split(set.Rows, set.Labels, dataset.SplitOptions{}); how == dataset.ByColumn {
		r.append(NearLeaks(set.Rows, train, test, first(set.Source.TextColumns)))
	}
	prob, y, folds, err := outOfFold(set, groupsOf(set), func(y, train, held []int32) ([][]float32, error) {
		data := pipeline.Data{Corpus: corpus, Y: y, Labels: set.Labels}
		return pipeline.Margins(ctx, data, train, held, pipeline.Settings{Recipe: text.Word(), Seed: o.Seed}, []float64{1}, o.Workers)
	}, o)
	return r.judgeFolds(set, prob, y, folds, err, o)
}

// judgeFolds is judge of what outOfFold returned: that no model could be fitted
// is worth a note, and no error.
func (r *Report) judgeFolds(set *dataset.Set, prob []float32, y []int32, folds int, err error, o Options) error {
	if _, impossible := errors.AsType[noModel](err); impossible {
		r.Notes = append(r.Notes, "labels were not checked: "+err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	return r.judge(set, prob, y, folds, o)
}

// first returns the first of s, or nothing: issues of a text name one column.
func first(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return s[0]
}

// append adds issues to those of the reader.
func (r *Report) append(issues []dataset.Issue) {
	for _, i := range issues {
		r.IssueCounts[i.Code]++
	}
	r.Issues = append(r.Issues, issues...)
	byLine(r.Issues)
}

// judge reports what out-of-fold probabilities say about labels and classes.
func (r *Report) judge(set *dataset.Set, prob []float32, y []int32, folds int, o Options) error {
	measured, err := metric.Classify(y, prob, set.Labels)
	if err != nil {
		return fmt.Errorf("measure: %w", err)
	}
	r.Quality = &Quality{folds, measured.Accuracy, measured.AccuracyLow, measured.AccuracyHigh, measured.Baseline, measured.Macro.F1}
	r.Confusions = confusions(measured)
	suspects, wrong := Suspects(prob, y, len(set.Labels))
	r.WrongLabels = wrong
	// Not all suspects: they are the model's mistakes, of which it makes more than
	// there are wrong labels.
	listed := min(max(cmp.Or(o.Suspects, 500), 0), wrong, len(suspects))
	r.LabelErrors = LabelErrors(suspects[:listed], set.Rows, set.Labels, set.Source.LabelColumn)
	if wrong > 0 {
		r.IssueCounts[ProbableLabelError] = wrong
	}
	return nil
}

// noModel says why no model could be fitted.
type noModel string

// Error says it to the owner of the data.
func (e noModel) Error() string { return string(e) }

// groupsOf returns the function dataset.GroupKey for the rows of a set.
func groupsOf(set *dataset.Set) func(row int) uint64 {
	return func(row int) uint64 { return dataset.GroupKey(set.Rows[row]) }
}

// outOfFold returns calibrated probabilities of every row by a model fitted on
// the other folds, rows x classes, and the class of every row. Rows of one group
// share a fold. fit returns the margins of the held rows, under one setting, by a
// model of the train rows of classes y. It fails with a noModel when there are too
// few or too many rows, and with fit's error.
func outOfFold(set *dataset.Set, group func(row int) uint64, fit func(y, train, held []int32) ([][]float32, error), o Options) (prob []float32, y []int32, folds int, err error) {
	classes, folds := len(set.Labels), cmp.Or(o.Folds, 5)
	if len(set.Rows)*classes > mostCells {
		return nil, nil, 0, noModel(fmt.Sprintf("%d rows in %d classes are too many for this check; take a sample", len(set.Rows), classes))
	}
	y = make([]int32, len(set.Rows))
	key := make([]uint64, len(y))
	for i := range set.Rows {
		k, _ := slices.BinarySearch(set.Labels, set.Rows[i].Label)
		y[i], key[i] = int32(k), group(i)
	}
	// Copies share a fold: a row judged by a model that saw its copy would pass
	// whatever its label.
	fold := tune.Folds(y, key, folds, o.Seed)
	margins := make([]float32, len(y)*classes)
	for f := range folds {
		o.tell(fmt.Sprintf("checking labels, part %d of %d", f+1, folds))
		var train, held []int32
		for i := range y {
			if int(fold[i]) == f {
				held = append(held, int32(i))
			} else {
				train = append(train, int32(i))
			}
		}
		part, err := fit(y, train, held)
		if errors.Is(err, pipeline.ErrOneClass) {
			return nil, nil, 0, noModel("there are too few different rows to learn from some and test on others")
		}
		if err != nil {
			return nil, nil, 0, fmt.Errorf("check labels: %w", err)
		}
		for n, i := range held {
			copy(margins[int(i)*classes:], part[0][n*classes:(n+1)*classes])
		}
	}
	// The rows are judged on one scale, so the temperature is fitted on all folds.
	// The temperature alone: steps would blur the ranks of the least probable.
	c := calibrate.Calibration{Kind: calibrate.KindTemperature, T: calibrate.Temperature(margins, y, classes)}
	// In place and not by ApplyAll: margins may be a gigabyte.
	for i := 0; i < len(margins); i += classes {
		c.Apply(margins[i:i+classes], margins[i:i+classes])
	}
	return margins, y, folds, nil
}

// confusions returns the pairs of classes that are mistaken most.
func confusions(m metric.Report) []Confusion {
	out := []Confusion{}
	for a := range m.Confusion {
		for b := range a {
			if n := m.Confusion[a][b] + m.Confusion[b][a]; n > 1 { // one mistake is no pattern
				out = append(out, Confusion{m.Classes[b].Label, m.Classes[a].Label, n, m.Classes[a].Support + m.Classes[b].Support})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Confusion) int { return cmp.Compare(b.Mistaken, a.Mistaken) })
	return out[:min(len(out), 10)]
}
