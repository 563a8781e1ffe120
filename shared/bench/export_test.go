package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The sample is exported with rows on which model and runner agree.
func TestExport(t *testing.T) {
	folder := t.TempDir()
	if out, err := call(t, "export", "-answers", "40", "-out", folder, sample); err != nil {
		t.Fatalf("export = %v\n%s", err, out)
	}
	for _, name := range []string{"model.onnx", "info.json", "normal.js"} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	data, err := os.ReadFile(filepath.Join(folder, "rows.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(lines) != 40 {
		t.Fatalf("%d rows, want 40", len(lines))
	}
	for i, line := range lines {
		var row exported
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		if row.Label == "" || row.Label != row.Runner.Label || row.Raw["text"] == "" || row.Inputs["text"] == nil {
			t.Errorf("row %d: label %q, by the runner %q, of %q", i, row.Label, row.Runner.Label, row.Raw["text"])
		}
	}
}

func TestNormal(t *testing.T) {
	out, err := call(t, "normal", "../ml/text/testdata/awkward.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) <= scrambled {
		t.Fatalf("%d lines, want more than %d", len(lines), scrambled)
	}
	var pair [2]string
	if err := json.Unmarshal([]byte(lines[0]), &pair); err != nil || pair[1] != " 👨\u200d👩\u200d👧  family  👍🏽  ok " {
		t.Errorf("first line %q (%v)", pair, err)
	}
}
