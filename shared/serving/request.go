package serving

import (
	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
)

// Input is one thing to score.
type Input struct {
	Text string // read when Columns is nil
	// Columns is a row of a table, by the names of its columns. A model of texts
	// takes it too, when it holds the column "text" and no other.
	Columns map[string]string
	// Lists names those of Columns that hold a JSON list of numbers, of a tensor
	// of several elements a row: only for columns that take one.
	Lists []string
	// Numbers names those of Columns that were numbers to the sender's program and
	// not text: their decimal mark is a point, whatever the training file's was.
	// Whole numbers may be left out.
	Numbers []string
	// Pixels is an image as a JSON array of numbers, image.Shape.ParsePixels, for
	// a model of images; nil: Text or Columns hold what there is. Models of images
	// read base64 from either. It is not kept beyond the request.
	Pixels []byte
	// Bad, when set, is why this input cannot be scored: it is passed through
	// to its place in the results.
	Bad *fault.Error
}

// Request asks for scores of one or more inputs.
type Request struct {
	// Context says who asks, by names such as "user". A route may assign its
	// target by one of them; nil is nobody. It is not kept.
	Context  map[string]string
	Inputs   []Input // 1 to MaxInputs
	TopK     int     // scores returned for each, 0 means 1; more than the classes means all
	Explain  bool    // say what in the input spoke for the answer
	MinScore float64 // an answer scored lower is marked as abstained; 0 never
	// Coverage asks for the labels, or of a regression the interval, that hold the
	// right one with this probability, 0 to 1; 0 asks for none.
	Coverage float64
	// Probabilities asks for the scores of all classes in their own order beside
	// the TopK; for a regression it says nothing.
	Probabilities bool
}

// Response is the answer to a Request.
type Response struct {
	ID      string // signed token naming this prediction
	Model   registry.Name
	Version int
	Digest  blob.Digest
	Variant string // how the version was chosen, as registry.Resolve says
	// Stale says why the answer may come from an older version than the
	// registry's, or from another target of the route than the one assigned:
	// StaleRegistry, StaleArtifact, StaleTarget, or "" when it does not.
	Stale      string
	Regression bool // the results are values, not labels
	// SetApproximate is true where sets were asked for: they stand on models that
	// did not see the rows, and the one that answers was fitted again on all of
	// them, so their coverage is near the one asked for and not guaranteed.
	SetApproximate bool
	Results        []Result // one for each input, in order
	// Graph describes the outputs of the imported graph that answered; nil of
	// other models. Each result's Outputs are they, in order.
	Graph   []foreign.Tensor
	Shadows []Shadow // of a route: the versions that scored the inputs too, in time, and those that panicked
}

// Shadow says how a version that does not answer compares with the one that did.
type Shadow struct {
	Version int
	Variant string // as registry.Resolve says
	Rows    int    // inputs both could score
	// Agree counts those with the same label or, of regressions, with values
	// within a hundredth of each other.
	Agree int
	// Err says, for the log, that the shadow panicked and where; its counts are 0
	// then, and so is Version when that was not known yet. Otherwise nil: being too
	// slow, or not in memory, is no error of a shadow.
	Err error
}

// The reasons of a stale answer.
const (
	StaleRegistry = "registry_unavailable" // the registry did not answer
	StaleArtifact = "artifact_unavailable" // the newer version's artifact could not be loaded
	StaleTarget   = "target_unavailable"   // nothing of the assigned target could be loaded
)

// Result is the answer for one input. When Err is set nothing else is.
type Result struct {
	Label     string
	Class     int     // the place of Label among the version's labels
	Score     float64 // calibrated probability of Label
	Abstained bool    // Score is below the request's MinScore
	Scores    []LabelScore
	// Probabilities are the scores of all classes in the order of the version's
	// labels; nil unless asked for.
	Probabilities []float32
	Set           []string // the prediction set, most probable first; nil unless asked for
	Value         float64  // of a regression, which has no label, score or set
	// Interval are the bounds that hold the true value with a probability of the
	// request's Coverage; nil unless asked for, and when the version was measured on
	// too few rows for that coverage.
	Interval *[2]float64

	Outputs []*onnx.Tensor // of an imported graph, for one row; not to be changed

	Explanation *pipeline.Explanation // of Label or Value; nil unless asked for
	Err         *fault.Error
}

// LabelScore is the calibrated probability of one label.
type LabelScore struct {
	Label string
	Score float64
}
