package main

import "math"

// What package batch and its state machine fix.
const (
	chunkRows = 20_000.0
	chunkMaps = 100.0   // MaxConcurrency of ScoreChunks
	fileBytes = 1 << 30 // most of a batch job's input
)

// score plans a batch prediction of so many rows: as many jobs as there are
// files of a gigabyte, all at a time.
func score(u Units, a Assumptions, rows float64) (bill, float64) {
	files := math.Max(1, math.Ceil(rows*u.RowBytes/fileBytes))
	each := rows / files
	bytes := each * u.RowBytes
	var b bill
	// Split reads a file in one function, Merge joins it in one.
	b.wave(a, a.BatchMB, each*u.Read, 2*bytes, files, a.Instances)
	// A function scores a chunk, or as many as make one wave of functions.
	calls := math.Min(math.Ceil(each/chunkRows), chunkMaps)
	b.wave(a, a.BatchMB, each/calls*u.Score, u.ModelBytes+2*bytes/calls, calls*files, math.Min(chunkMaps*files, childExecutions.value))
	b.wave(a, a.BatchMB, 0, 2*bytes, files, a.Instances)
	b.stored = 2 * rows * u.RowBytes / 1e9
	return b, files
}
