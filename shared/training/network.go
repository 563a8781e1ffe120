package training

import (
	"cmp"
	"fmt"
	"slices"

	"godwit/shared/fault"
	"godwit/shared/ml/linear"
	"godwit/shared/ml/network"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/optim"
	"godwit/shared/ml/neural/recurrent"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tune"
	"godwit/shared/registry"
)

// A network is a candidate like others: what C is to a linear model the number of
// epochs is to it, so that one training along them gives the margins of held rows
// at each count of its path.

// The recipes of networks for images: as they are, moved a little at random, and
// mirrored at random too. Those of texts are the cells.
const (
	plainImages    = "plain"
	shiftedImages  = "shifted"
	mirroredImages = "mirrored"
)

// imageRecipes and textCells are the features a caller may name.
var (
	imageRecipes = []string{plainImages, shiftedImages, mirroredImages}
	textCells    = []string{string(recurrent.GRU), string(recurrent.LSTM)}
)

const (
	// networkBudget is the work of a search over networks that asks for no budget:
	// a minute or two on two cores. One training is done however much it takes; all
	// folds and a second candidate only within the budget.
	networkBudget = 2e12
	// leastSteps is how many steps a training takes that names no epochs, so that
	// few rows are seen often enough.
	leastSteps            = 1500
	fewEpochs, manyEpochs = 12, 40
	// averaged is over what share of its last steps the weights of a network are a
	// mean: a rate that stays as it is, and a mean in place of one that falls, make
	// each count of epochs on the path what a training of that length comes to.
	averaged = .15
	// smoothed is the share of a text's label that is spread over all classes.
	smoothed = .05
	// shiftShare is by what share of their longer side images are moved at most.
	shiftShare = 14
)

// isNetwork reports whether a variant is a network.
func (v variant) isNetwork() bool { return v.Learner == pipeline.CNN || v.Learner == pipeline.RNN }

// batchOf is how many rows a step takes: few where rows are few.
func batchOf(rows int) int { return min(max(rows/40, 8), 64) }

// epochs are the counts of epochs a network begins with.
func (p *plan) epochs(learner string) []float64 {
	if n := p.Settings.Params.Epochs; n > 0 {
		return []float64{float64(n)}
	}
	rows := int(p.Rows.Trained)
	steps := max(1, rows/p.batch(learner))
	longest := min(max((leastSteps+steps-1)/steps, fewEpochs), manyEpochs)
	var out []float64
	for quarter := 1; quarter <= 4; quarter++ {
		out = append(out, float64(longest*quarter/4))
	}
	return out
}

// batch returns the rows of a step. Recurrent networks learn from smaller ones.
func (p *plan) batch(learner string) int {
	n := batchOf(int(p.Rows.Trained))
	if learner == pipeline.RNN {
		n = min(n, 32)
	}
	return n
}

// networkSettings are those of one candidate.
func (p *plan) networkSettings(c tune.Candidate) neural.Settings {
	asked := p.Settings.Params
	s := neural.Settings{
		Epochs: int(c.C), Batch: p.batch(c.Learner), Seed: p.Settings.Seed, Average: averaged, Optimizer: optim.Settings{Rate: asked.LearningRate},
	}
	if c.Learner == pipeline.RNN {
		s.Optimizer.Rate = cmp.Or(s.Optimizer.Rate, 2e-3)
		s.Dropout, s.Smoothing = .3, smoothed
		s.Text = neural.TextSettings{Cell: recurrent.Kind(c.Recipe), Units: asked.Hidden, Width: asked.Embedding}
		s.Text.OneWay = asked.Bidirectional != nil && !*asked.Bidirectional
	} else {
		s.Image.Scale, s.Image.Flip = true, c.Recipe == mirroredImages
		if c.Recipe != plainImages {
			s.Image.Shift = min(max(p.Side/shiftShare, 1), 16)
		}
	}
	if asked.Dropout != nil {
		s.Dropout = *asked.Dropout
	}
	return s
}

