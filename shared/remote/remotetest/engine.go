// Package remotetest offers graphs run elsewhere to tests: an engine in memory,
// which is the real client and handler around our own runner, and the suite that
// this and ONNX Runtime both pass.
package remotetest

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/runner"
	"godwit/shared/remote"
)

// stands are operators that the engine in memory runs as others, by name: what
// our runner does not have and the engine does. As Graph uses it, Einsum changes
// nothing.
var stands = map[string]string{"Einsum": "Identity"}

// Load makes a session of a graph with our own runner, which here has Einsum.
func Load(graph []byte) (remote.Session, error) {
	m, err := onnx.Decode(graph, onnx.Limits{})
	if err != nil {
		return nil, err
	}
	for i := range m.Graph.Nodes {
		if other, known := stands[m.Graph.Nodes[i].Operator]; known {
			m.Graph.Nodes[i].Operator = other
		}
	}
	p, err := runner.Compile(context.Background(), m, runner.Limits{})
	if err != nil {
		return nil, err
	}
	return session{p}, nil
}

// session is a program as a session.
type session struct{ *runner.Program }

// Close has nothing to give back.
func (session) Close() {}

// Engine returns an engine in memory that reads graphs from models.
func Engine(models blob.Store) *remote.Client {
	return &remote.Client{Function: Direct{&remote.Handler{Models: models, Load: Load, KeepBytes: 1 << 20, Log: slog.New(slog.DiscardHandler)}}}
}

// Direct is a remote.Invoker that calls a handler in this process.
type Direct struct{ Handler *remote.Handler }

// Invoke implements remote.Invoker; an error of the handler is a function that
// failed.
func (d Direct) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	answer, err := d.Handler.Handle(ctx, payload)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the function failed")
	}
	return json.Marshal(answer)
}

// Labels are the classes of Graph.
var Labels = []string{"cold", "warm"}

// Graph has an operator that only an engine runs, Einsum, in its most modest use:
// the scores of the Labels are the softmax of x w, x being two numbers a row and w
// [[1,-1],[.5,2]].
func Graph(t testing.TB) []byte {
	t.Helper()
	b := onnx.New("pytorch", onnx.Opset{Version: 17})
	w := b.Constant("w", onnx.OfFloats([]float32{1, -1, .5, 2}, 2, 2))
	z := b.Node("Einsum", []string{b.Node("MatMul", []string{b.Input("x", onnx.Float, -1, 2), w})}, onnx.Text("equation", "ij->ij"))
	b.Add(onnx.Node{Operator: "Softmax", Inputs: []string{z}, Outputs: []string{"scores"}, Attributes: []onnx.Attribute{onnx.Int("axis", 1)}})
	b.Output("scores", onnx.Float, -1, 2)
	b.Note("labels", `["cold","warm"]`)
	return encoded(t, b)
}

// Nobody is a graph of an operator that there is not.
func Nobody(t testing.TB) []byte {
	t.Helper()
	b := onnx.New("other", onnx.Opset{Version: 17}, onnx.Opset{Domain: "com.example", Version: 1})
	b.Add(onnx.Node{Domain: "com.example", Operator: "Frobnicate", Inputs: []string{b.Input("x", onnx.Float, -1, 2)}, Outputs: []string{"y"}})
	b.Output("y", onnx.Float, -1, 2)
	return encoded(t, b)
}

// encoded is the file of what was built.
func encoded(t testing.TB, b *onnx.Builder) []byte {
	t.Helper()
	m, err := b.Model()
	if err != nil {
		t.Fatal(err)
	}
	return onnx.Encode(m)
}
