package open_test

import (
	"os"
	"testing"

	"godwit/shared/ml/open"
)

// What a cold start pays for reading a small model of each kind.
func BenchmarkModel(b *testing.B) {
	for _, name := range []string{"v1", "table-v2-numbers"} {
		b.Run(name, func(b *testing.B) {
			data, err := os.ReadFile("../pipeline/testdata/" + name + ".safetensors")
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := open.Model(b.Context(), data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
