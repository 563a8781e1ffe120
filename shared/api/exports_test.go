package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"godwit/shared/blob"
	"godwit/shared/ml/export"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/foreign/foreigntest"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

// exportOf is the call that asks for version 1 of a model.
func exportOf(model, format string) call {
	return call{method: "POST", path: "/v1/models/" + model + "/versions/1/exports", body: m{"format": format}}
}

// exported reads the one stored file of an extension, which is to have the digest.
func (s *stage) exported(t *testing.T, model, extension string, digest any) []byte {
	t.Helper()
	key := fmt.Sprintf("exports/acme/%s/%s.%s", model, strings.TrimPrefix(digest.(string), "sha256:"), extension)
	data, err := blob.ReadAll(t.Context(), s.models, key, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if string(blob.DigestOf(data)) != digest {
		t.Errorf("%s holds bytes of another digest", key)
	}
	return data
}

func TestExports_onnx(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	out := s.want(t, 200, exportOf("intents", "onnx"))
	if out["domain"] != "normal-text" || out["format"] != "onnx" || out["version"] != 1. || out["url"] == "" || out["expires_at"] == nil {
		t.Errorf("export = %v, want a graph of normal text", out)
	}
	graph := s.exported(t, "intents", "onnx", out["digest"])
	if out["size"] != float64(len(graph)) {
		t.Errorf("size = %v, want %d", out["size"], len(graph))
	}
	model, err := foreign.New(t.Context(), graph)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := model.Ask(t.Context(), pipeline.Input{Text: "WHERE is my card"})
	if err != nil || !slices.Equal(model.Labels(), []string{"card", "cash", "rate"}) || answer.Scores[0] < .5 {
		t.Errorf("the graph answers %v, %v, want card", answer, err)
	}
	aside := out["normaliser"].(map[string]any)
	if aside["name"] != "normal.js" || string(s.exported(t, "intents", "js", aside["digest"])) != export.NormalJS {
		t.Errorf("normaliser = %v, want normal.js", aside)
	}
	if again := s.want(t, 200, exportOf("intents", "onnx")); again["digest"] != out["digest"] {
		t.Errorf("the second export has digest %v, the first %v", again["digest"], out["digest"])
	}
}

func TestExports_safetensors(t *testing.T) {
	s := newStage(t)
	v := s.publish(t, "acme", "intents")
	out := s.want(t, 200, exportOf("intents", "safetensors"))
	if out["digest"] != string(v.Artifact.Digest) || out["size"] != float64(v.Artifact.Size) || !strings.Contains(out["url"].(string), v.Artifact.Digest.Hex()) {
		t.Errorf("export = %v, want the artifact %v itself", out, v.Artifact)
	}
}

// What was imported is given back byte by byte.
func TestExports_imported(t *testing.T) {
	s := newStage(t)
	s.publishModel(t, "acme", "petals", importedForest(t))
	out := s.want(t, 200, exportOf("petals", "onnx"))
	if got := s.exported(t, "petals", "onnx", out["digest"]); string(got) != string(foreigntest.Forest(t)) {
		t.Error("the export is not the graph that was imported")
	}
	if fmt.Sprint(out["outputs"]) != "[label output_probability]" {
		t.Errorf("outputs = %v", out["outputs"])
	}
}

// importedForest is the artifact of an imported graph.
func importedForest(t testing.TB) []byte {
	t.Helper()
	model, err := foreign.New(t.Context(), foreigntest.Forest(t))
	if err != nil {
		t.Fatal(err)
	}
	data, err := model.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// hashed is a model that ONNX has no operator for.
func hashed(t testing.TB) []byte {
	t.Helper()
	docs := []string{"a card", "the card", "some cash", "more cash"}
	corpus, err := text.Count(t.Context(), docs, []text.Recipe{text.Word()}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := pipeline.Data{Corpus: corpus, Y: []int32{0, 0, 1, 1}, Labels: []string{"card", "cash"}}
	model, err := pipeline.Fit(t.Context(), d, []int32{0, 1, 2, 3}, pipeline.Settings{Recipe: text.Word(), HashBits: 12}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	data, err := model.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestExports_refuses(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.publishModel(t, "acme", "hashed", hashed(t))
	s.problem(t, 422, "invalid_field", exportOf("intents", "pickle"))
	s.problem(t, 422, "invalid_field", exportOf("intents", ""))
	if p := s.problem(t, 422, "not_exportable", exportOf("hashed", "onnx")); !strings.Contains(p["detail"].(string), "hashed features") {
		t.Errorf("detail = %v, want it to name hashed features", p["detail"])
	}
	s.want(t, 200, exportOf("hashed", "safetensors"))
	absent := exportOf("intents", "onnx")
	absent.path = "/v1/models/intents/versions/9/exports"
	s.problem(t, 404, "not_found", absent)
	foreigner := exportOf("intents", "onnx")
	foreigner.tenant = "rival"
	s.problem(t, 404, "not_found", foreigner)
}
