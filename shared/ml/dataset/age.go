package dataset

// Ages returns, of each row, the time its key came up first, as a number that
// rises with it: the order that a split by time goes by, see SplitOptions.Newest.
// Rows of one key are of one age; it is -Inf when a row of the key has no time
// that can be read. Rows have times only when they were read with Options.Times.
func Ages(rows []Row, key func(row int) uint64) []float64 {
	moments, of, _ := momentsOf(rows, make([]int32, len(rows)), key, "")
	age := make([]float64, len(rows))
	for i, k := range of {
		age[i] = moments[k].first
	}
	return age
}
