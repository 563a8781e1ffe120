package main

import (
	"cmp"
	"slices"
)

// The measures of a contest.
const (
	accuracyScore = "accuracy" // rises
	rmseError     = "RMSE"     // falls
)

// contest is a published data set and what others reach on its test rows,
// learning from its training rows.
type contest struct {
	set    string
	metric string
	text   bool    // rows are texts, else cells of a table, or images
	f1     float64 // aim for macro-F1, 0 for none
	rivals []rival

	images   bool
	entry    string // what takes part, "" for auto
	settings string // of its training, "" for those of auto
}

// rival is another tool and its score.
type rival struct {
	name  string
	score float64
}

// contests are the sets of the quality table. The scores were taken with the
// scripts of PEERS on these files:
//
//	word, union, grid, hashed  text_sklearn.py SET svc|svc_union|grid|sgd, scikit-learn 1.2.1
//	fastText                   ft_format.py, fasttext supervised, ft_eval.py; fastText 0.9.2, tuned
//	GRU                        torch_rnn.py, PyTorch 1.13.1
//	ridge, logistic            tabular.py, scikit-learn 1.2.1; of titanic without names, tickets and cabins
//
// They are here to be compared with and for nothing else: no choice of the
// product may be made by them.
var contests = []contest{
	{set: "banking77", metric: accuracyScore, text: true, f1: .912, rivals: []rival{{"word", .8938}, {"union", .9117}, {"grid", .8938}, {"fastText", .8643}, {"GRU", .887}}},
	{set: "clinc150", metric: accuracyScore, text: true, f1: .927, rivals: []rival{{"word", .9113}, {"union", .9276}, {"fastText", .884}}},
	{set: "sms_spam", metric: accuracyScore, text: true, f1: .977, rivals: []rival{{"word", .9865}, {"union", .9865}, {"grid", .9883}, {"fastText", .9856}}},
	{set: "trec", metric: accuracyScore, text: true, f1: .888, rivals: []rival{{"word", .8860}, {"grid", .8920}, {"fastText", .8960}, {"GRU", .880}}},
	{set: "agnews", metric: accuracyScore, text: true, f1: .881, rivals: []rival{{"word", .8737}, {"union", .8817}, {"grid", .8786}, {"fastText", .8532}, {"GRU", .833}}},
	{set: "thucnews", metric: accuracyScore, text: true, f1: .908, rivals: []rival{{"word", .9055}, {"grid", .9078}, {"hashed", .9074}, {"fastText", .8912}, {"GRU", .841}}},
	{set: "shopping10", metric: accuracyScore, text: true, f1: .898, rivals: []rival{{"word", .9020}, {"fastText", .8470}}},
	{set: "california_housing", metric: rmseError, rivals: []rival{{"ridge", 67950}}},
	{set: "wine_quality", metric: rmseError, rivals: []rival{{"ridge", .7486}}},
	{set: "titanic", metric: accuracyScore, rivals: []rival{{"logistic", .822}}},
	{set: "iris", metric: accuracyScore, rivals: []rival{{"logistic", .96}}},
}

// scripted names what scikit-learn's scripts call a rival. The others are not
// measured anew.
var scripted = map[string]string{
	"word": "svc", "union": "svc_union", "grid": "grid", "hashed": "sgd", "ridge": "ridge1", "logistic": "logreg",
}

// ahead is how much better the first score is than the second.
func (c contest) ahead(a, b float64) float64 {
	if c.metric == rmseError {
		return b - a
	}
	return a - b
}

// best returns the best rival.
func (c contest) best() rival {
	return slices.MaxFunc(c.rivals, func(a, b rival) int { return cmp.Compare(c.ahead(a.score, b.score), 0) })
}
