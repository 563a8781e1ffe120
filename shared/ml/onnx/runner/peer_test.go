package runner_test

import (
	"flag"
	"testing"

	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/onnxtest"
	"godwit/shared/ml/onnx/ops"
)

// update rewrites the cases without answers; .ci/onnx/peer.js puts in those of
// ONNX Runtime.
var update = flag.Bool("update", false, "write testdata/peer.jsonl anew, without answers")

const peerFile = "testdata/peer.jsonl"

// Every operator has a case but ZipMap, whose maps Node cannot hold.
func TestProgram_Run_ofEveryOperator(t *testing.T) {
	seen := map[string]bool{onnx.Traditional + ".ZipMap": true}
	for _, c := range peerCases() {
		for _, n := range c.nodes {
			seen[n.Domain+"."+n.Operator] = true
		}
	}
	for _, domain := range []string{onnx.Standard, onnx.Traditional, onnx.Contributed} {
		for _, operator := range ops.Names(domain) {
			if !seen[domain+"."+operator] {
				t.Errorf("no case uses %q of %q", operator, domain)
			}
		}
	}
}

// Every operator answers as ONNX Runtime does.
func TestProgram_Run_asONNXRuntime(t *testing.T) {
	cases := peerCases()
	if *update {
		var lines []onnxtest.Case
		for _, c := range cases {
			line := onnxtest.Case{Name: c.name, Model: onnx.Encode(c.model(t))}
			for i, in := range c.inputs {
				if in != nil {
					line.Inputs = append(line.Inputs, onnxtest.TensorOf(inputName(i), in))
				}
			}
			lines = append(lines, line)
		}
		onnxtest.Write(t, peerFile, lines)
		return
	}
	lines := onnxtest.Read(t, peerFile)
	if len(cases) != len(lines) {
		t.Fatalf("%d frozen cases, want %d: run with -update and .ci/onnx/peer.js", len(lines), len(cases))
	}
	for i, line := range lines {
		t.Run(line.Name, func(t *testing.T) { onnxtest.Run(t, line, onnx.Encode(cases[i].model(t))) })
	}
}
