package pipeline_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"godwit/shared/ml/pipeline"
)

// loss is the mean cross-entropy of softmax(margins/T) with smoothed targets, written plainly.
func loss(margins []float32, y []int32, classes int, temperature float64) float64 {
	total, doubt := 0.0, 1/float64(len(y)+2)
	for i, truth := range y {
		sum := 0.0
		for _, m := range margins[i*classes : (i+1)*classes] {
			sum += math.Exp(float64(m) / temperature)
		}
		for k, m := range margins[i*classes : (i+1)*classes] {
			target := doubt / float64(classes-1)
			if k == int(truth) {
				target = 1 - doubt
			}
			total += target * (math.Log(sum) - float64(m)/temperature)
		}
	}
	return total / float64(len(y))
}

func TestFitTemperature_isTheMinimum(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	for _, classes := range []int{2, 3, 20} {
		for _, noise := range []float64{.3, 1, 3} {
			var margins []float32
			var y []int32
			for i := range 500 {
				truth := i % classes
				y = append(y, int32(truth))
				for c := range classes {
					m := random.NormFloat64() * noise
					if c == truth {
						m++
					}
					margins = append(margins, float32(m))
				}
			}
			got := pipeline.FitTemperature(margins, y, classes)
			at := loss(margins, y, classes, got)
			for _, other := range []float64{got * .98, got * 1.02, 1} {
				if other < .01 || other > 100 {
					continue
				}
				if l := loss(margins, y, classes, other); l < at-1e-12 {
					t.Errorf("%d classes, noise %v: T = %v has loss %v, %v has %v", classes, noise, got, at, other, l)
				}
			}
		}
	}
}

func TestFitTemperature_edges(t *testing.T) {
	tests := []struct {
		name    string
		margins []float32
		y       []int32
		want    float64
	}{
		{"no rows", nil, nil, 1},
		// Two rows at margin 1, both right, are believed to 3/4: sigmoid(2/T) = 3/4, so T = 2/ln 3.
		{"no errors", []float32{-1, 1, 1, -1}, []int32{1, 0}, 2 / math.Log(3)},
		{"nothing but errors", []float32{-1, 1, 1, -1}, []int32{0, 1}, 100},
		// Of three rows at margin 1 one is wrong, each believed to 4/5: sigmoid(2/T) = 3/5, so T = 2/ln 1.5.
		{"two of three", []float32{-1, 1, -1, 1, -1, 1}, []int32{1, 1, 0}, 2 / math.Log(1.5)},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := pipeline.FitTemperature(tc.margins, tc.y, 2)
			if math.Abs(got-tc.want) > 1e-3*tc.want {
				t.Errorf("FitTemperature = %v, want %v", got, tc.want)
			}
		})
	}
}
