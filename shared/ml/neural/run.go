package neural

import (
	"context"
	"fmt"
	"math"
	"slices"

	"godwit/shared/ml/neural/layer"
	"godwit/shared/ml/neural/optim"
	"godwit/shared/ml/neural/random"
)

// Epoch is what one pass over the data came to.
type Epoch struct {
	Epoch int     `json:"epoch"` // from 1
	Loss  float64 `json:"loss"`  // mean over the rows, each before its own step, dropout and all
	// Validation is what the validation rows say after the epoch, nil without any.
	Validation *Measure `json:"validation,omitempty"`
	// Best says that no earlier epoch had so low a validation loss.
	Best bool `json:"best,omitempty"`
}

// Measure is how well a network does on rows.
type Measure struct {
	Loss     float64 `json:"loss"`     // mean cross-entropy, without smoothing or weights of classes
	Accuracy float64 `json:"accuracy"` // share of rows whose largest score is the true class's
}

// Run is a training under way. It serves one goroutine; Train has its own.
type Run struct {
	set               Settings
	train, validation Data // validation may be nil
	loss              layer.CrossEntropy
	counted           []float32 // what each row of train counts, 1 on average; nil: all alike
	replicas          []network // one for each shard; the first one's parameters are the run's
	optimizer         *optim.Optimizer

	epoch, step int     // finished epochs, and steps of the one under way
	sum, weight float64 // of that epoch: losses times weights of rows, and weights
	order       []int32 // the rows in the order of that epoch, nil before its first step
	history     []Epoch
	mean        [][]float32 // of all parameters over the last steps, nil without one
	best        [][]float32 // the values of all parameters after the best epoch, nil before
	bestEpoch   int         // 0 before
}

// The parts of the seed's chance.
const (
	partStart uint64 = iota // first weights
	partOrder               // of rows, by epoch
	partSteps               // by epoch, step and shard
)

// Start begins a training. With validation rows, which may be nil, the model
// will be that of the epoch with the lowest validation loss, else that of the
// last step, or of the mean over the last ones where the settings ask for it. It
// fails with an *InputError. The data must not change as long as the run is used.
func Start(s Settings, train, validation Data) (*Run, error) {
	if err := train.check(); err != nil {
		return nil, err
	}
	if validation != nil {
		if err := validation.check(); err != nil {
			return nil, fmt.Errorf("validation: %w", err)
		}
		if !slices.Equal(train.classes(), validation.classes()) || train.side() != validation.side() {
			return nil, invalid("validation rows are of other classes, or of another kind or size, than those to train on")
		}
	}
	s = s.withDefaults(train.side())
	if err := s.check(); err != nil {
		return nil, err
	}
	r := &Run{set: s, train: train, validation: validation}
	r.loss.Smoothing, r.counted = float32(s.Smoothing), toMean1(train.weights())
	if s.Balance {
		r.loss.Weight = r.balance()
	}
	r.replicas = []network{train.network(s, layer.Start{Chance: random.FromSeed(s.Seed).Split(partStart)})}
	params := [][]*layer.Param{r.replicas[0].params()}
	for range min(s.Shards, s.Batch) - 1 {
		replica := r.replicas[0].replica(true)
		r.replicas = append(r.replicas, replica)
		params = append(params, replica.params())
	}
	r.optimizer = optim.New(s.Optimizer, s.Epochs*r.steps(), params...)
	return r, nil
}

// balance returns weights under which each class that has rows weighs the same
// and a row weighs one on average.
func (r *Run) balance() []float32 {
	d := r.train
	count := make([]float64, len(d.classes()))
	for i, l := range d.labels() {
		count[l] += r.counts(int32(i))
	}
	present := 0.0
	for _, n := range count {
		if n > 0 {
			present++
		}
	}
	weight := make([]float32, len(count))
	for i, n := range count {
		if n > 0 { // a class without rows weighs nothing, as nothing asks
			weight[i] = float32(float64(d.Len()) / (present * n))
		}
	}
	return weight
}

// Settings returns the settings with their defaults.
func (r *Run) Settings() Settings { return r.set }

// History returns the epochs so far. It must not be changed.
func (r *Run) History() []Epoch { return r.history }

// Done reports whether training is at its end: no epochs left, or as many
// without a lower validation loss as patience has.
func (r *Run) Done() bool {
	patience := r.set.Patience > 0 && r.best != nil && r.epoch-r.bestEpoch >= r.set.Patience
	return r.epoch >= r.set.Epochs || r.step == 0 && patience
}

// Train trains to the end, on as many goroutines as workers, at most one for
// each shard. progress, when not nil, is told each epoch in turn, and whatever it
// does delays the next one.
//
// When ctx ends Train stops between two steps and returns the cause: the run can
// then be encoded, or trained further. A loss that is no longer finite is an
// *InputError; the run is then of no more use.
func (r *Run) Train(ctx context.Context, workers int, progress func(Epoch)) error {
	for !r.Done() {
		if ctx.Err() != nil {
			return fmt.Errorf("neural: stopped in epoch %d: %w", r.epoch+1, context.Cause(ctx))
		}
		if r.order == nil {
			r.order = r.chance(partOrder).Split(uint64(r.epoch)).Permutation(r.train.Len())
		}
		r.advance(workers)
		r.takeIn()
		if r.step < r.steps() {
			continue
		}
		e, err := r.finish(workers)
		if err != nil {
			return err
		}
		if progress != nil {
			progress(e)
		}
	}
	return nil
}

// chance returns the key of a part of the seed's chance.
func (r *Run) chance(part uint64) random.Key { return random.FromSeed(r.set.Seed).Split(part) }

// steps returns how many steps an epoch has.
func (r *Run) steps() int { return (r.train.Len() + r.set.Batch - 1) / r.set.Batch }

// finish closes the epoch whose last step is done.
func (r *Run) finish(workers int) (Epoch, error) {
	r.epoch++
	r.step, r.order = 0, nil
	r.optimizer.Flush(r.now())
	e := Epoch{Epoch: r.epoch, Loss: r.sum / r.weight}
	r.sum, r.weight = 0, 0
	if r.validation != nil {
		m := r.measure(r.validation, workers)
		e.Validation = &m
		if r.best == nil || m.Loss < r.history[r.bestEpoch-1].Validation.Loss {
			e.Best = true
			r.keep()
		}
	}
	if !finite(e.Loss) || e.Validation != nil && !finite(e.Validation.Loss) {
		return e, invalid("the loss of epoch %d is %g: lower optimizer.rate or set optimizer.clip", e.Epoch, e.Loss)
	}
	r.history = append(r.history, e)
	return e, nil
}

// keep copies what the model would be now as that of the best epoch.
func (r *Run) keep() {
	if r.best == nil {
		r.best = make([][]float32, len(r.replicas[0].params()))
	}
	for i := range r.best {
		r.best[i] = r.values(i)
	}
	r.bestEpoch = r.epoch
}

// finite reports whether x is a number.
func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
