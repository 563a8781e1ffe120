// Package tune chooses settings by cross-validation: it cuts rows into folds,
// names the candidates and decides between their scores.
//
// Folds are stratified and never split a group, so that duplicates cannot sit
// on both sides; Forward cuts by time instead, each fold older than what it is
// judged on. Best prefers the smaller model among candidates whose scores
// a paired comparison over the folds cannot tell apart. Halving plans a search
// whose rounds narrow the field while the rows grow. The package trains
// nothing; whoever does fills in the Scores.
package tune
