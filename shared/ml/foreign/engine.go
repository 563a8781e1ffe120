package foreign

import (
	"context"
	"errors"

	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/runner"
	"godwit/shared/ml/pipeline"
)

// RuntimeONNX is the runtime of models whose graph an Engine runs.
const RuntimeONNX = "onnxruntime"

// Source is where an engine finds a graph: a stored object that is the graph, or
// a file of this package around it.
type Source struct {
	Key    string // of the object
	Digest string // of the object: "sha256:" and 64 hexadecimal digits
}

// Engine runs graphs outside of this process, for the operators that are not run
// here. Its methods are safe for concurrent use. What is wrong with a graph or a
// row is an *onnx.Error; any other error means that the engine did not answer.
type Engine interface {
	// Check loads a graph and tells its inputs, outputs and labels.
	Check(ctx context.Context, graph Source) (runner.Signature, error)
	// Run answers rows, each by itself: one outcome for each, in order. A row is
	// one tensor for each input of the signature.
	Run(ctx context.Context, graph Source, rows [][]*onnx.Tensor) ([]Outcome, error)
}

// Outcome is what a graph says of a row: a tensor for each output of its
// signature, or the row's error.
type Outcome struct {
	Outputs []*onnx.Tensor
	Err     *onnx.Error
}

// NewOn makes a model of a graph, which it keeps, whose signature an engine has
// told: it must not be changed. The model answers once it is On an engine. The
// errors are New's.
func NewOn(graph []byte, s runner.Signature) (*Model, error) {
	about, err := onnx.Skim(graph, onnx.Limits{Bytes: MaxGraphBytes})
	if err != nil {
		return nil, err
	}
	m := &Model{graph: graph, runtime: RuntimeONNX, signature: s}
	return m, m.read(about)
}

// Runtime says what runs the graph: RuntimeONNX, or "" when this package does.
func (m *Model) Runtime() string { return m.runtime }

// On returns the model as it asks an engine, which finds the graph at source. A
// model that this package runs is returned as it is.
func (m *Model) On(engine Engine, source Source) *Model {
	if m.runtime == "" {
		return m
	}
	on := *m
	on.engine, on.source = engine, source
	return &on
}

// errNoEngine is what a model says that needs an engine and has none.
var errNoEngine = errors.New("foreign: the graph needs an engine, and none is there")

// Reply is what a graph says of one row: an answer, or the row's error.
type Reply struct {
	Answer
	Err error // an *onnx.Error, as Ask's
}

// AskAll is Ask for many rows, of which one that fails does not concern the
// others; an engine gets them together. The error is of the context, or of the
// engine when it did not answer.
func (m *Model) AskAll(ctx context.Context, rows []pipeline.Input) ([]Reply, error) {
	if m.program == nil {
		return m.askEngine(ctx, rows)
	}
	replies := make([]Reply, len(rows))
	for i, in := range rows {
		replies[i].Answer, replies[i].Err = m.Ask(ctx, in)
		if _, judged := errors.AsType[*onnx.Error](replies[i].Err); replies[i].Err != nil && !judged {
			return nil, replies[i].Err
		}
	}
	return replies, nil
}

// askEngine sends the rows that the graph could take.
func (m *Model) askEngine(ctx context.Context, rows []pipeline.Input) ([]Reply, error) {
	if m.engine == nil {
		return nil, errNoEngine
	}
	replies := make([]Reply, len(rows))
	var sent [][]*onnx.Tensor
	var of []int // the reply of each row sent
	for i, in := range rows {
		row, err := m.row(in)
		if err != nil {
			replies[i].Err = err
			continue
		}
		sent, of = append(sent, row), append(of, i)
	}
	if len(sent) == 0 {
		return replies, nil
	}
	outcomes, err := m.engine.Run(ctx, m.source, sent)
	if err != nil {
		return nil, err
	}
	if len(outcomes) != len(sent) {
		return nil, errors.New("foreign: the engine answers another number of rows than it was asked")
	}
	for k, o := range outcomes {
		to := &replies[of[k]]
		if o.Err != nil {
			to.Err = o.Err
			continue
		}
		if err := m.checkOutputs(o.Outputs); err != nil {
			return nil, err
		}
		to.Answer, to.Err = m.answer(o.Outputs)
	}
	return replies, nil
}

// checkOutputs refuses what does not fit the signature that was stored: of the
// engine's answer only the form is believed.
func (m *Model) checkOutputs(outputs []*onnx.Tensor) error {
	if len(outputs) != len(m.signature.Outputs) {
		return errors.New("foreign: the engine answers with other outputs than the graph has")
	}
	for i, t := range outputs {
		if t.Storage() != m.signature.Outputs[i].Type.Storage() {
			return errors.New("foreign: the engine answers with an output of another type than the graph has")
		}
	}
	return nil
}
