package calibrate_test

import (
	"errors"
	"math"
	"reflect"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/calibrate"
)

// encode writes tensors as a file.
func encode(t testing.TB, tensors ...artifact.Tensor) []byte {
	t.Helper()
	data, err := artifact.Encode(nil, tensors)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// decode reads a file that is whole.
func decode(t testing.TB, data []byte) *artifact.File {
	t.Helper()
	f, err := artifact.Decode(data, artifact.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// samples are calibrations and sketches of both kinds, for four classes.
func samples() ([]calibrate.Calibration, []calibrate.Conformal) {
	margins, y := bent(9000, 4, 3)
	isotonic, warm := calibrate.Choose(margins, y, 4), calibrate.Choose(margins[:400], y[:100], 4)
	return []calibrate.Calibration{isotonic, warm}, []calibrate.Conformal{
		calibrate.NewConformal(isotonic.ApplyAll(margins, 4), y, 4),
		calibrate.NewConformal(warm.ApplyAll(margins[:400], 4), y[:100], 4),
		calibrate.NewConformal(nil, nil, 4),
	}
}

func TestTensors_roundTrip(t *testing.T) {
	calibrations, sketches := samples()
	for _, want := range calibrations {
		got, err := calibrate.CalibrationOf(decode(t, encode(t, want.Tensors()...)), 4)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("CalibrationOf() = %v, %v, want %v", got, err, want)
		}
	}
	for _, want := range sketches {
		got, err := calibrate.ConformalOf(decode(t, encode(t, want.Tensors()...)))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ConformalOf() = %v, %v, want %v", got, err, want)
		}
	}
}

func TestCalibrationOf_refuses(t *testing.T) {
	f64 := func(v ...float64) artifact.Tensor {
		return artifact.FromFloat64s("calibration.temperature", nil, v)
	}
	steps := func(start []uint32, x, y []float32) []artifact.Tensor {
		return []artifact.Tensor{f64(1), artifact.FromUint32s("calibration.start", nil, start),
			artifact.FromFloat32s("calibration.x", nil, x), artifact.FromFloat32s("calibration.y", nil, y)}
	}
	two := []float32{0, 1}
	tests := []struct {
		name    string
		tensors []artifact.Tensor
		want    error
	}{
		{"nothing there", nil, calibrate.ErrAbsent},
		{"two temperatures", []artifact.Tensor{f64(1, 2)}, artifact.ErrCorrupt},
		{"temperature 0", []artifact.Tensor{f64(0)}, artifact.ErrCorrupt},
		{"temperature is no number", []artifact.Tensor{f64(math.NaN())}, artifact.ErrCorrupt},
		{"temperature of another type", []artifact.Tensor{artifact.FromFloat32s("calibration.temperature", nil, []float32{1})}, artifact.ErrCorrupt},
		{"knots missing", steps([]uint32{0, 1, 2}, two, two)[:3], artifact.ErrCorrupt},
		{"one class", steps([]uint32{0, 2}, two, two), artifact.ErrCorrupt},
		{"no offsets", steps(nil, two, two), artifact.ErrCorrupt},
		{"offsets end early", steps([]uint32{0, 1, 1}, two, two), artifact.ErrCorrupt},
		{"offsets fall", steps([]uint32{0, 3, 2}, two, two), artifact.ErrCorrupt},
		{"lengths differ", steps([]uint32{0, 1, 2}, two, two[:1]), artifact.ErrCorrupt},
		{"a class without knots", steps([]uint32{0, 0, 2}, two, two), artifact.ErrCorrupt},
		{"values above 1", steps([]uint32{0, 1, 2}, two, []float32{0, 2}), artifact.ErrCorrupt},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := calibrate.CalibrationOf(decode(t, encode(t, tc.tensors...)), 2); !errors.Is(err, tc.want) {
				t.Errorf("CalibrationOf() fails with %v, want %v", err, tc.want)
			}
		})
	}
}

func TestConformalOf_refuses(t *testing.T) {
	sketch := func(rows []int64, truth ...float32) []artifact.Tensor {
		return []artifact.Tensor{artifact.FromInt64s("conformal.rows", nil, rows), artifact.FromFloat32s("conformal.truth", nil, truth)}
	}
	tests := []struct {
		name    string
		tensors []artifact.Tensor
		want    error
	}{
		{"nothing there", nil, calibrate.ErrAbsent},
		{"scores missing", sketch([]int64{0})[:1], artifact.ErrCorrupt},
		{"two counts", sketch([]int64{1, 1}, .5), artifact.ErrCorrupt},
		{"negative rows", sketch([]int64{-1}), artifact.ErrCorrupt},
		{"too few scores", sketch([]int64{2}, .5), artifact.ErrCorrupt},
		{"too many scores", sketch([]int64{1}, .5, .4), artifact.ErrCorrupt},
		{"scores rise", sketch([]int64{2}, .4, .5), artifact.ErrCorrupt},
		{"score above 1", sketch([]int64{1}, 1.5), artifact.ErrCorrupt},
		{"score is no number", sketch([]int64{1}, float32(math.NaN())), artifact.ErrCorrupt},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := calibrate.ConformalOf(decode(t, encode(t, tc.tensors...))); !errors.Is(err, tc.want) {
				t.Errorf("ConformalOf() fails with %v, want %v", err, tc.want)
			}
		})
	}
}

// FuzzOf holds that whatever a file says, reading it does not panic, and that
// what is accepted gives probabilities and is written back as it was.
func FuzzOf(f *testing.F) {
	calibrations, sketches := samples()
	f.Add(encode(f, append(calibrations[1].Tensors(), sketches[1].Tensors()...)...))
	f.Add(encode(f, append(calibrations[1].Tensors(), sketches[2].Tensors()...)...))
	small := calibrate.Calibration{Kind: calibrate.KindIsotonic, T: 1}
	for range 4 {
		small.Steps = append(small.Steps, calibrate.Steps{X: []float32{.1, .9}, Y: []float32{0, 1}})
	}
	f.Add(encode(f, small.Tensors()...))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := artifact.Decode(data, artifact.Limits{})
		if err != nil {
			return
		}
		margins := []float32{3, -2, 0, -2}
		if c, err := calibrate.CalibrationOf(file, 4); err == nil {
			p := make([]float32, 4)
			c.Apply(p, margins)
			sum := float32(0)
			for _, v := range p {
				sum += v
			}
			if !(sum > .999 && sum < 1.001) {
				t.Errorf("%v makes %v of %v", c, p, margins)
			}
			if again, err := calibrate.CalibrationOf(decode(t, encode(t, c.Tensors()...)), 4); err != nil || !reflect.DeepEqual(again, c) {
				t.Errorf("written back %v, %v, want %v", again, err, c)
			}
		}
		if c, err := calibrate.ConformalOf(file); err == nil {
			for _, coverage := range []float64{0, .5, .9, .999999, 1} {
				if set := c.Set(nil, margins, coverage); len(set) == 0 || set[0] != 0 {
					t.Errorf("set of coverage %v is %v", coverage, set)
				}
			}
		}
	})
}
