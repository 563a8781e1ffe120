package api_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image/png"
	"strings"
	"testing"

	"godwit/shared/ml/image/imagetest"
	"godwit/shared/ml/network/networktest"
)

// A model of images takes base64 and arrays of pixels, and explains itself by a
// small picture.
func TestPredict_images(t *testing.T) {
	s := newStage(t)
	data, err := networktest.Image()
	if err != nil {
		t.Fatal(err)
	}
	s.publishModel(t, "acme", "shapes", data)
	var file bytes.Buffer
	if err := png.Encode(&file, imagetest.Draw("square", networktest.Side, 7)); err != nil {
		t.Fatal(err)
	}
	coded := base64.StdEncoding.EncodeToString(file.Bytes())
	grey := strings.Repeat("["+strings.Repeat("9,", networktest.Side-1)+"9],", networktest.Side)
	pixels := "[" + grey[:len(grey)-1] + "]"
	body := fmt.Sprintf(`{"inputs":[{"b64":"%s"},%s,{"pixels":%s},{"b64":"no image"},7,{"pixels":"%s","b64":"x"}],"parameters":{"top_k":2,"explain":true}}`,
		coded, pixels, pixels, "x")
	out := s.want(t, 200, call{method: "POST", path: "/v1/models/shapes/predict", body: body})
	results := out["results"].([]any)
	if len(results) != 6 {
		t.Fatalf("%d results, want 6", len(results))
	}
	for i, want := range []string{"", "", "", "image_decode", "wrong_type", "wrong_columns"} {
		got := results[i].(map[string]any)
		if want != "" {
			if e, _ := got["error"].(map[string]any); e["code"] != want {
				t.Errorf("result %d = %v, want the error %s", i, got, want)
			}
			continue
		}
		picture := got["explanation"].(map[string]any)["image"].(map[string]any)
		raw, err := base64.StdEncoding.DecodeString(picture["png"].(string))
		if err != nil {
			t.Fatal(err)
		}
		if drawn, err := png.Decode(bytes.NewReader(raw)); err != nil || drawn.Bounds().Dx() != networktest.Side || picture["width"] != float64(networktest.Side) {
			t.Errorf("result %d: the picture is %v, %v", i, picture, err)
		}
	}
	first, second := results[1].(map[string]any), results[2].(map[string]any)
	if a, b := asJSON(t, first), asJSON(t, second); a != b {
		t.Errorf("pixels alone answer %s, in an object %s", a, b)
	}
	metadata := s.want(t, 200, call{method: "GET", path: "/v2/models/shapes"})
	if got := asJSON(t, metadata["inputs"]); got != `[{"datatype":"BYTES","name":"image","shape":[-1]}]` {
		t.Errorf("inputs of /v2 = %s", got)
	}
	infer := fmt.Sprintf(`{"inputs":[{"name":"image","shape":[1],"datatype":"BYTES","data":["%s"]}]}`, coded)
	answer := s.want(t, 200, call{method: "POST", path: "/v2/models/shapes/infer", body: infer})
	want := results[0].(map[string]any)["label"]
	if got := answer["outputs"].([]any)[0].(map[string]any)["data"].([]any)[0]; got != want {
		t.Errorf("/v2 answers %v, /v1 %v", got, want)
	}
}

// The remainder of a network's explanation belongs to its sum.
func TestPredict_networkOfTexts(t *testing.T) {
	s := newStage(t)
	data, err := networktest.Text()
	if err != nil {
		t.Fatal(err)
	}
	s.publishModel(t, "acme", "mood", data)
	out := s.want(t, 200, call{method: "POST", path: "/v1/models/mood/explain", body: `{"inputs":"lovely soup"}`})
	e := out["results"].([]any)[0].(map[string]any)["explanation"].(map[string]any)
	sum := e["baseline"].(float64) + e["rest"].(float64)
	for _, s := range e["spans"].([]any) {
		sum += s.(map[string]any)["weight"].(float64)
	}
	if d := sum - e["margin"].(float64); e["method"] != "occlusion" || d > 1e-9 || d < -1e-9 {
		t.Errorf("explanation = %v, whose parts make %v", e, sum)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
