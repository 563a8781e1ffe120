package neural

import (
	"encoding/binary"
	"math"

	"godwit/shared/ml/xxh64"
)

// uneven returns weights of rows, nil where all count alike.
func uneven(weights []float32) []float32 {
	for _, w := range weights {
		if w != weights[0] {
			return weights
		}
	}
	return nil
}

// checkWeights says what is wrong with the weights of n rows.
func checkWeights(weights []float32, n int) error {
	if weights != nil && len(weights) != n {
		return invalid("%d weights for %d rows", len(weights), n)
	}
	for i, w := range weights {
		if !(w > 0) || math.IsInf(float64(w), 0) {
			return &InputError{Row: i, Msg: "its weight is not a positive number"}
		}
	}
	return nil
}

// toMean1 returns weights scaled so that a row counts 1 on average and the rate
// means what it does without them; nil stays nil.
func toMean1(weights []float32) []float32 {
	sum := 0.0
	for _, w := range weights {
		sum += float64(w)
	}
	var out []float32
	for _, w := range weights {
		out = append(out, float32(float64(w)*float64(len(weights))/sum))
	}
	return out
}

// digestWeights makes a digest of rows that of rows with weights, too.
func digestWeights(h uint64, weights []float32) uint64 {
	if weights == nil {
		return h
	}
	b := make([]byte, 0, 4*len(weights))
	for _, w := range weights {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(w))
	}
	return xxh64.Sum(b, h)
}

// counts returns what row i counts beside its class.
func (r *Run) counts(i int32) float64 {
	if r.counted == nil {
		return 1
	}
	return float64(r.counted[i])
}

// countsOf returns what rows count, nil when all count alike.
func (r *Run) countsOf(rows []int32) []float32 {
	if r.counted == nil {
		return nil
	}
	out := make([]float32, len(rows))
	for k, i := range rows {
		out[k] = r.counted[i]
	}
	return out
}
