package registry

import (
	"context"
	"strconv"

	"godwit/shared/fault"
)

// deleted is the reason of failures about a version that was there.
const deleted = "deleted"

// Version returns one version, or fault.NotFound, also when there is no such
// model. The reason is "deleted" where there was one: its number stays taken.
func (r *Registry) Version(ctx context.Context, t Tenant, name Name, number int) (Version, error) {
	if number < 1 || number > MaxVersion {
		return Version{}, fault.New(fault.NotFound, "the model %q has no version %d", name, number)
	}
	v, rev, err := get[Version](ctx, r, versionKey(t, name, number), "the model %q has no version %d", name, number)
	if err == nil && !v.DeletedAt.IsZero() {
		return Version{}, fault.New(fault.NotFound, "version %d of the model %q was deleted", number, name).WithReason(deleted)
	}
	v.Rev = rev
	return v, err
}

// Versions lists a model's versions, newest first; none for an absent model.
func (r *Registry) Versions(ctx context.Context, t Tenant, name Name, p PageRequest) (Page[Version], error) {
	return r.FindVersions(ctx, t, name, VersionFilter{}, p)
}

// FindVersions lists the model's versions that f lets pass; none for an absent
// model. A page may hold fewer items than its limit and still not be the last.
func (r *Registry) FindVersions(ctx context.Context, t Tenant, name Name, f VersionFilter, p PageRequest) (Page[Version], error) {
	q := Query{Partition: modelPartition(t, name), Prefix: versionPrefix, Limit: p.limit(), Descending: !f.Ascending}
	if p.After != "" {
		n, err := ParseVersion(p.After)
		if err != nil {
			return Page[Version]{}, badCursor()
		}
		q.After = versionKey(t, name, n).Sort
	}
	return listing[Version]{
		keep: func(v *Version) bool {
			return v.DeletedAt.IsZero() && (f.Status == "" || v.Status() == f.Status) && f.Tag.of(v.Tags)
		},
		finish: func(v *Version, rec Record) { v.Rev = rec.Rev },
		cursor: numberOf(versionPrefix),
	}.page(ctx, r, q)
}

// numberOf returns a cursor that is the number after prefix in a sort key,
// without its padding.
func numberOf(prefix string) func(Record) string {
	return func(rec Record) string {
		// The query's prefix is on every key it returned.
		n, err := strconv.ParseInt(rec.Key.Sort[len(prefix):], 10, 64)
		if err != nil {
			return "" // keys.go writes nothing else under the prefix
		}
		return strconv.FormatInt(n, 10)
	}
}

// UpdateVersion changes a version's Description and Tags, all that may change,
// as UpdateModel does a model.
func (r *Registry) UpdateVersion(ctx context.Context, t Tenant, name Name, number int, ifRev int64, change func(*Version) error) (Version, error) {
	read := func() (Version, int64, error) {
		v, err := r.Version(ctx, t, name, number)
		return v, v.Rev, err
	}
	return update(ctx, r, "the version", versionKey(t, name, number), ifRev, read, func(next *Version) error {
		v, asked := *next, *next
		if err := change(&asked); err != nil {
			return err
		}
		// The other way round than for a model: two fields are taken over, all else
		// is as it was trained.
		*next = v
		next.Description, next.Tags, next.Rev = asked.Description, asked.Tags, v.Rev+1
		return nil
	})
}
