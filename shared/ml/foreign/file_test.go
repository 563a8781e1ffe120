package foreign_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/foreign/foreigntest"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/pipeline"
)

var update = flag.Bool("update", false, "write a frozen file that is not there")

const frozen = "testdata/v1.safetensors"

// encoded is the file of a graph.
func encoded(t testing.TB, graph []byte, extra map[string]string) []byte {
	t.Helper()
	data, err := made(t, graph).Encode(extra)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Files of version 1 are written in the same bytes and answer the same for ever.
func TestOpen_frozen(t *testing.T) {
	today := encoded(t, foreigntest.Forest(t), map[string]string{"dataset_sha256": "00"})
	if _, err := os.Stat(frozen); *update && errors.Is(err, os.ErrNotExist) {
		if err := os.WriteFile(frozen, today, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(frozen)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, today) {
		t.Error("Encode writes other bytes than the frozen ones: that takes a new version")
	}
	m, err := foreign.Open(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	a, err := m.Ask(t.Context(), row("f2", "5", "f3", "2"))
	if err != nil || math.Abs(float64(a.Scores[2])-.975) > 1e-6 {
		t.Errorf("Ask = %v, %v, want .975 for the third", a.Scores, err)
	}
	if m.Manifest().Extra["dataset_sha256"] != "00" || !bytes.Equal(m.Graph(), foreigntest.Forest(t)) {
		t.Errorf("the addition %q or the graph is not what was written", m.Manifest().Extra)
	}
	again, err := m.Encode(nil)
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("Encode of what was opened: other bytes, %v", err)
	}
}

func TestModel_Encode_refusesTakenKeys(t *testing.T) {
	if _, err := made(t, foreigntest.Rent(t)).Encode(map[string]string{"task": "x"}); !errors.Is(err, pipeline.ErrInvalid) {
		t.Errorf("Encode = %v, want ErrInvalid", err)
	}
}

// rewritten is a file with other metadata or another graph.
func rewritten(t testing.TB, metadata map[string]string, graph []byte) []byte {
	t.Helper()
	all := map[string]string{"format": foreign.Format, "format_version": "1", "task": pipeline.TableRegression, "algorithm": "onnx", "labels": "null"}
	for key, value := range metadata {
		all[key] = value
	}
	data, err := artifact.Encode(all, []artifact.Tensor{artifact.FromBytes("graph", []int64{int64(len(graph))}, graph)})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestOpen_refuses(t *testing.T) {
	rent := foreigntest.Rent(t)
	for _, tc := range []struct {
		name string
		data []byte
		want error
		says string
	}{
		{"nothing", nil, artifact.ErrTruncated, ""},
		{"another format", rewritten(t, map[string]string{"format": "godwit-linear-text"}, rent), artifact.ErrCorrupt, "godwit-linear-text"},
		{"no version", rewritten(t, map[string]string{"format_version": "one"}, rent), artifact.ErrCorrupt, "version"},
		{"the future", rewritten(t, map[string]string{"format_version": "3"}, rent), artifact.ErrFuture, "this code reads 2"},
		{"another task", rewritten(t, map[string]string{"task": pipeline.TableClassification}, rent), artifact.ErrCorrupt, "task"},
		{"other labels", rewritten(t, map[string]string{"labels": `["a"]`}, rent), artifact.ErrCorrupt, "labels"},
		{"a graph that is cut", rewritten(t, nil, rent[:len(rent)/2]), artifact.ErrCorrupt, "graph"},
		{"a graph nobody runs", rewritten(t, nil, foreigntest.Unknown(t)), artifact.ErrCorrupt, "Einsum"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := foreign.Open(t.Context(), tc.data)
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("Open: %v, want %v and %q", err, tc.want, tc.says)
			}
		})
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := foreign.Open(ended, rewritten(t, nil, rent)); !errors.Is(err, context.Canceled) {
		t.Errorf("Open after the end of the context: %v", err)
	}
}

// Whatever the bytes are, they are refused or answer within their allowance.
func FuzzOpen(f *testing.F) {
	for _, graph := range [][]byte{foreigntest.Forest(f), foreigntest.Rent(f), foreigntest.Net(f), foreigntest.Unknown(f)} {
		f.Add(graph, "5", "[1,2,3,4]")
	}
	f.Fuzz(func(t *testing.T, graph []byte, content, list string) {
		m, err := foreign.New(t.Context(), graph)
		if err != nil {
			if _, judged := errors.AsType[*onnx.Error](err); !judged {
				t.Fatalf("New: %v, want an *onnx.Error", err)
			}
			return
		}
		cells := make(map[string]string)
		for _, name := range m.Columns() {
			cells[name] = content
		}
		for _, name := range m.Wholes() {
			cells[name] = list
		}
		in := pipeline.Input{Text: content, Cells: cells}
		if m.Columns() == nil {
			in.Cells = nil
		}
		a, err := m.Ask(t.Context(), in)
		if err == nil && (len(a.Scores) != len(m.Labels()) || slices.ContainsFunc(a.Scores, func(v float32) bool { return v != v })) {
			t.Fatalf("Ask = %v for the labels %q", a.Scores, m.Labels())
		}
		m.Explain(nil, in, 0)
		data, err := m.Encode(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := foreign.Open(t.Context(), data); err != nil {
			t.Fatalf("Open of what was written: %v", err)
		}
	})
}
