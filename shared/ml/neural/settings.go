package neural

import (
	"cmp"
	"fmt"

	"godwit/shared/ml/neural/optim"
	"godwit/shared/ml/neural/recurrent"
)

// The bounds of settings, which keep a file or a request from asking for more
// memory than a function has.
const (
	MaxEpochs = 10_000
	MaxBatch  = 4096
	MaxShards = 64
	MaxUnits  = 512  // of a recurrent layer, and the width of an embedding
	MaxTokens = 4096 // of a text that are read
)

// Architecture names a network for images.
type Architecture string

// The architectures.
const (
	// LeNet is two convolutions of 5x5, each with its pool, and two dense
	// layers (LeCun et al., "Gradient-based learning applied to document
	// recognition", 1998, with the layers of today): for images of one subject
	// up to 32 pixels wide.
	LeNet Architecture = "lenet"
	// ResNet is three residual blocks with batch normalisation of falling size
	// and growing depth, and a mean over what is left (He et al., 2016).
	ResNet Architecture = "resnet"
)

// Settings says what to train and how. Zero fields mean their defaults.
type Settings struct {
	Epochs    int            `json:"epochs"`              // most passes over the data, default 10
	Batch     int            `json:"batch"`               // rows of a step, default 64
	Shards    int            `json:"shards"`              // parts of a batch, which bounds the goroutines that help; default 4
	Seed      uint64         `json:"seed"`                // of all chance
	Optimizer optim.Settings `json:"optimizer"`           // default Adam at a rate of .001
	Dropout   float64        `json:"dropout"`             // share dropped before the last layer, and of embeddings; default 0
	Smoothing float64        `json:"smoothing,omitempty"` // of labels, in [0, 1); default 0
	Average   float64        `json:"average,omitempty"`   // weights of the model are a mean over about this share of the steps so far, the last ones, in [0, 1]; default 0: as the last step leaves them
	Balance   bool           `json:"balance,omitempty"`   // all classes weigh the same, however many rows they have
	Patience  int            `json:"patience,omitempty"`  // epochs without a lower validation loss until training ends; default no end
	Image     ImageSettings  `json:"image,omitzero"`
	Text      TextSettings   `json:"text,omitzero"`
}

// ImageSettings are those of networks for images.
type ImageSettings struct {
	Architecture Architecture `json:"architecture,omitempty"` // default LeNet up to 32 pixels a side, ResNet above
	Scale        bool         `json:"scale,omitempty"`        // training sees pixels of a mean square of 1; what comes of it still takes them from 0 to 1
	Flip         bool         `json:"flip,omitempty"`         // training sees half the images mirrored left to right
	Shift        int          `json:"shift,omitempty"`        // and moved by up to so many pixels; default 0
}

// TextSettings are those of networks for texts.
type TextSettings struct {
	Cell    recurrent.Kind    `json:"cell,omitempty"`    // default GRU
	Units   int               `json:"units,omitempty"`   // of a direction, default 64
	Width   int               `json:"width,omitempty"`   // of the embedding, default 64
	OneWay  bool              `json:"one_way,omitempty"` // read forward only and not in both directions
	Pooling recurrent.Pooling `json:"pooling,omitempty"` // default Max
	Tokens  int               `json:"tokens,omitempty"`  // most of a text that are read, default 256
}

// withDefaults returns s with its zero fields filled, for images of a size or,
// if that is 0, for texts.
func (s Settings) withDefaults(side int) Settings {
	s.Epochs, s.Batch, s.Shards = cmp.Or(s.Epochs, 10), cmp.Or(s.Batch, 64), cmp.Or(s.Shards, 4)
	s.Optimizer = s.Optimizer.WithDefaults()
	if side > 0 {
		s.Text = TextSettings{}
		if s.Image.Architecture == "" {
			s.Image.Architecture = LeNet
			if side > 32 {
				s.Image.Architecture = ResNet
			}
		}
		return s
	}
	s.Image = ImageSettings{}
	t := &s.Text
	t.Cell, t.Pooling = cmp.Or(t.Cell, recurrent.GRU), cmp.Or(t.Pooling, recurrent.Max)
	t.Units, t.Width, t.Tokens = cmp.Or(t.Units, 64), cmp.Or(t.Width, 64), cmp.Or(t.Tokens, 256)
	return s
}

// check says what is wrong with settings that have their defaults.
func (s Settings) check() error {
	for _, n := range []struct {
		name      string
		is        int
		low, high int
	}{
		{"epochs", s.Epochs, 1, MaxEpochs}, {"batch", s.Batch, 1, MaxBatch}, {"shards", s.Shards, 1, MaxShards},
		{"patience", s.Patience, 0, MaxEpochs}, {"image.shift", s.Image.Shift, 0, 16},
		{"text.units", s.Text.Units, 0, MaxUnits}, {"text.width", s.Text.Width, 0, MaxUnits}, {"text.tokens", s.Text.Tokens, 0, MaxTokens},
	} {
		if n.is < n.low || n.is > n.high {
			return invalid("%s is %d: it must be from %d to %d", n.name, n.is, n.low, n.high)
		}
	}
	switch {
	case !(s.Dropout >= 0 && s.Dropout < 1):
		return invalid("dropout is %g: it must be at least 0 and below 1", s.Dropout)
	case !(s.Smoothing >= 0 && s.Smoothing < 1):
		return invalid("smoothing is %g: it must be at least 0 and below 1", s.Smoothing)
	case !(s.Average >= 0 && s.Average <= 1):
		return invalid("average is %g: it must be from 0 to 1", s.Average)
	}
	if err := s.Optimizer.Check(); err != nil {
		return &InputError{Row: -1, Msg: "optimizer", Err: err}
	}
	return s.checkNames()
}

// checkNames says what is wrong with settings that are one of some names.
func (s Settings) checkNames() error {
	switch s.Image.Architecture {
	case "", LeNet, ResNet:
	default:
		return invalid("image.architecture is %q: use lenet or resnet", s.Image.Architecture)
	}
	switch s.Text.Cell {
	case "", recurrent.GRU, recurrent.LSTM:
	default:
		return invalid("text.cell is %q: use gru or lstm", s.Text.Cell)
	}
	switch s.Text.Pooling {
	case "", recurrent.Last, recurrent.Max, recurrent.Mean:
	default:
		return invalid("text.pooling is %q: use last, max or mean", s.Text.Pooling)
	}
	return nil
}

// InputError is data or settings that cannot be trained on.
type InputError struct {
	Row int    // the offending row from 0, -1 when the fault is not in one row
	Msg string // what is wrong and how to mend it
	Err error  // the cause, may be nil
}

// Error names the row, if any, and the fault.
func (e *InputError) Error() string {
	at := "neural: "
	if e.Row >= 0 {
		at = fmt.Sprintf("neural: row %d: ", e.Row)
	}
	if e.Err != nil {
		return at + e.Msg + ": " + e.Err.Error()
	}
	return at + e.Msg
}

// Unwrap returns the cause.
func (e *InputError) Unwrap() error { return e.Err }

// invalid returns an InputError of no row.
func invalid(format string, args ...any) error {
	return &InputError{Row: -1, Msg: fmt.Sprintf(format, args...)}
}
