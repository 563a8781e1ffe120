package registry

import (
	"context"
	"time"

	"godwit/shared/fault"
)

// A deleted alias stays as a record with Version 0, so its revision never
// starts again: an ETag read before a deletion cannot match afterwards, and a
// history entry's number is never taken twice.

// guard is the body of the record whose revision counts the changes of a model's
// aliases and route; see pointers.
type guard struct{}

// Alias returns one alias, or fault.NotFound.
func (r *Registry) Alias(ctx context.Context, t Tenant, name Name, alias AliasName) (Alias, error) {
	a, rev, err := get[Alias](ctx, r, aliasKey(t, name, alias), "the model %q has no alias %q", name, alias)
	if err != nil {
		return Alias{}, err
	}
	if a.Version == 0 {
		return Alias{}, fault.New(fault.NotFound, "the model %q has no alias %q", name, alias)
	}
	a.Rev = rev
	return a, nil
}

// Aliases returns all aliases of a model by name; none for an absent model.
func (r *Registry) Aliases(ctx context.Context, t Tenant, name Name) ([]Alias, error) {
	q := Query{Partition: modelPartition(t, name), Prefix: aliasPrefix, Limit: maxPage}
	var out []Alias
	for {
		recs, more, err := r.Store.Query(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, rec := range recs {
			a, err := decode[Alias](rec)
			if err != nil {
				return nil, err
			}
			if a.Rev = rec.Rev; a.Version != 0 {
				out = append(out, a)
			}
		}
		if !more || len(recs) == 0 {
			return out, nil
		}
		q.After = recs[len(recs)-1].Key.Sort
	}
}

// SetAlias points an alias at a version under the alias's revision: 0 when it
// must not exist yet, AnyRev for whatever is there. The history entry is made
// in the same write. fault.NotFound when the version does not exist,
// fault.PreconditionFailed when the revision is not current.
func (r *Registry) SetAlias(ctx context.Context, t Tenant, name Name, alias AliasName, version int, ifRev int64, by string) (Alias, error) {
	var out Alias
	err := again(ctx, "the alias", func() error {
		current, err := r.aliasUnder(ctx, t, name, alias, ifRev)
		if err != nil {
			return err
		}
		out, err = r.pointAlias(ctx, current, AliasChange{Alias: alias, To: version, By: by}, t, name)
		return err
	})
	return out, err
}

// pointAlias makes change, whose To is a version, on top of current. A failed
// condition may also be the version's tags, so it is errLost: the caller looks
// again, and finds out whether the alias is what changed.
func (r *Registry) pointAlias(ctx context.Context, current Alias, change AliasChange, t Tenant, name Name) (Alias, error) {
	v, err := r.Version(ctx, t, name, change.To)
	if err != nil {
		return Alias{}, err
	}
	next, writes, err := r.moveAlias(t, name, current, change, v.Lineage.DataTime)
	if err != nil {
		return Alias{}, err
	}
	// The version must still be there when the alias points at it.
	writes = append(writes, Write{Op: Check, Record: Record{Key: versionKey(t, name, v.Number)}, IfRev: v.Rev})
	return next, r.lost(r.Store.Write(ctx, r.NewToken(), writes...), AnyRev, "")
}

// DeleteAlias removes an alias under its revision (or AnyRev) and notes it in
// the history. fault.NotFound when there is none, fault.Conflict with the
// reason "alias_in_use" when the model's route names it.
func (r *Registry) DeleteAlias(ctx context.Context, t Tenant, name Name, alias AliasName, ifRev int64, by string) error {
	return again(ctx, "the alias", func() error {
		if _, err := r.Alias(ctx, t, name, alias); err != nil {
			return err
		}
		current, err := r.aliasUnder(ctx, t, name, alias, ifRev)
		if err != nil {
			return err
		}
		route, err := r.routeNow(ctx, t, name)
		if err != nil {
			return err
		}
		if route.names(func(p Pick) bool { return p.Alias == alias }) {
			return fault.New(fault.Conflict, "the route sends requests to the alias %q; change or delete the route first", alias).WithReason("alias_in_use")
		}
		_, writes, err := r.moveAlias(t, name, current, AliasChange{Alias: alias, By: by}, time.Time{})
		if err != nil {
			return err
		}
		writes = append(writes, Write{Op: Check, Record: Record{Key: routeKey(t, name)}, IfRev: route.Rev})
		return r.lost(r.Store.Write(ctx, r.NewToken(), writes...), AnyRev, "")
	})
}

// aliasUnder returns the alias as stored, deleted or not, if ifRev allows a
// change. Rev 0 means there never was one.
func (r *Registry) aliasUnder(ctx context.Context, t Tenant, name Name, alias AliasName, ifRev int64) (Alias, error) {
	a, rev, err := get[Alias](ctx, r, aliasKey(t, name, alias), "absent")
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Alias{}, err
	}
	a.Rev = rev
	// A caller knows a deleted alias as absent, though its record goes on: 0 is
	// the condition for it, and the revision it had matches nothing.
	exists := a.Version != 0
	if ifRev == AnyRev || ifRev == 0 && !exists || exists && a.Rev == ifRev {
		return a, nil
	}
	return Alias{}, stale("the alias")
}

// moveAlias returns the alias after change and the writes that make it so on
// top of current: the alias under its revision, the history entry of the
// revision that makes, and the guard. The caller sets Alias, To (0 deletes), By
// and Rollback of change.
func (r *Registry) moveAlias(t Tenant, name Name, current Alias, change AliasChange, dataTime time.Time) (Alias, []Write, error) {
	change.Revision, change.From, change.At = current.Rev+1, current.Version, r.now()
	next := Alias{
		Tenant: t, Model: name, Name: change.Alias, Version: change.To,
		DataTime: dataTime, UpdatedAt: change.At, UpdatedBy: change.By, Rev: change.Revision,
	}
	pointer, err := put(aliasKey(t, name, change.Alias), next, current.Rev)
	if err != nil {
		return Alias{}, nil, err
	}
	entry, err := put(historyKey(t, name, change.Alias, next.Rev), change, 0)
	if err != nil {
		return Alias{}, nil, err
	}
	// Its body says nothing: that it was written is what counts.
	mark, err := put(guardKey(t, name), guard{}, AnyRev)
	return next, []Write{pointer, entry, mark}, err
}

// AliasHistory lists the changes of an alias, newest first, also after it was
// deleted; none for an alias that never was.
func (r *Registry) AliasHistory(ctx context.Context, t Tenant, name Name, alias AliasName, p PageRequest) (Page[AliasChange], error) {
	prefix := historyPrefix(alias)
	q := Query{Partition: modelPartition(t, name), Prefix: prefix, Limit: p.limit(), Descending: true}
	if p.After != "" {
		rev, err := ParseVersion(p.After)
		if err != nil {
			return Page[AliasChange]{}, badCursor()
		}
		q.After = historyKey(t, name, alias, int64(rev)).Sort
	}
	return listing[AliasChange]{finish: func(*AliasChange, Record) {}, cursor: numberOf(prefix)}.page(ctx, r, q)
}
