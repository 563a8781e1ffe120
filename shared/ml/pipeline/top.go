package pipeline

import (
	"math"
	"slices"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/text"
)

// MinTold is in how many training rows a feature must be to be told by
// TopFeatures: what fewer rows have, a name or a number, could give one away.
const MinTold = 5

// ClassFeatures are the features that matter most to a class.
type ClassFeatures struct {
	Label   string          `json:"label"`   // "" of a regression
	For     []FeatureWeight `json:"for"`     // heaviest first; of a regression those that raise the number
	Against []FeatureWeight `json:"against"` // heaviest first; of a regression those that lower it
}

// FeatureWeight is a feature and what one unit of it adds to the margin.
type FeatureWeight struct {
	Feature string  `json:"feature"` // a term, or a name of tabular.Encoder.Feature
	Weight  float64 `json:"weight"`
}

// TopFeatures returns the terms that speak most for and against each class, as
// Predictor says. It tells none of a file of version 1, which does not say how
// many documents there were, and none of a model with hash bits, which has no
// terms; the Note of its manifest says so.
func (m *Model) TopFeatures(perClass int) []ClassFeatures {
	told := make([]bool, m.vocabulary.Len())
	if m.settings.HashBits == 0 {
		told = frequent(m.vocabulary, m.documents)
	}
	return top(m.labels, &m.lists, perClass, func(f int32) bool { return told[f] },
		func(at uint32) float64 { return float64(artifact.Float16(m.weight[at])) },
		func(f int32) string { _, term := m.vocabulary.Term(f); return term })
}

// TopFeatures returns the features that speak most for and against each class,
// as Predictor says.
func (m *TableModel) TopFeatures(perClass int) []ClassFeatures {
	labels := m.labels
	if labels == nil {
		labels = []string{""}
	}
	return top(labels, &m.lists, perClass, func(f int32) bool { return m.support[f] >= MinTold },
		func(at uint32) float64 { return float64(m.weight[at]) }, m.encoder.Feature)
}

// frequent reports of each term of a vocabulary whether at least MinTold of n
// documents have it. Document frequencies are not stored: they follow from n
// and the inverse ones, ln((1+n)/(1+df))+1, which rounding moves by far less
// than one document.
func frequent(v *text.Vocabulary, n int) []bool {
	told := make([]bool, v.Len())
	tensors := v.Tensors()
	at := slices.IndexFunc(tensors, func(t artifact.Tensor) bool { return t.Name == "terms.idf" })
	if at < 0 || n == 0 {
		return told
	}
	// A tensor of the vocabulary's own making is what it says.
	idf, _ := artifact.Float32s(tensors[at])
	for f, x := range idf {
		told[f] = float64(1+n)/math.Exp(float64(x)-1) > MinTold+.5 // 1+df, with half a document of room
	}
	return told
}

// top gathers the heaviest weights of each class from lists by feature.
func top(labels []string, l *lists, most int, told func(int32) bool, weight func(uint32) float64, name func(int32) string) []ClassFeatures {
	n := l.class.problems
	raise, lower := make([]ranking, n), make([]ranking, n)
	for f := range int32(len(l.start) - 1) {
		if !told(f) {
			continue
		}
		for i := l.start[f]; i < l.start[f+1]; i++ {
			p, w := l.class.at(i), weight(i)
			if w > 0 {
				raise[p].offer(f, w, most)
			} else {
				lower[p].offer(f, w, most)
			}
		}
	}
	out := make([]ClassFeatures, len(labels))
	for c, label := range labels {
		p, sign := sideOf(c, n, len(labels))
		speakFor, against := raise[p], lower[p]
		if sign < 0 {
			speakFor, against = against, speakFor
		}
		out[c] = ClassFeatures{label, speakFor.named(name, sign), against.named(name, sign)}
	}
	return out
}

// ranking keeps the heaviest weights offered, of one sign, the heaviest first;
// of equal ones that of the lower feature, which comes first.
type ranking []ranked

// ranked is a feature and its weight.
type ranked struct {
	feature int32
	weight  float64
}

// offer takes in a weight if it is among the `most` heaviest. Insertion into a
// short sorted list: nearly all offers fail at the first comparison or two.
func (r *ranking) offer(feature int32, weight float64, most int) {
	at := len(*r)
	for at > 0 && math.Abs((*r)[at-1].weight) < math.Abs(weight) {
		at--
	}
	if at >= most {
		return
	}
	*r = slices.Insert(*r, at, ranked{feature, weight})
	*r = (*r)[:min(len(*r), most)]
}

// named returns the ranking with names, weights times sign.
func (r ranking) named(name func(int32) string, sign float64) []FeatureWeight {
	out := make([]FeatureWeight, len(r))
	for k, e := range r {
		out[k] = FeatureWeight{name(e.feature), sign * e.weight}
	}
	return out
}
