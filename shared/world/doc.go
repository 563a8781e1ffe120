// Package world is a small installation of Godwit in memory on which faults are
// tried out: more than a thousand schedules a second and core, each repeatable by
// its seed. INVARIANTS.md says which checker, which mutants and which suites
// elsewhere hold each of the 32 invariants.
//
// A World is two tenants on one memory store and two buckets. Its lanes are
// processes: each does one act after the other (an upload's event, a worker's
// commit, a promotion, a deletion, a prediction, the states of a batch job, a
// judgement, a count) with the code of registry, training, trigger, batch, serving,
// monitor, usage, access and api as it is. A lane is a coroutine that
// stops before every call to the store, a bucket or the engine; a Schedule says
// which lane goes on, and what happens to the call it is about to make: its
// answer is lost, it is throttled, its body is cut or has a wrong bit, the process
// dies. So every interleaving of calls can come about, and nothing but the
// schedule decides which.
//
// The ledger sees each write as it is made. After every turn all Invariants are
// asked; the first that is broken ends the run with a Failure, which Shrink
// reduces to the fewest acts, turns and faults that still break it.
//
// Fitting takes milliseconds, a schedule has a fraction of one: the worker of a
// World commits models that were fitted beforehand, with the lease, the order of
// writes and the Commit of training's finish. Seams.Train puts the real steps in
// its place. Seams also hold the places where a test breaks a rule on purpose, to
// see that the suite notices.
//
// The package is for tests only.
package world
