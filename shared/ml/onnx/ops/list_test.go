package ops_test

import (
	"os"
	"strings"
	"testing"

	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/ops"
)

// OPERATORS.md names what is run, all of it and nothing else.
func TestNames_areDocumented(t *testing.T) {
	page, err := os.ReadFile("../OPERATORS.md")
	if err != nil {
		t.Fatal(err)
	}
	for domain, title := range map[string]string{onnx.Standard: "ai.onnx", onnx.Traditional: "ai.onnx.ml", onnx.Contributed: "com.microsoft"} {
		line := "| " + title + " | " + strings.Join(ops.Names(domain), " ") + " |"
		if !strings.Contains(string(page), line+"\n") {
			t.Errorf("OPERATORS.md lacks the line\n%s", line)
		}
	}
}
