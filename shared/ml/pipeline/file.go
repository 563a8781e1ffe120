package pipeline

import (
	"cmp"
	"errors"
	"fmt"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/text"
)

// The caps of a model: what a function of small memory can load next to
// others. A model beyond them is fitted again with a higher floor of document
// frequency.
const (
	MaxFileBytes   = 64 << 20 // of the file
	MaxLoadedBytes = 96 << 20 // of the model in memory, the file included
)

// The tensors of a model beside those of its vocabulary or columns, and of its
// calibration.
const (
	tensorStart   = "weights.start"
	tensorClass   = "weights.class"
	tensorWeight  = "weights.value"
	tensorBias    = "bias"
	tensorSupport = "features.rows" // of tables
)

// Encode returns the model as a file (FORMAT.md): equal models and additions
// give equal bytes. extra is added to the manifest, for facts that two fits of
// the same data share, such as the digest of the data set; additions a decoded
// model carries are written again unless extra replaces them.
//
// It fails with artifact.ErrTooLarge beyond the caps and with ErrInvalid when
// an addition's key is one of the manifest's own or With was given a
// calibration of other classes.
func (m *Model) Encode(extra map[string]string) ([]byte, error) {
	if err := m.calibration.Check(len(m.labels)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	tensors := append(m.vocabulary.Tensors(), m.lists.tensors()...)
	tensors = append(tensors, artifact.FromFloat16s(tensorWeight, nil, m.weight), artifact.FromFloat32s(tensorBias, nil, m.bias))
	tensors = append(append(tensors, m.calibration.Tensors()...), m.conformal.Tensors()...)
	return write(m.Manifest(), extra, tensors, m.Features())
}

// write returns a file, whose vocabulary has so many terms, within the caps.
func write(manifest Manifest, extra map[string]string, tensors []artifact.Tensor, terms int) ([]byte, error) {
	metadata, err := manifest.metadata(extra)
	if err != nil {
		return nil, err
	}
	data, err := artifact.Encode(metadata, tensors)
	if err != nil {
		return nil, fmt.Errorf("pipeline: encode model: %w", err)
	}
	if len(data) > MaxFileBytes {
		return nil, tooLarge("file", int64(len(data)), MaxFileBytes)
	}
	return data, checkLoaded(len(data), terms)
}

// checkLoaded reports a file that would take too much memory: its own bytes
// and the index of its terms.
func checkLoaded(file, terms int) error {
	if loaded := int64(file) + text.IndexBytes(terms); loaded > MaxLoadedBytes {
		return tooLarge("loaded model", loaded, MaxLoadedBytes)
	}
	return nil
}

// tooLarge returns the error for a model beyond a cap.
func tooLarge(what string, got, most int64) error {
	return &artifact.Error{Kind: artifact.KindTooLarge, Msg: fmt.Sprintf("%s of %d bytes, at most %d", what, got, most)}
}

// Decode reads a text model from a file, which it aliases: data must not change
// while the model lives. Everything is checked, so no bytes can make the model
// misbehave later; whether they are the right bytes is for their digest to say.
// Open reads models of every kind.
//
// It fails with an *artifact.Error (truncated, corrupt, too large, future), or
// with one of text's errors wrapped in one.
func Decode(data []byte) (*Model, error) {
	f, err := artifact.Decode(data, artifact.Limits{Bytes: MaxFileBytes})
	if err != nil {
		return nil, fmt.Errorf("pipeline: decode model: %w", err)
	}
	return modelOf(f, len(data))
}

// modelOf reads a text model from a file of so many bytes.
func modelOf(f *artifact.File, size int) (*Model, error) {
	manifest, err := manifestOf(f.Metadata, formatText, FormatVersion)
	if err != nil {
		return nil, err
	}
	// Before anything is built. The manifest may claim any number of features, but
	// each takes more than a byte of the file.
	if err := checkLoaded(size, min(manifest.Features, size)); err != nil {
		return nil, err
	}
	m := &Model{
		labels:    manifest.Labels,
		settings:  manifest.Settings,
		documents: manifest.Documents,
		extra:     manifest.Extra,
		tokenizer: manifest.Tokenizer,
		unicode:   manifest.Unicode,
	}
	if manifest.FormatVersion == 1 {
		m.calibration = calibrate.Calibration{Kind: calibrate.KindTemperature, T: manifest.Temperature}
	} else if m.calibration, m.conformal, err = answersOf(f, len(m.labels)); err != nil {
		return nil, err
	}
	if err := m.readWeights(f, manifest); err != nil {
		return nil, err
	}
	// Last, because building its index is the dearest step.
	if m.settings.HashBits > 0 {
		m.vocabulary, err = text.HashedOf(f, m.settings.Recipe, m.settings.HashBits)
	} else {
		m.vocabulary, err = text.VocabularyOf(f, m.settings.Recipe)
	}
	if err != nil {
		return nil, corrupt(err, "vocabulary")
	}
	if m.vocabulary.Len() != manifest.Features {
		return nil, corrupt(nil, "%d features, manifest says %d", m.vocabulary.Len(), manifest.Features)
	}
	return m, nil
}

// answersOf reads what turns margins into probabilities and sets.
func answersOf(f *artifact.File, classes int) (calibrate.Calibration, calibrate.Conformal, error) {
	c, failed := calibrate.CalibrationOf(f, classes)
	s, err := calibrate.ConformalOf(f)
	if err = cmp.Or(failed, err); err != nil && errors.Is(err, calibrate.ErrAbsent) {
		err = corrupt(err, "calibration")
	}
	return c, s, err
}

// kindOf names the kind of a calibration.
func kindOf(c calibrate.Calibration) string {
	return string(cmp.Or(c.Kind, calibrate.KindTemperature))
}

// readWeights reads and checks the tensors of the weights.
func (m *Model) readWeights(f *artifact.File, manifest Manifest) (err error) {
	if m.weight, err = artifact.Elements(f, tensorWeight, artifact.Uint16s); err != nil {
		return err
	}
	if m.bias, err = artifact.Elements(f, tensorBias, artifact.Float32s); err != nil {
		return err
	}
	n := problems(len(m.labels))
	if len(m.weight) != manifest.Weights || len(m.bias) != n {
		return corrupt(nil, "%d weights, manifest says %d; %d biases for %d problems", len(m.weight), manifest.Weights, len(m.bias), n)
	}
	if m.lists, err = listsOf(f, manifest.Features, n, len(m.weight)); err != nil {
		return err
	}
	for i, w := range m.weight {
		// All ones in the exponent: infinite or not a number.
		if w&0x7c00 == 0x7c00 {
			return corrupt(nil, "weight %d is not finite", i)
		}
	}
	for p, b := range m.bias {
		if !finite(float64(b)) {
			return corrupt(nil, "bias %d is not finite", p)
		}
	}
	return nil
}
