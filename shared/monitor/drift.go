package monitor

import "math"

// Band says how far two distributions are apart.
type Band string

// The bands of the population stability index that are in common use: below .1,
// up to .25, above (N. Siddiqi, "Credit Risk Scorecards", Wiley 2006). They know
// nothing of sample sizes: few rows in many bins reach .25 by chance, so a value
// that chance explains is Unclear whatever its band.
const (
	Stable   Band = "stable"   // below .1
	Moderate Band = "moderate" // from .1 to .25
	Large    Band = "large"    // above .25
	Unclear  Band = "unclear"  // .1 or more, and no more than chance gives with so few rows
)

// Shift is how far two distributions over the same bins are apart.
type Shift struct {
	// PSI is the population stability index, sum of (a-e) ln(a/e) over the bins,
	// where a and e are the shares of the one and the other: 0 or more.
	PSI float64
	// Chance is what PSI stays below in 95 % of samples of one distribution.
	Chance float64
	Bins   int // with a row in either
	Band   Band
}

// Drift compares counts of rows by bin, each bin's expected and actual. ok is
// false when either has no rows at all. Bins with no row in either say nothing
// and are left out; half a row is added to the others, so that an empty one has
// a logarithm.
//
// Chance is (1/n + 1/m) times the .95 quantile of chi-squared with one degree of
// freedom less than there are bins: B. Yurdakul and J. Naranjo, "Statistical
// properties of the population stability index", Journal of Risk Model
// Validation 14 (2020).
func Drift(expected, actual []int64) (s Shift, ok bool) {
	var n, m float64
	for i := range expected {
		n, m = n+float64(expected[i]), m+float64(actual[i])
		if expected[i]+actual[i] > 0 {
			s.Bins++ // the same bins get half a row each below
		}
	}
	if n == 0 || m == 0 {
		return Shift{}, false
	}
	half := float64(s.Bins) / 2
	for i := range expected {
		if expected[i]+actual[i] > 0 {
			e, a := (float64(expected[i])+.5)/(n+half), (float64(actual[i])+.5)/(m+half)
			s.PSI += (a - e) * math.Log(a/e)
		}
	}
	s.Chance = (1/n + 1/m) * chiSquared95(s.Bins-1)
	switch {
	case s.PSI < .1:
		s.Band = Stable
	case s.PSI <= s.Chance:
		s.Band = Unclear
	case s.PSI <= .25:
		s.Band = Moderate
	default:
		s.Band = Large
	}
	return s, true
}

// chiSquared95 is the .95 quantile of chi-squared with k degrees of freedom,
// within 2.5 % of it, and 1 % from two degrees on: E. B. Wilson and M. M. Hilferty, "The
// distribution of chi-square", PNAS 17 (1931).
func chiSquared95(k int) float64 {
	if k <= 0 {
		return 0
	}
	const z = 1.6448536269514722 // the .95 quantile of the normal distribution
	v := 2 / (9 * float64(k))
	// (X/k)^(1/3) is nearly normal, with mean 1-2/(9k) and variance 2/(9k).
	root := 1 - v + z*math.Sqrt(v)
	return float64(k) * root * root * root
}
