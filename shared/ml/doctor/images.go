package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/image"
	"godwit/shared/ml/network"
	"godwit/shared/ml/neural"
)

// Quick networks for images: passes until they have taken some hundred steps, and
// no more rows than they go through in a minute or so.
const (
	quickSteps             = 800   // optimiser steps aimed at
	fewPasses, manyPasses  = 8, 40 // bounds of the passes over the rows
	smallBatch, largeBatch = 8, 32 // bounds of the rows of a step: few rows need small ones to have steps enough
	quickRows              = 5000
)

// quick returns the settings of such a network for so many rows: small batches for
// few rows, and as many passes as make quickSteps of them.
func quick(rows int, seed uint64) neural.Settings {
	batch := min(max(rows/40, smallBatch), largeBatch)
	steps := (rows + batch - 1) / batch
	return neural.Settings{Epochs: min(max(quickSteps/max(steps, 1), fewPasses), manyPasses), Batch: batch, Seed: seed}
}

// DescribeImages is Describe of images: what speaks of texts is left out. The
// copies are those that image.Read found.
func DescribeImages(set *dataset.Set) Profile {
	named := *set
	named.Rows = make([]dataset.Row, len(set.Rows))
	for i, row := range set.Rows {
		row.Text = row.Group // which copies share
		named.Rows[i] = row
	}
	p := Describe(&named, nil)
	p.Scripts, p.Languages = nil, nil
	return p
}

// ExamineImages is Examine of an archive of images: the quick model that checks
// the labels is a small network, where the images are few enough for it.
func ExamineImages(ctx context.Context, r io.Reader, o Options) (*Report, error) {
	o.tell("reading")
	set, err := image.Read(ctx, r, image.Options{Options: o.Read})
	bad, unfit := errors.AsType[*dataset.InputError](err)
	if err != nil && !unfit {
		return nil, err
	}
	report := begun(&set.Set, bad)
	report.Profile, report.Images = DescribeImages(&set.Set), &set.Shape
	switch {
	case unfit:
		return report, nil
	case len(set.Rows) > quickRows:
		report.Notes = append(report.Notes, fmt.Sprintf("labels were not checked: %d images are too many for this check, at most %d; take a sample", len(set.Rows), quickRows))
		return report, nil
	}
	prob, y, folds, err := outOfFold(&set.Set, groupsOf(&set.Set), quickMargins(ctx, set, o), o)
	for i := range set.Rows {
		set.Rows[i].Text = set.Rows[i].ID // by which a suspect is shown
	}
	err = report.judgeFolds(&set.Set, prob, y, folds, err, o)
	for i := range report.LabelErrors {
		report.LabelErrors[i].Fix = "look at the image; move it to the right folder, or leave it if it is right"
	}
	return report, err
}

// quickMargins returns what outOfFold fits on images: a small network.
func quickMargins(ctx context.Context, set *image.Set, o Options) func(y, train, held []int32) ([][]float32, error) {
	return func(y, train, held []int32) ([][]float32, error) {
		if len(train) == 0 || len(held) == 0 {
			// So few images that a fold has none: margins of 0 favour no class.
			return [][]float32{make([]float32, len(held)*len(set.Labels))}, nil
		}
		all := network.Rows{Shape: set.Shape, Pixels: set.Pixels, Y: y, Labels: set.Labels}
		run, err := network.Start(quick(len(train), o.Seed), all.Only(train))
		if err != nil {
			return nil, err
		}
		if err := run.Train(ctx, max(o.Workers, 1), nil); err != nil {
			return nil, err
		}
		m, err := run.Model()
		if err != nil {
			return nil, err
		}
		return [][]float32{m.Margins(all.Only(held), max(o.Workers, 1))}, nil
	}
}
