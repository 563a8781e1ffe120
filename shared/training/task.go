package training

import (
	"context"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/image"
	"godwit/shared/registry"
)

// taskOf decides from the beginning of a file what its rows are, and says why.
// Whether a table's target is a class or a number shows when all rows are read.
func taskOf(ctx context.Context, head []byte, name string, settings Settings) (registry.Task, string) {
	if len(settings.Columns.Text) > 0 {
		return registry.TextClassification, "the settings name text columns"
	}
	if image.Recognise(head) {
		return registry.ImageClassification, "it is an archive, as of images"
	}
	table, reason := dataset.Recognise(ctx, head, name, settings.Columns.Label)
	if table {
		return registry.TableClassification, reason
	}
	return registry.TextClassification, reason
}
