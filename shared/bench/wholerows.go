package main

import (
	"context"
	"fmt"
)

// whole compares whole processes from a CSV file to a model that has scored
// the test rows, with the word features; for one set also the memory, and for
// some a search for C.
func (b *bench) whole(ctx context.Context) ([]line, error) {
	var lines []line
	for _, set := range []string{"banking77", "clinc150", "agnews", "thucnews", "shopping10"} {
		some, err := b.csvRows(ctx, set)
		if err != nil {
			some = append(some, line{work: "CSV to model, " + set, lacking: err.Error()})
		}
		lines = append(lines, some...)
	}
	for _, set := range []string{"banking77", "agnews", "thucnews"} {
		some, err := b.gridRows(ctx, set)
		if err != nil {
			some = append(some, line{work: "5-fold search over five C, " + set, lacking: err.Error()})
		}
		lines = append(lines, some...)
	}
	return lines, nil
}

// csvRows compares CSV to model on one set.
func (b *bench) csvRows(ctx context.Context, set string) ([]line, error) {
	_, ours, err := b.model(ctx, set, "word")
	if err != nil {
		return nil, err
	}
	var got summary
	if err := ours.result(&got); err != nil {
		return nil, err
	}
	peer, scored, lacking := b.sklearn(ctx, "text_sklearn.py", set, "svc")
	what := fmt.Sprintf("%s (accuracy %.4f, scikit-learn %s)", set, got.Accuracy, scored)
	lines := against("CSV to model, word, "+what, ours, peer, .4, .25, lacking)
	if set == "thucnews" {
		lines = append(lines, line{
			work: "memory, CSV to model, word, " + set, show: megabytes,
			ours: float64(ours.Peak), peer: float64(peer.Peak), most: 200e6, lacking: lacking,
		})
	}
	return lines, nil
}

// gridRows compares the search over C.
func (b *bench) gridRows(ctx context.Context, set string) ([]line, error) {
	train, err := b.file(set, "train")
	if err != nil {
		return nil, err
	}
	test, err := b.file(set, "test")
	if err != nil {
		return nil, err
	}
	b.say("%s: 5-fold search over five C", set)
	ours, err := least(func() (usage, error) { return measure(ctx, nil, b.self, "grid", "-test", test, train) })
	if err != nil {
		return nil, err
	}
	var got summary
	if err := ours.result(&got); err != nil {
		return nil, err
	}
	peer, scored, lacking := b.sklearn(ctx, "text_sklearn.py", set, "grid")
	what := fmt.Sprintf("%s (C %g, accuracy %.4f, scikit-learn %s)", set, got.C, got.Accuracy, scored)
	return against("5-fold search over five C and refit, word, "+what, ours, peer, .25, .25, lacking), nil
}

// against makes the rows of processor and wall time of one process each.
func against(work string, ours, peer usage, processor, wall float64, lacking string) []line {
	return []line{
		{work: work + ": user CPU", show: seconds, ours: ours.User, peer: peer.User, ratio: processor, lacking: lacking},
		{work: work + ": wall", show: seconds, ours: ours.Wall, peer: peer.Wall, ratio: wall, lacking: lacking},
	}
}

// sklearn runs a scikit-learn script and returns what it took and scored, or
// why it could not be run.
func (b *bench) sklearn(ctx context.Context, script string, args ...string) (took usage, scored, lacking string) {
	took, err := b.python(ctx, script, args...)
	if err != nil {
		return usage{}, "-", err.Error()
	}
	var result struct {
		Accuracy float64 `json:"acc"`
	}
	if err := took.result(&result); err != nil {
		return usage{}, "-", err.Error()
	}
	return took, fmt.Sprintf("%.4f", result.Accuracy), ""
}