// networkRows returns the rows as networks take them. x holds the texts.
func (r *rows) networkRows(x *texts) network.Rows {
	all := network.Rows{Shape: r.Shape, Pixels: r.Pixels, Y: r.Y, Labels: r.Labels, Weight: r.Weight}
	if r.task == registry.TextClassification {
		all.Texts = x.Text
	}
	return all
}

// learnt are the rows that a network learns from: some, with the weights of their
// classes where its candidate has such.
func learnt(all network.Rows, some []int32, balance string) network.Rows {
	rows := all.Only(some)
	if balance == pipeline.BalanceSqrt {
		rows.Weight = linear.SquareRootBalanced(rows.Y, rows.Weight, len(rows.Labels))
	}
	return rows
}

// measureNetworks notes what networks of each recipe cost: Costs holds the
// multiplications of one epoch over the rows of one fold.
func (p *plan) measureNetworks(r *rows, x *texts) error {
	learner := p.networkLearner()
	if learner == "" {
		return nil
	}
	p.Side = max(r.Shape.Width, r.Shape.Height)
	v := p.variant(p.networkFeatures()[0], learner)
	work, err := network.Work(p.networkSettings(v.at(1)), r.networkRows(x))
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "no network can be trained on these rows: %v", err)
	}
	p.NetworkWork = work * float64(len(r.Train))
	return nil
}

// networkLearner returns the network that the search may try, "" for none: of
// texts only when it was asked for, or by auto with a budget.
func (p *plan) networkLearner() string {
	switch {
	case p.Shards != nil:
		return ""
	case p.images():
		return pipeline.CNN
	case p.Settings.learner() == pipeline.RNN:
		return pipeline.RNN
	case p.Settings.Task == registry.TextClassification && p.Settings.learner() == "" && p.Settings.Search.Budget > 0 && len(p.Settings.Params.C) == 0:
		return pipeline.RNN
	}
	return ""
}

// networkFeatures are the recipes of networks, the first one the usual.
func (p *plan) networkFeatures() []string {
	switch {
	case len(p.Settings.Params.Features) > 0 && p.Settings.learner() != "" || p.images():
		return p.Features
	case p.Settings.Params.Cell != "":
		return []string{p.Settings.Params.Cell}
	}
	return textCells[:1]
}

// addNetwork puts a network's tasks into a rung: on all folds within the budget,
// else on one, of which the candidate named first is trained whatever it takes,
// for fewer epochs where a budget says so. whole wants all folds or nothing.
func (p *plan) addNetwork(r *rung, v variant, whole bool) {
	path := p.epochs(v.Learner)
	asked := p.Settings.Search.Budget
	left := cmp.Or(asked, networkBudget) - p.Spent
	cost := func(folds int) float64 { return p.NetworkWork * path[len(path)-1] * float64(folds) }
	folds := p.Folds
	if cost(folds) > left {
		if whole {
			return
		}
		folds = 1
	}
	first := len(r.Tasks) == 0 && len(p.Rungs) == 0
	for asked > 0 && len(path) > 1 && cost(folds) > left {
		path = path[:len(path)-1]
	}
	if cost(folds) > left && !first {
		return
	}
	p.Spent += cost(folds)
	if folds > 1 {
		r.add(v, path, folds, 1)
		return
	}
	fold := 0
	if p.Forward {
		fold = p.Folds - 1 // which learns from most
	}
	r.Tasks = append(r.Tasks, task{variant: v, Fold: fold, C: path, Share: 1})
}

// cost returns the work units of a task.
func (p *plan) cost(t task) float64 {
	if t.isNetwork() {
		return p.NetworkWork * slices.Max(t.C)
	}
	return p.Work / float64(p.Folds) * float64(len(t.C)) * t.Share
}

// setting names the place of a task's path in a message.
func (v variant) setting(c float64) string {
	if v.isNetwork() {
		return fmt.Sprintf("%g epochs", c)
	}
	return fmt.Sprintf("C %g", c)
}
