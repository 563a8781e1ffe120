package training

import (
	"context"
	"errors"

	"godwit/shared/blob"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/onnx"
)

// storedGraph is the graph by itself in the job's work, where an engine reads it.
const storedGraph = "graph.onnx"

// modelOf makes a model of a graph: one that runs here or, where something in it
// is not run here and the installation has an engine, one that the engine runs.
func (s *Steps) modelOf(ctx context.Context, job Job, graph []byte) (*foreign.Model, error) {
	m, err := foreign.New(ctx, graph)
	here, judged := errors.AsType[*onnx.Error](err)
	if s.Engine == nil || !judged || here.Reason != onnx.Unsupported {
		return m, err
	}
	key := workKey(job, storedGraph)
	if err := s.putWork(ctx, key, graph); err != nil {
		return nil, err
	}
	signature, err := s.Engine.Check(ctx, foreign.Source{Key: key, Digest: string(blob.DigestOf(graph))})
	if err == nil {
		return foreign.NewOn(graph, signature)
	}
	if there, judged := errors.AsType[*onnx.Error](err); judged && there.Reason == onnx.Unsupported {
		return nil, &onnx.Error{Reason: onnx.Unsupported, Where: here.Where, Msg: here.Msg + "; " + there.Msg}
	}
	return nil, err
}
