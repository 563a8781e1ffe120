package main

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"testing"
)

// stripes draws bars, lying or standing, on a dark ground.
func stripes(t *testing.T, standing bool, seed uint64) []byte {
	t.Helper()
	chance := rand.New(rand.NewPCG(seed, 5))
	period, shift := 4+chance.IntN(3), chance.IntN(6)
	img := image.NewGray(image.Rect(0, 0, 16, 16))
	for i := range img.Pix {
		at := i / 16
		if standing {
			at = i % 16
		}
		v := 20 + chance.IntN(30)
		if (at+shift)%period < 2 {
			v += 170
		}
		img.SetGray(i%16, i/16, color.Gray{Y: uint8(v)})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// An archive of pictures that is dropped into the inbox becomes a model that
// tells new ones apart and shows where it looked.
func TestImages_EndToEnd(t *testing.T) {
	at := launch(t, t.TempDir(), "serve").serving(t)
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for i := range 60 {
		w, err := z.Create(fmt.Sprintf("stripes/%s/%d.png", []string{"lying", "standing"}[i%2], i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(stripes(t, i%2 == 1, uint64(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	drop(t, at, "stripes", "stripes.zip", archive.Bytes())
	c := newClient(at)
	done, err := follow(t.Context(), c, "stripes", func(step) {})
	if err != nil || done.Version != 1 {
		t.Fatalf("the job = %+v, %v, want version 1", done, err)
	}
	var out struct {
		Results []struct {
			Label       string
			Explanation struct {
				Image struct {
					PNG   []byte
					Width int
				}
			}
			Error struct{ Code string }
		}
	}
	inputs := []map[string]string{
		{"b64": base64.StdEncoding.EncodeToString(stripes(t, false, 900))},
		{"b64": base64.StdEncoding.EncodeToString(stripes(t, true, 901))},
		{"b64": "no picture"},
	}
	if err := c.post(t.Context(), "/v1/models/stripes@champion/predict", map[string]any{"inputs": inputs, "parameters": map[string]any{"explain": true}}, &out); err != nil {
		t.Fatal(err)
	}
	if r := out.Results; r[0].Label != "lying" || r[1].Label != "standing" || r[2].Error.Code != "image_decode" {
		t.Errorf("answers = %+v, want lying, standing and an error", r)
	}
	heat, err := png.Decode(bytes.NewReader(out.Results[0].Explanation.Image.PNG))
	if err != nil || heat.Bounds().Dx() != 16 || out.Results[0].Explanation.Image.Width != 16 {
		t.Errorf("the explanation's picture = %v, %v, want one of 16 pixels", heat, err)
	}
}
