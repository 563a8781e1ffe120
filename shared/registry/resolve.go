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
// the model exists but no version of it may serve.
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

func (r *Registry) newestPassed(ctx context.Context, t Tenant, name Name) (Version, error) {
	if _, err := r.Model(ctx, t, name); err != nil {
		return Version{}, err
	}
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
