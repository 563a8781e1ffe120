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
	split   *registry.Route // that led here; nil without one
}

// acquire is acquireFor a caller nobody knows, always with the same target of a
// route.
func (s *Server) acquire(ctx context.Context, t registry.Tenant, ref registry.Reference) (use, error) {
	return s.acquireFor(ctx, t, ref, assignment{})
}

// acquireFor resolves ref, for a bare name by the model's route if it has one,
// and loads the version. The caller releases use.slot.
func (s *Server) acquireFor(ctx context.Context, t registry.Tenant, ref registry.Reference, who assignment) (use, error) {
	key := routeKey{t, ref}
	to, err := s.routes.resolve(ctx, key)
	if err != nil {
		return use{}, err
	}
	if to.split == nil {
		return s.load(ctx, key, to)
	}
	got, err := s.follow(ctx, t, to.split, who)
	if got.split = to.split; got.stale == "" {
		got.stale = to.stale
	}
	return got, err
}

// take is acquireFor a reference that names its version or alias.
func (s *Server) take(ctx context.Context, t registry.Tenant, ref registry.Reference) (use, error) {
	key := routeKey{t, ref}
	to, err := s.routes.resolve(ctx, key)
	if err != nil {
		return use{}, err
	}
	return s.load(ctx, key, to)
}

// load loads the version of a target. When its model cannot be had and an older
// one of the same reference was loaded before, the older one serves and the use
// says so.
func (s *Server) load(ctx context.Context, key routeKey, to target) (use, error) {
	got, err := s.cache.acquire(ctx, key.tenant, to.version.Artifact)
	if err == nil {
		if to.good != to.version {
			s.routes.loaded(key, to.version)
		}
		return use{slot: got, version: to.version, variant: to.variant, stale: to.stale}, nil
	}
	if to.good == nil || to.good.Number == to.version.Number {
		return use{}, err
	}
	old, oldErr := s.cache.acquire(ctx, key.tenant, to.good.Artifact)
	if oldErr != nil {
		return use{}, err
	}
	return use{slot: old, version: to.good, variant: to.variant, stale: StaleArtifact}, nil
}
