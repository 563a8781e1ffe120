// Package ml is the root of Godwit's learning library: everything between
// labelled rows and calibrated answers, and nothing of the service around it.
//
// The rooms below it stand on floors and import strictly downwards:
//
//	doctor                            what is wrong with the data
//	pipeline                          features + learner + calibration in one model
//	linear  tabular  tune  calibrate  learners, columns, choice, probabilities
//	dataset  text                     from bytes to rows and features
//	sparse  metric  artifact  xxh64   matrices, measures, model files, hashes
//
// The library imports the standard library and golang.org/x/text only, so it
// can be lifted out and used alone. It reads no clock, environment or random
// source: equal data, settings and seeds give equal bytes for any GOMAXPROCS
// on one architecture. Each room has its own typed errors; translating them
// for callers is the work of the rooms above.
package ml
