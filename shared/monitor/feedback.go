package monitor

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// Limits of one judgement.
const (
	MaxLabel   = 512  // bytes, as in a data set
	MaxComment = 1000 // code points
	MaxValue   = 1e30 // greatest absolute value of a true number
)

// Judgement says what was right about one answer of a prediction.
type Judgement struct {
	Prediction string        // the prediction's id, as its caller was given it
	Index      int           // of the answer in it, from 0
	Model      registry.Name // that answered
	Version    int           // that answered, from 1
	At         time.Time     // when it was predicted
	Labels     []string      // of the version; nil says that it is a regression
	Predicted  string        // the label that was answered
	Score      float64       // of it
	Value      float64       // that was answered, of a regression

	Label   string          // the true label; one the version does not have is kept as such
	Actual  float64         // the true value, of a regression
	Comment string          // for whoever reviews it; may be empty
	Input   json.RawMessage // what was asked, to be kept; nil keeps nothing
	By      string          // id of the key that judges
}

// Status says what a judgement came to.
type Status string

// The statuses of an Outcome.
const (
	Recorded  Status = "recorded"  // the first of its answer
	Corrected Status = "corrected" // took the place of another
	Repeated  Status = "repeated"  // says what the one before said: not counted again
)

// Outcome is what a judgement came to.
type Outcome struct {
	Status    Status
	Correct   bool    // the answer was right; of a regression false
	NewLabel  bool    // the version does not have the true label
	Deviation float64 // of a regression: the answer less the true value
}

// Check refuses a judgement that cannot be meant: a label that is another
// spelling of one of the version's, which would count as a new label. The error
// is fault.Invalid and names the label that is there.
func (j *Judgement) Check() error {
	if j.Labels == nil || slices.Contains(j.Labels, j.Label) {
		return nil
	}
	for _, known := range j.Labels {
		if strings.EqualFold(known, strings.TrimSpace(j.Label)) {
			return fault.New(fault.Invalid, "the model knows this label as %q", known).WithReason("label_case_variant")
		}
	}
	return nil
}

// verdict is a judgement as it is counted.
type verdict struct {
	regression       bool
	truth, predicted int // places among the labels, -1 when not among them
	label            string
	deviation        float64
}

// verdict is what j comes to when the true label or value is this one.
func (j *Judgement) verdict(label string, actual float64) verdict {
	if j.Labels == nil {
		return verdict{regression: true, deviation: bounded(j.Value - actual)}
	}
	return verdict{truth: slices.Index(j.Labels, label), predicted: slices.Index(j.Labels, j.Predicted), label: label}
}

// correct and isNew are of classifications; a regression is never either.
func (v verdict) correct() bool { return !v.regression && v.truth >= 0 && v.truth == v.predicted }
func (v verdict) isNew() bool   { return !v.regression && v.truth < 0 }

// bounded keeps a deviation so small that the fourth powers of many add up to a
// number.
func bounded(d float64) float64 { return min(max(d, -1e60), 1e60) }

// hash names the prediction in keys.
func (j *Judgement) hash() string {
	// 16 bytes: 128 bits name a prediction as surely as 256, in half of a key.
	sum := sha256.Sum256([]byte(j.Prediction))
	return hex.EncodeToString(sum[:16])
}

// rank orders the review queue: wrong answers first, the surest first, then
// right ones, the least sure first. Regressions come by their deviation. The
// bits of a positive number order as the number does.
func (j *Judgement) rank(v verdict) string {
	urgent, class := math.Abs(v.deviation), 0
	if !v.regression {
		urgent = j.Score
	}
	if v.correct() {
		urgent, class = 1-j.Score, 1
	}
	// Inverted, since the queue is read upwards and the greatest comes first.
	return fmt.Sprintf("%d%016x", class, ^math.Float64bits(math.Abs(urgent)))
}
