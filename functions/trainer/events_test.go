package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"godwit/shared/training"
)

// TestEvents_AreStepInputs decodes the sample events of this function strictly
// into what its handler takes. functions/local drives them through the program.
func TestEvents_AreStepInputs(t *testing.T) {
	paths, err := filepath.Glob("../../events/trainer-*.json")
	if err != nil || len(paths) < 5 {
		t.Fatalf("sample events = %q, %v, want one for each of the five steps", paths, err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			d := json.NewDecoder(bytes.NewReader(data))
			d.DisallowUnknownFields()
			var in training.StepInput
			if err := d.Decode(&in); err != nil {
				t.Fatalf("decode: %v", err)
			}
			if want := "trainer-" + in.Step + ".json"; want != filepath.Base(path) {
				t.Errorf("it holds step %q, want the one of its name", in.Step)
			}
			if in.Tenant == "" || in.Job == "" || in.Attempt != 1 || (in.Error != nil) != (in.Step == "fail") {
				t.Errorf("input = %+v, want tenant, job and attempt, and an error only for fail", in)
			}
		})
	}
}
