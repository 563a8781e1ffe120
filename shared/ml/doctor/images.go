package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/image"
	"godwit/shared/ml/network"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/tune"
)

// Quick networks for images: passes until they have taken some hundred steps, and
// no more rows than they go through in a minute or so.
const (
	quickSteps             = 800
	fewPasses, manyPasses  = 8, 40
	smallBatch, largeBatch = 8, 32
	quickRows              = 5000
)

// quick returns the settings of such a network for so many rows.
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
	prob, folds, err := imagesOutOfFold(ctx, set, o)
	if err != nil {
		return nil, err
	}
	for i := range set.Rows {
		set.Rows[i].Text = set.Rows[i].ID // by which a suspect is shown
	}
	err = report.judge(&set.Set, prob, set.Y, folds, o)
	for i := range report.LabelErrors {
		report.LabelErrors[i].Fix = "look at the image; move it to the right folder, or leave it if it is right"
	}
	return report, err
}

// imagesOutOfFold is outOfFold of images.
func imagesOutOfFold(ctx context.Context, set *image.Set, o Options) (prob []float32, folds int, err error) {
	all := network.Rows{Shape: set.Shape, Pixels: set.Pixels, Y: set.Y, Labels: set.Labels}
	group := make([]uint64, len(set.Y))
	for i := range set.Rows {
		group[i] = dataset.GroupKey(set.Rows[i])
	}
	folds = cmp.Or(o.Folds, 5)
	fold := tune.Folds(set.Y, group, folds, o.Seed)
	classes := len(set.Labels)
	margins := make([]float32, len(set.Y)*classes)
	for f := range folds {
		o.tell(fmt.Sprintf("checking labels, part %d of %d", f+1, folds))
		var train, held []int32
		for i := range set.Y {
			if int(fold[i]) == f {
				held = append(held, int32(i))
			} else {
				train = append(train, int32(i))
			}
		}
		if len(train) == 0 || len(held) == 0 {
			continue // so few images that a fold has none
		}
		run, err := network.Start(quick(len(train), o.Seed), all.Only(train))
		if err != nil {
			return nil, 0, fmt.Errorf("check labels: %w", err)
		}
		if err := run.Train(ctx, max(o.Workers, 1), nil); err != nil {
			return nil, 0, fmt.Errorf("check labels: %w", err)
		}
		m, err := run.Model()
		if err != nil {
			return nil, 0, fmt.Errorf("check labels: %w", err)
		}
		part := m.Margins(all.Only(held), max(o.Workers, 1))
		for k, row := range held {
			copy(margins[int(row)*classes:], part[k*classes:(k+1)*classes])
		}
	}
	c := calibrate.Calibration{Kind: calibrate.KindTemperature, T: calibrate.Temperature(margins, set.Y, classes)}
	return c.ApplyAll(margins, classes), folds, nil
}
