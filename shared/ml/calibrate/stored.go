package calibrate

import (
	"errors"
	"fmt"

	"godwit/shared/ml/artifact"
)

// The tensors of a model's file that belong to this package. The steps of class
// k are the knots start[k] to start[k+1] of x and y; a calibration by
// temperature has none of the three.
const (
	tensorTemperature = "calibration.temperature" // F64 [1]
	tensorStart       = "calibration.start"       // U32 [classes+1]
	tensorX           = "calibration.x"           // F32 [knots]
	tensorY           = "calibration.y"           // F32 [knots]
	tensorRows        = "conformal.rows"          // I64 [1]
	tensorTruth       = "conformal.truth"         // F32 [min(rows, 1001)], descending
)

// ErrAbsent says that a file holds nothing of what was asked for, as files
// written before there was such a thing do not.
var ErrAbsent = errors.New("calibrate: not in the file")

// Tensors returns the calibration for the file of a model.
func (c Calibration) Tensors() []artifact.Tensor {
	out := []artifact.Tensor{artifact.FromFloat64s(tensorTemperature, nil, []float64{c.temperature()})}
	if c.Kind != KindIsotonic {
		return out
	}
	start := make([]uint32, 1, len(c.Steps)+1)
	var x, y []float32
	for _, s := range c.Steps {
		x, y = append(x, s.X...), append(y, s.Y...)
		start = append(start, uint32(len(x)))
	}
	return append(out,
		artifact.FromUint32s(tensorStart, nil, start),
		artifact.FromFloat32s(tensorX, nil, x),
		artifact.FromFloat32s(tensorY, nil, y),
	)
}

// CalibrationOf reads and checks the calibration of a model of so many classes.
// Its steps alias the file. It fails with ErrAbsent when there is none, and with
// an *artifact.Error of KindCorrupt when it makes no sense.
func CalibrationOf(f *artifact.File, classes int) (Calibration, error) {
	if _, there := f.Tensor(tensorTemperature); !there {
		return Calibration{}, ErrAbsent
	}
	t, err := artifact.Elements(f, tensorTemperature, artifact.Float64s)
	if err != nil {
		return Calibration{}, err
	}
	// 0 is what a zero Calibration says, not what a file may say.
	if len(t) != 1 || t[0] == 0 {
		return Calibration{}, corrupt(nil, "temperatures %v", t)
	}
	c := Calibration{Kind: KindTemperature, T: t[0]}
	if _, there := f.Tensor(tensorStart); there {
		c.Kind = KindIsotonic
		if c.Steps, err = stepsOf(f, classes); err != nil {
			return Calibration{}, err
		}
	}
	if err := c.Check(classes); err != nil {
		return Calibration{}, corrupt(err, "calibration")
	}
	return c, nil
}

// stepsOf cuts the knots into classes.
func stepsOf(f *artifact.File, classes int) ([]Steps, error) {
	start, err := artifact.Elements(f, tensorStart, artifact.Uint32s)
	if err != nil {
		return nil, err
	}
	x, err := artifact.Elements(f, tensorX, artifact.Float32s)
	if err != nil {
		return nil, err
	}
	y, err := artifact.Elements(f, tensorY, artifact.Float32s)
	if err != nil {
		return nil, err
	}
	if len(start)-1 != classes || start[0] != 0 || int64(start[classes]) != int64(len(x)) || len(x) != len(y) {
		return nil, corrupt(nil, "%d offsets of %d and %d knots for %d classes", len(start), len(x), len(y), classes)
	}
	steps := make([]Steps, classes)
	for k := range steps {
		from, to := start[k], start[k+1]
		if from > to || int64(to) > int64(len(x)) {
			return nil, corrupt(nil, "class %d has knots %d to %d of %d", k, from, to, len(x))
		}
		steps[k] = Steps{x[from:to:to], y[from:to:to]}
	}
	return steps, nil
}

// Tensors returns the sketch for the file of a model.
func (c Conformal) Tensors() []artifact.Tensor {
	return []artifact.Tensor{
		artifact.FromInt64s(tensorRows, nil, []int64{c.rows}),
		artifact.FromFloat32s(tensorTruth, nil, c.truth),
	}
}

// ConformalOf reads and checks the sketch of a model, which aliases the file. It
// fails with ErrAbsent when there is none, and with an *artifact.Error of
// KindCorrupt when it makes no sense.
func ConformalOf(f *artifact.File) (Conformal, error) {
	rows, truth, err := sketchOf(f, tensorTruth, artifact.Float32s)
	if err != nil {
		return Conformal{}, err
	}
	c := Conformal{rows, truth}
	if err := c.check(); err != nil {
		return Conformal{}, corrupt(err, "conformal scores")
	}
	return c, nil
}

// corrupt returns the error for a file that is whole but makes no sense.
func corrupt(err error, format string, args ...any) error {
	return &artifact.Error{Kind: artifact.KindCorrupt, Msg: "calibration: " + fmt.Sprintf(format, args...), Err: err}
}
