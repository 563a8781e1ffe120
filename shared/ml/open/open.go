// Package open reads a model of any kind from its file: the one place that knows
// all formats. It stands above the rooms that write them, so that none of these
// has to know another; a new format is one case in Model.
package open

import (
	"context"
	"fmt"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/network"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/pipeline"
)

// openNetwork reads a neural network.
func openNetwork(_ context.Context, data []byte) (pipeline.Predictor, error) {
	m, err := network.Open(data)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// Model reads a model of any format and version from a file, which it aliases:
// data must not change while the model lives. It fails with an *artifact.Error
// (truncated, corrupt, too large, future), with the errors of the format's own
// room, or with the context's, since reading a graph runs it.
func Model(ctx context.Context, data []byte) (pipeline.Predictor, error) {
	f, err := artifact.Decode(data, artifact.Limits{Bytes: pipeline.MaxFileBytes})
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	switch f.Metadata["format"] {
	case foreign.Format:
		m, err := foreign.Open(ctx, data)
		if err != nil {
			return nil, err // not m: a nil model in an interface is not nil
		}
		return m, nil
	case neural.FormatImage, neural.FormatText:
		return openNetwork(ctx, data)
	}
	return pipeline.PredictorOf(f, len(data))
}
