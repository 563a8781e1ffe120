package pipeline_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

var update = flag.Bool("update", false, "write the frozen file of a new format; one that is released is never written again")

// frozenHashed is what v2-hashed.safetensors was made of.
func frozenHashed(t *testing.T) (*pipeline.Model, []string) {
	docs, y := documents(120, 3, 1)
	m := fit(t, 120, 3, pipeline.Settings{Seed: 3, HashBits: 12})
	var s pipeline.Scratch
	var margins []float32
	for _, doc := range docs {
		margins = append(margins, m.Margins(&s, doc)...)
	}
	c := calibrate.Calibration{Kind: calibrate.KindTemperature, T: .7}
	return m.With(c, calibrate.NewConformal(c.ApplyAll(margins, 3), y, 3)), append(docs[:8:8], "", "nothing known", "取款 cash ﬁne 🙂")
}

// With -update the frozen file of hashed models and its answers are written. That
// it answers as it did is TestOpen_frozen's to say; here, that it is hashed.
func TestHashed_frozen(t *testing.T) {
	const path = "testdata/v2-hashed"
	if *update {
		writeFrozen(t, path)
	}
	data, err := os.ReadFile(path + ".safetensors")
	if err != nil {
		t.Fatal(err)
	}
	p, err := pipeline.Open(data)
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	if m := p.Manifest(); m.FormatVersion != 2 || m.Settings.HashBits != 12 || m.Features == 0 {
		t.Errorf("Manifest() = %+v, want 12 bits of version 2", m)
	}
}

// writeFrozen writes the model of frozenHashed and what it answers.
func writeFrozen(t *testing.T, path string) {
	t.Helper()
	m, docs := frozenHashed(t)
	data, err := m.Encode(nil)
	if err != nil {
		t.Fatalf("Encode = %v", err)
	}
	var answers []recorded
	var s pipeline.Scratch
	for _, doc := range docs {
		scores := slices.Clone(m.Scores(&s, doc))
		answers = append(answers, recorded{Document: doc, Scores: scores, Set: m.Set(nil, scores, .8)})
	}
	text, err := json.MarshalIndent(answers, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{path + ".safetensors": data, path + ".json": append(text, '\n')} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHashed_fitsTheSameForAnyWorkers(t *testing.T) {
	docs, y := documents(120, 4, 1)
	d := data(t, docs, y, 4)
	s := pipeline.Settings{Recipe: text.Union(), HashBits: 11}
	var want []byte
	for workers := 1; workers <= 3; workers++ {
		m, err := pipeline.Fit(t.Context(), d, rows(120), s, workers, nil)
		if err != nil {
			t.Fatalf("Fit = %v", err)
		}
		if got := encode(t, m); want == nil {
			want = got
		} else if !bytes.Equal(got, want) {
			t.Errorf("Fit with %d workers gave another model", workers)
		}
	}
}

func TestHashed_roundTrip(t *testing.T) {
	for _, classes := range []int{2, 4} {
		m := tempered(fit(t, 120, classes, pipeline.Settings{HashBits: 12}), .7)
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

// The model learns as well as one with terms, and explains as exactly.
func TestHashed_answersAndExplains(t *testing.T) {
	m := fit(t, 400, 4, pipeline.Settings{HashBits: 14})
	plain := fit(t, 400, 4, pipeline.Settings{})
	docs, y := documents(200, 4, 9)
	var s, z pipeline.Scratch
	got, want := 0, 0
	for i, doc := range docs {
		if best(m.Scores(&s, doc)) == int(y[i]) {
			got++
		}
		if best(plain.Scores(&z, doc)) == int(y[i]) {
			want++
		}
		e := checkSum(t, m.Predictor(), pipeline.Input{Text: doc}, i%4)
		if math.Abs(float64(m.Margins(&s, doc)[i%4])-e.Margin) > 1e-5 || len(e.Spans) == 0 {
			t.Errorf("Explain(%q) = %+v, margin of the model %v", doc, e, m.Margins(&s, doc)[i%4])
		}
	}
	if got < want-4 {
		t.Errorf("%d of %d right, with terms %d", got, len(docs), want)
	}
}

func TestHashed_allocatesNothingWarm(t *testing.T) {
	m := fit(t, 120, 4, pipeline.Settings{HashBits: 12})
	docs, _ := documents(50, 4, 6)
	var s pipeline.Scratch
	read := func() {
		for _, doc := range docs {
			m.Scores(&s, doc)
		}
	}
	read()
	if got := testing.AllocsPerRun(20, read); got != 0 {
		t.Errorf("Scores allocates %v times when warm, want 0", got)
	}
}

// What was learnt from stays with whoever had it: neither the file nor the
// model names a word, and the manifest says why.
func TestHashed_tellsNoTerms(t *testing.T) {
	m := fit(t, 120, 4, pipeline.Settings{HashBits: 18})
	file := string(encode(t, m))
	for _, topic := range topics {
		for _, word := range topic {
			if len(word) > 4 && strings.Contains(file, word) {
				t.Errorf("%q is in the file", word)
			}
		}
	}
	for _, c := range m.TopFeatures(10) {
		if len(c.For)+len(c.Against) != 0 {
			t.Errorf("TopFeatures tells %+v", c)
		}
	}
	if m.Manifest().Note == "" || m.Manifest().Settings.HashBits != 18 {
		t.Errorf("Manifest() = %+v, want 18 bits and a note", m.Manifest())
	}
	if note := fit(t, 60, 2, pipeline.Settings{}).Manifest().Note; note != "" {
		t.Errorf("a model with terms notes %q", note)
	}
}

func TestHashed_refuses(t *testing.T) {
	docs, y := documents(60, 2, 1)
	d := data(t, docs, y, 2)
	for _, bits := range []int{-1, 9, 23} {
		s := pipeline.Settings{Recipe: text.Word(), HashBits: bits}
		if _, err := pipeline.Fit(t.Context(), d, rows(60), s, 1, nil); !errors.Is(err, pipeline.ErrInvalid) {
			t.Errorf("Fit with %d hash bits = %v, want ErrInvalid", bits, err)
		}
	}
	hashed := encode(t, fit(t, 60, 3, pipeline.Settings{HashBits: 12}))
	plain := encode(t, fit(t, 60, 3, pipeline.Settings{}))
	for _, tc := range []struct {
		name     string
		file     []byte
		from, to string // of the settings
	}{
		{"terms where hashes are told", plain, `"min_docs"`, `"min_docs":[1,1,2,2]},"hash_bits":12,"other":{"min_docs"`},
		{"hashes where terms are told", hashed, `"hash_bits":12`, `"hash_bits":0`},
		{"buckets beyond the bits", hashed, `"hash_bits":12`, `"hash_bits":10`},
		{"bits out of range", hashed, `"hash_bits":12`, `"hash_bits":30`},
	} {
		f, err := artifact.Decode(slices.Clone(tc.file), artifact.Limits{})
		if err != nil {
			t.Fatalf("artifact.Decode = %v", err)
		}
		settings := strings.Replace(f.Metadata["settings"], tc.from, tc.to, 1)
		if settings == f.Metadata["settings"] {
			t.Fatalf("%s: %s has no %s", tc.name, settings, tc.from)
		}
		f.Metadata["settings"] = settings
		changed, err := artifact.Encode(f.Metadata, f.Tensors())
		if err != nil {
			t.Fatalf("artifact.Encode = %v", err)
		}
		if _, err := pipeline.Decode(changed); !errors.Is(err, artifact.ErrCorrupt) {
			t.Errorf("%s: Decode = %v, want ErrCorrupt", tc.name, err)
		}
	}
}
