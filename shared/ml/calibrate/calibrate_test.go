package calibrate_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/metric"
)

// world draws rows of a classifier whose margins are the logarithms of the true
// probabilities times stretch: with a temperature of stretch it is perfect.
func world(rows, classes int, stretch float64, seed uint64) (margins []float32, y []int32) {
	random := rand.New(rand.NewPCG(seed, 7))
	p := make([]float64, classes)
	for range rows {
		sum := 0.0
		for k := range p {
			p[k] = math.Exp(1.5 * random.NormFloat64())
			sum += p[k]
		}
		truth, u := int32(classes-1), random.Float64()*sum
		for k := range p {
			margins = append(margins, float32(stretch*math.Log(p[k]/sum)))
			if u -= p[k]; u < 0 {
				truth, u = int32(k), math.Inf(1)
			}
		}
		y = append(y, truth)
	}
	return margins, y
}

// bent is a world whose probabilities no temperature can repair: the margins of
// some classes are too high.
func bent(rows, classes int, seed uint64) (margins []float32, y []int32) {
	margins, y = world(rows, classes, 1, seed)
	for i := range margins {
		margins[i] += 1.5 * float32(i%classes)
	}
	return margins, y
}

func labels(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint("class ", i)
	}
	return out
}

func classify(t testing.TB, prob []float32, y []int32, classes int) metric.Report {
	t.Helper()
	r, err := metric.Classify(y, prob, labels(classes))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTemperature(t *testing.T) {
	margins, y := world(4000, 5, 3, 1)
	tests := []struct {
		name    string
		margins []float32
		y       []int32
		classes int
		want    float64
		within  float64
	}{
		{"no rows", nil, nil, 3, 1, 0},
		{"too sure by a factor of 3", margins, y, 5, 3, .15},
		// Two rows at a margin of 5, both right, are believed to 3/4: sigmoid(10/T) = 3/4, T = 10/ln 3.
		{"separate", []float32{5, -5, -5, 5}, []int32{0, 1}, 2, 10 / math.Log(3), 1e-6},
		{"always wrong: most", []float32{5, -5, -5, 5}, []int32{1, 0}, 2, calibrate.MaxTemperature, 0},
		// One of four wrong at a margin of 1, each label believed to 5/6:
		// sigmoid(2/T) = (3*5/6 + 1/6)/4 = 2/3, T = 2/ln 2.
		{"by hand", []float32{-1, 1, -1, 1, -1, 1, -1, 1}, []int32{1, 1, 1, 0}, 2, 2 / math.Ln2, 1e-6},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := calibrate.Temperature(tc.margins, tc.y, tc.classes); math.Abs(got-tc.want) > tc.within {
				t.Errorf("Temperature() = %v, want %v ± %v", got, tc.want, tc.within)
			}
		})
	}
}

// TestTemperature_isTheMinimum looks at the loss on both sides.
func TestTemperature_isTheMinimum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		classes := rapid.IntRange(2, 4).Draw(t, "classes")
		rows := rapid.IntRange(1, 20).Draw(t, "rows")
		m := rapid.SliceOfN(rapid.Float32Range(-3, 3), rows*classes, rows*classes).Draw(t, "margins")
		y := rapid.SliceOfN(rapid.Int32Range(0, int32(classes-1)), rows, rows).Draw(t, "y")
		loss := func(temperature float64) float64 {
			sum, doubt := 0.0, 1/float64(rows+2)
			for i, truth := range y {
				row, total := m[i*classes:(i+1)*classes], 0.0
				for _, v := range row {
					total += math.Exp(float64(v) / temperature)
				}
				for k, v := range row {
					target := doubt / float64(classes-1)
					if k == int(truth) {
						target = 1 - doubt
					}
					sum += target * (math.Log(total) - float64(v)/temperature)
				}
			}
			return sum
		}
		got := calibrate.Temperature(m, y, classes)
		for _, other := range []float64{got * .98, got * 1.02} {
			if other >= calibrate.MinTemperature && other <= calibrate.MaxTemperature && loss(other) < loss(got)-1e-6 {
				t.Errorf("loss(%v) = %v, below that of the chosen %v, %v", other, loss(other), got, loss(got))
			}
		}
	})
}

func TestChoose(t *testing.T) {
	straight, straightY := world(9000, 4, 2, 3)
	curved, curvedY := bent(9000, 4, 3)
	few, fewY := bent(3000, 4, 3)
	tests := []struct {
		name    string
		margins []float32
		y       []int32
		want    calibrate.Kind
	}{
		{"a temperature repairs it", straight, straightY, calibrate.KindTemperature},
		{"no temperature repairs it", curved, curvedY, calibrate.KindIsotonic},
		{"too few rows a class", few, fewY, calibrate.KindTemperature},
		{"a class without rows", curved[:4*4], []int32{0, 0, 1, 1}, calibrate.KindTemperature},
		{"no rows", nil, nil, calibrate.KindTemperature},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			margins, y := slices.Clone(tc.margins), slices.Clone(tc.y)
			c := calibrate.Choose(tc.margins, tc.y, 4)
			if c.Kind != tc.want {
				t.Errorf("Choose() is %s, want %s", c.Kind, tc.want)
			}
			if err := c.Check(4); err != nil {
				t.Errorf("Choose() does not pass its check: %v", err)
			}
			if !slices.Equal(tc.margins, margins) || !slices.Equal(tc.y, y) {
				t.Error("Choose changed what it was given")
			}
		})
	}
}

