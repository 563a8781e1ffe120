package serving_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image/png"
	"strings"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/ml/image/imagetest"
	"godwit/shared/ml/network/networktest"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
	"godwit/shared/serving"
)

// imageStage serves a network for images as the model "shapes" and one for texts
// as "mood".
func imageStage(t *testing.T) *stage {
	t.Helper()
	s := newStage(t, nil)
	for name, make := range map[registry.Name]func() ([]byte, error){"shapes": networktest.Image, "mood": networktest.Text} {
		data, err := make()
		if err != nil {
			t.Fatal(err)
		}
		s.publish(t, tenant, name, data)
	}
	return s
}

// drawn is a picture of a shape as a PNG file.
func drawn(t testing.TB, class string, side int) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, imagetest.Draw(class, side, 400)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// An image is the same in whatever form it comes.
func TestPredict_images(t *testing.T) {
	s := imageStage(t)
	file := drawn(t, "circle", 24)
	coded := base64.StdEncoding.EncodeToString([]byte(file))
	r, err := s.Predict(t.Context(), tenant, registry.Reference{Model: "shapes"}, serving.Request{TopK: 5, Inputs: []serving.Input{
		{Columns: map[string]string{"b64": coded}},
		{Columns: map[string]string{"image": coded}},
		{Columns: map[string]string{"image": file}},
		{Text: "data:image/png;base64," + coded},
		{Text: base64.RawURLEncoding.EncodeToString([]byte(file))},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range r.Results {
		if got.Err != nil || len(got.Scores) != 5 || got.Scores[0] != r.Results[0].Scores[0] {
			t.Errorf("result %d = %+v, want that of the first, %+v", i, got, r.Results[0])
		}
	}
}

func TestPredict_pixels(t *testing.T) {
	s := imageStage(t)
	picture := imagetest.Draw("circle", networktest.Side, 400)
	lines, flat := [][][]int{}, []int{}
	for y := range networktest.Side {
		line := [][]int{}
		for x := range networktest.Side {
			c := picture.RGBAAt(x, y)
			line = append(line, []int{int(c.R), int(c.G), int(c.B)})
			flat = append(flat, int(c.R))
		}
		lines = append(lines, line)
	}
	nested, err := json.Marshal(lines)
	if err != nil {
		t.Fatal(err)
	}
	row, err := json.Marshal(flat)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Predict(t.Context(), tenant, registry.Reference{Model: "shapes"}, serving.Request{Inputs: []serving.Input{
		{Text: base64.StdEncoding.EncodeToString([]byte(drawn(t, "circle", networktest.Side)))},
		{Pixels: nested},
		{Columns: map[string]string{"pixels": string(nested)}},
		{Columns: map[string]string{"image": string(row)}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range r.Results {
		if got.Err != nil || got.Label != r.Results[0].Label || i < 3 && got.Score != r.Results[0].Score {
			t.Errorf("result %d = %+v, want that of the PNG, %+v", i, got, r.Results[0])
		}
	}
}

// What is no image takes its error to its place, and the rest are answered.
func TestPredict_badImages(t *testing.T) {
	s := imageStage(t)
	good := base64.StdEncoding.EncodeToString([]byte(drawn(t, "ring", 20)))
	for _, tc := range []struct {
		name string
		in   serving.Input
		code string
	}{
		{"no base64", serving.Input{Columns: map[string]string{"b64": "%%%"}}, "image_decode"},
		{"base64 of no image", serving.Input{Columns: map[string]string{"b64": "aGVsbG8="}}, "image_decode"},
		{"cut short", serving.Input{Text: good[:len(good)/2]}, "image_decode"},
		{"nothing", serving.Input{}, "image_decode"},
		{"two columns", serving.Input{Columns: map[string]string{"b64": good, "pixels": "[1]"}}, "wrong_columns"},
		{"another column", serving.Input{Columns: map[string]string{"text": good}}, "wrong_columns"},
		{"unequal lines", serving.Input{Pixels: []byte("[[1,2],[3]]")}, "image_decode"},
		{"a number too large", serving.Input{Pixels: []byte("[[1,256]]")}, "image_decode"},
		{"bad already", serving.Input{Bad: fault.New(fault.Invalid, "x").WithReason("wrong_type")}, "wrong_type"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := s.Predict(t.Context(), tenant, registry.Reference{Model: "shapes"}, serving.Request{Inputs: []serving.Input{tc.in, {Text: good}}})
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Results[0].Err; got == nil || got.Reason != tc.code {
				t.Errorf("error = %v, want one of code %s", got, tc.code)
			}
			if r.Results[1].Err != nil || r.Results[1].Label == "" {
				t.Errorf("the image beside it = %+v, want an answer", r.Results[1])
			}
		})
	}
	r, err := s.Predict(t.Context(), tenant, registry.Reference{Model: "mood"}, serving.Request{Inputs: []serving.Input{{Pixels: []byte("[[1]]")}, {Text: "lovely soup"}}})
	if err != nil || r.Results[0].Err == nil || r.Results[0].Err.Reason != "wrong_type" || r.Results[1].Label != "praise" {
		t.Errorf("pixels for a model of texts = %+v, %v, want wrong_type beside an answer", r.Results, err)
	}
}

// A file of an image is nothing to a model of texts.
func TestPredict_bytesForTexts(t *testing.T) {
	r, err := imageStage(t).Predict(t.Context(), tenant, registry.Reference{Model: "mood"}, serving.Request{Inputs: []serving.Input{{Text: drawn(t, "ring", 20)}}})
	if err != nil || r.Results[0].Err == nil || r.Results[0].Err.Reason != "encoding_invalid" {
		t.Errorf("a PNG for a model of texts = %+v, %v, want encoding_invalid", r.Results, err)
	}
}

// An image is explained by a picture, a text by its tokens.
func TestPredict_explainsNetworks(t *testing.T) {
	s := imageStage(t)
	explained := func(model registry.Name, text string) *pipeline.Explanation {
		r, err := s.Predict(t.Context(), tenant, registry.Reference{Model: model}, serving.Request{Explain: true, Inputs: []serving.Input{{Text: text}}})
		if err != nil || r.Results[0].Explanation == nil {
			t.Fatalf("%s: %+v, %v", model, r.Results, err)
		}
		return r.Results[0].Explanation
	}
	e := explained("shapes", base64.StdEncoding.EncodeToString([]byte(drawn(t, "cross", 30))))
	if e.Image == nil || e.Image.Width != networktest.Side || !strings.HasPrefix(string(e.Image.PNG), "\x89PNG") {
		t.Errorf("explanation of an image = %+v, want a PNG of the model's size", e)
	}
	if e := explained("mood", "lovely soup"); len(e.Spans) != 2 || e.Method != pipeline.MethodOcclusion {
		t.Errorf("explanation of a text = %+v, want its two tokens", e)
	}
}

// What an image model takes is told to those who ask.
func TestDescribe_images(t *testing.T) {
	d, err := imageStage(t).Describe(t.Context(), tenant, registry.Reference{Model: "shapes"})
	if err != nil || len(d.Columns) != 1 || d.Columns[0] != serving.ImageColumn || d.Algorithm != pipeline.CNN {
		t.Errorf("Describe() = %+v, %v, want the one column image", d, err)
	}
}
