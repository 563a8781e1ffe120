package registry

import (
	"context"
	"strings"

	"godwit/shared/fault"
)

// A deleted version stays as a record with nothing but its number, and a deleted
// model as one with nothing but its newest number: neither numbers nor revisions
// start again. Artifacts stay in the bucket. Another version may share the
// digest, and a training that ends at this moment may have found the artifact
// there and rely on it.

// pointers are what keeps a model's versions from being deleted, as they were
// at one revision of the guard. Whoever sets a pointer writes the guard, so a
// deletion that holds its revision meets no pointer it did not see.
type pointers struct {
	aliases []Alias
	route   Route
	guard   Write // holds the guard's revision
}

// pointers reads everything that points into a model, and the guard it was read at.
func (r *Registry) pointers(ctx context.Context, t Tenant, name Name) (pointers, error) {
	var p pointers
	g, err := r.Store.Get(ctx, guardKey(t, name)) // first: what is set after this look is not missed
	if err != nil && !fault.Is(err, fault.NotFound) {
		return p, err
	}
	p.guard = Write{Op: Check, Record: Record{Key: guardKey(t, name)}, IfRev: g.Rev}
	if p.aliases, err = r.Aliases(ctx, t, name); err != nil {
		return p, err
	}
	p.route, err = r.routeNow(ctx, t, name)
	return p, err
}

// DeleteVersion removes a version under its revision (or AnyRev); its number is
// not used again. A version that an alias or the route points at is
// fault.Conflict with the reason "version_in_use". Of a deletion and a promotion
// at the same moment one wins.
func (r *Registry) DeleteVersion(ctx context.Context, t Tenant, name Name, number int, ifRev int64) error {
	return again(ctx, "the model's aliases", func() error {
		p, err := r.pointers(ctx, t, name)
		if err != nil {
			return err
		}
		v, err := r.Version(ctx, t, name, number)
		if err != nil {
			return err
		}
		if ifRev != AnyRev && v.Rev != ifRev {
			return stale("the version")
		}
		for _, a := range p.aliases {
			if a.Version == number {
				return fault.New(fault.Conflict, "the alias %q points at version %d; move or delete it first", a.Name, number).WithReason("version_in_use")
			}
		}
		if p.route.names(func(p Pick) bool { return p.Version == number }) {
			return fault.New(fault.Conflict, "the route sends requests to version %d; change or delete the route first", number).WithReason("version_in_use")
		}
		grave, err := r.bury(t, v)
		if err != nil {
			return err
		}
		return r.lost(r.Store.Write(ctx, r.NewToken(), grave, p.guard), AnyRev, "")
	})
}

// bury returns the write that leaves of v its number.
func (r *Registry) bury(t Tenant, v Version) (Write, error) {
	rest := Version{Tenant: t, Model: v.Model, Number: v.Number, CreatedAt: v.CreatedAt, DeletedAt: r.now()}
	return put(versionKey(t, v.Model, v.Number), rest, v.Rev)
}

// Versions that DeleteModel removes in one write, and in one call: a call ends
// well within the time of a request.
const (
	// Below MaxWrites, with room for the guard.
	buryAtOnce = 90
	buryInAll  = 1000
)

// DeleteModel removes a model under its revision (or AnyRev), its versions
// first. While an alias or a route is left it is fault.Conflict with the reason
// "model_in_use". A model of very many versions takes several calls:
// fault.Unavailable with the reason "deletion_unfinished" says that the same call
// goes on where this one ended, as it does after a crash.
func (r *Registry) DeleteModel(ctx context.Context, t Tenant, name Name, ifRev int64) error {
	left := buryInAll
	return again(ctx, "the model", func() error {
		m, err := r.Model(ctx, t, name)
		if err != nil {
			return err
		}
		if ifRev != AnyRev && m.Rev != ifRev {
			return stale("the model")
		}
		p, err := r.pointers(ctx, t, name)
		if err != nil {
			return err
		}
		if err := p.none(); err != nil {
			return err
		}
		if err := r.buryAll(ctx, t, name, p, &left); err != nil {
			return err
		}
		grave, err := put(modelKey(t, name), Model{Tenant: t, Name: name, Latest: m.Latest, CreatedAt: m.CreatedAt, DeletedAt: r.now()}, m.Rev)
		if err != nil {
			return err
		}
		// Under the model's revision no version was added since, and without one
		// nothing can point into the model.
		return r.lost(r.Store.Write(ctx, r.NewToken(), grave), AnyRev, "")
	})
}

// none refuses while anything points into the model.
func (p pointers) none() error {
	var there []string
	for _, a := range p.aliases {
		there = append(there, "the alias "+string(a.Name))
	}
	if len(p.route.Targets) > 0 {
		there = append(there, "the route")
	}
	if there == nil {
		return nil
	}
	more := ""
	if len(there) > 5 {
		there, more = there[:5], " and more"
	}
	return fault.New(fault.Conflict, "the model is in use by %s%s; delete them first", strings.Join(there, ", "), more).WithReason("model_in_use")
}

// buryAll removes the model's versions, oldest first, at most *left, which it
// counts down.
func (r *Registry) buryAll(ctx context.Context, t Tenant, name Name, p pointers, left *int) error {
	q := Query{Partition: modelPartition(t, name), Prefix: versionPrefix, Limit: buryAtOnce}
	for {
		recs, more, err := r.Store.Query(ctx, q)
		if err != nil {
			return err
		}
		writes := []Write{p.guard} // alone it is no write: nothing on this page is to be buried
		for _, rec := range recs {
			v, err := decode[Version](rec)
			if err != nil {
				return err
			}
			if v.Rev = rec.Rev; !v.DeletedAt.IsZero() {
				continue
			}
			grave, err := r.bury(t, v)
			if err != nil {
				return err
			}
			writes = append(writes, grave)
		}
		// The guard is held again by every write: an alias set meanwhile stops the
		// deletion where it is, with what it points at still there.
		if dead := len(writes) - 1; dead > 0 {
			if *left < dead {
				return fault.New(fault.Unavailable, "%d versions are deleted and more are left; send the request again", buryInAll-*left).WithReason("deletion_unfinished")
			}
			if err := r.lost(r.Store.Write(ctx, r.NewToken(), writes...), AnyRev, ""); err != nil {
				return err
			}
			*left -= dead
		}
		if !more || len(recs) == 0 {
			return nil
		}
		q.After = recs[len(recs)-1].Key.Sort
	}
}
