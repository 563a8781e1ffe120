package neural

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/neural/weights"
)

// FormatVersion is the version of the model files that Encode writes.
const FormatVersion = 1

// stateVersion is that of the files of runs. Since 2 they have a mean of the
// weights, which who reads 1 alone would go on without.
const stateVersion = 2

// The names of the formats, which mark the files of this package among other
// safetensors files.
const (
	FormatImage = "godwit-neural-image"
	FormatText  = "godwit-neural-text"
	formatState = "godwit-neural-state"
)

// Manifest describes a model: what it was made of and how, and nothing that
// differs between two trainings of the same data with the same settings.
type Manifest struct {
	Format        string            `json:"format"`
	FormatVersion int               `json:"format_version"`
	Labels        []string          `json:"labels"`             // in the order of scores
	Settings      Settings          `json:"settings"`           // of the training
	Rounding      weights.Rounding  `json:"rounding,omitempty"` // of the weights
	Width         int               `json:"width,omitempty"`    // of images, in pixels
	Height        int               `json:"height,omitempty"`
	Channels      int               `json:"channels,omitempty"`
	Rows          int               `json:"rows"`            // trained on
	Weights       int               `json:"weights"`         // parameters, biases included
	Extra         map[string]string `json:"extra,omitempty"` // additions given to Encode
}

// The keys of the file's metadata. Other keys are additions.
const (
	keyFormat   = "format"
	keyVersion  = "format_version"
	keyLabels   = "labels"
	keySettings = "settings"
	keyRounding = "rounding"
	keyImage    = "image"
	keyRows     = "rows"
	keyWeights  = "weights"
)

var keys = []string{keyFormat, keyVersion, keyLabels, keySettings, keyRounding, keyImage, keyRows, keyWeights}

// metadata returns the manifest as the file's text map, with more additions.
func (m Manifest) metadata(extra map[string]string) (map[string]string, error) {
	out := map[string]string{
		keyFormat:   m.Format,
		keyVersion:  strconv.Itoa(m.FormatVersion),
		keyRounding: string(m.Rounding),
		keyRows:     strconv.Itoa(m.Rows),
		keyWeights:  strconv.Itoa(m.Weights),
	}
	values := map[string]any{keyLabels: m.Labels, keySettings: m.Settings}
	if m.Format == FormatImage {
		values[keyImage] = []int{m.Width, m.Height, m.Channels}
	}
	for key, value := range values {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("neural: write %s: %w", key, err)
		}
		out[key] = string(text)
	}
	for _, additions := range []map[string]string{m.Extra, extra} {
		for key, value := range additions {
			if slices.Contains(keys, key) {
				return nil, invalid("manifest key %q is taken: choose another", key)
			}
			out[key] = value
		}
	}
	return out, nil
}

// version checks format and version of a file, of which latest can be read.
func version(f *artifact.File, latest int, formats ...string) error {
	if got := f.Metadata[keyFormat]; !slices.Contains(formats, got) {
		return corrupt(nil, "format %q is not of %q", got, formats)
	}
	v, err := strconv.Atoi(f.Metadata[keyVersion])
	if err != nil || v < 1 {
		return corrupt(err, "format version %q", f.Metadata[keyVersion])
	}
	if v > latest {
		return &artifact.Error{Kind: artifact.KindFuture, Msg: fmt.Sprintf("neural: format %d; this code reads up to %d", v, latest)}
	}
	return nil
}

// manifestOf reads a manifest and checks everything in it, but for what the
// tensors must agree with.
func manifestOf(f *artifact.File) (Manifest, error) {
	if err := version(f, FormatVersion, FormatImage, FormatText); err != nil {
		return Manifest{}, err
	}
	m := Manifest{
		Format: f.Metadata[keyFormat], FormatVersion: FormatVersion,
		Rounding: weights.Rounding(f.Metadata[keyRounding]), Extra: maps.Clone(f.Metadata),
	}
	maps.DeleteFunc(m.Extra, func(key, _ string) bool { return slices.Contains(keys, key) })
	values := map[string]any{keyLabels: &m.Labels, keySettings: &m.Settings, keyRows: &m.Rows, keyWeights: &m.Weights}
	var size []int
	if m.Format == FormatImage {
		values[keyImage] = &size
	}
	for _, key := range keys {
		if into, ok := values[key]; ok {
			if err := json.Unmarshal([]byte(f.Metadata[key]), into); err != nil {
				return Manifest{}, corrupt(err, "%s", key)
			}
		}
	}
	if m.Format == FormatImage {
		if len(size) != 3 {
			return Manifest{}, corrupt(nil, "image %v", size)
		}
		m.Width, m.Height, m.Channels = size[0], size[1], size[2]
	}
	return m, m.check()
}

// check says what is wrong with a manifest that was read.
func (m *Manifest) check() error {
	switch m.Rounding {
	case weights.Whole, weights.Float16, weights.Int8:
	default:
		return corrupt(nil, "rounding %q", m.Rounding)
	}
	if m.Rows < 1 || m.Weights < 1 {
		return corrupt(nil, "%d rows, %d weights", m.Rows, m.Weights)
	}
	if err := checkLabels([]int32{0}, m.Labels); err != nil {
		return corrupt(err, "labels")
	}
	side := 0
	if m.Format == FormatImage {
		side = max(m.Width, m.Height)
		if err := checkShape(m.shape()); err != nil {
			return corrupt(err, "image")
		}
	}
	if m.Settings != m.Settings.withDefaults(side) {
		return corrupt(nil, "settings are not complete")
	}
	if err := m.Settings.check(); err != nil {
		return corrupt(err, "settings")
	}
	return nil
}

// corrupt returns the error for a file that contradicts itself.
func corrupt(cause error, format string, args ...any) error {
	return &artifact.Error{Kind: artifact.KindCorrupt, Msg: "neural: " + fmt.Sprintf(format, args...), Err: cause}
}
