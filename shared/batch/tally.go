package batch

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"godwit/shared/serving"
)

// scoreUnit is what scores are counted in: sums of whole numbers are the same
// in whatever order and groups they are added.
const scoreUnit = 1 << 30

// tally is what is known of some rows that were scored. Adding tallies gives
// the same result for any division of the rows.
type tally struct {
	OK        int64            `json:"ok"`
	Failed    int64            `json:"failed"`
	Abstained int64            `json:"abstained,omitempty"`
	Labels    map[string]int64 `json:"labels,omitempty"`
	Score     int64            `json:"score,omitempty"` // sum of best scores, in units of 2^-30
	Least     *float64         `json:"least,omitempty"` // value of a regression
	Greatest  *float64         `json:"greatest,omitempty"`
}

// count adds one row.
func (t *tally) count(r *serving.Result, regression bool) {
	switch {
	case r.Err != nil:
		t.Failed++
		return
	case regression:
		t.extend(&r.Value, &r.Value)
	default:
		if t.Labels == nil {
			t.Labels = map[string]int64{}
		}
		t.Labels[r.Label]++
		t.Score += int64(math.Round(r.Score * scoreUnit))
		if r.Abstained {
			t.Abstained++
		}
	}
	t.OK++
}

// extend widens the range of values.
func (t *tally) extend(least, greatest *float64) {
	if least != nil && (t.Least == nil || *least < *t.Least) {
		// A copy: the pointer is into the caller's result, which is used again.
		v := *least
		t.Least = &v
	}
	if greatest != nil && (t.Greatest == nil || *greatest > *t.Greatest) {
		v := *greatest
		t.Greatest = &v
	}
}

// add adds the rows of another tally.
func (t *tally) add(o *tally) {
	t.OK, t.Failed, t.Abstained, t.Score = t.OK+o.OK, t.Failed+o.Failed, t.Abstained+o.Abstained, t.Score+o.Score
	if t.Labels == nil && o.Labels != nil {
		t.Labels = map[string]int64{}
	}
	// Sums of whole numbers: the order of the map does not matter.
	for label, n := range o.Labels {
		t.Labels[label] += n
	}
	t.extend(o.Least, o.Greatest)
}

// summary tells it to people.
func (t *tally) summary() *Summary {
	// By name first, then stably by count: no order of a map reaches the record.
	s := &Summary{Abstained: t.Abstained, Least: t.Least, Greatest: t.Greatest}
	for _, label := range slices.Sorted(maps.Keys(t.Labels)) {
		s.Labels = append(s.Labels, LabelCount{label, t.Labels[label]})
	}
	slices.SortStableFunc(s.Labels, func(a, b LabelCount) int { return cmp.Compare(b.Rows, a.Rows) })
	if len(s.Labels) > MaxLabels {
		for _, l := range s.Labels[MaxLabels:] {
			s.Others += l.Rows
		}
		s.Labels = slices.Clip(s.Labels[:MaxLabels])
	}
	if t.Labels != nil && t.OK > 0 {
		s.MeanScore = float64(t.Score) / scoreUnit / float64(t.OK)
	}
	return s
}
