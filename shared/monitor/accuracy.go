package monitor

import (
	"math"

	"godwit/shared/ml/metric"
)

// Verdict compares what feedback says with what was measured at training.
type Verdict string

// The verdicts.
const (
	Worse    Verdict = "worse"     // than at training, by more than chance explains
	NotWorse Verdict = "not_worse" // as far as the feedback can tell
	Unknown  Verdict = "unknown"   // too little feedback, or nothing was measured at training
)

// enough is how many judged rows an absence of evidence takes to count as one.
const enough = 30

// level is the chance at which a verdict that a model is worse is wrong.
const level = .05

// Live is how right a classifier was, as far as its answers were judged.
type Live struct {
	Rows     int64           // that were judged
	Accuracy float64         // 0 without rows
	Interval metric.Interval // Wilson, 95 %
	// P is the probability of so few right answers or fewer, were the model as
	// right as at training; 1 when that is not known.
	P       float64
	Verdict Verdict // Worse when P is below level
}

// Accuracy holds live answers against the accuracy that was measured on held-out
// rows: correct of rows were right, and of tested rows the share tested was.
// Zero testRows say that nothing was measured.
//
// The test is Fisher's exact one, one-sided: R. A. Fisher, "The logic of
// inductive inference", Journal of the Royal Statistical Society 98 (1935). It
// asks nothing of the number of rows. People judge answers that look wrong more
// often than others, so what it says is about the answers that were judged.
func Accuracy(correct, rows int64, tested float64, testRows int64) Live {
	l := Live{Rows: rows, Interval: metric.Wilson(int(correct), int(rows)), P: 1, Verdict: Unknown}
	if rows == 0 {
		return l
	}
	l.Accuracy = float64(correct) / float64(rows)
	if testRows <= 0 {
		return l
	}
	// The share was rounded when it was written down; the count behind it is whole.
	right := int64(math.Round(tested * float64(testRows)))
	l.P = fewer(correct, rows, min(max(right, 0), testRows), testRows)
	switch {
	case l.P < level:
		l.Verdict = Worse
	case rows >= enough:
		l.Verdict = NotWorse
	}
	return l
}

// fewer is the probability of at most a hits in a sample of n, when n and m rows
// are drawn from a population with a+b hits: the lower tail of the
// hypergeometric distribution.
//
// Its terms are weighed against the largest, each from the one beside it: the
// binomial coefficients of some thousand rows are far beyond a float64, and a
// term far above the largest far below one.
func fewer(a, n, b, m int64) float64 {
	hits := a + b
	least, most := max(0, hits-m), min(n, hits)
	mode := min(max(int64(float64(hits+1)*float64(n+1)/float64(n+m+2)), least), most)
	// fall is the term of k-1 over that of k.
	fall := func(k int64) float64 {
		return float64(k) / float64(n-k+1) * (float64(m-hits+k) / float64(hits-k+1))
	}
	// Terms only fall away from the mode: below negligible of a sum no further one
	// changes it.
	const negligible = 1e-18
	tail, all := 0.0, 0.0
	for k, term := mode, 1.0; term > 0; k-- {
		all += term
		if k <= a {
			tail += term
		}
		if k == least || k <= a && term < tail*negligible {
			break
		}
		term *= fall(k)
	}
	for k, term := mode+1, 1.0; k <= most; k++ {
		if term /= fall(k); term < all*negligible {
			break
		}
		all += term
		if k <= a {
			tail += term
		}
	}
	return tail / all
}

// LiveError is how far a regression was off, as far as its answers were judged.
type LiveError struct {
	Rows     int64           // that were judged
	MAE      float64         // mean absolute error
	RMSE     float64         // root of the mean squared error
	Interval metric.Interval // of RMSE, 95 %
	Verdict  Verdict         // Unknown below 30 rows
}

// Deviation holds what was judged of a regression against the 95 % interval of
// the rmse on held-out rows, whose upper end is testedHigh; 0 says that nothing
// was measured. The live interval is the normal one of the mean squared error;
// the model is worse when the two intervals do not meet, which at equal
// precision errs less than once in a hundred.
func Deviation(t Tally, testedHigh float64) LiveError {
	n := float64(t.Rows)
	l := LiveError{Rows: t.Rows, Verdict: Unknown}
	if t.Rows == 0 {
		return l
	}
	// Sums from which rows were taken back may end a little below zero.
	mean, square := max(t.Squared/n, 0), max(t.Fourth/n, 0)
	l.MAE, l.RMSE = max(t.Absolute/n, 0), math.Sqrt(mean)
	// 1.96 standard errors of the mean of d^2, whose variance is E[d^4] - E[d^2]^2.
	half := 1.959963984540054 * math.Sqrt(max(square-mean*mean, 0)/n)
	l.Interval = metric.Interval{Low: math.Sqrt(max(mean-half, 0)), High: math.Sqrt(mean + half)}
	if testedHigh <= 0 || t.Rows < enough {
		return l // the normal interval says little about few rows
	}
	l.Verdict = NotWorse
	if l.Interval.Low > testedHigh {
		l.Verdict = Worse
	}
	return l
}
