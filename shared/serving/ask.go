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

// askAll answers the inputs that were accepted, each at its place of the results,
// with an imported graph. Unlike the models that are trained here one may fail on
// an input: that is the input's error. The error returned ends the request.
func (w *scorer) askAll(ctx context.Context, results []Result, places []int, inputs []pipeline.Input) error {
	replies, err := w.graph.AskAll(ctx, inputs)
	if err != nil {
		return unasked(err)
	}
	for i, a := range replies {
		r := &results[places[i]]
		err := a.Err
		if err == nil {
			r.Value, r.Outputs = a.Value, a.Outputs
			if w.labels != nil {
				w.rank(r, a.Scores)
			}
			if w.req.Explain {
				var e pipeline.Explanation
				e, err = w.graph.Tell(ctx, inputs[i], r.Class)
				r.Explanation = &e
			}
		}
		wrong, judged := errors.AsType[*onnx.Error](err)
		switch {
		case judged:
			*r = Result{Err: refusedInput(wrong)}
		case err != nil:
			return unasked(err)
		}
	}
	return nil
}

// unasked is the failure of a request whose graph was not run: its time ended, or
// an engine did not answer, which says so itself.
func unasked(err error) error {
	if failed, said := errors.AsType[*fault.Error](err); said {
		return failed
	}
	return fault.Wrap(fault.Unavailable, err, "the request ran out of time; send fewer inputs at once")
}

// refusedInput is the error of one input.
func refusedInput(wrong *onnx.Error) *fault.Error {
	code, reason := fault.Invalid, "graph_input"
	if wrong.Reason == onnx.TooLarge {
		code, reason = fault.TooLarge, "graph_work"
	}
	return fault.Wrap(code, wrong, "the imported graph cannot answer this input: %s", wrong).WithReason(reason)
}
