// Package ridge fits linear and ridge regression on sparse rows by the mean
// squared error.
//
// One solver serves all shapes: conjugate gradients on the normal equations in
// their least-squares form (Hestenes and Stiefel 1952; Björck, "Numerical
// Methods for Least Squares Problems", 1996, section 7.4), which never forms
// the centred matrix and takes its residual from the rows, so that rounding
// does not build up. What differs is the preconditioner. With few columns it
// is the Cholesky factor of the normal equations themselves, and one or two
// steps solve the problem to full precision; with many it is their diagonal.
//
// Intercepts are not penalised. Columns need not be scaled for the solver's
// sake, only for that of the penalty, which treats all weights alike. Equal
// input gives equal bits for any number of workers on one architecture.
package ridge