// TestChoose_betterOnOtherRows compares ECE and loss on rows nothing was fitted on.
func TestChoose_betterOnOtherRows(t *testing.T) {
	tests := []struct {
		name string
		draw func(rows int, seed uint64) ([]float32, []int32)
	}{
		{"stretched", func(rows int, seed uint64) ([]float32, []int32) { return world(rows, 4, 4, seed) }},
		{"bent", func(rows int, seed uint64) ([]float32, []int32) { return bent(rows, 4, seed) }},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			margins, y := tc.draw(9000, 1)
			other, truth := tc.draw(9000, 2)
			before := classify(t, calibrate.Calibration{}.ApplyAll(other, 4), truth, 4)
			after := classify(t, calibrate.Choose(margins, y, 4).ApplyAll(other, 4), truth, 4)
			if after.ECE > .05 || after.ECE > before.ECE/3 {
				t.Errorf("ECE is %v, was %v; want below .05 and a third", after.ECE, before.ECE)
			}
			if after.Loss >= before.Loss {
				t.Errorf("loss is %v, was %v", after.Loss, before.Loss)
			}
			if tc.name == "bent" {
				warm := calibrate.Calibration{T: calibrate.Temperature(margins, y, 4)}
				if alone := classify(t, warm.ApplyAll(other, 4), truth, 4); after.Loss >= alone.Loss {
					t.Errorf("loss is %v, by temperature alone %v", after.Loss, alone.Loss)
				}
			}
		})
	}
}

func TestCalibration_Apply(t *testing.T) {
	identity := calibrate.Steps{X: []float32{0, 1}, Y: []float32{0, 1}}
	zero := calibrate.Steps{X: []float32{.5}, Y: []float32{0}}
	half := calibrate.Steps{X: []float32{.2, .9}, Y: []float32{.5, .5}}
	ln3 := float32(math.Log(3))
	tests := []struct {
		name    string
		c       calibrate.Calibration
		margins []float32
		want    []float32
	}{
		{"zero value is softmax", calibrate.Calibration{}, []float32{0, ln3}, []float32{.25, .75}},
		{"temperature", calibrate.Calibration{T: 2}, []float32{0, 2 * ln3}, []float32{.25, .75}},
		{"large margins", calibrate.Calibration{T: .01}, []float32{3e38, -3e38}, []float32{1, 0}},
		{"identical steps", calibrate.Calibration{Kind: calibrate.KindIsotonic, Steps: []calibrate.Steps{identity, identity}}, []float32{0, ln3}, []float32{.25, .75}},
		{"steps all zero leave the temperature", calibrate.Calibration{Kind: calibrate.KindIsotonic, Steps: []calibrate.Steps{zero, zero}}, []float32{0, ln3}, []float32{.25, .75}},
		{"flat steps keep the order", calibrate.Calibration{Kind: calibrate.KindIsotonic, Steps: []calibrate.Steps{half, half}}, []float32{0, ln3},
			[]float32{.01*.25 + .99*.5, .01*.75 + .99*.5}},
		{"no classes", calibrate.Calibration{}, nil, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := make([]float32, len(tc.margins))
			tc.c.Apply(got, tc.margins)
			if !slices.EqualFunc(got, tc.want, func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-6 }) {
				t.Errorf("Apply(%v) = %v, want %v", tc.margins, got, tc.want)
			}
			same := slices.Clone(tc.margins)
			if tc.c.Apply(same, same); !slices.Equal(same, got) {
				t.Errorf("in place Apply(%v) = %v, want %v", tc.margins, same, got)
			}
		})
	}
}

func TestCalibration_Apply_panics(t *testing.T) {
	tests := []struct {
		name string
		call func()
	}{
		{"other length", func() { calibrate.Calibration{}.Apply(make([]float32, 1), make([]float32, 2)) }},
		{"steps of other classes", func() {
			calibrate.Calibration{Kind: calibrate.KindIsotonic}.Apply(make([]float32, 2), make([]float32, 2))
		}},
		{"half a row", func() { calibrate.Calibration{}.ApplyAll(make([]float32, 3), 2) }},
		{"no class", func() { calibrate.Choose(nil, nil, 0) }},
		{"margins missing", func() { calibrate.Temperature(nil, []int32{1}, 2) }},
		{"probabilities missing", func() { calibrate.NewConformal(nil, []int32{1}, 2) }},
		{"values missing", func() { calibrate.Isotonic([]float32{1}, nil) }},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("the call returned, want a panic")
				}
			}()
			tc.call()
		})
	}
}

