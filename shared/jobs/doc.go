// Package jobs keeps long work: one record for each job, and one execution of
// a state machine for each attempt at it.
//
// A Book stores the jobs of one kind through registry.Store: it opens them once
// however often they are asked for, changes them under their revision, lists
// them by time and holds a silent one against its execution, so that a lost
// start is made again and a dead execution ends its job. Machine is the port
// for the engine; shared/stepfn implements it on Step Functions. ErrorType
// turns a failure into the name the state machine's Retry and Catch know.
//
// The package knows nothing of what a job does: that is training's and batch's.
package jobs
