// Package linear trains linear classifiers on sparse rows: support vector
// machines in their dual, one class against the rest, in parallel over the
// classes.
//
// The algorithm is dual coordinate descent: Hsieh, Chang, Lin, Keerthi and
// Sundararajan, "A Dual Coordinate Descent Method for Large-scale Linear SVM",
// ICML 2008, with working sets in the spirit of its shrinking. SVM holds the
// settings, OneVsRest runs them, and every solution is handed to the caller as
// it is found, so that nobody ever holds classes x features in memory.
//
// The rooms below train other linear models in the same manner and return this
// room's Solution and InputError: logistic regression, ridge regression, and
// stochastic gradient descent (sgd) for rows that do not fit in memory; cocoa
// trains the support vector machines on rows divided over machines; kernel
// has the loops they share. SquareRootBalanced makes row weights for any of them.
//
// Equal matrices, labels and settings give equal weights for any number of
// workers and any GOMAXPROCS on one architecture. The package does not build
// features, calibrate scores, or choose C: that is the work of the rooms above
// and beside it.
package linear
