package neural_test

import (
	"fmt"
	"strings"
	"testing"

	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/recurrent"
)

// BenchmarkImage_Scores answers for one image with networks that were not
// trained, which take as long as others.
func BenchmarkImage_Scores(b *testing.B) {
	for _, side := range []int{28, 64, 128} {
		d := bars(10, side, 1, 1)
		r := task{train: d}.start(b)
		m, err := r.Image()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%s %d pixels", r.Settings().Image.Architecture, side), func(b *testing.B) {
			var s neural.Scratch
			b.ReportAllocs()
			for b.Loop() {
				m.Scores(&s, d.Pixels[:m.Size()])
			}
		})
	}
}

// BenchmarkText_Scores answers for one text of eleven words.
func BenchmarkText_Scores(b *testing.B) {
	d := texts(400, 1, nil)
	doc := strings.Repeat("alpha c beta d ", 3)[:40]
	for _, cell := range []recurrent.Kind{recurrent.GRU, recurrent.LSTM} {
		m, err := task{set: neural.Settings{Text: neural.TextSettings{Cell: cell}}, train: d}.start(b).Text()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(string(cell), func(b *testing.B) {
			var s neural.Scratch
			b.ReportAllocs()
			for b.Loop() {
				m.Scores(&s, doc)
			}
		})
	}
}

// BenchmarkRun_Train trains one epoch in one goroutine.
func BenchmarkRun_Train(b *testing.B) {
	for name, d := range map[string]neural.Data{"640 images of 28 pixels": bars(640, 28, 1, 1), "640 texts": texts(640, 1, nil)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := task{set: neural.Settings{Epochs: 1, Shards: 2}, train: d}.start(b)
				if err := r.Train(b.Context(), 1, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
