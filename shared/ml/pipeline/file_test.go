package pipeline_test

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

func TestEncode_roundTrip(t *testing.T) {
	for _, classes := range []int{2, 4} {
		m := tempered(fit(t, 120, classes, pipeline.Settings{Seed: 3}), .7)
		data := encode(t, m)
		again, err := pipeline.Decode(data)
		if err != nil {
			t.Fatalf("Decode = %v", err)
		}
		docs, _ := documents(60, classes, 6)
		var s, z pipeline.Scratch
		for _, doc := range append(docs, "") {
			if got, want := again.Scores(&s, doc), m.Scores(&z, doc); !slices.Equal(got, want) {
				t.Errorf("Scores(%q) = %v after a round trip, want %v", doc, got, want)
			}
		}
		rewritten, err := again.Encode(nil)
		if err != nil || !bytes.Equal(rewritten, data) {
			t.Errorf("a decoded model writes another file (%v)", err)
		}
	}
}

func TestManifest(t *testing.T) {
	m, err := pipeline.Decode(encode(t, tempered(fit(t, 120, 3, pipeline.Settings{Seed: 3}), .7)))
	if err != nil {
		t.Fatalf("Decode = %v", err)
	}
	got := m.Manifest()
	want := pipeline.Manifest{
		Format:        "godwit-linear-text",
		FormatVersion: 2,
		Task:          "text-classification",
		Algorithm:     "linear-svm",
		Tokenizer:     text.TokenizerVersion,
		Unicode:       text.UnicodeVersion(),
		Labels:        []string{"class_000", "class_001", "class_002"},
		Documents:     120,
		Features:      m.Features(),
		Weights:       m.Weights(),
		Settings: pipeline.Settings{
			Recipe: text.Union(), Learner: "svm", Loss: "squared_hinge", C: 1, Epsilon: .1, Seed: 3, PruneBelow: 1e-3, Quantise: "f16",
		},
		Calibration: "temperature",
		Temperature: .7,
		Extra:       map[string]string{"dataset_sha256": "0123"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Manifest() = %+v, want %+v", got, want)
	}
	if _, err := m.Encode(map[string]string{"labels": "mine"}); !errors.Is(err, pipeline.ErrInvalid) {
		t.Errorf("Encode with the manifest's own key = %v, want ErrInvalid", err)
	}
}

func TestDecode_refuses(t *testing.T) {
	nan := float32(math.NaN())
	type file struct {
		metadata map[string]string
		tensors  []artifact.Tensor
	}
	put := func(tensor artifact.Tensor) func(*file) {
		return func(f *file) {
			for i := range f.tensors {
				if f.tensors[i].Name == tensor.Name {
					f.tensors[i] = tensor
				}
			}
		}
	}
	set := func(key, value string) func(*file) { return func(f *file) { f.metadata[key] = value } }
	rename := func(name string) func(*file) {
		return func(f *file) {
			for i := range f.tensors {
				if f.tensors[i].Name == name {
					f.tensors[i].Name = "other"
				}
			}
		}
	}
	tests := []struct {
		name   string
		change func(*file)
		want   error
	}{
		{"another format", set("format", "pt"), artifact.ErrCorrupt},
		{"newer format", set("format_version", "3"), artifact.ErrFuture},
		{"newer tokenizer", set("tokenizer_version", "99"), artifact.ErrFuture},
		{"no version", set("format_version", ""), artifact.ErrCorrupt},
		{"version zero", set("format_version", "0"), artifact.ErrCorrupt},
		{"no tokenizer", set("tokenizer_version", "x"), artifact.ErrCorrupt},
		{"another task", set("task", "regression"), artifact.ErrCorrupt},
		{"labels not JSON", set("labels", "["), artifact.ErrCorrupt},
		{"one label", set("labels", `["a"]`), artifact.ErrCorrupt},
		{"a label twice", set("labels", `["a","a"]`), artifact.ErrCorrupt},
		{"more labels than biases", set("labels", `["a","b","c","d"]`), artifact.ErrCorrupt},
		{"settings not JSON", set("settings", ""), artifact.ErrCorrupt},
		{"settings not usable", set("settings", `{"c":-1}`), artifact.ErrCorrupt},
		{"features wrong", set("features", "7"), artifact.ErrCorrupt},
		{"features not a number", set("features", "many"), artifact.ErrCorrupt},
		{"weights wrong", set("weights", "7"), artifact.ErrCorrupt},
		{"weights not a number", set("weights", ""), artifact.ErrCorrupt},
		{"algorithm of another learner", set("algorithm", "logistic-regression"), artifact.ErrCorrupt},
		{"a learner of numbers", set("settings", `{"learner":"ridge"}`), artifact.ErrCorrupt},
		{"no documents", set("documents", ""), artifact.ErrCorrupt},
		{"fewer than no documents", set("documents", "-1"), artifact.ErrCorrupt},
		{"temperature zero", put(artifact.FromFloat64s("calibration.temperature", nil, []float64{0})), artifact.ErrCorrupt},
		{"no calibration", rename("calibration.temperature"), artifact.ErrCorrupt},
		{"no prediction sets", rename("conformal.rows"), artifact.ErrCorrupt},
		{"tensor missing", func(f *file) { f.tensors = f.tensors[1:] }, artifact.ErrCorrupt},
		{"tensor of another type", put(artifact.FromFloat32s("weights.start", nil, nil)), artifact.ErrCorrupt},
		{"no offsets", put(artifact.FromUint32s("weights.start", nil, nil)), artifact.ErrCorrupt},
		{"bias not a number", put(artifact.FromFloat32s("bias", nil, []float32{0, nan, 0})), artifact.ErrCorrupt},
		{"bias missing", put(artifact.FromFloat32s("bias", nil, []float32{0, 0})), artifact.ErrCorrupt},
		{"offsets that fall", func(f *file) { edit(f.tensors, "weights.start", 4, 0xff) }, artifact.ErrCorrupt},
		{"problem out of range", func(f *file) { edit(f.tensors, "weights.class", 0, 3) }, artifact.ErrCorrupt},
		{"weight infinite", func(f *file) { edit(f.tensors, "weights.value", 1, 0x7c) }, artifact.ErrCorrupt},
		{"family out of range", func(f *file) { edit(f.tensors, "terms.family", 0, 9) }, artifact.ErrCorrupt},
	}
	data := encode(t, fit(t, 60, 3, pipeline.Settings{}))
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			whole, err := artifact.Decode(slices.Clone(data), artifact.Limits{})
			if err != nil {
				t.Fatalf("artifact.Decode = %v", err)
			}
			f := file{whole.Metadata, whole.Tensors()}
			tc.change(&f)
			changed, err := artifact.Encode(f.metadata, f.tensors)
			if err != nil {
				t.Fatalf("artifact.Encode = %v", err)
			}
			if _, err := pipeline.Decode(changed); !errors.Is(err, tc.want) {
				t.Errorf("Decode = %v, want %v", err, tc.want)
			}
		})
	}
	t.Run("truncated", func(t *testing.T) {
		for _, n := range []int{0, 7, 100, len(data) - 1} {
			if _, err := pipeline.Decode(data[:n]); !errors.Is(err, artifact.ErrTruncated) {
				t.Errorf("Decode of %d of %d bytes = %v, want ErrTruncated", n, len(data), err)
			}
		}
	})
	t.Run("too large", func(t *testing.T) {
		big := make([]byte, pipeline.MaxFileBytes+1)
		if _, err := pipeline.Decode(big); !errors.Is(err, artifact.ErrTooLarge) {
			t.Errorf("Decode = %v, want ErrTooLarge", err)
		}
	})
}

// edit sets one byte of a tensor.
func edit(tensors []artifact.Tensor, name string, at int, value byte) {
	for _, t := range tensors {
		if t.Name == name {
			t.Data[at] = value
		}
	}
}
