package export_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/export"
	"godwit/shared/ml/image"
	"godwit/shared/ml/image/imagetest"
	"godwit/shared/ml/network"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/optim"
	"godwit/shared/ml/neural/recurrent"
	"godwit/shared/ml/neural/weights"
	"godwit/shared/ml/pipeline"
)

// imageModel trains a network for a moment on pictures of a size and returns it
// with some of them.
func imageModel(t *testing.T, side, channels int) (network.Model, []pipeline.Input) {
	t.Helper()
	set, err := image.Read(t.Context(), bytes.NewReader(imagetest.Zip(2, side, 1)), image.Options{Width: side, Height: side - 3, Channels: channels})
	if err != nil {
		t.Fatal(err)
	}
	run, err := network.Start(neural.Settings{Epochs: 1, Batch: 4}, network.Rows{Shape: set.Shape, Pixels: set.Pixels, Y: set.Y, Labels: set.Labels})
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Train(context.Background(), 1, nil); err != nil {
		t.Fatal(err)
	}
	m, err := run.Model()
	if err != nil {
		t.Fatal(err)
	}
	var rows []pipeline.Input
	for i := 0; i < len(set.Y); i += 2 { // one of each class
		rows = append(rows, pipeline.Input{Pixels: set.Pixels[i*set.Size():][:set.Size()]})
	}
	return m, rows
}

// Both architectures, of odd sides, with a stem that halves and one that does
// not, answer alike as a graph.
func TestExport_image(t *testing.T) {
	for _, tc := range []struct {
		name           string
		side, channels int
		round          weights.Rounding
		c              calibrate.Calibration
	}{
		{"LeNet", 18, 1, weights.Whole, calibrate.Calibration{T: 1.3}},
		{"LeNet in colour, rounded", 19, 3, weights.Int8, stepsOf(len(imagetest.Classes))},
		{"ResNet", 41, 3, weights.Whole, calibrate.Calibration{T: .8}},
		{"ResNet that halves first", 70, 1, weights.Float16, calibrate.Calibration{T: 1}},
		{"ResNet that halves twice", 131, 1, weights.Whole, calibrate.Calibration{T: 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, rows := imageModel(t, tc.side, tc.channels)
			m, err := m.Round(tc.round)
			if err != nil {
				t.Fatal(err)
			}
			calibrated := m.With(tc.c, calibrate.Conformal{})
			_, info := program(t, calibrated)
			if info.Domain != export.DomainImage || len(info.Inputs) != 1 || info.Inputs[0].Name != "image" || info.Normaliser != "" {
				t.Errorf("Info = %+v, want one input of pixels", info)
			}
			agree(t, calibrated, rows)
		})
	}
}

// Recurrent networks of both cells, in one direction and both, by every pool,
// read awkward documents as their graphs do.
func TestExport_sequence(t *testing.T) {
	docs := awkward(t)
	rows := network.Rows{Labels: []string{"a", "b", "c"}}
	var asked []pipeline.Input
	for i, doc := range append(append(docs, docs...), "", "plain words only", strings.Repeat("很长的文本 and so on ", 30)) {
		rows.Texts, rows.Y = append(rows.Texts, doc), append(rows.Y, int32(i%3))
		asked = append(asked, pipeline.Input{Text: doc})
	}
	asked = append(asked, pipeline.Input{Text: "never seen anything likewise"})
	for _, set := range []neural.TextSettings{
		{Cell: recurrent.GRU, Units: 5, Width: 6},
		{Cell: recurrent.LSTM, Units: 6, Width: 5, Pooling: recurrent.Mean, Tokens: 20},
		{Cell: recurrent.GRU, Units: 4, Width: 4, OneWay: true, Pooling: recurrent.Last},
		{Cell: recurrent.LSTM, Units: 4, Width: 4, Pooling: recurrent.Last},
	} {
		t.Run(fmt.Sprintf("%s %s", set.Cell, set.Pooling), func(t *testing.T) {
			run, err := network.Start(neural.Settings{Epochs: 2, Batch: 8, Optimizer: optim.Settings{Rate: .05}, Text: set}, rows)
			if err != nil {
				t.Fatal(err)
			}
			if err := run.Train(t.Context(), 2, nil); err != nil {
				t.Fatal(err)
			}
			m, err := run.Model()
			if err != nil {
				t.Fatal(err)
			}
			calibrated := m.With(calibrate.Calibration{T: .9}, calibrate.Conformal{})
			_, info := program(t, calibrated)
			if info.Domain != export.DomainText || info.Normaliser == "" {
				t.Errorf("Info = %+v, want normal text", info)
			}
			agree(t, calibrated, asked)
			agree(t, calibrated, []pipeline.Input{{}}) // a batch without a token
		})
	}
}
