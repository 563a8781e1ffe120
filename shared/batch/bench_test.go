package batch_test

import (
	"strings"
	"testing"

	"godwit/shared/batch"
)

// BenchmarkSteps scores short rows in memory, step by step.
func BenchmarkSteps(b *testing.B) {
	const rows = 20_000
	data := "id,text\n" + strings.Repeat("a1,where is my card please\n", rows)
	for _, format := range []batch.Format{batch.JSONL, batch.CSV} {
		b.Run(string(format), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h := newHouse(b)
				h.publish(b, "intents", artifact)
				h.finish(b, h.submit(b, "a.csv", data, func(s *batch.Submission) { s.Format = format }))
			}
			b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
