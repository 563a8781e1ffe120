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
	settings string // of its training with a place for the seed, "" for those of auto
	network  course // of a network: what the peer trains
	after    int    // for so many epochs at least, of which these count
}

// rival is another tool and its score.
type rival struct {
	name  string
	score float64
	anew  bool // it was measured in this run and is not that of the table below
}

// told writes a rival's score and where it is from.
func (r rival) told() string {
	if r.anew {
		return figure(r.score) + " " + r.name + ", measured"
	}
	return figure(r.score) + " " + r.name + ", recorded"
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
	{set: "banking77", metric: accuracyScore, text: true, f1: .912, rivals: []rival{{name: "word", score: .8938}, {name: "union", score: .9117}, {name: "grid", score: .8938}, {name: "fastText", score: .8643}, {name: "GRU", score: .887}}},
	{set: "clinc150", metric: accuracyScore, text: true, f1: .927, rivals: []rival{{name: "word", score: .9113}, {name: "union", score: .9276}, {name: "fastText", score: .884}}},
	{set: "sms_spam", metric: accuracyScore, text: true, f1: .977, rivals: []rival{{name: "word", score: .9865}, {name: "union", score: .9865}, {name: "grid", score: .9883}, {name: "fastText", score: .9856}}},
	{set: "trec", metric: accuracyScore, text: true, f1: .888, rivals: []rival{{name: "word", score: .8860}, {name: "grid", score: .8920}, {name: "fastText", score: .8960}, {name: "GRU", score: .880}}},
	{set: "agnews", metric: accuracyScore, text: true, f1: .881, rivals: []rival{{name: "word", score: .8737}, {name: "union", score: .8817}, {name: "grid", score: .8786}, {name: "fastText", score: .8532}, {name: "GRU", score: .833}}},
	{set: "thucnews", metric: accuracyScore, text: true, f1: .908, rivals: []rival{{name: "word", score: .9055}, {name: "grid", score: .9078}, {name: "hashed", score: .9074}, {name: "fastText", score: .8912}, {name: "GRU", score: .841}}},
	{set: "shopping10", metric: accuracyScore, text: true, f1: .898, rivals: []rival{{name: "word", score: .9020}, {name: "fastText", score: .8470}}},
	{set: "california_housing", metric: rmseError, rivals: []rival{{name: "ridge", score: 67950}}},
	{set: "wine_quality", metric: rmseError, rivals: []rival{{name: "ridge", score: .7486}}},
	{set: "titanic", metric: accuracyScore, rivals: []rival{{name: "logistic", score: .822}}},
	{set: "iris", metric: accuracyScore, rivals: []rival{{name: "logistic", score: .96}}},
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
