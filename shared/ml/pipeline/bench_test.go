package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

func BenchmarkScores(b *testing.B) {
	docs, _ := documents(100, 4, 7)
	for _, recipe := range []text.Recipe{text.Word(), text.Union()} {
		m := fit(b, 400, 4, pipeline.Settings{Recipe: recipe})
		for _, n := range []int{1, 10} {
			doc := strings.Join(docs[:n], " ")
			b.Run(fmt.Sprintf("%s/bytes=%d", recipe.Name, len(doc)), func(b *testing.B) {
				var s pipeline.Scratch
				b.ReportAllocs()
				for b.Loop() {
					m.Scores(&s, doc)
				}
			})
		}
	}
}

func BenchmarkTableModel(b *testing.B) {
	for _, classes := range []int{0, 3} {
		d := rents(400, classes, 1, 1)
		m := fitTable(b, d, pipeline.TableSettings{})
		in := cells(d, 7)
		b.Run(m.Task(), func(b *testing.B) {
			var s pipeline.Scratch
			b.ReportAllocs()
			for b.Loop() {
				m.Scores(&s, in)
				m.Value(&s, in)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	data := encode(b, fit(b, 400, 4, pipeline.Settings{}))
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := pipeline.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
