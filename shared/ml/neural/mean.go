package neural

import (
	"slices"

	"godwit/shared/ml/neural/layer"
	"godwit/shared/ml/neural/vector"
)

// meanEvery is after how many steps the running mean takes the weights in:
// seldom enough to cost little, for then every vector of an embedding has to be
// brought up to date, and often enough that a short training has a mean.
const meanEvery = 8

// now is how many steps are done.
func (r *Run) now() int { return r.epoch*r.steps() + r.step }

// takeIn moves the running mean of the weights towards what they are now, at its
// n-th call by a share of 1/(1 + a(n-1)) of the way, a being Settings.Average:
// from the mean of all so far, a = 1, to the last ones, a towards 0. It reaches
// back further as the training goes on, so that the mean is right for a training
// of any length, whenever it is asked for (polynomial-decay averaging with an eta
// of 1/a - 1: Shamir and Zhang, "Stochastic gradient descent for non-smooth
// optimization", ICML 2013).
func (r *Run) takeIn() {
	now := r.now()
	if r.set.Average == 0 || now%meanEvery != 0 {
		return
	}
	r.optimizer.Flush(now)
	params := r.replicas[0].params()
	if r.mean == nil {
		r.mean = emptyOf(params)
	}
	share := float32(1 / (1 + r.set.Average*float64(now/meanEvery-1)))
	for i, p := range params {
		vector.Scale(r.mean[i], 1-share)
		vector.Axpy(r.mean[i], p.Value, share)
	}
}

// emptyOf returns as many zeros as each parameter has numbers.
func emptyOf(params []*layer.Param) [][]float32 {
	all := make([][]float32, len(params))
	for i, p := range params {
		all[i] = make([]float32, len(p.Value))
	}
	return all
}

// values returns what a model of now would have for a parameter: the mean once
// there is one, in memory of its own.
func (r *Run) values(param int) []float32 {
	if r.mean != nil {
		return slices.Clone(r.mean[param])
	}
	return r.optimizer.Values(r.now(), param)
}

// judges returns n networks with the weights a model of now would have. Where
// that is not a mean the optimiser must have brought all of them up to date.
func (r *Run) judges(n int) []network {
	if r.mean == nil {
		return r.replicas[:n]
	}
	first := r.replicas[0].replica(false)
	for i, p := range first.params() {
		p.Value = r.mean[i]
	}
	all := []network{first}
	for len(all) < n {
		all = append(all, first.replica(false))
	}
	return all
}
