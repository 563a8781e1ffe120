package registry

import (
	"context"
	"fmt"

	"godwit/shared/fault"
)

// Resolve returns the version a reference means now and the variant, the way
// it was chosen: "versions/7" for a number, the alias's name for an alias,
// "champion" or "latest" for a bare name. A bare name is @champion or, without
// that alias, the newest version whose gate passed.
//
// It is fault.NotFound when nothing answers; the reason is "no_version" when
// the model exists but no version of it may serve. A route is not looked at: see
// Default.
func (r *Registry) Resolve(ctx context.Context, t Tenant, ref Reference) (Version, string, error) {
	switch {
	case ref.Version != 0:
		v, err := r.Version(ctx, t, ref.Model, ref.Version)
		return v, fmt.Sprintf("versions/%d", ref.Version), err
	case ref.Alias != "":
		v, err := r.aliased(ctx, t, ref.Model, ref.Alias)
		return v, string(ref.Alias), err
	}
	v, err := r.aliased(ctx, t, ref.Model, Champion)
	if !fault.Is(err, fault.NotFound) {
		return v, string(Champion), err
	}
	v, err = r.newestPassed(ctx, t, ref.Model)
	return v, "latest", err
}

// Choice is what serves a model's bare name.
type Choice struct {
	Route   *Route  // divides the requests; nil where Version serves them all
	Version Version // zero where Route divides
	Variant string  // as Resolve says
}

// Default returns what serves a model's bare name: its route, or without one
// what Resolve says. It takes no more round trips than Resolve.
func (r *Registry) Default(ctx context.Context, t Tenant, name Name) (Choice, error) {
	recs, err := r.Store.GetMany(ctx, []Key{routeKey(t, name), aliasKey(t, name, Champion)})
	if err != nil {
		return Choice{}, err
	}
	for _, rec := range recs {
		if rec.Key == routeKey(t, name) {
			route, err := decode[Route](rec)
			if route.Rev = rec.Rev; err != nil || len(route.Targets) > 0 {
				return Choice{Route: &route}, err
			}
			continue
		}
		a, err := decode[Alias](rec)
		if err != nil {
			return Choice{}, err
		}
		// The alias may be deleted (Version 0) or have moved since: then, as after
		// an error, Resolve looks again and says what is so.
		if v, err := r.Version(ctx, t, name, a.Version); err == nil {
			return Choice{Version: v, Variant: string(Champion)}, nil
		}
	}
	v, variant, err := r.Resolve(ctx, t, Reference{Model: name})
	return Choice{Version: v, Variant: variant}, err
}

// aliased follows an alias. The version it points at cannot be deleted while
// it does, so finding none means the alias moved between the two reads.
func (r *Registry) aliased(ctx context.Context, t Tenant, name Name, alias AliasName) (Version, error) {
	var v Version
	err := again(ctx, "the alias", func() error {
		a, err := r.Alias(ctx, t, name, alias)
		if err != nil {
			return err
		}
		if v, err = r.Version(ctx, t, name, a.Version); fault.Is(err, fault.NotFound) {
			return errLost
		}
		return err
	})
	return v, err
}

// newestPassed tells a model without a version to serve from no model at all.
func (r *Registry) newestPassed(ctx context.Context, t Tenant, name Name) (Version, error) {
	if _, err := r.Model(ctx, t, name); err != nil {
		return Version{}, err
	}
	// Few at a time: most often the newest has passed.
	for p := (PageRequest{Limit: 20}); ; {
		versions, err := r.Versions(ctx, t, name, p)
		if err != nil {
			return Version{}, err
		}
		for _, v := range versions.Items {
			if v.Gate.Passed {
				return v, nil
			}
		}
		if p.After = versions.Next; p.After == "" {
			return Version{}, fault.New(fault.NotFound, "the model %q has no version that passed its gate; train one, or name a version or alias", name).WithReason("no_version")
		}
	}
}
