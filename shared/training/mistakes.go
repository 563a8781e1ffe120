package training

import (
	"cmp"
	"slices"

	"godwit/shared/ml/doctor"
)

// Mistakes are held-out rows worth a look. They are told by where they stand in
// the file; what they say is only told when Settings.ReportExcerpts asks for it.
type Mistakes struct {
	Confident []Mistake `json:"confident"` // answered wrong, the surest first
	Hard      []Mistake `json:"hard"`      // whose label was thought least probable, that first
}

// Mistake is one held-out row and what was answered.
type Mistake struct {
	Line    int64   `json:"line,omitempty"`   // in the file, from 1; 0: it is not from the file
	Record  int64   `json:"record,omitempty"` // likewise
	Label   string  `json:"label"`            // its own
	Answer  string  `json:"answer"`
	Score   float64 `json:"score"`             // of the answer
	True    float64 `json:"true_score"`        // of its own label
	Excerpt string  `json:"excerpt,omitempty"` // its beginning, when asked for
}

const (
	mistakesShown = 20 // of each kind
	hexagons      = 24 // side by side, in the picture of a regression
	residualBands = 10
)

// mistakes picks the held-out rows of both lists from what was answered.
func mistakes(r *rows, x *texts, a answers, excerpts bool) *Mistakes {
	k := len(r.Labels)
	all := make([]int, len(r.Test))
	for i := range all {
		all[i] = i
	}
	score := func(i int) float32 { return a.prob[i*k+int(a.class[i])] }
	own := func(i int) float32 { return a.prob[i*k+int(r.Y[r.Test[i]])] }
	tell := func(places []int) []Mistake {
		out := []Mistake{}
		for _, i := range places[:min(len(places), mistakesShown)] {
			row := r.Test[i]
			m := Mistake{
				Line: x.Line[row], Record: x.Record[row], Label: r.Labels[r.Y[row]], Answer: r.Labels[a.class[i]],
				Score: float64(score(i)), True: float64(own(i)),
			}
			if excerpts {
				m.Excerpt = doctor.Excerpt(x.row(r, row).Text)
			}
			out = append(out, m)
		}
		return out
	}
	wrong := slices.DeleteFunc(slices.Clone(all), func(i int) bool { return a.class[i] == r.Y[r.Test[i]] })
	slices.SortStableFunc(wrong, func(i, j int) int { return cmp.Compare(score(j), score(i)) })
	// Of a model that is seldom wrong only what it doubted is worth a look.
	all = slices.DeleteFunc(all, func(i int) bool { return own(i) >= .5 })
	slices.SortStableFunc(all, func(i, j int) int { return cmp.Compare(own(i), own(j)) })
	return &Mistakes{Confident: tell(wrong), Hard: tell(all)}
}
