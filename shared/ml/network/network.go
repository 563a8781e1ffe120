// Package network makes neural networks models like all others: a pipeline.Predictor
// of images by a convolutional network, or of texts by a recurrent one, with
// calibrated scores, prediction sets, explanations and one file.
//
// Start begins a Run on Rows and Resume goes on with one; Run.Model is the model
// as it stands after any epoch, whose Margins of held rows a search, a calibration
// and the like are fitted on. Open reads what Encode writes: the file of package
// neural, with the calibration's tensors beside the weights.
//
// How a network is built and trained is package neural's, what images are is
// package image's, and which settings are tried is for the rooms above.
package network

import (
	"cmp"
	"errors"
	"fmt"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/weights"
	"godwit/shared/ml/pipeline"
)

// Model is a fitted network with its answers calibrated. It does not change and
// is safe for concurrent use; every goroutine brings its own Scratch.
type Model interface {
	pipeline.Predictor
	// Margins returns the outputs of the network for rows, rows x classes. The
	// result does not depend on workers. The rows must be of the model's kind and,
	// of images, of its shape.
	Margins(rows Rows, workers int) []float32
	// Round returns the model with weights rounded as its file will have them.
	// It fails with a *neural.InputError.
	Round(weights.Rounding) (Model, error)
}

// answers is what models of all kinds answer alike.
type answers struct {
	calibration calibrate.Calibration
	conformal   calibrate.Conformal
}

// Columns returns nil: no columns are read.
func (a answers) Columns() []string { return nil }

// Value returns 0: networks here tell classes.
func (a answers) Value(*pipeline.Scratch, pipeline.Input) float64 { return 0 }

// Interval returns no interval.
func (a answers) Interval(float64, float64) (low, high float64, ok bool) { return 0, 0, false }

// TopFeatures returns nothing: no weight of a network stands for a feature.
func (a answers) TopFeatures(int) []pipeline.ClassFeatures { return []pipeline.ClassFeatures{} }

// Set appends to dst a prediction set, as pipeline.Predictor says.
func (a answers) Set(dst []int32, scores []float32, coverage float64) []int32 {
	return a.conformal.Set(dst, scores, coverage)
}

// manifest describes a model.
func (a answers) manifest(task, algorithm string, m neural.Manifest) pipeline.Manifest {
	return pipeline.Manifest{
		Format: m.Format, FormatVersion: m.FormatVersion, Task: task, Algorithm: algorithm, Labels: m.Labels,
		Documents: m.Rows, Weights: m.Weights, Network: &m.Settings, Rounding: string(m.Rounding),
		Calibration: string(cmp.Or(a.calibration.Kind, calibrate.KindTemperature)), Temperature: cmp.Or(a.calibration.T, 1), ConformalRows: a.conformal.Rows(), Extra: m.Extra,
	}
}

// tensors returns what a file holds beside the network.
func (a answers) tensors(classes int) ([]artifact.Tensor, error) {
	if err := a.calibration.Check(classes); err != nil {
		return nil, fmt.Errorf("%w: %w", pipeline.ErrInvalid, err)
	}
	return append(a.calibration.Tensors(), a.conformal.Tensors()...), nil
}

// answersOf reads them from a file.
func answersOf(f *artifact.File, classes int) (a answers, err error) {
	if a.calibration, err = calibrate.CalibrationOf(f, classes); err != nil {
		return a, corrupt(err, "calibration")
	}
	if a.conformal, err = calibrate.ConformalOf(f); err != nil {
		return a, corrupt(err, "prediction sets")
	}
	return a, nil
}

// Open reads a model that Encode wrote, which it aliases: data must not change
// while the model lives. Everything is checked: it fails with an *artifact.Error.
func Open(data []byte) (Model, error) {
	f, err := artifact.Decode(data, artifact.Limits{Bytes: neural.MaxFileBytes})
	if err != nil {
		return nil, fmt.Errorf("network: open model: %w", err)
	}
	if f.Metadata["format"] == neural.FormatText {
		net, err := neural.TextOf(f)
		if err != nil {
			return nil, err
		}
		a, err := answersOf(f, len(net.Labels()))
		return &Text{a, net}, err
	}
	net, err := neural.ImageOf(f)
	if err != nil {
		return nil, err
	}
	a, err := answersOf(f, len(net.Labels()))
	return &Image{a, net}, err
}

// corrupt returns the error for a file that contradicts itself. One that says
// more already stays what it is.
func corrupt(err error, what string) error {
	if _, said := errors.AsType[*artifact.Error](err); said {
		return err
	}
	return &artifact.Error{Kind: artifact.KindCorrupt, Msg: "network: " + what, Err: err}
}

// scratch returns what a goroutine keeps for networks.
func scratch(s *pipeline.Scratch) *kept {
	k, ours := s.Kept.(*kept)
	if !ours {
		k = &kept{}
		s.Kept = k
	}
	return k
}

// kept is what predictions leave to the next one.
type kept struct {
	neural neural.Scratch
	scores []float32
}

// scored returns the calibrated scores of one row's margins.
func (k *kept) scored(a answers, margins []float32) []float32 {
	k.scores = append(k.scores[:0], margins...)
	a.calibration.Apply(k.scores, margins)
	return k.scores
}
