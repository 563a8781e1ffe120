package registry

import (
	"context"
	"strconv"

	"godwit/shared/fault"
)

// Version returns one version, or fault.NotFound, also when there is no such model.
func (r *Registry) Version(ctx context.Context, t Tenant, name Name, number int) (Version, error) {
	if number < 1 || number > MaxVersion {
		return Version{}, fault.New(fault.NotFound, "the model %q has no version %d", name, number)
	}
	v, rev, err := get[Version](ctx, r, versionKey(t, name, number), "the model %q has no version %d", name, number)
	v.Rev = rev
	return v, err
}

// Versions lists a model's versions, newest first; none for an absent model.
func (r *Registry) Versions(ctx context.Context, t Tenant, name Name, p PageRequest) (Page[Version], error) {
	q := Query{Partition: modelPartition(t, name), Prefix: versionPrefix, Limit: p.limit(), Descending: true}
	if p.After != "" {
		n, err := ParseVersion(p.After)
		if err != nil {
			return Page[Version]{}, badCursor()
		}
		q.After = versionKey(t, name, n).Sort
	}
	return page(ctx, r, q, func(v *Version, rec Record) { v.Rev = rec.Rev }, numberOf(versionPrefix))
}

// numberOf returns a cursor that is the number after prefix in a sort key,
// without its padding.
func numberOf(prefix string) func(Record) string {
	return func(rec Record) string {
		n, err := strconv.ParseInt(rec.Key.Sort[len(prefix):], 10, 64)
		if err != nil {
			return "" // keys.go writes nothing else under the prefix
		}
		return strconv.FormatInt(n, 10)
	}
}

// TagVersion replaces a version's tags, the one part that may change, under
// its revision (or AnyRev).
func (r *Registry) TagVersion(ctx context.Context, t Tenant, name Name, number int, ifRev int64, tags map[string]string) (Version, error) {
	var out Version
	err := again(ctx, "the version", func() error {
		v, err := r.Version(ctx, t, name, number)
		if err != nil {
			return err
		}
		if ifRev != AnyRev && v.Rev != ifRev {
			return stale("the version")
		}
		next := v
		next.Tags, next.Rev = tags, v.Rev+1
		w, err := put(versionKey(t, name, number), next, v.Rev)
		if err != nil {
			return err
		}
		if err := r.lost(r.Store.Write(ctx, r.NewToken(), w), ifRev, "the version"); err != nil {
			return err
		}
		out = next
		return nil
	})
	return out, err
}

// DeleteVersion removes a version's record under its revision (or AnyRev); its
// number is not used again. A version an alias points at is fault.Conflict.
// The artifact stays: other versions may share its digest.
//
// The aliases are read first and the guard's revision is held in the write, so
// no alias can be set between the look and the removal.
func (r *Registry) DeleteVersion(ctx context.Context, t Tenant, name Name, number int, ifRev int64) error {
	return again(ctx, "the model's aliases", func() error {
		guard, err := r.Store.Get(ctx, guardKey(t, name))
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		v, err := r.Version(ctx, t, name, number)
		if err != nil {
			return err
		}
		if ifRev != AnyRev && v.Rev != ifRev {
			return stale("the version")
		}
		aliases, err := r.Aliases(ctx, t, name)
		if err != nil {
			return err
		}
		for _, a := range aliases {
			if a.Version == number {
				return fault.New(fault.Conflict, "the alias %q points at version %d; move or delete it first", a.Name, number).WithReason("version_in_use")
			}
		}
		err = r.Store.Write(ctx, r.NewToken(),
			Write{Op: Delete, Record: Record{Key: versionKey(t, name, number)}, IfRev: v.Rev},
			Write{Op: Check, Record: Record{Key: guardKey(t, name)}, IfRev: guard.Rev})
		return r.lost(err, AnyRev, "")
	})
}
