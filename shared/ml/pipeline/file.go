package pipeline

import (
	"fmt"
	"math"
	"slices"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/text"
)

// The caps of a model: what a function of small memory can load next to
// others. A model beyond them is fitted again with a higher floor of document
// frequency.
const (
	MaxFileBytes   = 64 << 20 // of the file
	MaxLoadedBytes = 96 << 20 // of the model in memory, the file included
)

// The tensors of a model beside those of its vocabulary.
const (
	tensorStart  = "weights.start"
	tensorClass  = "weights.class"
	tensorWeight = "weights.value"
	tensorBias   = "bias"
)

// Encode returns the model as a file (FORMAT.md): equal models and additions
// give equal bytes. extra is added to the manifest, for facts that two fits of
// the same data share, such as the digest of the data set; additions a decoded
// model carries are written again unless extra replaces them.
//
// It fails with artifact.ErrTooLarge beyond the caps and with ErrInvalid when
// an addition's key is one of the manifest's own.
func (m *Model) Encode(extra map[string]string) ([]byte, error) {
	manifest := m.Manifest()
	manifest.Extra = make(map[string]string, len(m.extra)+len(extra))
	for _, additions := range []map[string]string{m.extra, extra} {
		for key, value := range additions {
			manifest.Extra[key] = value
		}
	}
	metadata, err := manifest.metadata()
	if err != nil {
		return nil, err
	}
	class := artifact.FromBytes(tensorClass, nil, m.class.narrow)
	if m.class.wide != nil {
		class = artifact.FromUint16s(tensorClass, nil, m.class.wide)
	}
	data, err := artifact.Encode(metadata, append(m.vocabulary.Tensors(),
		artifact.FromUint32s(tensorStart, nil, m.start),
		class,
		artifact.FromFloat16s(tensorWeight, nil, m.weight),
		artifact.FromFloat32s(tensorBias, nil, m.bias),
	))
	if err != nil {
		return nil, fmt.Errorf("pipeline: encode model: %w", err)
	}
	if len(data) > MaxFileBytes {
		return nil, tooLarge("file", int64(len(data)), MaxFileBytes)
	}
	if loaded := loadedBytes(len(data), m.Features()); loaded > MaxLoadedBytes {
		return nil, tooLarge("loaded model", loaded, MaxLoadedBytes)
	}
	return data, nil
}

// loadedBytes returns the memory of a decoded model: its file and the index of
// its vocabulary.
func loadedBytes(file, features int) int64 {
	return int64(file) + text.IndexBytes(features)
}

// tooLarge returns the error for a model beyond a cap.
func tooLarge(what string, got, most int64) error {
	return &artifact.Error{Kind: artifact.KindTooLarge, Msg: fmt.Sprintf("%s of %d bytes, at most %d", what, got, most)}
}

// Decode reads a model from a file, which it aliases: data must not change
// while the model lives. Everything is checked, so no bytes can make the model
// misbehave later; whether they are the right bytes is for their digest to say.
//
// It fails with an *artifact.Error (truncated, corrupt, too large, future), or
// with one of text's errors wrapped in one.
func Decode(data []byte) (*Model, error) {
	f, err := artifact.Decode(data, artifact.Limits{Bytes: MaxFileBytes})
	if err != nil {
		return nil, fmt.Errorf("pipeline: decode model: %w", err)
	}
	manifest, err := manifestOf(f.Metadata)
	if err != nil {
		return nil, err
	}
	if loaded := loadedBytes(len(data), max(0, min(manifest.Features, len(data)))); loaded > MaxLoadedBytes {
		return nil, tooLarge("loaded model", loaded, MaxLoadedBytes)
	}
	m := &Model{
		labels:      manifest.Labels,
		settings:    manifest.Settings,
		temperature: manifest.Temperature,
		extra:       manifest.Extra,
		tokenizer:   manifest.Tokenizer,
		unicode:     manifest.Unicode,
	}
	if err := m.readWeights(f, manifest); err != nil {
		return nil, err
	}
	// Last, because building its index is the dearest step.
	if m.vocabulary, err = text.VocabularyOf(f, m.settings.Recipe); err != nil {
		return nil, corrupt(err, "vocabulary")
	}
	if m.vocabulary.Len() != manifest.Features {
		return nil, corrupt(nil, "%d features, manifest says %d", m.vocabulary.Len(), manifest.Features)
	}
	return m, nil
}

// readWeights reads and checks the tensors of the weights.
func (m *Model) readWeights(f *artifact.File, manifest Manifest) (err error) {
	if m.start, err = tensor(f, tensorStart, artifact.Uint32s); err != nil {
		return err
	}
	if m.weight, err = tensor(f, tensorWeight, artifact.Uint16s); err != nil {
		return err
	}
	if m.bias, err = tensor(f, tensorBias, artifact.Float32s); err != nil {
		return err
	}
	n := problems(len(m.labels))
	m.class.problems = n
	if n <= 1<<8 {
		m.class.narrow, err = tensor(f, tensorClass, artifact.Bytes)
	} else {
		m.class.wide, err = tensor(f, tensorClass, artifact.Uint16s)
	}
	if err != nil {
		return err
	}
	if len(m.weight) != manifest.Weights || len(m.class.narrow)+len(m.class.wide) != len(m.weight) {
		return corrupt(nil, "%d weights, manifest says %d", len(m.weight), manifest.Weights)
	}
	if len(m.bias) != n {
		return corrupt(nil, "%d biases for %d problems", len(m.bias), n)
	}
	return m.checkWeights(manifest.Features)
}

// checkWeights verifies offsets, class numbers and that all numbers are finite.
func (m *Model) checkWeights(features int) error {
	if features < 0 || len(m.start)-1 != features || m.start[0] != 0 || int(m.start[features]) != len(m.weight) {
		return corrupt(nil, "%d offsets of weights for %d features", len(m.start), features)
	}
	// Rising offsets with the right ends are within bounds, all of them.
	if !slices.IsSorted(m.start) {
		return corrupt(nil, "offsets of weights fall")
	}
	for f := range features {
		low, high := m.start[f], m.start[f+1]
		last := -1
		for i := low; i < high; i++ {
			c := m.class.at(i)
			if c <= last || c >= m.class.problems {
				return corrupt(nil, "feature %d: problem %d of %d after %d", f, c, m.class.problems, last)
			}
			last = c
			// All ones in the exponent: infinite or not a number.
			if m.weight[i]&0x7c00 == 0x7c00 {
				return corrupt(nil, "weight %d is not finite", i)
			}
		}
	}
	for p, b := range m.bias {
		if math.IsNaN(float64(b)) || math.IsInf(float64(b), 0) {
			return corrupt(nil, "bias %d is not finite", p)
		}
	}
	return nil
}

// tensor returns the elements of a tensor that must be there.
func tensor[T any](f *artifact.File, name string, view func(artifact.Tensor) ([]T, error)) ([]T, error) {
	t, ok := f.Tensor(name)
	if !ok {
		return nil, corrupt(nil, "tensor %s is missing", name)
	}
	v, err := view(t)
	if err != nil {
		return nil, corrupt(err, "tensor %s", name)
	}
	return v, nil
}
