package linear

import (
	"fmt"
	"math"

	"godwit/shared/ml/sparse"
)

// InputError is a set of rows, labels or settings that cannot be trained. All
// learners below this room return it.
type InputError struct {
	Msg string // what is wrong, with its place
}

// Error returns the message.
func (e *InputError) Error() string { return "linear: " + e.Msg }

// Invalid returns an *InputError with a formatted message.
func Invalid(format string, args ...any) error {
	return &InputError{fmt.Sprintf(format, args...)}
}

// maxTarget is the greatest size of a target: its square, weighted and summed
// over all rows, is still finite.
const maxTarget = 1e100

// CheckClasses verifies that labels and weights fit the matrix: at least one
// row, a class in [0, classes) for each, weights finite and not negative, nil
// meaning 1. It returns an *InputError or a wrapped *sparse.ShapeError.
func CheckClasses(x *sparse.Matrix, y []int32, weight []float32, classes int) error {
	if err := checkMatrix(x, len(y), weight); err != nil {
		return err
	}
	if classes < 1 {
		return Invalid("%d classes", classes)
	}
	for i, class := range y {
		if class < 0 || int(class) >= classes {
			return Invalid("row %d has class %d of %d", i, class, classes)
		}
	}
	return nil
}

// CheckTargets verifies that targets and weights fit the matrix, as
// CheckClasses does for classes; targets must be small enough to be squared.
func CheckTargets(x *sparse.Matrix, y []float64, weight []float32) error {
	if err := checkMatrix(x, len(y), weight); err != nil {
		return err
	}
	for i, v := range y {
		if !(math.Abs(v) <= maxTarget) {
			return Invalid("row %d has target %v: want a number within %v of 0", i, v, maxTarget)
		}
	}
	return nil
}

// CheckPath verifies that a regularisation path ascends from above 0 and is
// finite. The comparisons are written so that NaN fails them.
func CheckPath(path []float64) error {
	last := 0.0
	for i, c := range path {
		if !(c > last) || math.IsInf(c, 1) {
			return Invalid("C[%d] = %v after %v: want ascending positive numbers", i, c, last)
		}
		last = c
	}
	return nil
}

// checkMatrix verifies the matrix, the number of labels and the weights.
func checkMatrix(x *sparse.Matrix, labels int, weight []float32) error {
	if err := x.Check(); err != nil {
		return fmt.Errorf("linear: training rows: %w", err)
	}
	switch {
	case x.Rows == 0 || x.Rows > math.MaxInt32:
		return Invalid("%d rows: want 1 to 2^31-1", x.Rows)
	case labels != x.Rows:
		return Invalid("%d labels for %d rows", labels, x.Rows)
	case weight != nil && len(weight) != x.Rows:
		return Invalid("%d weights for %d rows", len(weight), x.Rows)
	}
	some := weight == nil
	for i, w := range weight {
		if !(w >= 0) || w > math.MaxFloat32 {
			return Invalid("row %d has weight %v: want a finite number, 0 or more", i, w)
		}
		some = some || w > 0
	}
	if !some {
		return Invalid("no row has a weight above 0")
	}
	return nil
}
