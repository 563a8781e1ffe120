// Package metric measures how well predictions agree with the truth: losses,
// scores per class and averaged, ranking, intervals and calibration for
// classifiers, and errors of numbers for regression.
//
// Classify makes the whole Report of a classifier from its probabilities and
// Regress that of predicted numbers; the small functions serve searches that
// need one number thousands of times. The bootstrap, which takes a seed, gives
// intervals to what has no formula and compares two models row by row.
// Scores rise when better, losses and errors fall. Everything is summed in
// row order in float64, so equal input gives equal bits.
//
// A quotient whose denominator is zero is 0: the precision of a class that was
// never predicted, the recall of one that never occurs, the F1 of either.
// Averages over classes leave out the classes that neither occur nor are
// predicted, since a sample says nothing about them. Both rules are those of
// scikit-learn.
package metric
