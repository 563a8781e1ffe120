package image_test

import (
	"bytes"
	"fmt"
	stdimage "image"
	"image/color"
	"image/png"
	"math"
	"testing"

	"godwit/shared/ml/image"
)

// drawn decodes a picture.
func drawn(t *testing.T, data []byte) stdimage.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// colourAt writes the colour of a pixel.
func colourAt(img stdimage.Image, x, y int) string {
	c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
	return fmt.Sprintf("%02x%02x%02x", c.R, c.G, c.B)
}

func TestHeat(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, tc := range []struct {
		name     string
		saliency []float32
		want     string // of a row, by hand: a third is full red, two thirds yellow
	}{
		{"from black to white", []float32{0, 1, 2, 3}, "000000 ff0000 ffff00 ffffff"},
		{"a very small map", []float32{0, 1e-40, 2e-40, 3e-40}, "000000 ff0000 ffff00 ffffff"},
		{"nothing", []float32{0, 0, 0, 0}, "000000 000000 000000 000000"},
		{"less than nothing", []float32{-1, -5, 2, 2}, "000000 000000 ffffff ffffff"},
		{"not a number", []float32{nan, 1, 1, 3}, "000000 ff0000 ff0000 ffffff"},
		{"beyond all numbers", []float32{inf, 0, 0, 3}, "ffffff 000000 000000 ffffff"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			data := image.Heat(tc.saliency, 4, 1)
			img := drawn(t, data)
			if got := fmt.Sprintf("%s %s %s %s", colourAt(img, 0, 0), colourAt(img, 1, 0), colourAt(img, 2, 0), colourAt(img, 3, 0)); got != tc.want {
				t.Errorf("Heat() = %s, want %s", got, tc.want)
			}
			if !bytes.Equal(data, image.Heat(tc.saliency, 4, 1)) {
				t.Error("Heat() gives other bytes the second time")
			}
		})
	}
}

func TestOverlay(t *testing.T) {
	heat := make([]float32, 64)
	heat[0], heat[1] = 3, 1
	white := bytes.Repeat([]uint8{255}, 192)
	for _, shape := range []image.Shape{grey8, colour8} {
		img := drawn(t, image.Overlay(shape, white[:shape.Size()], heat))
		// Where nothing is hot, white is dimmed to a half.
		if got, want := colourAt(img, 0, 0)+" "+colourAt(img, 1, 0)+" "+colourAt(img, 5, 5), "ffffff aa5555 7f7f7f"; got != want {
			t.Errorf("Overlay() on %d channels = %s, want %s", shape.Channels, got, want)
		}
	}
}

func TestHeat_panics(t *testing.T) {
	for name, f := range map[string]func(){
		"a map of another size":    func() { image.Heat(make([]float32, 3), 2, 2) },
		"no size":                  func() { image.Heat(nil, 0, 0) },
		"an image of another size": func() { image.Overlay(grey8, nil, make([]float32, 64)) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic, want one that names the package")
				}
			}()
			f()
		})
	}
}