func TestCalibration_Check(t *testing.T) {
	good := calibrate.Steps{X: []float32{0, 1}, Y: []float32{0, 1}}
	nan := float32(math.NaN())
	isotonic := func(s ...calibrate.Steps) calibrate.Calibration {
		return calibrate.Calibration{Kind: calibrate.KindIsotonic, T: 1, Steps: s}
	}
	tests := []struct {
		name string
		c    calibrate.Calibration
		ok   bool
	}{
		{"zero value", calibrate.Calibration{}, true},
		{"temperature", calibrate.Calibration{Kind: calibrate.KindTemperature, T: .2}, true},
		{"steps", isotonic(good, good), true},
		{"negative temperature", calibrate.Calibration{T: -1}, false},
		{"infinite temperature", calibrate.Calibration{T: math.Inf(1)}, false},
		{"temperature is no number", calibrate.Calibration{T: math.NaN()}, false},
		{"subnormal temperature", calibrate.Calibration{T: 5e-324}, false},
		{"unknown kind", calibrate.Calibration{Kind: "platt", T: 1}, false},
		{"steps beside a temperature", calibrate.Calibration{T: 1, Steps: []calibrate.Steps{good, good}}, false},
		{"steps missing", isotonic(good), false},
		{"no knots", isotonic(good, calibrate.Steps{}), false},
		{"lengths differ", isotonic(good, calibrate.Steps{X: []float32{1}, Y: []float32{0, 1}}), false},
		{"knots not ascending", isotonic(good, calibrate.Steps{X: []float32{1, 1}, Y: []float32{0, 1}}), false},
		{"knot is no number", isotonic(good, calibrate.Steps{X: []float32{nan}, Y: []float32{0}}), false},
		{"knot infinite", isotonic(good, calibrate.Steps{X: []float32{0, float32(math.Inf(1))}, Y: []float32{0, 1}}), false},
		{"values fall", isotonic(good, calibrate.Steps{X: []float32{0, 1}, Y: []float32{1, 0}}), false},
		{"value above 1", isotonic(good, calibrate.Steps{X: []float32{0}, Y: []float32{1.5}}), false},
		{"value is no number", isotonic(good, calibrate.Steps{X: []float32{0}, Y: []float32{nan}}), false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.c.Check(2); (err == nil) != tc.ok {
				t.Errorf("Check() = %v, want ok %v", err, tc.ok)
			}
		})
	}
}

// TestReliability holds the table against the ECE of the metric room.
func TestReliability(t *testing.T) {
	margins, y := world(3000, 3, .4, 9)
	prob := calibrate.Calibration{}.ApplyAll(margins, 3)
	table := calibrate.Reliability(prob, y, 3)
	rows, gap := 0, 0.0
	for i, b := range table {
		rows += b.Rows
		gap += float64(b.Rows) * math.Abs(b.Confidence-b.Accuracy)
		if i > 0 && b.Low != table[i-1].High {
			t.Errorf("bin %d begins at %v, want %v", i, b.Low, table[i-1].High)
		}
		if b.Rows > 0 && (b.Confidence <= b.Low || b.Confidence > b.High) {
			t.Errorf("bin %d is (%v, %v] and has a mean of %v", i, b.Low, b.High, b.Confidence)
		}
		if b.Accuracy < b.Interval.Low || b.Rows > 0 && b.Accuracy > b.Interval.High {
			t.Errorf("bin %d: accuracy %v outside %v", i, b.Accuracy, b.Interval)
		}
	}
	if want := classify(t, prob, y, 3).ECE; rows != 3000 || math.Abs(gap/3000-want) > 1e-9 {
		t.Errorf("table of %d rows has an ECE of %v, want 3000 and %v", rows, gap/3000, want)
	}
	if got := calibrate.Reliability(nil, nil, 2); len(got) != 15 || got[14].High != 1 || got[3].Rows != 0 {
		t.Errorf("Reliability of no rows = %v, want 15 empty bins", got)
	}
}

func ExampleChoose() {
	// Margins of held-out rows: three of four right at this margin. So few leave
	// a doubt: each label is believed to 5/6.
	margins := []float32{-1, 1, -1, 1, -1, 1, -1, 1}
	c := calibrate.Choose(margins, []int32{1, 1, 1, 0}, 2)
	p := make([]float32, 2)
	c.Apply(p, []float32{-1, 1})
	fmt.Printf("%s %.2f: %.2f\n", c.Kind, c.T, p)
	// Output: temperature 2.89: [0.33 0.67]
}

func BenchmarkCalibration_Apply(b *testing.B) {
	margins, y := bent(9000, 4, 1)
	for _, c := range []calibrate.Calibration{{Kind: calibrate.KindTemperature, T: .5}, calibrate.Choose(margins, y, 4)} {
		b.Run(string(c.Kind), func(b *testing.B) {
			dst := make([]float32, 4)
			b.ReportAllocs()
			for b.Loop() {
				c.Apply(dst, margins[:4])
			}
		})
	}
}
