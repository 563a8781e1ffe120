package image

import (
	"bytes"
	stdimage "image"
	"image/color"
	"image/png"
	"math"
)

// Heat draws how much each pixel of an image mattered as a PNG of width x
// height: black where it did not, through red and yellow to white where it
// mattered most. saliency runs line by line; what is negative or not a number
// counts as nothing, and a map of nothing is black. Equal maps give equal bytes.
// It panics if saliency does not have width x height numbers.
func Heat(saliency []float32, width, height int) []byte {
	img := stdimage.NewPaletted(stdimage.Rect(0, 0, width, height), flame)
	copy(img.Pix, levels(saliency, width, height))
	return encode(img)
}

// Overlay draws the heat over the image that it explains, which is dimmed to
// grey: pixels are as in Set.Pixels, of one image. Otherwise it is as Heat.
func Overlay(s Shape, pixels []uint8, saliency []float32) []byte {
	if len(pixels) != s.Size() {
		panic("image: pixels are not one image")
	}
	img := stdimage.NewRGBA(stdimage.Rect(0, 0, s.Width, s.Height))
	plane := s.Width * s.Height
	for i, level := range levels(saliency, s.Width, s.Height) {
		grey := pixels[i]
		if s.Channels == 3 {
			grey = luma(pixels[i], pixels[plane+i], pixels[2*plane+i])
		}
		hot := flame[level].(color.RGBA)
		// The hotter, the less of the image shows: colour by its level over half of
		// the grey by what is left.
		for c, v := range [3]uint8{hot.R, hot.G, hot.B} {
			img.Pix[4*i+c] = uint8((uint32(v)*uint32(level) + uint32(grey)*uint32(255-level)/2) / 255)
		}
		img.Pix[4*i+3] = 255
	}
	return encode(img)
}

// flame has a colour for each level: red grows first, then green, then blue.
var flame = func() color.Palette {
	p := make(color.Palette, 256)
	for i := range p {
		// Each third of the levels raises one of the three from 0 to 255.
		part := func(from int) uint8 { return uint8(min(max(3*i-from, 0), 255)) }
		p[i] = color.RGBA{part(0), part(255), part(510), 255}
	}
	return p
}()

// levels scales a map to 0..255 by its largest number.
func levels(saliency []float32, width, height int) []uint8 {
	if width < 1 || height < 1 || len(saliency) != width*height {
		panic("image: saliency is not width x height")
	}
	var most float64
	for _, v := range saliency {
		if f := float64(v); f > most && !math.IsInf(f, 1) {
			most = f
		}
	}
	out := make([]uint8, len(saliency))
	for i, v := range saliency {
		// Two steps, not a multiply-add, which is rounded once on arm64.
		if share := float64(v) / most; share > 0 {
			scaled := float64(min(share, 1) * 255)
			out[i] = uint8(scaled + .5)
		}
	}
	return out
}

// encode writes a PNG.
func encode(img stdimage.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic("image: " + err.Error()) // a buffer takes everything, and sides were checked
	}
	return b.Bytes()
}
