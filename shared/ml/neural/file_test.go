package neural_test

import (
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/weights"
)

var update = flag.Bool("update", false, "rewrite the fixtures in testdata")

// recorded are the answers that a frozen file gave when it was new.
type recorded struct {
	Documents []string
	Pixels    []uint8
	Scores    []float32
}

// scoresOf returns what the model of a file answers.
func scoresOf(t testing.TB, data []byte, r recorded) []float32 {
	t.Helper()
	var s neural.Scratch
	if r.Documents != nil {
		m, err := neural.DecodeText(data)
		if err != nil {
			t.Fatal(err)
		}
		return m.Scores(&s, r.Documents...)
	}
	m, err := neural.DecodeImage(data)
	if err != nil {
		t.Fatal(err)
	}
	return m.Scores(&s, r.Pixels)
}

// TestDecode_frozen holds that files of version 1 load for ever and answer as
// they did when they were written. Other processors may round the last bits
// differently.
func TestDecode_frozen(t *testing.T) {
	for _, name := range []string{"v1-image-float16", "v1-text", "v1-text-int8"} {
		t.Run(name, func(t *testing.T) {
			path := "testdata/" + name
			if *update {
				freeze(t, name, path)
			}
			data, err := os.ReadFile(path + ".safetensors")
			if err != nil {
				t.Fatal(err)
			}
			raw, err := os.ReadFile(path + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var want recorded
			if err := json.Unmarshal(raw, &want); err != nil || len(want.Scores) == 0 {
				t.Fatalf("recorded answers: %v", err)
			}
			for i, got := range scoresOf(t, data, want) {
				if math.Abs(float64(got-want.Scores[i])) > 1e-5 {
					t.Errorf("score %d = %g, want %g", i, got, want.Scores[i])
				}
			}
		})
	}
}

// freeze writes a fixture.
func freeze(t *testing.T, name, path string) {
	t.Helper()
	var r recorded
	var data []byte
	var err error
	if name == "v1-image-float16" {
		m, d, _ := imageModel(t, 1)
		if m, err = m.Round(weights.Float16); err != nil {
			t.Fatal(err)
		}
		r.Pixels = d.Pixels[:3*m.Size()]
		data, err = m.Encode(map[string]string{"made_by": "TestDecode_frozen"})
	} else {
		m, _ := textModel(t)
		r.Documents = []string{"c alpha d BETA", "beta alpha", ""}
		if name == "v1-text-int8" {
			if m, err = m.Round(weights.Int8); err != nil {
				t.Fatal(err)
			}
		}
		data, err = m.Encode(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.Scores = scoresOf(t, data, r)
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string][]byte{".safetensors": data, ".json": raw} {
		if err := os.WriteFile(path+file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// frozen returns the bytes of a fixture.
func frozen(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".safetensors")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// changed returns a file with another manifest or other tensors.
func changed(t testing.TB, data []byte, change func(metadata map[string]string, tensors map[string]*artifact.Tensor)) []byte {
	t.Helper()
	f, err := artifact.Decode(slices.Clone(data), artifact.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	list := f.Tensors()
	tensors := map[string]*artifact.Tensor{}
	for i := range list {
		tensors[list[i].Name] = &list[i]
	}
	change(f.Metadata, tensors)
	list = slices.DeleteFunc(list, func(t artifact.Tensor) bool { return tensors[t.Name] == nil })
	out, err := artifact.Encode(f.Metadata, list)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDecode_refuses(t *testing.T) {
	type file struct {
		metadata map[string]string
		tensors  map[string]*artifact.Tensor
	}
	set := func(key, value string) func(file) { return func(f file) { f.metadata[key] = value } }
	swap := func(key, old, with string) func(file) {
		return func(f file) { f.metadata[key] = strings.Replace(f.metadata[key], old, with, 1) }
	}
	tests := []struct {
		name    string
		fixture string
		change  func(file)
		want    error
	}{
		{"another format", "v1-image-float16", set("format", "godwit-linear-text"), artifact.ErrCorrupt},
		{"a model of the other kind", "v1-image-float16", set("format", neural.FormatText), artifact.ErrCorrupt},
		{"a newer version", "v1-text", set("format_version", "2"), artifact.ErrFuture},
		{"version zero", "v1-text", set("format_version", "0"), artifact.ErrCorrupt},
		{"labels missing", "v1-text", set("labels", ""), artifact.ErrCorrupt},
		{"one label", "v1-text", set("labels", `["a"]`), artifact.ErrCorrupt},
		{"labels of another number", "v1-text", set("labels", `["a","b","c"]`), artifact.ErrCorrupt},
		{"label twice", "v1-text", set("labels", `["a","a"]`), artifact.ErrCorrupt},
		{"rounding unknown", "v1-text", set("rounding", "int2"), artifact.ErrCorrupt},
		{"rounding not that of the tensors", "v1-text", set("rounding", "int8"), artifact.ErrCorrupt},
		{"float16 where there is float32", "v1-text", set("rounding", "float16"), artifact.ErrCorrupt},
		{"no rows", "v1-text", set("rows", "0"), artifact.ErrCorrupt},
		{"weights miscounted", "v1-text", set("weights", "7"), artifact.ErrCorrupt},
		{"units beyond bounds", "v1-text", swap("settings", `"units":12`, `"units":100000`), artifact.ErrCorrupt},
		{"other units", "v1-text", swap("settings", `"units":12`, `"units":13`), artifact.ErrCorrupt},
		{"cell unknown", "v1-text", swap("settings", `"gru"`, `"abc"`), artifact.ErrCorrupt},
		{"settings incomplete", "v1-text", swap("settings", `"epochs":6`, `"epochs":0`), artifact.ErrCorrupt},
		{"image of two sides", "v1-image-float16", set("image", "[10,10]"), artifact.ErrCorrupt},
		{"image too large", "v1-image-float16", set("image", "[100000,100000,3]"), artifact.ErrCorrupt},
		{"another architecture", "v1-image-float16", swap("settings", "resnet", "lenet"), artifact.ErrCorrupt},
		{"tensor missing", "v1-image-float16", func(f file) { delete(f.tensors, "dense.bias") }, artifact.ErrCorrupt},
		{"not a number", "v1-image-float16", func(f file) { copy(f.tensors["dense.bias"].Data, "\x00\x00\xc0\x7f") }, artifact.ErrCorrupt},
		{"scales missing", "v1-text-int8", func(f file) { delete(f.tensors, "dense.weight.scale") }, artifact.ErrCorrupt},
		{"vocabulary missing", "v1-text", func(f file) { delete(f.tensors, "vocabulary.bytes") }, artifact.ErrCorrupt},
		{"vocabulary out of order", "v1-text", func(f file) { f.tensors["vocabulary.start"].Data[8] = 200 }, artifact.ErrCorrupt},
		{"token empty", "v1-text", func(f file) { copy(f.tensors["vocabulary.start"].Data[8:12], "\x00\x00\x00\x00") }, artifact.ErrCorrupt},
		{"token not UTF-8", "v1-text", func(f file) { f.tensors["vocabulary.bytes"].Data[0] = 0xff }, artifact.ErrCorrupt},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			data := changed(t, frozen(t, tc.fixture), func(m map[string]string, ts map[string]*artifact.Tensor) { tc.change(file{m, ts}) })
			_, imageErr := neural.DecodeImage(data)
			_, textErr := neural.DecodeText(data)
			err := textErr
			if tc.fixture == "v1-image-float16" {
				err = imageErr
			}
			if !errors.Is(err, tc.want) {
				t.Errorf("Decode = %v, want %v", err, tc.want)
			}
			if imageErr == nil || textErr == nil {
				t.Error("the file is taken as a model of some kind")
			}
		})
	}
}

// FuzzDecode wants an error or a model that answers, whatever the bytes.
func FuzzDecode(f *testing.F) {
	f.Add(frozen(f, "v1-text"))
	f.Add(frozen(f, "v1-text-int8"))
	// The weights of the image would only slow the fuzzer down.
	f.Add(changed(f, frozen(f, "v1-image-float16"), func(_ map[string]string, t map[string]*artifact.Tensor) { clear(t) }))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s neural.Scratch
		if m, err := neural.DecodeImage(data); err == nil {
			m.Scores(&s, make([]uint8, m.Size()))
			if again, err := m.Encode(nil); err != nil {
				t.Errorf("Encode of a decoded model = %v", err)
			} else if _, err := neural.DecodeImage(again); err != nil {
				t.Errorf("Decode of an encoded model = %v", err)
			}
		} else if _, ok := errors.AsType[*artifact.Error](err); !ok {
			t.Errorf("DecodeImage = %v, want an *artifact.Error", err)
		}
		if m, err := neural.DecodeText(data); err == nil {
			m.Scores(&s, "alpha beta", "")
		} else if _, ok := errors.AsType[*artifact.Error](err); !ok {
			t.Errorf("DecodeText = %v, want an *artifact.Error", err)
		}
	})
}
