package pipeline

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/text"
)

// The versions of the file formats that Encode writes, of text models and of
// table models. Open reads them and every earlier one.
const (
	FormatVersion      = 2
	TableFormatVersion = 2
)

// The names of the formats, which mark the files of this package among other
// safetensors files.
const (
	formatText  = "godwit-linear-text"
	formatTable = "godwit-linear-table"
)

// Manifest describes a model: what it was made of and how, and nothing that
// differs between two fits of the same data with the same settings.
type Manifest struct {
	Format        string            `json:"format"`
	FormatVersion int               `json:"format_version"`
	Task          string            `json:"task"`
	Algorithm     string            `json:"algorithm"`
	Tokenizer     int               `json:"tokenizer_version"` // text.TokenizerVersion of the fit
	Unicode       string            `json:"unicode_version"`   // text.UnicodeVersion of the fit
	Labels        []string          `json:"labels,omitempty"`  // nil of a regression
	Columns       []string          `json:"columns,omitempty"` // that a table model reads
	Documents     int               `json:"documents"`         // rows of the fit; 0 in text files of version 1
	Features      int               `json:"features"`          // of a text model, those that carry weights
	Weights       int               `json:"weights"`
	Settings      Settings          `json:"settings,omitzero"`          // of a text model
	Table         TableSettings     `json:"table_settings,omitzero"`    // of a table model
	Network       *neural.Settings  `json:"network_settings,omitempty"` // of a network
	Rounding      string            `json:"rounding,omitempty"`         // of a network's weights, "" for none
	Calibration   string            `json:"calibration,omitempty"`      // a calibrate.Kind, "" of a regression
	Temperature   float64           `json:"temperature,omitzero"`       // of the calibration
	ConformalRows int64             `json:"conformal_rows"`             // that prediction sets, or intervals, stand on
	Note          string            `json:"note,omitempty"`             // what the model cannot do, "" when nothing; not in the file
	Extra         map[string]string `json:"extra,omitempty"`            // additions given to Encode
}

// noteHashed is the Note of a model whose features are hashed.
const noteHashed = "terms are hashed and not kept: no features can be named, explanations of texts are exact"

// The keys of the file's metadata. Other keys are additions.
const (
	keyFormat      = "format"
	keyVersion     = "format_version"
	keyTask        = "task"
	keyAlgorithm   = "algorithm"
	keyTokenizer   = "tokenizer_version"
	keyUnicode     = "unicode_version"
	keyLabels      = "labels"
	keyDocuments   = "documents"
	keyFeatures    = "features"
	keyWeights     = "weights"
	keySettings    = "settings"
	keyTemperature = "temperature" // of version 1 of the text format, a tensor since
)

// keys are all of them.
var keys = []string{
	keyFormat, keyVersion, keyTask, keyAlgorithm, keyTokenizer, keyUnicode,
	keyLabels, keyDocuments, keyFeatures, keyWeights, keySettings, keyTemperature,
}

// Manifest returns the model's description. Its map and slices are the
// model's and must not be changed.
func (m *Model) Manifest() Manifest {
	note := ""
	if m.settings.HashBits > 0 {
		note = noteHashed
	}
	return Manifest{
		Format:        formatText,
		FormatVersion: FormatVersion,
		Task:          m.Task(),
		Algorithm:     m.Algorithm(),
		Tokenizer:     m.tokenizer,
		Unicode:       m.unicode,
		Labels:        m.labels,
		Documents:     m.documents,
		Features:      m.Features(),
		Weights:       m.Weights(),
		Settings:      m.settings,
		Calibration:   kindOf(m.calibration),
		Temperature:   m.Temperature(),
		ConformalRows: m.conformal.Rows(),
		Note:          note,
		Extra:         m.extra,
	}
}

// metadata returns the manifest as the file's text map, with more additions.
func (m Manifest) metadata(extra map[string]string) (map[string]string, error) {
	var settings any = m.Settings
	if m.Format == formatTable {
		settings = m.Table
	}
	out := map[string]string{
		keyFormat:    m.Format,
		keyVersion:   strconv.Itoa(m.FormatVersion),
		keyTask:      m.Task,
		keyAlgorithm: m.Algorithm,
		keyTokenizer: strconv.Itoa(m.Tokenizer),
		keyUnicode:   m.Unicode,
		keyDocuments: strconv.Itoa(m.Documents),
		keyFeatures:  strconv.Itoa(m.Features),
		keyWeights:   strconv.Itoa(m.Weights),
	}
	// In any order: the file sorts its metadata by key.
	for key, value := range map[string]any{keyLabels: m.Labels, keySettings: settings} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("pipeline: write %s: %w", key, err)
		}
		out[key] = string(text)
	}
	for _, additions := range []map[string]string{m.Extra, extra} {
		for key, value := range additions {
			if slices.Contains(keys, key) {
				return nil, fmt.Errorf("%w: manifest key %q is taken", ErrInvalid, key)
			}
			out[key] = value
		}
	}
	return out, nil
}

