package host_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/functions/local/host"
)

// BenchmarkColdStart measures spawn to first Runtime API poll. Each event ends
// its process, so that each one starts another.
func BenchmarkColdStart(b *testing.B) {
	h := start(b, host.Options{}, host.Function{})
	var starts []time.Duration
	for b.Loop() {
		starts = append(starts, invoke(b, h, `{"do":"exit0"}`).Init)
	}
	report(b, starts, "init")
}

// BenchmarkWarmInvoke measures one event through a warm process, there and back.
func BenchmarkWarmInvoke(b *testing.B) {
	for _, size := range []int{100, 10_000, 1_000_000} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			h := start(b, host.Options{}, host.Function{})
			event := `{"body":"` + strings.Repeat("x", size) + `"}`
			invoke(b, h, event)
			var times []time.Duration
			b.ReportAllocs()
			for b.Loop() {
				begin := time.Now()
				invoke(b, h, event)
				times = append(times, time.Since(begin))
			}
			report(b, times, "invoke")
		})
	}
}

// report adds the median and the 99th percentile in microseconds.
func report(b *testing.B, times []time.Duration, what string) {
	slices.Sort(times)
	micros := func(share float64) float64 {
		return float64(times[int(share*float64(len(times)-1))].Nanoseconds()) / 1e3
	}
	b.ReportMetric(micros(.5), what+"-p50-us")
	b.ReportMetric(micros(.99), what+"-p99-us")
}
