package cocoa_test

import (
	"testing"

	"godwit/shared/ml/linear/cocoa"
	"godwit/shared/ml/linear/lineartest"
)

// BenchmarkShard_Round times the second round of one of four shards.
func BenchmarkShard_Round(b *testing.B) {
	x, y := lineartest.Zipf(8000, 20_000, 10, 1)
	m := gather(b, cocoa.SVM{}, even(x, y, nil, 4), 10)
	w := start(b, m, 10)
	w, err := m.set.Reduce(w, m.round(b, w), m.layout)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := m.shards[0].Round(b.Context(), w, m.duals[0], 1); err != nil {
			b.Fatal(err)
		}
	}
}
