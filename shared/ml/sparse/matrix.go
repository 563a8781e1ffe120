// Package sparse holds the one matrix layout that features and learners share:
// compressed sparse rows (CSR) with 32-bit column indices and values.
//
// Text features fill a few dozen of some hundred thousand columns per row, so
// only the non-zeros are kept. float32 values halve the memory traffic of the
// usual float64, which is what bounds a linear solver; learners accumulate in
// float64 where it matters. The package stores and checks; arithmetic lives
// with the learner that needs it, where its order is fixed and measured.
package sparse

import (
	"fmt"
	"math"
)

// Matrix is a sparse matrix of Rows x Cols in CSR form: the non-zeros of row i
// are Index[Start[i]:Start[i+1]] (columns, strictly ascending) and the Values
// at the same places.
//
// The fields are exported so that one pass can build a matrix in place. A
// finished matrix is not changed by anyone and is then safe for concurrent use.
type Matrix struct {
	Rows, Cols int
	Start      []int64   // Rows+1 offsets into Index and Value, the first 0
	Index      []int32   // column of each non-zero, strictly ascending within a row
	Value      []float32 // the non-zeros
}

// Row returns the columns and values of row i, which must be in [0, Rows).
// Both slices alias the matrix, are of equal length and must not be changed.
func (m *Matrix) Row(i int) (index []int32, value []float32) {
	low, high := m.Start[i], m.Start[i+1]
	return m.Index[low:high:high], m.Value[low:high:high]
}

// NonZeros returns how many entries the matrix stores.
func (m *Matrix) NonZeros() int64 {
	if len(m.Start) == 0 {
		return 0
	}
	return m.Start[len(m.Start)-1]
}

// Bytes returns the memory the matrix holds in its slices.
func (m *Matrix) Bytes() int64 {
	return int64(cap(m.Start))*8 + int64(cap(m.Index))*4 + int64(cap(m.Value))*4
}

// ShapeError says where a Matrix breaks its own layout.
type ShapeError struct {
	Row int    // the offending row, -1 when the fault is not in one row
	Msg string // what is wrong
}

// Error names the row, if any, and the fault.
func (e *ShapeError) Error() string {
	if e.Row < 0 {
		return "sparse: " + e.Msg
	}
	return fmt.Sprintf("sparse: row %d: %s", e.Row, e.Msg)
}

// Check reports the first violation of the layout as a *ShapeError: wrong
// lengths, offsets that fall, columns out of range or not ascending, values
// that are not finite. It reads the matrix once; a matrix that passes cannot
// make Row panic, so learners check what they are given before they start.
func (m *Matrix) Check() error {
	if err := m.checkOffsets(); err != nil {
		return err
	}
	for i := range m.Rows {
		index, value := m.Row(i)
		last := int32(-1)
		for k, j := range index {
			if j <= last || int(j) >= m.Cols {
				return &ShapeError{i, fmt.Sprintf("column %d after %d of %d columns", j, last, m.Cols)}
			}
			last = j
			// The difference of a finite value and itself is 0; NaN and the
			// infinities give NaN.
			if v := value[k]; v-v != 0 {
				return &ShapeError{i, fmt.Sprintf("column %d holds %v", j, v)}
			}
		}
	}
	return nil
}

// checkOffsets verifies everything Row relies on.
func (m *Matrix) checkOffsets() error {
	switch {
	case m.Rows < 0 || m.Cols < 0 || m.Cols > math.MaxInt32:
		return &ShapeError{-1, fmt.Sprintf("%d rows x %d columns", m.Rows, m.Cols)}
	case len(m.Start) != m.Rows+1:
		return &ShapeError{-1, fmt.Sprintf("%d offsets for %d rows", len(m.Start), m.Rows)}
	case len(m.Index) != len(m.Value):
		return &ShapeError{-1, fmt.Sprintf("%d columns for %d values", len(m.Index), len(m.Value))}
	case m.Start[0] != 0 || m.Start[m.Rows] != int64(len(m.Index)):
		return &ShapeError{-1, fmt.Sprintf("offsets span %d to %d of %d entries", m.Start[0], m.Start[m.Rows], len(m.Index))}
	}
	for i := range m.Rows {
		if m.Start[i] > m.Start[i+1] {
			return &ShapeError{i, fmt.Sprintf("offsets fall from %d to %d", m.Start[i], m.Start[i+1])}
		}
	}
	return nil
}
