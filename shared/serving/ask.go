package serving

import (
	"context"
	"errors"

	"godwit/shared/fault"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/pipeline"
)

// graphOutputs describes the outputs of a model that was imported, nil of others.
func graphOutputs(m pipeline.Predictor) []foreign.Tensor {
	if g, imported := m.(*foreign.Model); imported {
		_, outputs := g.Tensors()
		return outputs
	}
	return nil
}

// ask answers one input with an imported graph, which unlike the models that are
// trained here may fail on an input: that is the input's error. The error
// returned ends the request.
func (w *scorer) ask(ctx context.Context, r *Result, in pipeline.Input) error {
	a, err := w.graph.Ask(ctx, in)
	if err == nil {
		r.Value, r.Outputs = a.Value, a.Outputs
		if w.labels != nil {
			w.rank(r, a.Scores)
		}
		if w.req.Explain {
			var e pipeline.Explanation
			e, err = w.graph.Tell(ctx, in, r.Class)
			r.Explanation = &e
		}
	}
	if err == nil {
		return nil
	}
	wrong, judged := errors.AsType[*onnx.Error](err)
	if !judged {
		return fault.Wrap(fault.Unavailable, err, "the request ran out of time; send fewer inputs at once")
	}
	code, reason := fault.Invalid, "graph_input"
	if wrong.Reason == onnx.TooLarge {
		code, reason = fault.TooLarge, "graph_work"
	}
	*r = Result{Err: fault.Wrap(code, err, "the imported graph cannot answer this input: %s", wrong).WithReason(reason)}
	return nil
}
