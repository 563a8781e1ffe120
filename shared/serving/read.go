package serving

import (
	"context"

	"godwit/shared/blob"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
)

// Read returns the model of an artifact, read whole and held against its size
// and digest, for who needs it once; a Server keeps it. Errors: fault.Unavailable
// (try again), fault.Internal (the artifact is not what its version says).
func Read(ctx context.Context, models blob.Store, a registry.Artifact) (pipeline.Predictor, error) {
	return load(ctx, models, a)
}
