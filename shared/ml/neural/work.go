package neural

import (
	"slices"

	"godwit/shared/ml/neural/layer"
)

// Work returns about how many multiplications a row of d takes on its way
// through the network of the settings: each weight counts as often as it is
// used, in a convolution once for each pixel, in a recurrent layer once for each
// token that is read, on average. Training takes about three times as many for
// each row and epoch. It fails with an *InputError.
func Work(s Settings, d Data) (float64, error) {
	if err := d.check(); err != nil {
		return 0, err
	}
	s = s.withDefaults(d.side())
	if err := s.check(); err != nil {
		return 0, err
	}
	net, isImage := d.network(s, layer.Start{Empty: true}).(*imageNet)
	if isImage {
		return multiplications(net.stack), nil
	}
	rows := make([]int32, d.Len())
	for i := range rows {
		rows[i] = int32(i)
	}
	tokens := float64(len(d.tokens(rows, s.Text.Tokens))) / float64(len(rows))
	work := 0.0
	for _, p := range d.network(s, layer.Start{Empty: true}).params() {
		switch {
		case isEmbedding(p): // is looked up
		case slices.Contains([]string{"dense.weight", "dense.bias"}, p.Name):
			work += float64(p.Size())
		default:
			work += float64(p.Size()) * tokens
		}
	}
	return work, nil
}

// multiplications counts those of one row in a stack.
func multiplications(s layer.Stack) float64 {
	work := 0.0
	for _, l := range s {
		if r, ok := l.(*layer.Residual); ok {
			body, short := r.Parts()
			work += multiplications(body.(layer.Stack))
			if short != nil {
				work += multiplications(short.(layer.Stack))
			}
			continue
		}
		out := l.Out()
		for _, p := range l.Params() {
			work += float64(p.Size()) * float64(out.Height*out.Width)
		}
	}
	return work
}
