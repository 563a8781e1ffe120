package sparse

// Transpose returns the matrix with rows and columns exchanged. Entries of
// one column keep the order of their rows, so that the result is well formed
// and its bits depend on m alone. m must pass Check; it is read twice and
// not retained.
func (m *Matrix) Transpose() *Matrix {
	t := &Matrix{
		Rows: m.Cols, Cols: m.Rows,
		Start: make([]int64, m.Cols+1),
		Index: make([]int32, len(m.Index)),
		Value: make([]float32, len(m.Value)),
	}
	for _, j := range m.Index {
		t.Start[j+1]++
	}
	for j := range m.Cols {
		t.Start[j+1] += t.Start[j]
	}
	// Filling moves each offset to the next column's; the copy keeps them.
	next := append([]int64(nil), t.Start[:m.Cols]...)
	for i := range m.Rows {
		index, value := m.Row(i)
		for k, j := range index {
			at := next[j]
			t.Index[at], t.Value[at] = int32(i), value[k]
			next[j]++
		}
	}
	return t
}
