package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"godwit/shared/ml/export"
	"godwit/shared/ml/network"
	"godwit/shared/ml/pipeline"
)

// installRuntime is what the script that times graphs needs.
const installRuntime = "peer not installed: .ci/onnx/run installs onnxruntime-node"

// graphRows is how many rows a graph answers one by one.
const graphRows = 200

// onnxRuntime returns the median seconds in which ONNX Runtime, in Node, answers
// for one row by the graph that a network is exported as.
func (b *bench) onnxRuntime(ctx context.Context, name string, m network.Model, test network.Rows) (p50 float64, lacking string) {
	modules, script := filepath.Join(b.root, ".build", "onnx", "node_modules"), filepath.Join(b.root, ".ci", "onnx", "time.js")
	if _, err := os.Stat(filepath.Join(modules, "onnxruntime-node")); err != nil {
		return 0, installRuntime
	}
	folder := filepath.Join(b.work, "onnx", strings.ReplaceAll(name, ", ", "-"))
	u, err := b.remembered("onnxruntime "+filepath.Base(folder), func() (usage, error) {
		if err := exportRows(ctx, folder, m, test); err != nil {
			return usage{}, err
		}
		return measure(ctx, []string{"NODE_PATH=" + modules}, "node", script, folder)
	})
	var t taught
	if err == nil {
		err = u.result(&t)
	}
	switch {
	case notFound(err):
		return 0, "peer not installed: Node 18 or later"
	case err != nil:
		return 0, err.Error()
	}
	return t.One / 1e3, ""
}

// exportRows writes a network as a graph, with rows to ask it about.
func exportRows(ctx context.Context, folder string, m network.Model, test network.Rows) error {
	graph, info, err := export.Export(m, export.Limits{})
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	rows := make([]pipeline.Input, min(graphRows, test.Len()))
	for i := range rows {
		rows[i] = inputAt(test, i)
	}
	lines, err := answerAll(ctx, m, graph, info, rows)
	if err != nil {
		return err
	}
	return writeExport(folder, graph, info, lines)
}
