package foreign_test

import (
	"testing"

	"godwit/shared/ml/foreign"
	"godwit/shared/ml/foreign/foreigntest"
)

func BenchmarkModel_Ask(b *testing.B) {
	m, err := foreign.New(b.Context(), foreigntest.Forest(b))
	if err != nil {
		b.Fatal(err)
	}
	in := row("f0", "5.1", "f1", "3.5", "f2", "1.4", "f3", "0.2")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Ask(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}
