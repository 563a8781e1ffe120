package onnxruntime

import (
	"errors"
	"strings"
	"testing"

	"godwit/shared/ml/onnx"
)

// What the library says of a graph, in its words of 1.30.0, becomes the operator's
// name; nothing else of it is passed on.
func TestRuntime_refused(t *testing.T) {
	r := &Runtime{version: "1.30.0"}
	for _, tc := range []struct {
		name, text string
		reason     onnx.Reason
		says       string
	}{
		{"of a domain", "Load model from memory failed:Fatal error: com.example:Frobnicate(-1) is not a registered function/op", onnx.Unsupported, "does not run com.example.Frobnicate"},
		{"of the standard", "Fatal error: :Softmix(-1) is not a registered function/op", onnx.Unsupported, "does not run Softmix"},
		{"not in that version", "No Op registered for Gelu with domain_version of 17", onnx.Unsupported, "does not run Gelu of version 17"},
		{"without an implementation", "[ShapeInferenceError] x NOT_IMPLEMENTED : Could not find an implementation for Abs(13) node with name '/a/b'", onnx.Unsupported, "does not run Abs of version 13"},
		{"operators of tomorrow", "ONNX Runtime only *guarantees* support for models stamped with official released onnx opset versions. Opset 99 is under development and support for this is limited.", onnx.Unsupported, "operators of version 99"},
		{"types", "Type Error: Type (tensor(float)) of output arg (y) of node (n) does not match expected type (tensor(int64)).", onnx.Corrupt, "cannot load the graph"},
		{"a name that is no name", "Fatal error: com.example:<script>(-1) is not a registered function/op", onnx.Corrupt, "cannot load the graph"},
		{"a name without end", "Fatal error: a:" + strings.Repeat("b", 500) + "(-1) is not a registered function/op", onnx.Corrupt, "cannot load the graph"},
	} {
		wrong, ok := errors.AsType[*onnx.Error](r.refused(&failure{text: tc.text}))
		if !ok || wrong.Reason != tc.reason || !strings.Contains(wrong.Error(), tc.says) {
			t.Errorf("%s: refused: %v, want reason %d and %q", tc.name, wrong, tc.reason, tc.says)
		}
		for _, inner := range []string{"Load model", "Fatal", "node (n)", "/a/b", "script"} {
			if strings.Contains(wrong.Error(), inner) {
				t.Errorf("%s: refused: %v, which holds %q", tc.name, wrong, inner)
			}
		}
	}
}

// A run fails by its inputs or by its values, in our words.
func TestRuntime_failed(t *testing.T) {
	r := &Runtime{}
	for code, want := range map[int32]onnx.Reason{invalidArgument: onnx.BadInput, 1: onnx.BadValue, 6: onnx.BadValue} {
		wrong, ok := errors.AsType[*onnx.Error](r.failed(&failure{code: code, text: "indices element out of data bounds, idx=5"}))
		if !ok || wrong.Reason != want || strings.Contains(wrong.Error(), "idx=5") {
			t.Errorf("failed with code %d: %v, want reason %d without the text", code, wrong, want)
		}
	}
}
