package neural

import (
	"encoding/json"
	"fmt"
	"slices"

	"godwit/shared/ml/artifact"
)

// maxStateBytes bounds the file of a run: weights, two moments, the mean and the best
// weights, each up to the size of a model, unless it is rounded.
const maxStateBytes = 1 << 30

// checkpoint is what the header of a run's file says beside its settings.
type checkpoint struct {
	Train      string  `json:"train"`      // digest of the rows, in hex
	Validation string  `json:"validation"` // likewise, "" without any
	Epoch      int     `json:"epoch"`
	Step       int     `json:"step"`
	Best       int     `json:"best"`
	History    []Epoch `json:"history"`
}

// The metadata and tensors of a run's file. Each parameter has up to five
// tensors: its name behind these.
const (
	keyCheckpoint = "checkpoint"
	tensorSums    = "sums" // of losses and of weights in the epoch under way
	prefixValue   = "value/"
	prefixFirst   = "first/"
	prefixSecond  = "second/"
	prefixMean    = "mean/"
	prefixBest    = "best/"
	prefixAt      = "at/" // of embeddings: before which step each row stands
)

// Encode returns the run as a file from which Resume goes on, with the same
// bits as if it had never stopped.
func (r *Run) Encode() ([]byte, error) {
	at := checkpoint{Train: hex(r.train), Epoch: r.epoch, Step: r.step, Best: r.bestEpoch, History: r.history}
	if r.validation != nil {
		at.Validation = hex(r.validation)
	}
	metadata := map[string]string{keyFormat: formatState, keyVersion: fmt.Sprint(stateVersion)}
	for key, value := range map[string]any{keySettings: r.set, keyCheckpoint: at} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("neural: write %s: %w", key, err)
		}
		metadata[key] = string(text)
	}
	tensors := []artifact.Tensor{artifact.FromFloat64s(tensorSums, nil, []float64{r.sum, r.weight})}
	r.each(func(name string, values []float32) error {
		tensors = append(tensors, artifact.FromFloat32s(name, nil, values))
		return nil
	})
	for i, p := range r.replicas[0].params() {
		if at := r.optimizer.At(i); at != nil {
			tensors = append(tensors, artifact.FromInt32s(prefixAt+p.Name, nil, at))
		}
	}
	return artifact.Encode(metadata, tensors)
}

// hex returns the digest of rows as text.
func hex(d Data) string { return fmt.Sprintf("%016x", d.digest()) }

// each calls f for every array of numbers that a run carries over.
func (r *Run) each(f func(name string, values []float32) error) error {
	for i, p := range r.replicas[0].params() {
		m := r.optimizer.Moments()[i]
		var mean, best []float32
		if r.mean != nil {
			mean = r.mean[i]
		}
		if r.best != nil {
			best = r.best[i]
		}
		for _, a := range []struct {
			prefix string
			values []float32
		}{{prefixValue, p.Value}, {prefixFirst, m.First}, {prefixSecond, m.Second}, {prefixMean, mean}, {prefixBest, best}} {
			if a.values == nil {
				continue
			}
			if err := f(a.prefix+p.Name, a.values); err != nil {
				return err
			}
		}
	}
	return nil
}

// Resume goes on with a run that Encode wrote, with its settings and on the
// same rows. It fails with an *artifact.Error for a file that is no run's, and
// with an *InputError for other rows.
func Resume(data []byte, train, validation Data) (*Run, error) {
	f, err := artifact.Decode(data, artifact.Limits{Bytes: maxStateBytes})
	if err != nil {
		return nil, err
	}
	if err := version(f, stateVersion, formatState); err != nil {
		return nil, err
	}
	var s Settings
	var at checkpoint
	for key, into := range map[string]any{keySettings: &s, keyCheckpoint: &at} {
		if err := json.Unmarshal([]byte(f.Metadata[key]), into); err != nil {
			return nil, corrupt(err, "%s", key)
		}
	}
	r, err := Start(s, train, validation)
	if err != nil {
		return nil, err
	}
	digest := ""
	if validation != nil {
		digest = hex(validation)
	}
	if at.Train != hex(train) || at.Validation != digest {
		return nil, invalid("the run was started on other rows: give it the same in the same order, or start anew")
	}
	return r, r.restore(f, at)
}

// restore takes over what a file says.
func (r *Run) restore(f *artifact.File, at checkpoint) error {
	if at.Epoch < 0 || at.Epoch > r.set.Epochs || at.Step < 0 || at.Step >= r.steps() || len(at.History) != at.Epoch ||
		at.Best < 0 || at.Best > at.Epoch || at.Best > 0 && r.validation == nil {
		return corrupt(nil, "epoch %d, step %d, best %d, %d epochs told", at.Epoch, at.Step, at.Best, len(at.History))
	}
	for _, e := range at.History {
		if (e.Validation == nil) != (r.validation == nil) {
			return corrupt(nil, "epoch %d is told with validation where there is none, or without", e.Epoch)
		}
	}
	sums, err := artifact.Elements(f, tensorSums, artifact.Float64s)
	if err != nil || len(sums) != 2 {
		return corrupt(err, "tensor %q", tensorSums)
	}
	r.epoch, r.step, r.bestEpoch, r.history = at.Epoch, at.Step, at.Best, at.History
	r.sum, r.weight = sums[0], sums[1]
	if r.set.Average > 0 && r.now() >= meanEvery {
		r.mean = emptyOf(r.replicas[0].params())
	}
	if at.Best > 0 {
		r.keep()
		r.bestEpoch = at.Best
	}
	for i, p := range r.replicas[0].params() {
		if at := r.optimizer.At(i); at != nil {
			stored, err := artifact.Elements(f, prefixAt+p.Name, artifact.Int32s)
			if err != nil || len(stored) != len(at) || slices.Min(stored) < 0 || int(slices.Max(stored)) > r.now() {
				return corrupt(err, "tensor %q", prefixAt+p.Name)
			}
			copy(at, stored)
		}
	}
	return r.each(func(name string, values []float32) error {
		stored, err := artifact.Elements(f, name, artifact.Float32s)
		if err != nil || len(stored) != len(values) {
			return corrupt(err, "tensor %q has %d numbers, must be %d", name, len(stored), len(values))
		}
		copy(values, stored)
		return nil
	})
}

// fitted returns a network with weights of its own: those of the best epoch, or
// what they are now.
func (r *Run) fitted() network {
	n := r.replicas[0].replica(false)
	for i, p := range n.params() {
		if r.best != nil {
			p.Value = slices.Clone(r.best[i])
		} else {
			p.Value = r.values(i)
		}
	}
	return n
}
