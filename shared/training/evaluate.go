package training

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/metric"
	"godwit/shared/ml/pipeline"
)

// answers are what a model said about some rows.
type answers struct {
	class []int32   // most probable
	prob  []float32 // rows x classes
	value []float64 // of a regression
}

// predict asks a model about rows as a caller would.
func (r *rows) predict(m pipeline.Predictor, x *texts, some []int32) answers {
	var a answers
	var scratch pipeline.Scratch
	for _, row := range some {
		in := r.input(x, row)
		if m.Labels() == nil {
			a.value = append(a.value, m.Value(&scratch, in))
			continue
		}
		scores := m.Scores(&scratch, in)
		a.class = append(a.class, top(scores))
		a.prob = append(a.prob, scores...)
	}
	return a
}

// Evaluation is what the evaluation model achieved on held-out rows, which it
// was neither fitted, tuned nor calibrated on. Intervals are at 95 %.
type Evaluation struct {
	*metric.Report                    // of a classification
	MacroF1        *metric.Interval   `json:"macro_f1_interval,omitempty"`
	AUC            float64            `json:"auc,omitempty"`               // area under the ROC curve, mean over classes; absent when all rows are of one
	Precision      float64            `json:"average_precision,omitempty"` // mean over classes
	Reliability    []calibrate.Bin    `json:"reliability,omitempty"`       // how often it was right when so sure
	Curves         []Curve            `json:"curves,omitempty"`            // of the classes with most held-out rows
	Abstention     []Abstention       `json:"abstention,omitempty"`        // what a min_score would buy
	Sets           []Coverage         `json:"sets,omitempty"`              // what prediction sets of a coverage hold
	Numbers        *metric.Regression `json:"regression,omitempty"`        // of a regression
	Intervals      []Width            `json:"intervals,omitempty"`         // what its prediction intervals of a coverage hold
	Hexagons       *metric.Hexbin     `json:"hexagons,omitempty"`          // of a regression: predicted numbers over true ones
	Residuals      []metric.Spread    `json:"residuals,omitempty"`         // likewise: errors by the size of the prediction
	Mistakes       *Mistakes          `json:"mistakes,omitempty"`          // of a classification
}

// Curve is the precision-recall curve of one class against the rest.
type Curve struct {
	Label  string           `json:"label"`
	Points []metric.PRPoint `json:"points"`
}

// Abstention says what answering only from a score on comes to.
type Abstention struct {
	MinScore float64 `json:"min_score"`
	Answered float64 `json:"answered"` // share of rows
	Accuracy float64 `json:"accuracy"` // among them, 0 without any
}

// Coverage says what prediction sets of a coverage came to.
type Coverage struct {
	Asked   float64 `json:"asked"`
	Covered float64 `json:"covered"` // share of rows whose set held the true class
	Size    float64 `json:"size"`    // mean number of classes in a set
}

// Width says what prediction intervals of a coverage came to.
type Width struct {
	Asked   float64 `json:"asked"`
	Covered float64 `json:"covered"` // share of rows whose interval held the true number
	Width   float64 `json:"width"`   // of each interval, in the unit of the number
}

// asked are the coverages that are tried on held-out rows.
var asked = []float64{.8, .9, .95, .99}

const (
	curveClasses = 20
	curvePoints  = 20
	resamples    = metric.Resamples
)

