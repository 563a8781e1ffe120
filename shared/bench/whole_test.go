package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"godwit/shared/ml/pipeline"
)

func TestCSVToModel(t *testing.T) {
	for _, command := range []string{"csv2model", "grid"} {
		t.Run(command, func(t *testing.T) {
			var files [2][]byte
			for i := range files {
				path := filepath.Join(t.TempDir(), "model")
				out, err := call(t, command, "-recipe", "union", "-test", sample, "-out", path, sample)
				if err != nil {
					t.Fatal(err)
				}
				var got summary
				if err := (usage{Output: out}).result(&got); err != nil {
					t.Fatal(err)
				}
				// Rows it was fitted on: nearly all are known.
				if got.Rows != 396 || got.Classes != 6 || got.Accuracy < .98 || got.FitS <= 0 || (got.SearchS > 0) != (command == "grid") {
					t.Errorf("%s = %+v, want 396 rows of 6 classes learnt", command, got)
				}
				if files[i], err = os.ReadFile(path); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(files[0], files[1]) {
				t.Error("two runs wrote different models")
			}
		})
	}
	for _, args := range [][]string{{"csv2model"}, {"csv2model", "-recipe", "none", sample}, {"grid", "no-such-file"}} {
		if _, err := call(t, args...); err == nil {
			t.Errorf("%q = nil, want an error", args)
		}
	}
}

func TestWarmFunction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model")
	if _, err := call(t, "csv2model", "-out", path, sample); err != nil {
		t.Fatal(err)
	}
	handler, err := warmFunction(t.Context(), "messages", path)
	if err != nil {
		t.Fatal(err)
	}
	const text = "when does my parcel arrive"
	event, err := gatewayEvent("messages", text, false)
	if err != nil {
		t.Fatal(err)
	}
	out, err := handler.Invoke(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	m, err := load(path)
	if err != nil {
		t.Fatal(err)
	}
	want := m.Labels()[top(m.Scores(new(pipeline.Scratch), text))]
	if got, err := labelOf(out); err != nil || got != want {
		t.Errorf("the function answers %q, %v, want %q", got, err, want)
	}
	if _, err := labelOf([]byte(`{"statusCode":404,"body":"{}"}`)); err == nil {
		t.Error("labelOf of a refusal = nil, want an error")
	}
}
