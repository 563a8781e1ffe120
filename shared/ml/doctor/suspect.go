package doctor

import (
	"cmp"
	"fmt"
	"slices"
)

// Suspect is a row whose label is probably wrong.
type Suspect struct {
	Row        int     // place in y
	Given      int32   // its class in y
	Likely     int32   // the most probable class, another one
	Confidence float64 // probability of the given class, 0 to 1
	Margin     float64 // probability of the given class less that of the likely one, -1 to 0
}

// Suspects returns the rows whose most probable class is not the one given, the
// most suspicious first, and an estimate of how many labels are wrong: prob
// holds len(y) x classes calibrated out-of-fold probabilities, row by row, each
// by a model that was not fitted on the row.
//
// Rows are ranked by self-confidence, the probability of the label they carry:
// a mislabelled row is one the model holds impossible, while a row between two
// classes still has its label among the probable ones. The estimate is that of
// confident learning (Northcutt, Jiang and Chuang, "Confident Learning:
// Estimating Uncertainty in Dataset Labels", JAIR 70, 2021): a row counts for
// the most probable of the classes in which it is as sure as rows labelled so
// are on average, and of each class as many labels are wrong as its share of
// rows that count for another. Neither is a proof: look before correcting.
//
// It panics when lengths do not fit. Rows equal in both measures keep the order
// of y.
func Suspects(prob []float32, y []int32, classes int) (suspects []Suspect, estimated int) {
	if classes < 1 || len(prob) != len(y)*classes {
		panic(fmt.Sprintf("doctor: Suspects: %d probabilities for %d rows of %d classes", len(prob), len(y), classes))
	}
	usual := selfConfidence(prob, y, classes)                  // of each class, how sure rows labelled so are
	sure, unsure := make([]int, classes), make([]int, classes) // rows that count for their class, for another
	for i, given := range y {
		p := prob[i*classes : (i+1)*classes]
		likely := mostProbable(p)
		if likely != given {
			suspects = append(suspects, Suspect{i, given, likely, float64(p[given]), float64(p[given]) - float64(p[likely])})
		}
		switch confident := mostConfident(p, usual); confident {
		case -1:
		case given:
			sure[given]++
		default:
			unsure[given]++
		}
	}
	// In large data many a probability underflows to the same 0; the margin then
	// decides.
	slices.SortStableFunc(suspects, func(a, b Suspect) int {
		return cmp.Or(cmp.Compare(a.Confidence, b.Confidence), cmp.Compare(a.Margin, b.Margin))
	})
	return suspects, estimate(y, sure, unsure)
}

// selfConfidence returns for each class the mean probability of it among the
// rows labelled so, above 1 for a class without rows, so that no row counts for
// it. These are the thresholds t_j of confident learning.
func selfConfidence(prob []float32, y []int32, classes int) []float64 {
	mean, rows := make([]float64, classes), make([]int, classes)
	for i, k := range y {
		mean[k] += float64(prob[i*classes+int(k)])
		rows[k]++
	}
	for k, n := range rows {
		if n == 0 {
			mean[k] = 2
			continue
		}
		mean[k] /= float64(n)
	}
	return mean
}

// mostProbable returns the first of the most probable classes.
func mostProbable(p []float32) int32 {
	best := 0
	for k := range p {
		if p[k] > p[best] {
			best = k
		}
	}
	return int32(best)
}

// mostConfident returns the most probable class among those that are at least
// as probable as usual for them, -1 for none.
func mostConfident(p []float32, usual []float64) int32 {
	best := int32(-1)
	for k := range p {
		if float64(p[k]) >= usual[k] && (best < 0 || p[k] > p[best]) {
			best = int32(k)
		}
	}
	return best
}

// estimate extends the share of labels that are confidently wrong to the rows
// that count for no class: the sum over classes k of
//
//	rows[k] * unsure[k] / (sure[k] + unsure[k])
func estimate(y []int32, sure, unsure []int) int {
	rows := make([]int, len(sure))
	for _, k := range y {
		rows[k]++
	}
	var terms []float64
	for k, n := range rows {
		if unsure[k] > 0 {
			terms = append(terms, float64(n)*float64(unsure[k])/float64(sure[k]+unsure[k]))
		}
	}
	slices.Sort(terms) // or half a row would be rounded by the order of the names
	wrong := 0.0
	for _, term := range terms {
		wrong += term
	}
	return int(wrong + .5)
}
