package main

import (
	"os"
	"testing"

	"godwit/shared/ml/onnxruntime"
	"godwit/shared/remote"
	"godwit/shared/remote/remotetest"
)

// engines are those this machine has: our own runner always, and ONNX Runtime
// where GODWIT_ONNXRUNTIME names its library, as .ci/ort does.
func engines(t testing.TB) map[string]func(graph []byte) (remote.Session, error) {
	t.Helper()
	all := map[string]func(graph []byte) (remote.Session, error){"in memory": remotetest.Load}
	path := os.Getenv("GODWIT_ONNXRUNTIME")
	if path == "" {
		return all
	}
	runtime, err := onnxruntime.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	all["ONNX Runtime"] = func(graph []byte) (remote.Session, error) { return runtime.Session(graph) }
	return all
}

// Both runners of graphs do what a client is promised.
func TestEngines(t *testing.T) {
	for name, load := range engines(t) {
		t.Run(name, func(t *testing.T) { remotetest.Run(t, load) })
	}
}

// A row through the whole call, without the network: JSON, session, JSON.
func BenchmarkEngines(b *testing.B) {
	for name, load := range engines(b) {
		b.Run(name, func(b *testing.B) { remotetest.Benchmark(b, load) })
	}
}
