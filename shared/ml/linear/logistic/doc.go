// Package logistic trains logistic regression on sparse rows: each class
// against the rest, or all classes at once (softmax, the cross-entropy loss),
// under an L2 or L1 penalty or a mixture of the two.
//
// Under L2 the solver is a truncated Newton method: conjugate gradients on the
// Hessian, which is never formed, with a diagonal preconditioner and a line
// search (Galli and Lin, "A Study on Truncated Newton Methods for Linear
// Classification", IEEE TNNLS 2021). With a share of L1 it is coordinate
// descent on successive quadratic models (Yuan, Ho and Lin, "An Improved
// GLMNET for L1-regularized Logistic Regression", JMLR 13, 2012), class after
// class when the classes are trained at once.
//
// Intercepts are not penalised, as in scikit-learn and unlike in LIBLINEAR. A
// class without rows, or with all of them, has no finite intercept; training
// stops once nothing worth having is left to gain. Two classes one against the
// rest are one problem, class 1 being positive.
//
// Equal matrices, labels and settings give equal bits for any number of
// workers on one architecture.
package logistic
