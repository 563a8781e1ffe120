package training

import (
	"context"
	"errors"
	"io"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/image"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
)

// readImages reads an archive of images.
func readImages(ctx context.Context, body io.Reader, in *input, o dataset.Options) (*input, error) {
	set, err := image.Read(ctx, body, image.Options{Options: o})
	if set != nil {
		in.images, in.set = set, &set.Set
	}
	if _, bad := errors.AsType[*dataset.InputError](err); err == nil || bad {
		in.task = registry.ImageClassification
	}
	return in, err
}

// named returns the rows with their names in place of texts, by which findings
// and mistakes show them.
func named(rows []dataset.Row) []dataset.Row {
	for i := range rows {
		rows[i].Text = rows[i].ID
	}
	return rows
}

// shapeOf returns the size of the images a model reads; ok is false for a model
// of something else.
func shapeOf(m pipeline.Predictor) (shape image.Shape, ok bool) {
	reader, ok := m.(interface{ Shape() image.Shape })
	if !ok {
		return shape, false
	}
	return reader.Shape(), true
}
