package text

import "math"

// logTF holds 1 + ln(count), the sublinear term frequency, for small counts.
var logTF = func() (t [64]float64) {
	for i := 1; i < len(t); i++ {
		t[i] = 1 + math.Log(float64(i))
	}
	return t
}()

// termFrequency returns 1 + ln(count).
func termFrequency(count uint16) float64 {
	if int(count) < len(logTF) {
		return logTF[count]
	}
	return 1 + math.Log(float64(count))
}

// inverseFrequency is ln((1+n)/(1+df)) + 1, the smoothed inverse document
// frequency of scikit-learn's TfidfTransformer.
func inverseFrequency(rows, df int) float32 {
	return float32(math.Log(float64(1+rows)/float64(1+df)) + 1)
}

// weigh writes the TF-IDF values of one row,
//
//	value = (1 + ln count) * idf / |all such of the block|,
//
// each block scaled to Euclidean length 1. The sums run in the order given, so
// that Vectorize and Features may differ in the last bit.
func (v *Vocabulary) weigh(value []float32, feature []int32, count []uint16) {
	var sum [blocks]float64
	for i, f := range feature {
		x := termFrequency(count[i]) * float64(v.idf[f])
		sum[blockOf[v.family[f]]] += x * x
		value[i] = float32(x)
	}
	var scale [blocks]float64
	for b, s := range sum {
		if s > 0 {
			scale[b] = 1 / math.Sqrt(s)
		}
	}
	for i, f := range feature {
		value[i] = float32(float64(value[i]) * scale[blockOf[v.family[f]]])
	}
}
