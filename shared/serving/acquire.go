package serving

import (
	"context"

	"godwit/shared/registry"
)

// use is a model taken for one request.
type use struct {
	slot    *slot
	version *registry.Version
	variant string
	stale   string
}

// acquire resolves ref and loads its version. When that version's model cannot
// be had and an older one of the same route was loaded before, the older one
// serves and the use says so. The caller releases use.slot.
func (s *Server) acquire(ctx context.Context, t registry.Tenant, ref registry.Reference) (use, error) {
	key := routeKey{t, ref}
	to, err := s.routes.resolve(ctx, key)
	if err != nil {
		return use{}, err
	}
	got, err := s.cache.acquire(ctx, t, to.version.Artifact)
	if err == nil {
		if to.good != to.version {
			s.routes.loaded(key, to.version)
		}
		return use{slot: got, version: to.version, variant: to.variant, stale: to.stale}, nil
	}
	if to.good == nil || to.good.Number == to.version.Number {
		return use{}, err
	}
	old, oldErr := s.cache.acquire(ctx, t, to.good.Artifact)
	if oldErr != nil {
		return use{}, err
	}
	return use{slot: old, version: to.good, variant: to.variant, stale: StaleArtifact}, nil
}
