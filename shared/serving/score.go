package serving

import (
	"context"
	"slices"

	"godwit/shared/fault"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/pipeline"
)

// scorer answers the inputs of one request.
type scorer struct {
	*scratch
	model  pipeline.Predictor
	graph  *foreign.Model // the model, when it was imported; else nil
	req    Request
	labels []string
	top    int          // scores shown for each input
	scores []LabelScore // of all results, one after the other
	all    []float32    // of all results, when Probabilities are asked for
}

// scratch is what requests leave to the next one.
type scratch struct {
	buffers pipeline.Scratch
	order   []int32 // classes of the present input, best first
	set     []int32 // classes in the present input's prediction set
}

// score answers every input, in order, on one goroutine: a function has one
// request at a time, and a request at most MaxInputs inputs.
func (s *Server) score(ctx context.Context, from *slot, req Request) ([]Result, error) {
	w := scorer{model: from.model, req: req, labels: from.model.Labels()}
	w.graph, _ = from.model.(*foreign.Model)
	if w.labels == nil {
		if err := checkRegression(req); err != nil {
			return nil, err
		}
	} else {
		w.top = min(max(req.TopK, 1), len(w.labels))
		w.scores = make([]LabelScore, 0, w.top*len(req.Inputs))
		if req.Probabilities {
			w.all = make([]float32, 0, len(w.labels)*len(req.Inputs))
		}
	}
	w.scratch = s.scratch.Get().(*scratch)
	defer s.scratch.Put(w.scratch)
	results := make([]Result, len(req.Inputs))
	var asked []pipeline.Input // of a graph, which gets them together
	var places []int
	for i := range req.Inputs {
		if err := ctx.Err(); err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "the request ran out of time; send fewer inputs at once")
		}
		in, bad := from.accept(req.Inputs[i])
		switch {
		case bad != nil:
			results[i].Err = bad
		case w.graph != nil:
			asked, places = append(asked, in), append(places, i)
		case w.labels == nil:
			w.value(&results[i], in)
		default:
			w.classify(&results[i], in)
		}
	}
	if len(asked) > 0 {
		if err := w.askAll(ctx, results, places, asked); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// checkRegression refuses what has no meaning for a number. TopK is let pass:
// clients send it to every model.
func checkRegression(req Request) *fault.Error {
	if req.MinScore <= 0 {
		return nil
	}
	const text = "is about labels, and this model answers with a number; leave it out"
	const pointer = "/parameters/min_score"
	return fault.New(fault.Invalid, "%s: %s", pointer, text).WithReason("not_for_regression").
		WithDetails(fault.Detail{Pointer: pointer, Text: text})
}

// value answers one input of a regression.
func (w *scorer) value(r *Result, in pipeline.Input) {
	r.Value = w.model.Value(&w.buffers, in)
	if low, high, ok := w.model.Interval(r.Value, w.req.Coverage); ok {
		r.Interval = &[2]float64{low, high}
	}
	w.explain(r, in, 0)
}

// classify answers one input of a classification.
func (w *scorer) classify(r *Result, in pipeline.Input) {
	w.rank(r, w.model.Scores(&w.buffers, in))
	w.explain(r, in, r.Class)
}

// rank turns the scores of all classes into a result.
func (w *scorer) rank(r *Result, p []float32) {
	w.order = highest(w.order[:0], p, w.top)
	from := len(w.scores)
	for _, class := range w.order {
		w.scores = append(w.scores, LabelScore{Label: w.labels[class], Score: float64(p[class])})
	}
	r.Scores = w.scores[from:len(w.scores):len(w.scores)]
	r.Label, r.Score = r.Scores[0].Label, r.Scores[0].Score
	r.Class = int(w.order[0])
	r.Abstained = r.Score < w.req.MinScore
	if w.req.Probabilities {
		w.all = append(w.all, p...)
		r.Probabilities = w.all[len(w.all)-len(p) : len(w.all) : len(w.all)]
	}
	if w.req.Coverage > 0 {
		w.set = w.model.Set(w.set[:0], p, w.req.Coverage)
		r.Set = make([]string, len(w.set))
		for i, class := range w.set {
			r.Set[i] = w.labels[class]
		}
	}
}

// explain says what spoke for the answer, when it was asked for.
func (w *scorer) explain(r *Result, in pipeline.Input, class int) {
	if !w.req.Explain {
		return
	}
	e := w.model.Explain(&w.buffers, in, class)
	if in.Cells != nil && e.Columns == nil {
		e.Columns = []pipeline.ColumnWeight{} // of a row in which nothing counted
	}
	r.Explanation = &e
}

// highest appends to order, which is empty, the classes of the k highest scores,
// best first; equal scores keep the order of the classes.
func highest(order []int32, p []float32, k int) []int32 {
	for class, score := range p {
		if len(order) == k && score <= p[order[k-1]] {
			continue
		}
		at, _ := slices.BinarySearchFunc(order, score, func(c int32, score float32) int {
			if p[c] >= score {
				return -1
			}
			return 1
		})
		if len(order) == k {
			order = order[:k-1]
		}
		order = slices.Insert(order, at, int32(class))
	}
	return order
}