// evaluate measures a model on the held-out rows. excerpts says whether its
// mistakes may show the rows' beginnings.
func evaluate(m pipeline.Predictor, r *rows, x *texts, excerpts bool) (*Evaluation, error) {
	a := r.predict(m, x, r.Test)
	if r.Labels == nil {
		truth := of(r.Values, r.Test)
		n, err := metric.Regress(truth, a.value, resamples, 1)
		if err != nil {
			return nil, err
		}
		pairs := metric.NewHexbin(truth, a.value, hexagons)
		return &Evaluation{
			Numbers: &n, Intervals: widths(m, truth, a.value), Hexagons: &pairs,
			Residuals: metric.Residuals(truth, a.value, residualBands),
		}, nil
	}
	truth, k := of(r.Y, r.Test), len(r.Labels)
	report, err := metric.Classify(truth, a.prob, r.Labels)
	if err != nil {
		return nil, fmt.Errorf("measure: %w", err)
	}
	f1 := metric.MacroF1Interval(truth, a.class, k, resamples, 1)
	e := &Evaluation{
		Report: &report, MacroF1: &f1,
		AUC: measured(metric.MacroAUC(truth, a.prob, k)), Precision: measured(metric.MacroAveragePrecision(truth, a.prob, k)),
		Reliability: calibrate.Reliability(a.prob, truth, k),
		Curves:      curves(truth, a.prob, r.Labels), Abstention: abstentions(truth, a), Sets: coverages(m, truth, a),
		Mistakes: mistakes(r, x, a, excerpts),
	}
	return e, nil
}

// measured is v, or 0 for what cannot be measured: JSON has no other word for it.
// There is no ranking to judge where all held-out rows are of one class.
func measured(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

// headline returns the numbers people compare versions by.
func (e *Evaluation) headline() map[string]float64 {
	if e.Report == nil {
		return e.Numbers.Headline()
	}
	h := maps.Clone(e.Report.Headline())
	h["macro_f1_low"], h["macro_f1_high"] = e.MacroF1.Low, e.MacroF1.High
	return h
}

// curves returns the precision-recall curves of the classes with most rows.
func curves(truth []int32, prob []float32, labels []string) []Curve {
	k := len(labels)
	rows := make([]int, k)
	for _, t := range truth {
		rows[t]++
	}
	var out []Curve
	for _, class := range largest(rows, curveClasses) {
		positive, score := make([]bool, len(truth)), make([]float32, len(truth))
		for i, t := range truth {
			positive[i], score[i] = int(t) == class, prob[i*k+class]
		}
		if points := metric.PRCurve(positive, score, curvePoints); points != nil {
			out = append(out, Curve{labels[class], points})
		}
	}
	return out
}

// abstentions returns what thresholds on the score would come to.
func abstentions(truth []int32, a answers) []Abstention {
	k := len(a.prob) / max(1, len(truth))
	var out []Abstention
	for step := range 10 {
		least := float64(step) / 10
		answered, right := 0, 0
		for i, t := range truth {
			if float64(a.prob[i*k+int(a.class[i])]) < least {
				continue
			}
			answered++
			if a.class[i] == t {
				right++
			}
		}
		out = append(out, Abstention{least, float64(answered) / float64(len(truth)), float64(right) / float64(max(1, answered))})
	}
	return out
}

// coverages returns what prediction sets hold.
func coverages(m pipeline.Predictor, truth []int32, a answers) []Coverage {
	k := len(a.prob) / max(1, len(truth))
	var out []Coverage
	var set []int32
	for _, asked := range asked {
		held, size := 0, 0
		for i, t := range truth {
			set = m.Set(set[:0], a.prob[i*k:(i+1)*k], asked)
			size += len(set)
			for _, c := range set {
				if c == t {
					held++
				}
			}
		}
		n := float64(len(truth))
		out = append(out, Coverage{asked, float64(held) / n, float64(size) / n})
	}
	return out
}

// widths returns what prediction intervals hold; a coverage that was measured on
// too few rows has none.
func widths(m pipeline.Predictor, truth, predicted []float64) []Width {
	var out []Width
	for _, asked := range asked {
		held, width := 0, 0.
		for i, want := range truth {
			low, high, ok := m.Interval(predicted[i], asked)
			if !ok {
				return out
			}
			if width = high - low; low <= want && want <= high {
				held++
			}
		}
		out = append(out, Width{asked, float64(held) / float64(len(truth)), width})
	}
	return out
}

// largest returns the places of the n greatest, the greatest first.
func largest(v []int, n int) []int {
	at := make([]int, len(v))
	for i := range at {
		at[i] = i
	}
	slices.SortStableFunc(at, func(a, b int) int { return v[b] - v[a] })
	return at[:min(n, len(at))]
}
