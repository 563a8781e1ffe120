package remotetest

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"godwit/shared/blob/memblob"
	"godwit/shared/ml/onnx"
	"godwit/shared/remote"
)

// Benchmark times runs of 1 and 128 rows of Graph through client and handler in
// one process: what a call costs beside the network and the function's start.
func Benchmark(b *testing.B, load func(graph []byte) (remote.Session, error)) {
	models := memblob.New(time.Now)
	source := Put(b, models, "work/acme/tj_1/graph.onnx", Graph(b))
	engine := &remote.Client{Function: Direct{&remote.Handler{Models: models, Load: load, KeepBytes: 1 << 20, Log: slog.New(slog.DiscardHandler)}}}
	for _, n := range []int{1, 128} {
		b.Run(fmt.Sprintf("%d rows", n), func(b *testing.B) {
			b.ReportAllocs()
			rows := make([][]*onnx.Tensor, n)
			for i := range rows {
				rows[i] = []*onnx.Tensor{onnx.OfFloats([]float32{float32(i), 1}, 1, 2)}
			}
			for b.Loop() {
				if _, err := engine.Run(b.Context(), source, rows); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
