package metric

import "math"

// PRF is precision, recall and their harmonic mean, each in [0, 1].
type PRF struct {
	Precision float64 `json:"precision"` // right among those predicted
	Recall    float64 `json:"recall"`    // right among those that are
	F1        float64 `json:"f1"`        // 2*precision*recall/(precision+recall)
}

// Interval is a 95 % confidence interval; that of a proportion or of an F1 is
// within [0, 1].
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Class is what a report says about one class.
type Class struct {
	Label string `json:"label"`
	PRF
	PrecisionInterval Interval `json:"precision_interval"` // 0 to 1 when never predicted
	RecallInterval    Interval `json:"recall_interval"`    // 0 to 1 without support
	Support           int      `json:"support"`            // rows of this class
	Predicted         int      `json:"predicted"`          // rows predicted to be of it
}

// Report is the measured quality of a classifier on some rows.
type Report struct {
	Rows         int     `json:"rows"`
	Loss         float64 `json:"loss"`          // mean cross-entropy in nats
	Accuracy     float64 `json:"accuracy"`      // share of rows predicted right
	AccuracyLow  float64 `json:"accuracy_low"`  // Wilson 95 % interval
	AccuracyHigh float64 `json:"accuracy_high"` //
	Baseline     float64 `json:"baseline"`      // accuracy of always answering the most frequent class
	ECE          float64 `json:"ece"`           // expected calibration error, 15 equal-width bins of the top score
	Macro        PRF     `json:"macro"`         // mean over classes that occur or are predicted
	Micro        PRF     `json:"micro"`         // over all rows alike: with one label a row, the accuracy
	Weighted     PRF     `json:"weighted"`      // mean over classes, weighted by support
	Classes      []Class `json:"classes"`       // in the order of the labels
	Confusion    [][]int `json:"confusion"`     // rows by [truth][predicted]
}

// Headline returns the numbers people compare versions by. precision, recall
// and f1 are the macro averages, under the names most callers look for.
func (r Report) Headline() map[string]float64 {
	return map[string]float64{
		"rows":          float64(r.Rows),
		"loss":          r.Loss,
		"accuracy":      r.Accuracy,
		"accuracy_low":  r.AccuracyLow,
		"accuracy_high": r.AccuracyHigh,
		"baseline":      r.Baseline,
		"precision":     r.Macro.Precision,
		"recall":        r.Macro.Recall,
		"f1":            r.Macro.F1,
		"macro_f1":      r.Macro.F1,
		"micro_f1":      r.Micro.F1,
		"weighted_f1":   r.Weighted.F1,
		"ece":           r.ECE,
	}
}

// Wilson returns the 95 % score interval of a proportion of which successes
// out of trials were seen: Wilson, "Probable Inference, the Law of Succession,
// and Statistical Inference", JASA 22 (1927). Unlike the normal interval it
// stays within [0, 1] and is not empty at either end. No trials say nothing:
// the interval is [0, 1].
func Wilson(successes, trials int) Interval {
	if trials <= 0 {
		return Interval{0, 1}
	}
	const z = 1.959963984540054 // the .975 quantile of the normal distribution
	n := float64(trials)
	p := float64(successes) / n
	centre := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return Interval{max(centre-half, 0), min(centre+half, 1)}
}

// tally counts predictions by class.
type tally struct {
	rows      int
	confusion [][]int // [truth][predicted]
}

func newTally(classes int) *tally {
	// The rows are cut from one array: with a thousand classes they are a million
	// numbers.
	t := &tally{confusion: make([][]int, classes)}
	cells := make([]int, classes*classes)
	for c := range t.confusion {
		t.confusion[c], cells = cells[:classes:classes], cells[classes:]
	}
	return t
}

func (t *tally) add(truth, predicted int) {
	t.rows++
	t.confusion[truth][predicted]++
}

// report makes everything that follows from the counts.
func (t *tally) report(labels []string) Report {
	right, most := 0, 0
	support, predicted := t.margins()
	for c := range t.confusion {
		right += t.confusion[c][c]
		most = max(most, support[c])
	}
	n := float64(t.rows)
	accuracy := float64(right) / n
	interval := Wilson(right, t.rows)
	r := Report{
		Rows:     t.rows,
		Accuracy: accuracy, AccuracyLow: interval.Low, AccuracyHigh: interval.High,
		Baseline:  float64(most) / n,
		Micro:     PRF{accuracy, accuracy, accuracy}, // every mistake is one false positive and one false negative
		Classes:   make([]Class, len(labels)),
		Confusion: t.confusion,
	}
	seen := 0
	for c, label := range labels {
		hit := t.confusion[c][c]
		score := scores(hit, predicted[c], support[c])
		r.Classes[c] = Class{
			Label: label, PRF: score, Support: support[c], Predicted: predicted[c],
			PrecisionInterval: Wilson(hit, predicted[c]), RecallInterval: Wilson(hit, support[c]),
		}
		if support[c]+predicted[c] > 0 {
			seen++
		}
		r.Macro.add(score, 1)
		r.Weighted.add(score, float64(support[c])/n)
	}
	r.Macro = PRF{r.Macro.Precision / float64(seen), r.Macro.Recall / float64(seen), r.Macro.F1 / float64(seen)}
	return r
}

// margins returns the sums of the confusion matrix by truth and by prediction.
func (t *tally) margins() (support, predicted []int) {
	support, predicted = make([]int, len(t.confusion)), make([]int, len(t.confusion))
	for truth, row := range t.confusion {
		for p, n := range row {
			support[truth] += n
			predicted[p] += n
		}
	}
	return support, predicted
}

// add adds another's scores times a weight.
func (s *PRF) add(o PRF, weight float64) {
	s.Precision += o.Precision * weight
	s.Recall += o.Recall * weight
	s.F1 += o.F1 * weight
}

// scores returns a class's PRF from the rows predicted right, predicted at
// all, and true.
func scores(hit, predicted, support int) PRF {
	return PRF{
		Precision: ratio(hit, predicted),
		Recall:    ratio(hit, support),
		// The same as the harmonic mean, without dividing by zero twice.
		F1: ratio(2*hit, predicted+support),
	}
}

// ratio returns a/b, 0 when b is 0.
func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
