package foreign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/runner"
	"godwit/shared/ml/pipeline"
)

// Format marks the files of this package among other artifacts, and
// FormatVersion is the newest version that is read (FORMAT.md). Version 2 is
// written of graphs that an engine runs, version 1 of all others.
const (
	Format        = "godwit-onnx"
	FormatVersion = 2

	engineVersion = 2
)

// The keys of the file's metadata, and its one tensor. Other keys are additions.
const (
	keyFormat    = "format"
	keyVersion   = "format_version"
	keyTask      = "task"
	keyAlgorithm = "algorithm"
	keyLabels    = "labels"
	keyRuntime   = "runtime"   // from version 2
	keySignature = "signature" // from version 2: the engine's, as JSON
	tensorGraph  = "graph"
)

var keys = []string{keyFormat, keyVersion, keyTask, keyAlgorithm, keyLabels, keyRuntime, keySignature}

// Encode returns the model as a file; equal graphs and additions give equal
// bytes. It fails with artifact.ErrTooLarge beyond the cap, and with
// pipeline.ErrInvalid when an addition's key is taken.
func (m *Model) Encode(extra map[string]string) ([]byte, error) {
	labels, err := json.Marshal(m.labels)
	if err != nil {
		return nil, fmt.Errorf("foreign: write labels: %w", err)
	}
	metadata := maps.Clone(m.extra)
	if metadata == nil {
		metadata = make(map[string]string)
	}
	maps.Copy(metadata, extra)
	for _, key := range keys {
		if _, taken := metadata[key]; taken {
			return nil, fmt.Errorf("%w: manifest key %q is taken", pipeline.ErrInvalid, key)
		}
	}
	maps.Copy(metadata, map[string]string{
		keyFormat: Format, keyVersion: "1", keyTask: m.task, keyAlgorithm: Algorithm, keyLabels: string(labels),
	})
	if m.runtime != "" {
		signature, err := json.Marshal(m.signature)
		if err != nil {
			return nil, fmt.Errorf("foreign: write signature: %w", err)
		}
		metadata[keyVersion], metadata[keyRuntime], metadata[keySignature] = strconv.Itoa(engineVersion), m.runtime, string(signature)
	}
	data, err := artifact.Encode(metadata, []artifact.Tensor{artifact.FromBytes(tensorGraph, []int64{int64(len(m.graph))}, m.graph)})
	if err != nil {
		return nil, fmt.Errorf("foreign: encode model: %w", err)
	}
	if len(data) > pipeline.MaxFileBytes {
		return nil, &artifact.Error{Kind: artifact.KindTooLarge, Msg: fmt.Sprintf("file of %d bytes, at most %d", len(data), pipeline.MaxFileBytes)}
	}
	return data, nil
}

// Open reads a file of Encode, which it aliases: data must not change while the
// model lives. It fails with an *artifact.Error, which wraps an *onnx.Error when
// the graph is at fault, or with the context's error.
func Open(ctx context.Context, data []byte) (*Model, error) {
	f, err := artifact.Decode(data, artifact.Limits{Bytes: pipeline.MaxFileBytes})
	if err != nil {
		return nil, fmt.Errorf("foreign: open model: %w", err)
	}
	if got := f.Metadata[keyFormat]; got != Format {
		return nil, corrupt(nil, "format %.40q is not %q", got, Format)
	}
	version, err := strconv.Atoi(f.Metadata[keyVersion])
	if err != nil || version < 1 {
		return nil, corrupt(err, "format version %.20q", f.Metadata[keyVersion])
	}
	if version > FormatVersion {
		return nil, &artifact.Error{Kind: artifact.KindFuture, Msg: fmt.Sprintf("imported graph of format %d, this code reads %d", version, FormatVersion)}
	}
	graph, err := artifact.Elements(f, tensorGraph, artifact.Bytes)
	if err != nil {
		return nil, err
	}
	m, err := restore(ctx, f.Metadata, version, graph)
	if wrong, judged := errors.AsType[*onnx.Error](err); judged {
		return nil, corrupt(wrong, "graph")
	}
	if err != nil {
		return nil, err
	}
	var labels []string
	if err := json.Unmarshal([]byte(f.Metadata[keyLabels]), &labels); err != nil || !slices.Equal(labels, m.labels) || f.Metadata[keyTask] != m.task {
		return nil, corrupt(err, "task %.40q and labels are not those of the graph", f.Metadata[keyTask])
	}
	m.extra = maps.Clone(f.Metadata)
	maps.DeleteFunc(m.extra, func(key, _ string) bool { return slices.Contains(keys, key) })
	return m, nil
}

// GraphIn returns the graph in a file of this package, which it aliases; anything
// else is returned as it is, as a graph that is stored by itself.
func GraphIn(data []byte) []byte {
	f, err := artifact.Decode(data, artifact.Limits{Bytes: pipeline.MaxFileBytes})
	if err != nil || f.Metadata[keyFormat] != Format {
		return data
	}
	if graph, err := artifact.Elements(f, tensorGraph, artifact.Bytes); err == nil {
		return graph
	}
	return data
}

// restore makes the model again. Inputs, labels and task are found again rather
// than stored: a second truth about the graph could only be wrong. What an engine
// found is stored, because whoever opens the file may not have it.
func restore(ctx context.Context, metadata map[string]string, version int, graph []byte) (*Model, error) {
	if version < engineVersion {
		return New(ctx, graph)
	}
	if got := metadata[keyRuntime]; got != RuntimeONNX {
		return nil, corrupt(nil, "runtime %.40q is not %q", got, RuntimeONNX)
	}
	var s runner.Signature
	if err := json.Unmarshal([]byte(metadata[keySignature]), &s); err != nil {
		return nil, corrupt(err, "the signature is not the JSON of this format")
	}
	return NewOn(graph, s)
}

// corrupt returns the error for a file that is whole but makes no sense.
func corrupt(err error, format string, args ...any) error {
	return &artifact.Error{Kind: artifact.KindCorrupt, Msg: "model: " + fmt.Sprintf(format, args...), Err: err}
}
