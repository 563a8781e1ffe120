package neural

import "godwit/shared/ml/neural/layer"

// Operation is one step of a network for images, for programs that run it
// elsewhere: exactly one of its pointers is set, or Body.
type Operation struct {
	Conv  *layer.Conv    // a convolution
	Dense *layer.Dense   // a dense layer, of all numbers of a row
	Max   *layer.MaxPool // the largest of each square
	Mean  *layer.MeanPool
	ReLU  *layer.ReLU
	// Body and Short are the ways of a residual block, whose results are added;
	// Short is nil where the input itself is.
	Body, Short []Operation
}

// Operations returns what the network does, in order, from pixels between 0 and 1
// to margins. The layers are the model's and must only be looked at.
func (m Image) Operations() []Operation { return operations(m.net.(*imageNet).stack) }

// operations lists the layers of a stack. What dropout does in training has no
// part in it.
func operations(s layer.Stack) []Operation {
	var all []Operation
	for _, l := range s {
		var o Operation
		switch l := l.(type) {
		case *layer.Conv:
			o.Conv = l
		case *layer.Dense:
			o.Dense = l
		case *layer.MaxPool:
			o.Max = l
		case *layer.MeanPool:
			o.Mean = l
		case *layer.ReLU:
			o.ReLU = l
		case *layer.Residual:
			body, short := l.Parts()
			o.Body = operations(body.(layer.Stack))
			if short != nil {
				o.Short = operations(short.(layer.Stack))
			}
		default: // dropout
			continue
		}
		all = append(all, o)
	}
	return all
}

// Param returns the numbers of a parameter by its name in FORMAT.md, nil when the
// network has none of that name. They are the model's and must not be changed.
func (m Text) Param(name string) []float32 {
	for _, p := range m.net.params() {
		if p.Name == name {
			return p.Value
		}
	}
	return nil
}
