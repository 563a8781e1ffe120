package network

import (
	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/weights"
	"godwit/shared/ml/pipeline"
)

// Text is a recurrent network that tells the class of a text.
type Text struct {
	answers
	net neural.Text
}

// Task returns pipeline.TextClassification.
func (m *Text) Task() string { return pipeline.TextClassification }

// Algorithm returns pipeline.RNN.
func (m *Text) Algorithm() string { return pipeline.RNN }

// Labels returns the classes in the order of scores. It must not be changed.
func (m *Text) Labels() []string { return m.net.Labels() }

// Bytes returns about how much memory the model takes.
func (m *Text) Bytes() int64 {
	const token = 64 // bytes in the vocabulary, with its index
	return m.net.Bytes() + token*int64(m.net.Vocabulary().Len())
}

// Manifest returns the model's description. Its features are the tokens it knows.
func (m *Text) Manifest() pipeline.Manifest {
	about := m.manifest(m.Task(), m.Algorithm(), m.net.Manifest())
	about.Features = m.net.Vocabulary().Len()
	return about
}

// Network returns what the model is made of, without the calibration.
func (m *Text) Network() neural.Text { return m.net }

// Scores returns the calibrated probability of each class.
func (m *Text) Scores(s *pipeline.Scratch, in pipeline.Input) []float32 {
	k := scratch(s)
	return k.scored(m.answers, m.net.Margins(&k.neural, in.Text))
}

// Explain returns what the margin of a class loses without each token. What is
// beyond the tokens that the network reads has no part in it.
func (m *Text) Explain(_ *pipeline.Scratch, in pipeline.Input, class int) pipeline.Explanation {
	var s neural.Scratch // of its own: it grows by the tokens, and is not worth keeping
	found := m.net.Explain(&s, in.Text, class)
	e := pipeline.Explanation{Method: pipeline.MethodOcclusion, Baseline: found.Baseline, Margin: found.Margin, Rest: found.Rest, Spans: []pipeline.Span{}}
	runes := []rune(in.Text)
	for _, t := range found.Tokens {
		if t.Weight != 0 {
			e.Spans = append(e.Spans, pipeline.Span{Start: t.Start, End: t.End, Text: string(runes[t.Start:t.End]), Weight: t.Weight})
		}
	}
	return e
}

// Margins returns the outputs of the network, as Model says.
func (m *Text) Margins(rows Rows, workers int) []float32 {
	return inPieces(rows.Len(), len(m.Labels()), workers, func(s *neural.Scratch, from, to int) []float32 {
		return m.net.Margins(s, rows.Texts[from:to]...)
	})
}

// Round returns the model with rounded weights, as Model says.
func (m *Text) Round(r weights.Rounding) (Model, error) {
	net, err := m.net.Round(r)
	if err != nil {
		return nil, err
	}
	return &Text{m.answers, net}, nil
}

// With returns the same model with another calibration and other prediction
// sets; the two share their weights.
func (m *Text) With(c calibrate.Calibration, f calibrate.Conformal) pipeline.Predictor {
	return &Text{answers{c, f}, m.net}
}

// Encode returns the model as a file, as pipeline.Model.Encode does.
func (m *Text) Encode(extra map[string]string) ([]byte, error) {
	tensors, err := m.tensors(len(m.Labels()))
	if err != nil {
		return nil, err
	}
	return m.net.Encode(extra, tensors...)
}
