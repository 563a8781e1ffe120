package serving

import (
	"context"

	"godwit/shared/registry"
)

// Loaded is the model of one version, held for many calls of Score, as a file
// of rows needs. It is safe for concurrent use until Release.
type Loaded struct {
	server *Server
	slot   *slot
}

// Load takes the model of a version, reading its artifact where it is not in
// memory. The caller ends with Release. Errors: fault.Unavailable (try again),
// fault.Internal (the artifact is not what its version says).
func (s *Server) Load(ctx context.Context, t registry.Tenant, v registry.Version) (*Loaded, error) {
	got, err := s.cache.acquire(ctx, t, v.Artifact)
	if err != nil {
		return nil, err
	}
	return &Loaded{server: s, slot: got}, nil
}

// Release lets the model go from memory when its room is needed.
func (l *Loaded) Release() { l.server.cache.release(l.slot) }

// Score answers any number of inputs as Predict does, without an id. Errors:
// fault.Invalid (a parameter that says nothing about a number, of a regression
// model), fault.Unavailable (the context ended).
func (l *Loaded) Score(ctx context.Context, req Request) ([]Result, error) {
	return l.server.score(ctx, l.slot, req)
}

// Columns returns the columns a model of tables reads, nil for one of texts.
// The slice is the model's own.
func (l *Loaded) Columns() []string { return l.slot.model.Columns() }

// Regression reports whether the answers are values, not labels.
func (l *Loaded) Regression() bool { return l.slot.model.Labels() == nil }
