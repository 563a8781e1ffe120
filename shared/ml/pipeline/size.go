package pipeline

import "godwit/shared/ml/text"

// Size is how large a model is, in bytes, to be held against MaxFileBytes and
// MaxLoadedBytes.
type Size struct {
	File   int64 // its file
	Loaded int64 // in memory, the file included
}

// EstimateSize estimates the model that Fit would make of rows, before anything
// is fitted: its terms are known, and each is taken to keep `each` weights, such
// as another fit has kept. A model whose rare terms are left out keeps more of
// each, so that the estimate is of use before a fit and no proof.
//
// d and s must be such as Fit takes, rows of its documents.
func EstimateSize(d Data, rows []int32, s Settings, each float64) Size {
	return SizeOf(d.vocabulary(rows, s.withDefaults()), len(d.Labels), each)
}

// SizeOf is EstimateSize for a vocabulary and so many classes.
func SizeOf(v *text.Vocabulary, classes int, each float64) Size {
	n := problems(classes)
	// Of each feature a start, of each weight a half and its class.
	width := int64(2 + 1)
	if n > 1<<8 {
		width = 2 + 2
	}
	weights := int64(min(each, float64(n)) * float64(v.Len()))
	file := int64(v.Len()+1)*4 + weights*width + int64(n)*4
	for _, t := range v.Tensors() {
		file += int64(len(t.Data))
	}
	return Size{File: file, Loaded: file + text.IndexBytes(v.Len())}
}
