// Package cocoa trains the support vector machines of package linear on rows
// that are divided over machines, none of which holds more than its own shard.
//
// The algorithm is CoCoA+ with adding (Ma, Smith, Jaggi, Jordan, Richtarik and
// Takac, "Adding vs. Averaging in Distributed Primal-Dual Optimization", ICML
// 2015) in its dual form. For each class against the rest, with labels s of +1
// and -1, the weights are w = sum of s[i]*alpha[i]*x[i], and the dual
//
//	D(alpha) = sum of alpha[i] - w.w/2 - sum of q[i]*alpha[i]^2/2
//
// is maximised, q[i] being 1/(2*C*weight[i]) for the squared hinge, and 0 with
// alpha[i] <= C*weight[i] for the hinge. In a round every shard k, starting from
// the same w, changes its own alpha by coordinate descent on D with w.w replaced
// by a bound that needs no other shard, and Reduce adds what all changed:
//
//	|w + sum over k of d[k]|^2  <=  |w|^2 + 2 w.sum of d[k] + sum over k, columns j of m[j]*d[k][j]^2
//
// The paper's m is K, the number of shards, for every column. By Cauchy and
// Schwarz it may be the number of shards that have column j at all, which for
// texts mostly is far less, so that rounds go further; and of a column that one
// shard alone has (m = 1) nothing need be sent.
//
// Momentum carries each shard's variables on in the direction they went, as
// accelerated gradients do, and is dropped when it led astray.
//
// The bias feature is not bounded so. Every row has it, and m = K for it would
// let the shards shift its pull among them, b = sum of s[i]*alpha[i] times its
// value, by a sliver a round: on 45,000 titles in 8 shards that took 100 rounds
// where this takes 23. Its weight v is a variable of Reduce instead, fixed for the
// shards during a round, and the optimum is where v equals b. Each shard tells its
// part of b and by how much that would yield to v, and Reduce takes a Newton step.
// The dual objective is that of b and the primal that of v, so the gap holds for
// any v.
//
// Layout counts m. A Shard packs its rows; its Round takes the Weights and its
// own Duals and gives an Update, a sparse difference of weights with the sums
// the objectives are made of, and the next Duals. Reduce adds the Updates in the
// order of their shards and says how far the primal and the dual objective of
// the Weights are apart: no optimum lies outside that gap, so it tells when to
// stop. Own gives the weights of the columns that a shard has alone. What
// travels between functions has Encode and a reader; Train runs all of it in one
// process.
//
// Equal shards and settings give equal weights for any number of workers, any
// GOMAXPROCS and any order in which updates arrive, on one architecture. The
// package does not store, send or cut anything: that is its caller's.
package cocoa