// manifestOf reads a manifest. The format and its version are judged first, so
// that a newer file is named as such, whatever else changed in it.
func manifestOf(metadata map[string]string, format string, newest int) (Manifest, error) {
	if got := metadata[keyFormat]; got != format {
		return Manifest{}, corrupt(nil, "format %q is not %q", got, format)
	}
	version, err := strconv.Atoi(metadata[keyVersion])
	if err != nil || version < 1 {
		return Manifest{}, corrupt(err, "format version %q", metadata[keyVersion])
	}
	tokenizer, err := strconv.Atoi(metadata[keyTokenizer])
	if err != nil || tokenizer < 1 {
		return Manifest{}, corrupt(err, "tokenizer version %q", metadata[keyTokenizer])
	}
	if version > newest || tokenizer > text.TokenizerVersion {
		return Manifest{}, &artifact.Error{
			Kind: artifact.KindFuture,
			Msg:  fmt.Sprintf("model of format %d, tokenizer %d; this code reads %d and %d", version, tokenizer, newest, text.TokenizerVersion),
		}
	}
	m := Manifest{
		Format: format, FormatVersion: version, Tokenizer: tokenizer,
		Task: metadata[keyTask], Algorithm: metadata[keyAlgorithm], Unicode: metadata[keyUnicode],
		Extra: maps.Clone(metadata),
	}
	maps.DeleteFunc(m.Extra, func(key, _ string) bool { return slices.Contains(keys, key) })
	return m, m.readFields(metadata)
}

// readFields reads the parts of a manifest of a known version.
func (m *Manifest) readFields(metadata map[string]string) error {
	if err := json.Unmarshal([]byte(metadata[keyLabels]), &m.Labels); err != nil {
		return corrupt(err, "labels")
	}
	if m.Task == TableRegression {
		if m.Labels != nil {
			return corrupt(nil, "labels of a regression")
		}
	} else if err := checkLabels(m.Labels); err != nil {
		return corrupt(err, "labels")
	}
	// Read by the list of keys below, so that of several faults the same is told.
	numbers := map[string]*int{keyFeatures: &m.Features, keyWeights: &m.Weights, keyDocuments: &m.Documents}
	if m.Format == formatText && m.FormatVersion == 1 {
		delete(numbers, keyDocuments)
		if err := m.readFirst(metadata); err != nil {
			return err
		}
	}
	for _, key := range []string{keyFeatures, keyWeights, keyDocuments} {
		at, asked := numbers[key]
		if !asked {
			continue
		}
		n, err := strconv.Atoi(metadata[key])
		if err != nil || n < 0 {
			return corrupt(err, "%s %q", key, metadata[key])
		}
		*at = n
	}
	return m.readSettings(metadata[keySettings])
}

// readFirst reads what only version 1 of the text format has.
func (m *Manifest) readFirst(metadata map[string]string) (err error) {
	m.Temperature, err = strconv.ParseFloat(metadata[keyTemperature], 64)
	if err != nil || !(m.Temperature > 0) || math.IsInf(1/m.Temperature, 0) || math.IsInf(m.Temperature, 0) {
		return corrupt(err, "temperature %q", metadata[keyTemperature])
	}
	return nil
}

// readSettings reads the settings and holds task and algorithm against them,
// which say the same a second time, for readers that know no settings.
func (m *Manifest) readSettings(raw string) error {
	var settings any = &m.Settings
	if m.Format == formatTable {
		settings = &m.Table
	}
	if err := json.Unmarshal([]byte(raw), settings); err != nil {
		return corrupt(err, "settings")
	}
	var err error
	var kind string
	known := m.Task == TextClassification
	if m.Format == formatTable {
		known = m.Task == TableClassification || m.Task == TableRegression
		kind, err = m.Table.Learner, m.Table.check(m.Task == TableRegression)
	} else {
		if m.FormatVersion == 1 {
			m.Settings.Learner = SVM // there was no other
		}
		kind, err = m.Settings.Learner, m.Settings.check()
	}
	if err != nil {
		return corrupt(err, "settings")
	}
	if !known || m.Algorithm != algorithms[kind] {
		return corrupt(nil, "task %q by %q, settings are for %q", m.Task, m.Algorithm, kind)
	}
	return nil
}

// corrupt returns the error for a file that is whole but makes no sense.
func corrupt(err error, format string, args ...any) error {
	return &artifact.Error{Kind: artifact.KindCorrupt, Msg: "model: " + fmt.Sprintf(format, args...), Err: err}
}
