package network

import (
	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/image"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/weights"
	"godwit/shared/ml/pipeline"
)

// Image is a convolutional network that tells the class of an image.
type Image struct {
	answers
	net neural.Image
}

// Task returns pipeline.ImageClassification.
func (m *Image) Task() string { return pipeline.ImageClassification }

// Algorithm returns pipeline.CNN.
func (m *Image) Algorithm() string { return pipeline.CNN }

// Labels returns the classes in the order of scores. It must not be changed.
func (m *Image) Labels() []string { return m.net.Labels() }

// Bytes returns about how much memory the model takes.
func (m *Image) Bytes() int64 { return m.net.Bytes() }

// Manifest returns the model's description.
func (m *Image) Manifest() pipeline.Manifest {
	return m.manifest(m.Task(), m.Algorithm(), m.net.Manifest())
}

// Network returns what the model is made of, without the calibration.
func (m *Image) Network() neural.Image { return m.net }

// Shape returns the size of the images that the model reads.
func (m *Image) Shape() image.Shape {
	about := m.net.Manifest()
	return image.Shape{Width: about.Width, Height: about.Height, Channels: about.Channels}
}

// Scores returns the calibrated probability of each class. It panics unless
// Pixels are one image of the model's Shape.
func (m *Image) Scores(s *pipeline.Scratch, in pipeline.Input) []float32 {
	k := scratch(s)
	return k.scored(m.answers, m.net.Margins(&k.neural, m.one(in)))
}

// one returns the pixels of a single image.
func (m *Image) one(in pipeline.Input) []uint8 {
	if len(in.Pixels) != m.net.Size() {
		panic("network: pixels are not one image of the model's shape")
	}
	return in.Pixels
}

// Squares cover a small image in patches of this share of its longer side; for
// each the network runs once, which for larger images takes too long.
const (
	patches  = 7
	occluded = 32 // pixels of the longest side
)

// Explain returns a picture of where the margin of a class comes from: by
// occlusion of images up to 32 pixels a side, by the gradient of larger ones.
func (m *Image) Explain(_ *pipeline.Scratch, in pipeline.Input, class int) pipeline.Explanation {
	var s neural.Scratch // of its own: it holds many images at once, and is not worth keeping
	pixels, shape := m.one(in), m.Shape()
	side := max(shape.Width, shape.Height)
	e := pipeline.Explanation{Method: pipeline.MethodGradient, Margin: float64(m.net.Margins(&s, pixels)[class])}
	black := make([]uint8, len(pixels))
	e.Baseline = float64(m.net.Margins(&s, black)[class])
	var heat []float32
	if side <= occluded {
		e.Method = pipeline.MethodOcclusion
		heat = m.net.Occlusion(&s, pixels, class, max(side/patches, 2))
	} else {
		heat = m.net.Saliency(&s, pixels, class)
	}
	e.Image = &pipeline.Saliency{PNG: image.Overlay(shape, pixels, heat), Width: shape.Width, Height: shape.Height}
	return e
}

// Margins returns the outputs of the network, as Model says.
func (m *Image) Margins(rows Rows, workers int) []float32 {
	size := m.net.Size()
	return inPieces(rows.Len(), len(m.Labels()), workers, func(s *neural.Scratch, from, to int) []float32 {
		return m.net.Margins(s, rows.Pixels[from*size:to*size])
	})
}

// Round returns the model with rounded weights, as Model says.
func (m *Image) Round(r weights.Rounding) (Model, error) {
	net, err := m.net.Round(r)
	if err != nil {
		return nil, err
	}
	return &Image{m.answers, net}, nil
}

// With returns the same model with another calibration and other prediction
// sets; the two share their weights.
func (m *Image) With(c calibrate.Calibration, f calibrate.Conformal) pipeline.Predictor {
	return &Image{answers{c, f}, m.net}
}

// Encode returns the model as a file, as pipeline.Model.Encode does.
func (m *Image) Encode(extra map[string]string) ([]byte, error) {
	tensors, err := m.tensors(len(m.Labels()))
	if err != nil {
		return nil, err
	}
	return m.net.Encode(extra, tensors...)
}
