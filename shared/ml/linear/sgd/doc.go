// Package sgd trains linear models by stochastic gradient descent or Adam from
// rows that come one at a time, so that the data need not fit in memory.
//
// Fit asks a Source for the rows of each epoch, steps after every batch, and
// after each epoch measures the loss on a validation source, if there is one:
// when that no longer falls it stops and returns the best epoch's weights. A
// step touches only the columns the batch has. The L2 penalty, which shrinks
// all weights, is kept as one common factor (Bottou, "Stochastic Gradient
// Descent Tricks", 2012), as is the average of the weights over all steps; under
// Adam a column makes up for it when it is next in a batch, and its means decay
// meanwhile.
//
// Where the data does fit, the exact solvers beside this room are faster and
// need no rate. One goroutine does all the work: a step needs the one before.
// Equal rows in equal order give equal bits, and FromMatrix shuffles by a
// permutation that depends on the seed and the epoch alone.
package sgd
