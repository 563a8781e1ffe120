package linear_test

import (
	"fmt"
	"testing"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/lineartest"
)

// BenchmarkSVM_OneVsRest trains generated text-like rows on one worker; the
// reported rate is non-zeros times classes a second.
func BenchmarkSVM_OneVsRest(b *testing.B) {
	for _, size := range []struct{ rows, columns, classes int }{{2_000, 5_000, 20}, {10_000, 20_000, 77}} {
		for _, loss := range []linear.Loss{linear.SquaredHinge, linear.Hinge} {
			b.Run(fmt.Sprintf("%dx%d/%s", size.rows, size.classes, loss), func(b *testing.B) {
				x, y := lineartest.Zipf(size.rows, size.columns, size.classes, 1)
				b.ReportAllocs()
				for b.Loop() {
					err := linear.SVM{Loss: loss}.OneVsRest(b.Context(), x, y, nil, size.classes, 1,
						func(linear.Solution) error { return nil })
					if err != nil {
						b.Fatal(err)
					}
				}
				work := float64(x.NonZeros()) * float64(size.classes) * float64(b.N)
				b.ReportMetric(work/b.Elapsed().Seconds()/1e6, "Mnz*class/s")
			})
		}
	}
}
