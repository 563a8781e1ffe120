package remote_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"godwit/shared/blob"
	"godwit/shared/blob/memblob"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/pipeline"
	"godwit/shared/remote/remotetest"
)

// A graph with an operator that is not run here is checked and asked elsewhere.
func ExampleClient() {
	ctx, models, graph := context.Background(), memblob.New(time.Now), remotetest.Graph(&testing.T{})
	at := foreign.Source{Key: "work/acme/tj_1/graph.onnx", Digest: string(blob.DigestOf(graph))}
	if _, err := models.Put(ctx, at.Key, bytes.NewReader(graph), int64(len(graph)), blob.PutOptions{}); err != nil {
		fmt.Println(err)
	}
	_, err := foreign.New(ctx, graph)
	fmt.Println("here:", err)

	engine := remotetest.Engine(models)
	signature, err := engine.Check(ctx, at)
	if err != nil {
		fmt.Println(err)
	}
	m, err := foreign.NewOn(graph, signature)
	if err != nil {
		fmt.Println(err)
	}
	answer, err := m.On(engine, at).Ask(ctx, pipeline.Input{Cells: map[string]string{"f0": "1", "f1": "-1"}})
	fmt.Printf("there: %q %.3f %v\n", m.Labels(), answer.Scores, err)
	// Output:
	// here: onnx: nobody here runs Einsum (1 nodes)
	// there: ["cold" "warm"] [0.971 0.029] <nil>
}
