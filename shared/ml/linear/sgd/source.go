package sgd

import (
	"iter"
	"math/bits"

	"godwit/shared/ml/sparse"
)

// Row is one training row. Index (ascending columns) and Value belong to the
// source and are read before it is asked for the next row.
type Row struct {
	Index  []int32
	Value  []float32
	Target float64 // the number for Squared, else the class
	Weight float32 // how often the row counts; 0 leaves it out
}

// Source gives the rows of an epoch, numbered from 0, or an error that ends
// training. The order should look random, and may differ between epochs.
// Reading it again for the same epoch must give the same rows.
type Source func(epoch int) iter.Seq2[Row, error]

// FromMatrix returns the rows of x, shuffled anew for each epoch by the seed.
// Nothing is copied; x, target and weight (nil for 1) must not change, and
// have one entry a row.
func FromMatrix(x *sparse.Matrix, target []float64, weight []float32, seed uint64) Source {
	return func(epoch int) iter.Seq2[Row, error] {
		return func(yield func(Row, error) bool) {
			for i := range Shuffled(x.Rows, seed, uint64(epoch)) {
				row := Row{Target: target[i], Weight: 1}
				row.Index, row.Value = x.Row(i)
				if weight != nil {
					row.Weight = weight[i]
				}
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

// Shuffled gives the numbers 0 to n-1 in a random order that depends on n,
// the seed and the epoch alone and takes no memory: a four-round Feistel
// cipher over the next even power of two, whose values beyond n are enciphered
// again until they fall below (Black and Rogaway, "Ciphers with Arbitrary
// Finite Domains", 2002).
func Shuffled(n int, seed, epoch uint64) iter.Seq[int] {
	half := (bits.Len(uint(max(n-1, 0))) + 1) / 2
	mask := uint64(1)<<half - 1
	var key [4]uint64
	for r := range key {
		key[r] = mix(mix(mix(seed)+epoch) + uint64(r))
	}
	return func(yield func(int) bool) {
		for i := range n {
			v := uint64(i)
			for {
				left, right := v>>half, v&mask
				for _, k := range key {
					left, right = right, left^mix(right^k)&mask
				}
				v = left<<half | right
				if v < uint64(n) {
					break
				}
			}
			if !yield(int(v)) {
				return
			}
		}
	}
}

// mix is the output function of splitmix64 (Steele, Lea and Flood 2014).
func mix(v uint64) uint64 {
	v += 0x9e3779b97f4a7c15
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	return v ^ v>>31
}
