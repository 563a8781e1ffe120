// Package imagetest draws small pictures of circles, squares, triangles and
// other figures for tests of what learns from images: as different as
// handwriting, learned in a second, and nobody else's property. The same seed
// draws the same pictures on every machine.
package imagetest

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
)

// Classes are the figures, in the order of labels.
var Classes = []string{"circle", "cross", "ring", "square", "triangle"}

// figures tell whether a point is in a figure of radius r about the origin.
var figures = map[string]func(x, y, r int) bool{
	"circle":   func(x, y, r int) bool { return x*x+y*y <= r*r },
	"ring":     func(x, y, r int) bool { return x*x+y*y <= r*r && 9*(x*x+y*y) >= 4*r*r },
	"square":   func(x, y, r int) bool { return max(x, -x, y, -y) <= r*4/5 },
	"triangle": func(x, y, r int) bool { return y <= r*3/4 && 2*max(x, -x) <= y+r },
	"cross":    func(x, y, r int) bool { return max(x, -x, y, -y) <= r && 4*min(max(x, -x), max(y, -y)) <= r },
}

// Draw returns a picture of side x side pixels of the class, one of Classes, at
// a place, in a size, in two colours and with noise that the seed chooses.
func Draw(class string, side int, seed uint64) *image.RGBA {
	chance := rand.New(rand.NewPCG(seed, uint64(len(class))))
	in := figures[class]
	// Quarters of pixels, so that figures differ in more than whole steps.
	// The radius is 25 to 41 % of the side, and the centre within a sixteenth of it
	// from the middle: every figure is whole.
	r := side * (4*25 + chance.IntN(4*16)) / 100
	x0, y0 := 2*side+chance.IntN(side/2+1)-side/4, 2*side+chance.IntN(side/2+1)-side/4
	dark, light := chance.IntN(80), 170+chance.IntN(80)
	if chance.IntN(2) == 0 {
		dark, light = light, dark
	}
	tint := [3]int{chance.IntN(40), chance.IntN(40), chance.IntN(40)}
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			v := dark
			if in(4*x+2-x0, 4*y+2-y0, r) {
				v = light
			}
			noise := chance.IntN(41) - 20
			part := func(c int) uint8 { return uint8(min(max(v+noise+tint[c]-20, 0), 255)) }
			img.SetRGBA(x, y, color.RGBA{part(0), part(1), part(2), 255})
		}
	}
	return img
}

// Zip returns a zip of n pictures of each class, PNG files in a folder for each.
func Zip(n, side int, seed uint64) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, class := range Classes {
		for i := range n {
			w, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("shapes/%s/%04d.png", class, i)})
			if err == nil {
				err = png.Encode(w, Draw(class, side, seed+uint64(i)))
			}
			if err != nil {
				panic("imagetest: " + err.Error()) // a buffer takes everything
			}
		}
	}
	if err := z.Close(); err != nil {
		panic("imagetest: " + err.Error())
	}
	return b.Bytes()
}

// IDX returns n pictures of each class in grey as a pair of IDX files, labelled
// by places in Classes, the classes taking turns.
func IDX(n, side int, seed uint64) (images, labels []byte) {
	rows := n * len(Classes)
	images, labels = []byte{0, 0, 8, 3}, []byte{0, 0, 8, 1}
	for _, d := range []int{rows, side, side} {
		images = binary.BigEndian.AppendUint32(images, uint32(d))
	}
	labels = binary.BigEndian.AppendUint32(labels, uint32(rows))
	for i := range rows {
		class := i % len(Classes)
		labels = append(labels, byte(class))
		drawn := Draw(Classes[class], side, seed+uint64(i/len(Classes)))
		for at := 0; at < len(drawn.Pix); at += 4 {
			grey := color.GrayModel.Convert(color.RGBA{drawn.Pix[at], drawn.Pix[at+1], drawn.Pix[at+2], 255})
			images = append(images, grey.(color.Gray).Y)
		}
	}
	return images, labels
}
