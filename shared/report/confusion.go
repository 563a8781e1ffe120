package report

import (
	"cmp"
	"fmt"
	"slices"

	"godwit/shared/ml/metric"
	"godwit/shared/report/chart"
)

const (
	matrixMost  = 150 // labels of a matrix
	matrixNamed = 30  // labels up to which there is one matrix, with all of them
	// matrixLegible is how many names fit beside an overview and can be read.
	matrixLegible = 84
	ordered       = 12 // labels up to which they stay in their own order
	groupMost     = 8  // labels of a group
	groupsShown   = 6
	pairsShown    = 20
	groupLink     = .04 // share of a label's rows taken for another that ties the two
)

// pair is how often one label was taken for another.
type pair struct {
	Truth, Answer string
	Rows          int
	Share         string // of the true label's rows
	share         float64
}

// link is how much two labels are taken for each other, as shares of their rows.
type link struct {
	a, b   int
	weight float64
}

// confusion draws who is taken for whom.
func (v *view) confusion(r *metric.Report) {
	w := v.words
	wrong := 0
	for i, c := range r.Classes {
		wrong += c.Support - r.Confusion[i][i]
	}
	desc := fmt.Sprintf(w.ConfusionDesc, len(r.Classes), count(r.Rows), count(wrong))
	drawn := worst(r)
	if len(drawn) < len(r.Classes) {
		desc += " " + fmt.Sprintf(w.ConfusionWorst, len(drawn), len(r.Classes))
	}
	if len(drawn) > ordered {
		drawn = slices.Concat(chains(links(r, drawn), drawn, len(drawn))...)
		desc += " " + w.ConfusionOrder
	}
	v.Pairs = pairs(r)
	if len(drawn) <= matrixNamed {
		v.Figures.add("confusion", w.matrix("confusion", w.ConfusionTitle, desc, r, drawn, max(14, min(44, 440/float64(len(drawn)))), true))
		return
	}
	v.Figures.add("named", w.matrix("confusion-named", w.ConfusionNamed, desc, r, drawn, 13, true))
	mistaken := slices.DeleteFunc(slices.Clone(drawn), func(i int) bool { return missed(r, i) == 0 })
	if len(mistaken) > 1 {
		if clean := len(drawn) - len(mistaken); clean > 0 {
			desc += " " + fmt.Sprintf(w.ConfusionClean, clean)
		}
		drawn = mistaken
	}
	v.Figures.add("confusion", w.matrix("confusion", w.ConfusionTitle, desc, r, drawn, 760/float64(max(matrixNamed, len(drawn))), len(drawn) <= matrixLegible))
	for i, g := range groups(r, drawn) {
		title := fmt.Sprintf(w.GroupTitle, r.Classes[g[0]].Label, len(g)-1, len(g))
		rows := 0
		for _, c := range g {
			rows += r.Classes[c].Support
		}
		v.Figures.add("groups", w.matrix(fmt.Sprintf("group-%d", i), title, fmt.Sprintf(w.GroupDesc, count(rows), count(inside(r, g))), r, g, 26, true))
	}
}

// matrix draws the counts among some classes, in that order.
func (w *words) matrix(id, title, desc string, r *metric.Report, of []int, side float64, named bool) *chart.Figure {
	c := chart.Confusion{Side: side, Named: named, Row: w.TrueLabel, Column: w.Answer}
	for _, i := range of {
		c.Labels = append(c.Labels, r.Classes[i].Label)
		row := make([]int, len(of))
		for k, j := range of {
			row[k] = r.Confusion[i][j]
		}
		c.Counts = append(c.Counts, row)
	}
	c.Tell = func(row, column, n int) string {
		return fmt.Sprintf(w.ConfusionCell, chart.Plain(c.Labels[row], 60), chart.Plain(c.Labels[column], 60), n, r.Classes[of[row]].Support)
	}
	return chart.Matrix(id, title, desc, c)
}

// worst returns the classes to draw, in their order: all, or those with most
// mistakes, of either kind.
func worst(r *metric.Report) []int {
	order := make([]int, len(r.Classes))
	for i := range order {
		order[i] = i
	}
	if len(order) <= matrixMost {
		return order
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(missed(r, b), missed(r, a)) })
	order = order[:matrixMost]
	slices.Sort(order)
	return order
}

// missed returns how many rows a class lost to others or took from them.
func missed(r *metric.Report, i int) int {
	return r.Classes[i].Support + r.Classes[i].Predicted - 2*r.Confusion[i][i]
}

// links returns what ties some classes, the strongest first.
func links(r *metric.Report, of []int) []link {
	var out []link
	for k, i := range of {
		for _, j := range of[:k] {
			weight := share(r.Confusion[i][j], r.Classes[i].Support) + share(r.Confusion[j][i], r.Classes[j].Support)
			if weight > 0 {
				out = append(out, link{j, i, weight})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b link) int { return cmp.Compare(b.weight, a.weight) })
	return out
}

func share(part, whole int) float64 { return float64(part) / float64(max(1, whole)) }

// chains strings classes so that what is linked strongly stands close: from the
// strongest link on, the two chains it touches become one, unless that had more
// than most members, each turned so that the linked ends are as near as may be.
// Chains come back the longest first; those of one member last, in order.
func chains(links []link, of []int, most int) [][]int {
	chain := map[int]*[]int{}
	for _, i := range of {
		chain[i] = &[]int{i}
	}
	for _, l := range links {
		a, b := chain[l.a], chain[l.b]
		if a == b || len(*a)+len(*b) > most {
			continue
		}
		if slices.Index(*a, l.a) < len(*a)/2 {
			slices.Reverse(*a) // so that its end is near
		}
		if slices.Index(*b, l.b) >= (len(*b)+1)/2 {
			slices.Reverse(*b)
		}
		*a = append(*a, *b...)
		for _, i := range *b {
			chain[i] = a
		}
	}
	var out [][]int
	seen := map[*[]int]bool{}
	for _, i := range of {
		if c := chain[i]; !seen[c] {
			seen[c] = true
			out = append(out, *c)
		}
	}
	slices.SortStableFunc(out, func(a, b []int) int { return len(b) - len(a) })
	return out
}

// groups returns the groups of labels that are most taken for each other.
func groups(r *metric.Report, of []int) [][]int {
	strong := slices.DeleteFunc(links(r, of), func(l link) bool { return l.weight < groupLink })
	all := slices.DeleteFunc(chains(strong, of, groupMost), func(g []int) bool { return len(g) < 2 })
	slices.SortStableFunc(all, func(a, b []int) int { return cmp.Compare(inside(r, b), inside(r, a)) })
	return all[:min(groupsShown, len(all))]
}

// inside returns how many rows of a group are taken for another of it.
func inside(r *metric.Report, group []int) int {
	n := 0
	for _, i := range group {
		for _, j := range group {
			if i != j {
				n += r.Confusion[i][j]
			}
		}
	}
	return n
}

// pairs returns the most frequent mistakes.
func pairs(r *metric.Report) []pair {
	var out []pair
	for i, row := range r.Confusion {
		for j, n := range row {
			if i != j && n > 0 {
				s := share(n, r.Classes[i].Support)
				out = append(out, pair{r.Classes[i].Label, r.Classes[j].Label, n, percent(s), s})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b pair) int { return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(b.share, a.share)) })
	return out[:min(pairsShown, len(out))]
}
