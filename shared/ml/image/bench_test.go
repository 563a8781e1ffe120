package image_test

import (
	"bytes"
	"fmt"
	"testing"

	"godwit/shared/ml/image"
	"godwit/shared/ml/image/imagetest"
)

// BenchmarkRead reads 5,000 images as of MNIST, and 1,000 small files on one
// goroutine and on two.
func BenchmarkRead(b *testing.B) {
	images, labels := imagetest.IDX(1000, 28, 1)
	for _, bc := range []struct {
		name    string
		data    []byte
		workers int
	}{
		{"idx", zipOf(b, file{name: "images", data: images}, file{name: "labels", data: labels}), 1},
		{"png", imagetest.Zip(200, 64, 1), 1},
		{"png/workers=2", imagetest.Zip(200, 64, 1), 2},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.SetBytes(int64(len(bc.data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := image.Read(b.Context(), bytes.NewReader(bc.data), image.Options{Workers: bc.workers}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDecode reads one image to predict.
func BenchmarkDecode(b *testing.B) {
	shape := image.Shape{Width: 28, Height: 28, Channels: 1}
	for _, side := range []int{28, 1000} {
		drawn := imagetest.Draw("ring", side, 1)
		for _, bc := range []struct {
			name string
			data []byte
		}{{"png", pngOf(b, drawn)}, {"jpeg", jpegOf(b, drawn)}} {
			b.Run(fmt.Sprintf("%s/%d", bc.name, side), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := shape.Decode(bc.data, 0); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
	text := []byte(jsonOf(28, 28, "128"))
	b.Run("array/28", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := shape.ParsePixels(text, 0); err != nil {
				b.Fatal(err)
			}
		}
	})
}
