package pipeline

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"strconv"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/text"
)

// FormatVersion is the version of the file format Encode writes. Decode reads
// it and every earlier one.
const FormatVersion = 1

// formatName marks the files of this package among other safetensors files.
const formatName = "godwit-linear-text"

// Manifest describes a model: what it was made of and how, and nothing that
// differs between two fits of the same data with the same settings.
type Manifest struct {
	FormatVersion int               `json:"format_version"`
	Task          string            `json:"task"`
	Algorithm     string            `json:"algorithm"`
	Tokenizer     int               `json:"tokenizer_version"` // text.TokenizerVersion of the fit
	Unicode       string            `json:"unicode_version"`   // text.UnicodeVersion of the fit
	Labels        []string          `json:"labels"`
	Features      int               `json:"features"` // that carry weights
	Weights       int               `json:"weights"`
	Settings      Settings          `json:"settings"`
	Temperature   float64           `json:"temperature"`
	Extra         map[string]string `json:"extra,omitempty"` // additions given to Encode
}

// The keys of the file's metadata. Other keys are additions.
const (
	keyFormat      = "format"
	keyVersion     = "format_version"
	keyTask        = "task"
	keyAlgorithm   = "algorithm"
	keyTokenizer   = "tokenizer_version"
	keyUnicode     = "unicode_version"
	keyLabels      = "labels"
	keyFeatures    = "features"
	keyWeights     = "weights"
	keySettings    = "settings"
	keyTemperature = "temperature"
)

// Manifest returns the model's description. Its map and slices are the
// model's and must not be changed.
func (m *Model) Manifest() Manifest {
	return Manifest{
		FormatVersion: FormatVersion,
		Task:          Task,
		Algorithm:     Algorithm,
		Tokenizer:     m.tokenizer,
		Unicode:       m.unicode,
		Labels:        m.labels,
		Features:      m.Features(),
		Weights:       m.Weights(),
		Settings:      m.settings,
		Temperature:   m.temperature,
		Extra:         m.extra,
	}
}

// metadata returns the manifest as the file's text map.
func (m Manifest) metadata() (map[string]string, error) {
	labels, err := json.Marshal(m.Labels)
	if err != nil {
		return nil, fmt.Errorf("pipeline: write labels: %w", err)
	}
	settings, err := json.Marshal(m.Settings)
	if err != nil {
		return nil, fmt.Errorf("pipeline: write settings: %w", err)
	}
	out := map[string]string{
		keyFormat:      formatName,
		keyVersion:     strconv.Itoa(m.FormatVersion),
		keyTask:        m.Task,
		keyAlgorithm:   m.Algorithm,
		keyTokenizer:   strconv.Itoa(m.Tokenizer),
		keyUnicode:     m.Unicode,
		keyLabels:      string(labels),
		keyFeatures:    strconv.Itoa(m.Features),
		keyWeights:     strconv.Itoa(m.Weights),
		keySettings:    string(settings),
		keyTemperature: strconv.FormatFloat(m.Temperature, 'g', -1, 64),
	}
	for key, value := range m.Extra {
		if _, taken := out[key]; taken {
			return nil, fmt.Errorf("%w: manifest key %q is taken", ErrInvalid, key)
		}
		out[key] = value
	}
	return out, nil
}

// manifestOf reads a manifest. The format and its version are judged first, so
// that a newer file is named as such, whatever else changed in it.
func manifestOf(metadata map[string]string) (Manifest, error) {
	if got := metadata[keyFormat]; got != formatName {
		return Manifest{}, corrupt(nil, "format %q is not %q", got, formatName)
	}
	version, err := strconv.Atoi(metadata[keyVersion])
	if err != nil || version < 1 {
		return Manifest{}, corrupt(err, "format version %q", metadata[keyVersion])
	}
	tokenizer, err := strconv.Atoi(metadata[keyTokenizer])
	if err != nil || tokenizer < 1 {
		return Manifest{}, corrupt(err, "tokenizer version %q", metadata[keyTokenizer])
	}
	if version > FormatVersion || tokenizer > text.TokenizerVersion {
		return Manifest{}, &artifact.Error{
			Kind: artifact.KindFuture,
			Msg:  fmt.Sprintf("model of format %d, tokenizer %d; this code reads %d and %d", version, tokenizer, FormatVersion, text.TokenizerVersion),
		}
	}
	m := Manifest{
		FormatVersion: version, Tokenizer: tokenizer,
		Task: metadata[keyTask], Algorithm: metadata[keyAlgorithm], Unicode: metadata[keyUnicode],
		Extra: maps.Clone(metadata),
	}
	if m.Task != Task || m.Algorithm != Algorithm {
		return Manifest{}, corrupt(nil, "task %q by %q", m.Task, m.Algorithm)
	}
	return m, m.readFields(metadata)
}

// readFields reads the parts of a manifest of a known version.
func (m *Manifest) readFields(metadata map[string]string) error {
	if err := json.Unmarshal([]byte(metadata[keyLabels]), &m.Labels); err != nil {
		return corrupt(err, "labels")
	}
	if err := checkLabels(m.Labels); err != nil {
		return corrupt(err, "labels")
	}
	if err := json.Unmarshal([]byte(metadata[keySettings]), &m.Settings); err != nil {
		return corrupt(err, "settings")
	}
	if err := m.Settings.check(); err != nil {
		return corrupt(err, "settings")
	}
	var err error
	if m.Features, err = strconv.Atoi(metadata[keyFeatures]); err != nil {
		return corrupt(err, "features")
	}
	if m.Weights, err = strconv.Atoi(metadata[keyWeights]); err != nil {
		return corrupt(err, "weights")
	}
	m.Temperature, err = strconv.ParseFloat(metadata[keyTemperature], 64)
	if err != nil || !validTemperature(m.Temperature) {
		return corrupt(err, "temperature %q", metadata[keyTemperature])
	}
	for _, key := range []string{
		keyFormat, keyVersion, keyTask, keyAlgorithm, keyTokenizer, keyUnicode,
		keyLabels, keyFeatures, keyWeights, keySettings, keyTemperature,
	} {
		delete(m.Extra, key)
	}
	return nil
}

// validTemperature reports a temperature that softmax can use.
func validTemperature(t float64) bool { return t > 0 && !math.IsInf(1/t, 0) && !math.IsInf(t, 0) }

// corrupt returns the error for a file that is whole but makes no sense.
func corrupt(err error, format string, args ...any) error {
	return &artifact.Error{Kind: artifact.KindCorrupt, Msg: "model: " + fmt.Sprintf(format, args...), Err: err}
}
