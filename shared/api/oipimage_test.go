package api_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"godwit/shared/ml/image/imagetest"
	"godwit/shared/ml/network/networktest"
	"godwit/shared/registry"
)

// coloured returns the pixels of a picture as a tensor [h][w][c].
func coloured(img *image.RGBA) []uint8 {
	var out []uint8
	for i := 0; i < len(img.Pix); i += 4 {
		out = append(out, img.Pix[i:i+3]...)
	}
	return out
}

// floats returns numbers as FP32 holds them, times a factor.
func floats(pixels []uint8, by float32) []float32 {
	out := make([]float32, len(pixels))
	for i, v := range pixels {
		out[i] = by * float32(v)
	}
	return out
}

// asTensor is a call with the input image, as bytes behind the JSON.
func asTensor(t *testing.T, model, datatype, shape string, values any) call {
	t.Helper()
	tail, err := binary.Append(nil, binary.LittleEndian, values)
	if err != nil {
		t.Fatal(err)
	}
	head := fmt.Sprintf(`{"inputs":[{"name":"image","datatype":"%s","shape":%s,"parameters":{"binary_data_size":%d}}]}`, datatype, shape, len(tail))
	return call{method: "POST", path: "/v2/models/" + model + "/infer", body: head + string(tail),
		header: map[string]string{"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": fmt.Sprint(len(head))}}
}

// inJSON is a call with the input image as JSON.
func inJSON(t *testing.T, datatype, shape string, data any) call {
	t.Helper()
	raw, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	return call{method: "POST", path: "/v2/models/shapes/infer", body: fmt.Sprintf(`{"inputs":[{"name":"image","datatype":"%s","shape":%s,"data":%s}]}`, datatype, shape, raw)}
}

// element is a value of BYTES: its length, and it.
func element(raw []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(raw))), raw...)
}

// wholes turns bytes into numbers, which JSON does not write as base64.
func wholes(pixels []uint8) []int {
	out := make([]int, len(pixels))
	for i, v := range pixels {
		out[i] = int(v)
	}
	return out
}

// An image is answered alike as a tensor of any form and as its file.
func TestInfer_images(t *testing.T) {
	s := newStage(t)
	data, err := networktest.Image()
	if err != nil {
		t.Fatal(err)
	}
	s.publishModel(t, "acme", "shapes", data)
	const side = networktest.Side
	small, large := imagetest.Draw("square", side, 7), imagetest.Draw("ring", 20, 3)
	files := map[*image.RGBA][]byte{}
	for _, img := range []*image.RGBA{small, large} {
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		files[img] = b.Bytes()
	}
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, small, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	pixels, bigger := coloured(small), coloured(large)
	nested := [][][][]int{{}}
	for y := range side {
		var line [][]int
		for x := range side {
			line = append(line, wholes(pixels[(y*side+x)*3:][:3]))
		}
		nested[0] = append(nested[0], line)
	}
	// answer is the label and score of each image of a call.
	answer := func(t *testing.T, c call) (labels, scores []any) {
		t.Helper()
		for _, o := range s.want(t, 200, c)["outputs"].([]any) {
			switch o := o.(map[string]any); o["name"] {
			case "label":
				labels = o["data"].([]any)
			case "score":
				scores = o["data"].([]any)
			}
		}
		return labels, scores
	}
	coded := func(img *image.RGBA) call {
		return inJSON(t, "BYTES", "[1]", []string{base64.StdEncoding.EncodeToString(files[img])})
	}
	for _, tc := range []struct {
		name  string
		call  call
		like  call
		exact bool // in the score as well
	}{
		{"UINT8 as bytes", asTensor(t, "shapes", "UINT8", "[1,16,16,3]", pixels), coded(small), true},
		{"FP32 as bytes", asTensor(t, "shapes", "FP32", "[1,16,16,3]", floats(pixels, 1)), coded(small), true},
		{"UINT8 in flat JSON", inJSON(t, "UINT8", "[1,16,16,3]", wholes(pixels)), coded(small), true},
		{"UINT8 in nested JSON", inJSON(t, "UINT8", "[1,16,16,3]", nested), coded(small), true},
		{"FP32 in JSON", inJSON(t, "FP32", "[1,16,16,3]", floats(pixels, 1)), coded(small), true},
		{"another size", asTensor(t, "shapes", "UINT8", "[1,20,20,3]", bigger), coded(large), true},
		{"one channel", asTensor(t, "shapes", "UINT8", "[1,16,16,1]", pixels[:256]), asTensor(t, "shapes", "FP32", "[1,16,16]", floats(pixels[:256], 1)), true},
		{"flat", asTensor(t, "shapes", "UINT8", "[1,256]", pixels[:256]), asTensor(t, "shapes", "UINT8", "[1,16,16,1]", pixels[:256]), true},
		{"the file as bytes", asTensor(t, "shapes", "BYTES", "[1]", element(files[small])), coded(small), true},
		{"a JPEG as bytes", asTensor(t, "shapes", "BYTES", "[1,1]", element(photo.Bytes())), coded(small), false},
		{"two images", asTensor(t, "shapes", "UINT8", "[2,16,16,3]", append(bytes.Clone(pixels), pixels...)),
			inJSON(t, "BYTES", "[2]", []string{base64.StdEncoding.EncodeToString(files[small]), base64.StdEncoding.EncodeToString(files[small])}), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			labels, scores := answer(t, tc.call)
			wantLabels, wantScores := answer(t, tc.like)
			if fmt.Sprint(labels) != fmt.Sprint(wantLabels) || tc.exact && fmt.Sprint(scores) != fmt.Sprint(wantScores) {
				t.Errorf("answer = %v %v, want %v %v", labels, scores, wantLabels, wantScores)
			}
		})
	}
}

