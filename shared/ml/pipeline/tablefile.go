package pipeline

import (
	"errors"
	"fmt"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/tabular"
)

// Manifest returns the model's description. Its map and slices are the
// model's and must not be changed.
func (m *TableModel) Manifest() Manifest {
	manifest := Manifest{
		Format:        formatTable,
		FormatVersion: TableFormatVersion,
		Task:          m.Task(),
		Algorithm:     m.Algorithm(),
		Tokenizer:     m.tokenizer,
		Unicode:       m.unicode,
		Labels:        m.labels,
		Columns:       m.columns,
		Documents:     m.documents,
		Features:      m.encoder.Len(),
		Weights:       len(m.weight),
		Table:         m.settings,
		Extra:         m.extra,
	}
	if m.labels != nil {
		manifest.Calibration = kindOf(m.calibration)
		manifest.Temperature = temperature(m.calibration)
		manifest.ConformalRows = m.conformal.Rows()
	} else {
		manifest.ConformalRows = m.spread.Rows()
	}
	return manifest
}

// Encode returns the model as a file, see Model.Encode.
func (m *TableModel) Encode(extra map[string]string) ([]byte, error) {
	tensors := append(m.encoder.Tensors(), m.lists.tensors()...)
	tensors = append(tensors,
		artifact.FromFloat32s(tensorWeight, nil, m.weight),
		artifact.FromFloat64s(tensorBias, nil, m.bias),
		artifact.FromUint32s(tensorSupport, nil, m.support),
	)
	if m.labels != nil {
		if err := m.calibration.Check(len(m.labels)); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		tensors = append(append(tensors, m.calibration.Tensors()...), m.conformal.Tensors()...)
	} else {
		tensors = append(tensors, m.spread.Tensors()...)
	}
	return write(m.Manifest(), extra, tensors, m.encoder.Len())
}

// tableModelOf reads a table model from a file of so many bytes.
func tableModelOf(f *artifact.File, size int) (*TableModel, error) {
	manifest, err := manifestOf(f.Metadata, formatTable, TableFormatVersion)
	if err != nil {
		return nil, err
	}
	if err := checkLoaded(size, min(manifest.Features, size)); err != nil {
		return nil, err
	}
	m := &TableModel{
		labels:    manifest.Labels,
		settings:  manifest.Table,
		documents: manifest.Documents,
		extra:     manifest.Extra,
		tokenizer: manifest.Tokenizer,
		unicode:   manifest.Unicode,
	}
	if m.labels != nil {
		m.calibration, m.conformal, err = answersOf(f, len(m.labels))
	} else if manifest.FormatVersion > 1 { // the first had no intervals
		// From the second on their tensors are always there, be it of 0 rows: a file
		// without them lost them.
		if m.spread, err = calibrate.SpreadOf(f); errors.Is(err, calibrate.ErrAbsent) {
			err = corrupt(err, "intervals")
		}
	}
	if err != nil {
		return nil, err
	}
	if err := m.readWeights(f, manifest); err != nil {
		return nil, err
	}
	if m.encoder, err = tabular.EncoderOf(f); err != nil {
		return nil, corrupt(err, "columns")
	}
	// The weights go by the encoder's numbers: another encoder would make every
	// answer wrong, and none of them look so.
	if m.encoder.Len() != manifest.Features || m.encoder.Options() != m.settings.Options {
		return nil, corrupt(nil, "%d features, manifest says %d, or other options", m.encoder.Len(), manifest.Features)
	}
	m.name()
	return m, nil
}

// readWeights reads and checks the tensors of the weights. Numbers that are not
// finite are refused here, so that no row's answer need be checked.
func (m *TableModel) readWeights(f *artifact.File, manifest Manifest) (err error) {
	if m.weight, err = artifact.Elements(f, tensorWeight, artifact.Float32s); err != nil {
		return err
	}
	if m.bias, err = artifact.Elements(f, tensorBias, artifact.Float64s); err != nil {
		return err
	}
	if m.support, err = artifact.Elements(f, tensorSupport, artifact.Uint32s); err != nil {
		return err
	}
	if len(m.support) != manifest.Features {
		return corrupt(nil, "%d counts of rows for %d features", len(m.support), manifest.Features)
	}
	n := problems(len(m.labels))
	if len(m.weight) != manifest.Weights || len(m.bias) != n {
		return corrupt(nil, "%d weights, manifest says %d; %d biases for %d problems", len(m.weight), manifest.Weights, len(m.bias), n)
	}
	if m.lists, err = listsOf(f, manifest.Features, n, len(m.weight)); err != nil {
		return err
	}
	for i, w := range m.weight {
		if !finite(float64(w)) {
			return corrupt(nil, "weight %d is not finite", i)
		}
	}
	for p, b := range m.bias {
		if !finite(b) {
			return corrupt(nil, "bias %d is not finite", p)
		}
	}
	return nil
}
