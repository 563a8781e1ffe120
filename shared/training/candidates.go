package training

import (
	"cmp"
	"slices"

	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tabular"
	"godwit/shared/ml/tune"
	"godwit/shared/registry"
)

const (
	// imbalanced is the ratio of the largest to the smallest class from which
	// macro-F1 is the better judge.
	imbalanced = 10
	// uneven is the ratio from which class weights are worth trying.
	uneven = 3
	// cheap is the work, in units of Search.Budget, up to which a grid tries
	// what seldom wins: another learner, one more step of C. It is some seconds
	// on one core.
	cheap = 3e7
	// cheapTable is the work up to which tables try an SVM beside the logistic
	// regression: dual coordinate descent crawls where rows are many and columns
	// few (100,000 rows of 9 took it 30 times as long as Newton's method).
	cheapTable = 3e5
)

// ladder are the costs a search steps along. For unit-length TF-IDF rows and
// for scaled cells alike a linear model changes little beyond its ends.
var ladder = []float64{.01, .03, .1, .3, 1, 3, 10, 30, 100}

// paths are the costs `auto` begins with, by learner: for texts where a linear
// model usually is best, its neighbours follow for what won; for tables, whose
// columns are few and cheap, every other step.
var (
	textPath  = map[string][]float64{pipeline.SVM: {1}, pipeline.Logistic: {10, 30}}
	tablePath = map[string][]float64{pipeline.SVM: {.03, .3, 3}, pipeline.Logistic: {.1, 1, 10}, pipeline.Ridge: {.01, .1, 1, 10}}
)

// path returns the costs a variant begins with.
func (p *plan) path(v variant) []float64 {
	switch {
	case len(p.Settings.Params.C) > 0:
		path := slices.Clone(p.Settings.Params.C)
		slices.Sort(path)
		return slices.Compact(path)
	case v.isNetwork():
		return p.epochs(v.Learner)
	case p.Shards != nil:
		return rowsPath
	case p.Halving != nil:
		return []float64{.1, .3, 1, 3, 10}
	case p.table():
		return tablePath[v.Learner]
	}
	return textPath[v.Learner]
}

// featureNames are the features the search compares, small ones first.
func featureNames(s Settings) []string {
	switch {
	case len(s.Params.Features) > 0:
		return s.Params.Features
	case s.learner() == pipeline.RNN:
		return []string{cmp.Or(s.Params.Cell, textCells[0])}
	case s.Task == registry.TextClassification:
		return []string{"word", "union"}
	case s.Task == registry.ImageClassification:
		return imageRecipes[:2] // mirroring turns a d into a b: it is for callers to ask for
	}
	return []string{string(tabular.Plain), string(tabular.Curved), string(tabular.Binned)}
}

// learnersOf are the learners a search begins with.
func (p *plan) learnersOf() []string {
	switch {
	case p.Settings.learner() != "":
		return []string{p.Settings.learner()}
	case p.images():
		return []string{pipeline.CNN}
	case p.regression():
		return []string{pipeline.Ridge}
	case p.table() && p.Work <= cheapTable:
		return []string{pipeline.Logistic, pipeline.SVM}
	case p.table():
		return []string{pipeline.Logistic}
	}
	return []string{pipeline.SVM}
}

// variant completes one with what the caller fixed.
func (p *plan) variant(features, learner string) variant {
	v := variant{Recipe: features, Learner: learner}
	if p.Settings.Params.ClassWeight == pipeline.BalanceSqrt && !p.regression() {
		v.Balance = pipeline.BalanceSqrt
	}
	if v.isNetwork() {
		return v // the rest is of linear models
	}
	if learner == pipeline.SVM {
		v.Loss = p.Settings.Params.Loss
		if v.Loss == "" {
			v.Loss = "squared_hinge"
		}
	}
	if p.Settings.Params.MultiClass == multinomial && learner == pipeline.Logistic {
		v.MultiClass = multinomial
	}
	v.Descent = p.Settings.Params.descent()
	if !p.table() {
		v.MinDocs = p.Settings.Params.MinDocs
		v.HashBits = p.Settings.Params.HashBits
	}
	return v
}

// base are the variants of rung 0.
func (p *plan) base() []variant {
	var out []variant
	for _, f := range p.Features {
		for _, l := range p.learnersOf() {
			out = append(out, p.variant(f, l))
		}
	}
	return out
}

// weighable reports whether class weights are the search's to try.
func (p *plan) weighable() bool {
	return p.Settings.Params.ClassWeight == "" && p.imbalance() > uneven
}

// firstRung opens the search.
func (p *plan) firstRung() {
	if p.Shards != nil {
		p.openRows()
		return
	}
	if p.Settings.Search.Strategy == "halving" {
		p.halve()
		return
	}
	var r rung
	for _, v := range p.base() {
		p.add(&r, v, p.path(v), 1)
	}
	p.Rungs = []rung{r}
}