// What is no image of any shape is refused: what is wrong, in which row, and what
// to send.
func TestInfer_badImages(t *testing.T) {
	s := newStage(t)
	for name, make := range map[registry.Name]func() ([]byte, error){"shapes": networktest.Image, "mood": networktest.Text} {
		data, err := make()
		if err != nil {
			t.Fatal(err)
		}
		s.publishModel(t, "acme", name, data)
	}
	pixels := coloured(imagetest.Draw("square", networktest.Side, 7))
	large := make([]int16, len(pixels))
	large[9] = 300
	signature := []byte("\x89PNG\r\n\x1a\n")
	two := inJSON(t, "UINT8", "[1,1]", []int{1})
	two.body = strings.Replace(two.body.(string), "[{", `[{"name":"mask","datatype":"UINT8","shape":[1],"data":[1]},{`, 1)
	renamed := asTensor(t, "shapes", "UINT8", "[1,16,16,3]", pixels)
	renamed.body = strings.Replace(renamed.body.(string), `"image"`, `"input"`, 1)
	for _, tc := range []struct {
		name, code string
		call       call
		words      []string
	}{
		{"channels first", "image_decode", asTensor(t, "shapes", "UINT8", "[1,3,16,16]", pixels), []string{"row 0", "3 planes of 16 x 16", "move the first axis to the end"}},
		{"two channels", "image_decode", asTensor(t, "shapes", "UINT8", "[1,16,24,2]", pixels), []string{"row 0", "2 channels; 1 or 3", "send lines of pixels"}},
		{"an axis too many", "image_decode", asTensor(t, "shapes", "UINT8", "[1,16,16,3,1]", pixels), []string{"row 0", "nested too deeply", "send lines of pixels"}},
		{"flat, of another size", "image_decode", asTensor(t, "shapes", "UINT8", "[1,768]", pixels), []string{"row 0", "flat array of 768", "16 x 16 x 1 = 256"}},
		{"scaled to 1", "image_decode", asTensor(t, "shapes", "FP32", "[1,16,16,3]", floats(pixels, 1./255)), []string{"row 0", "scaled to 0..1", "multiply"}},
		{"a number too large", "image_decode", asTensor(t, "shapes", "INT16", "[1,16,16,3]", large), []string{"row 0", `"300"`, "from 0 to 255"}},
		{"fewer bytes than the shape says", "bad_tensor", asTensor(t, "shapes", "UINT8", "[1,16,16,3]", pixels[1:]), []string{"/inputs/0/parameters/binary_data_size", "is 767", "768 bytes"}},
		{"fewer values than the shape says", "bad_tensor", inJSON(t, "UINT8", "[1,16,16,3]", wholes(pixels[3:])), []string{"/inputs/0/data", "765 values", "768"}},
		{"a second input", "wrong_columns", two, []string{"row 0", "this model takes an image"}},
		{"another name", "wrong_columns", renamed, []string{"row 0", "this model takes an image"}},
		{"the beginning of a file", "image_decode", asTensor(t, "shapes", "BYTES", "[1]", element(signature)), []string{"row 0"}},
		{"bytes of nothing", "bad_tensor", asTensor(t, "shapes", "BYTES", "[1]", element([]byte("\xfe\xfe"))), []string{"neither UTF-8 nor a PNG or JPEG"}},
		{"a file for a model of texts", "wrong_columns", asTensor(t, "mood", "BYTES", "[1]", element(signature)), []string{"row 0", "text"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := s.problem(t, 400, tc.code, tc.call)
			for _, w := range tc.words {
				if text := fmt.Sprint(p["error"]); !strings.Contains(text, w) {
					t.Errorf("the error is %q, want %q in it", text, w)
				}
			}
		})
	}
	file := asTensor(t, "mood", "BYTES", "[1]", element(append(signature, 0xff)))
	file.body = strings.Replace(file.body.(string), `"image"`, `"text" `, 1)
	s.problem(t, 400, "encoding_invalid", file)
}
