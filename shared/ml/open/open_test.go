package open_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/open"
	"godwit/shared/ml/pipeline"
)

// The frozen files of every format are opened by one function.
func TestModel(t *testing.T) {
	for _, tc := range []struct{ path, task, algorithm string }{
		{"../pipeline/testdata/v1.safetensors", pipeline.TextClassification, pipeline.LinearSVM},
		{"../pipeline/testdata/table-v2-numbers.safetensors", pipeline.TableRegression, pipeline.RidgeRegression},
		{"../foreign/testdata/v1.safetensors", pipeline.TableClassification, foreign.Algorithm},
	} {
		data, err := os.ReadFile(tc.path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := open.Model(t.Context(), data)
		if err != nil || m.Task() != tc.task || m.Algorithm() != tc.algorithm {
			t.Errorf("Model(%s) = %v, %v, want a %s by %s", tc.path, m, err, tc.task, tc.algorithm)
		}
		if m, err := open.Model(t.Context(), data[:len(data)-9]); !errors.Is(err, artifact.ErrTruncated) || m != nil {
			t.Errorf("Model of a cut %s = %v, %v, want it truncated and nil", tc.path, m, err)
		}
	}
	odd, err := artifact.Encode(map[string]string{"format": "godwit-unheard-of"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"nothing": nil, "a format nobody knows": odd} {
		if m, err := open.Model(t.Context(), data); err == nil || m != nil {
			t.Errorf("Model of %s = %v, %v, want an error and nil", name, m, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	graph, err := os.ReadFile("../foreign/testdata/v1.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if m, err := open.Model(ended, graph); !errors.Is(err, context.Canceled) || m != nil {
		t.Errorf("Model after the end of the context = %v, %v", m, err)
	}
}
