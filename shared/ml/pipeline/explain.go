package pipeline

import (
	"math"

	"godwit/shared/ml/text"
)

// The methods of explanations.
const (
	MethodLinear    = "linear"    // of linear models, which are sums
	MethodOcclusion = "occlusion" // of networks: what the margin loses without each part of the input
	MethodGradient  = "gradient"  // of networks: how much the margin depends on each pixel
)

// Explanation splits a margin, or the number a regression predicts, over the
// input it is of: Baseline plus the weights of all spans or all columns, and
// Rest, is Margin, to within 1e-9 of the largest of them where that exceeds 1.
// Of an image it is a map and no sum.
type Explanation struct {
	Method   string         `json:"method"`
	Baseline float64        `json:"baseline"`          // the margin of an input without features
	Margin   float64        `json:"margin"`            // of the class asked for, or the number predicted
	Spans    []Span         `json:"spans"`             // of a text: ascending and disjoint; parts without weight are left out
	Columns  []ColumnWeight `json:"columns,omitempty"` // of a table: in the model's order; columns without weight are left out
	Rest     float64        `json:"rest,omitzero"`     // what the parts do together and none does alone; 0 of linear models
	Image    *Saliency      `json:"image,omitempty"`   // of an image
}

// Saliency is a picture of where in an image its answer comes from: the image
// dimmed, the hotter the more a pixel counts.
type Saliency struct {
	PNG    []byte `json:"png"` // a file
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// Span is a part of a document and what it added to the margin.
type Span struct {
	Start  int     `json:"start"` // first code point
	End    int     `json:"end"`   // code point after the last
	Text   string  `json:"text"`  // as it stands in the document
	Weight float64 `json:"weight"`
}

// ColumnWeight is a column of a table and what its cell added.
type ColumnWeight struct {
	Column string  `json:"column"`
	Value  string  `json:"value"` // the cell as it was given, "" when empty
	Weight float64 `json:"weight"`
}

// Explain returns how the margin of a class comes about; class must be a place
// in Labels. Every feature's share of the margin goes in equal parts to its
// occurrences, and there in equal parts to the code points the n-gram covers.
// A word is one span; neighbouring characters of unspaced scripts are one as
// long as they pull the same way.
//
// The margin is summed in double precision and may differ from that of Margins
// in the last bits of single precision.
func (m *Model) Explain(s *Scratch, doc string, class int) Explanation {
	problem, sign := sideOf(class, len(m.bias), len(m.labels))
	e := Explanation{Method: MethodLinear, Baseline: sign * float64(m.bias[problem])}
	e.Margin = e.Baseline
	index, value, found := m.vocabulary.Locate(&s.text, doc)
	s.shares = resize(s.shares, len(index))
	for k, f := range index {
		s.shares[k] = sign * float64(value[k]) * m.weightOf(f, problem)
		e.Margin += s.shares[k]
	}
	s.runes = s.runes[:0]
	for _, r := range doc {
		s.runes = append(s.runes, r)
	}
	weight := s.spread(found, len(s.runes))
	e.Spans = spans(s.runes, weight, s.text.Pieces())
	return e
}

// spread gives each of so many code points its part of the shares of the
// features that were found.
func (s *Scratch) spread(found []text.Occurrence, length int) []float64 {
	s.times = resize(s.times, len(s.shares))
	clear(s.times)
	for _, o := range found {
		s.times[o.Place]++
	}
	s.weights = resize(s.weights, length)
	clear(s.weights)
	for _, o := range found {
		covered := 0
		for _, x := range o.Covers {
			covered += x.End - x.Start
		}
		part := s.shares[o.Place] / float64(s.times[o.Place]) / float64(covered)
		for _, x := range o.Covers {
			for i := x.Start; i < x.End; i++ {
				s.weights[i] += part
			}
		}
	}
	return s.weights
}

// spans gathers the weights of code points by piece. What lies between the
// pieces goes to the piece before it.
func spans(runes []rune, weight []float64, pieces []text.Extent) []Span {
	var out []Span
	single := false // the last span is made of single characters
	for k, p := range pieces {
		end := len(runes)
		if k+1 < len(pieces) {
			end = pieces[k+1].Start
		}
		sum := 0.0
		for _, w := range weight[p.Start:end] {
			sum += w
		}
		if sum == 0 {
			single = false // a gap ends a run
			continue
		}
		isSingle := p.End-p.Start == 1
		if n := len(out); n > 0 && single && isSingle && out[n-1].End == p.Start &&
			math.Signbit(out[n-1].Weight) == math.Signbit(sum) {
			out[n-1].End = p.End
			out[n-1].Weight += sum
			out[n-1].Text = string(runes[out[n-1].Start:p.End])
			continue
		}
		out = append(out, Span{p.Start, p.End, string(runes[p.Start:p.End]), sum})
		single = isSingle
	}
	return out
}