// halve opens a search by successive halving over every combination.
func (p *plan) halve() {
	p.Halving = []tune.Rung{} // path asks
	variants := p.base()
	if p.weighable() {
		for _, v := range slices.Clone(variants) {
			v.Balance = pipeline.BalanceSqrt
			variants = append(variants, v)
		}
	}
	var all []tune.Candidate
	for _, v := range variants {
		for _, c := range p.path(v) {
			all = append(all, v.at(c))
		}
	}
	p.Halving = tune.Halving(len(all), p.Work, p.Settings.Search.Budget)
	p.Rungs = []rung{p.gathered(all, p.Halving[0].Share)}
}

// gathered makes tasks of candidates, each variant with the path of its costs.
func (p *plan) gathered(all []tune.Candidate, share float64) rung {
	var variants []variant
	paths := map[variant][]float64{}
	for _, c := range all {
		v := variantOf(c)
		if paths[v] == nil {
			variants = append(variants, v)
		}
		paths[v] = append(paths[v], c.C)
	}
	var r rung
	for _, v := range variants {
		slices.Sort(paths[v])
		r.add(v, paths[v], p.Folds, share)
		p.Spent += p.Work * float64(len(paths[v])) * share
	}
	return r
}

// add puts a variant's tasks into a rung as far as the budget goes: costs that
// no longer fit are left out, but something is always searched.
func (p *plan) add(r *rung, v variant, path []float64, share float64) {
	if v.isNetwork() {
		p.addNetwork(r, v, false)
		return
	}
	if b := p.Settings.Search.Budget; b > 0 && p.Work > 0 {
		fits := int((b - p.Spent) / (p.Work * share))
		if len(r.Tasks) == 0 && len(p.Rungs) == 0 {
			fits = max(fits, 1)
		}
		path = path[:min(len(path), max(fits, 0))]
	}
	if len(path) == 0 {
		return
	}
	p.Spent += p.Work * float64(len(path)) * share
	r.add(v, path, p.Folds, share)
}

func (r *rung) add(v variant, path []float64, folds int, share float64) {
	for f := range folds {
		r.Tasks = append(r.Tasks, task{variant: v, Fold: f, C: path, Share: share})
	}
}

// nextRung returns the tasks that follow rung `last`, none when the search is
// over: a caller who gave the path of C gets exactly that path.
func (p *plan) nextRung(last int) rung {
	var r rung
	switch {
	case p.Halving != nil:
		if last+1 >= len(p.Halving) {
			return r
		}
		next := p.Halving[last+1]
		var here []tune.Score
		for _, s := range p.Scores {
			if s.Share == p.Halving[last].Share {
				here = append(here, s)
			}
		}
		var kept []tune.Candidate
		for _, i := range tune.Top(here, next.Candidates) {
			kept = append(kept, here[i].Candidate)
		}
		return p.gathered(kept, next.Share)
	case p.Shards != nil || len(p.Settings.Params.C) > 0 || p.images() || p.Settings.learner() == pipeline.RNN:
		return r
	case last == 0:
		p.neighbours(&r)
	case last < 3 && p.Work <= cheap && !variantOf(p.Best.Candidate).isNetwork():
		// A best that stands at the end of what was tried may not be the best.
		p.add(&r, variantOf(p.Best.Candidate), p.untried(p.Best.Candidate), 1)
	}
	return r
}

// neighbours are the candidates around the winner of rung 0.
func (p *plan) neighbours(r *rung) {
	best := variantOf(p.Best.Candidate)
	p.add(r, best, p.untried(p.Best.Candidate), 1)
	here := []float64{p.Best.C}
	if p.weighable() {
		v := best
		v.Balance = pipeline.BalanceSqrt
		p.add(r, v, here, 1)
	}
	if p.table() {
		return
	}
	if p.Settings.Params.MinDocs == 0 {
		v := best
		v.MinDocs = 2
		p.add(r, v, here, 1)
	}
	if p.Settings.learner() == "" && p.Work <= cheap {
		v := p.variant(best.Recipe, pipeline.Logistic)
		p.add(r, v, p.path(v), 1)
	}
	if learner := p.networkLearner(); learner != "" {
		p.addNetwork(r, p.variant(p.networkFeatures()[0], learner), true)
	}
}

// untried are the costs beside a candidate's on the ladder that its variant was
// not scored with, ascending.
func (p *plan) untried(c tune.Candidate) []float64 {
	at, _ := slices.BinarySearch(ladder, c.C)
	var out []float64
	for _, i := range []int{at - 1, at + 1} {
		if i < 0 || i >= len(ladder) {
			continue
		}
		if other := variantOf(c).at(ladder[i]); p.score(other).Folds == nil {
			out = append(out, ladder[i])
		}
	}
	return out
}
