package registry

import (
	"context"
	"time"

	"godwit/shared/fault"
)

// CreateModel registers a model without versions. Latest, times and Tenant are
// set here. A model of that name already there is fault.Conflict. Where one was
// deleted its numbers go on: a version's number is never used again, nor a
// revision.
func (r *Registry) CreateModel(ctx context.Context, t Tenant, m Model) (Model, error) {
	var out Model
	err := again(ctx, "the model", func() error {
		was, rev, err := get[Model](ctx, r, modelKey(t, m.Name), "absent")
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if rev != 0 && was.DeletedAt.IsZero() {
			return fault.New(fault.Conflict, "the model %q exists already", m.Name).WithReason("model_exists")
		}
		was.Rev = rev
		out = r.begun(t, m, was)
		w, err := put(modelKey(t, m.Name), out, rev)
		if err != nil {
			return err
		}
		out.Rev = rev + 1 // what the write below makes of it
		return r.lost(r.Store.Write(ctx, r.NewToken(), w), AnyRev, "")
	})
	if err != nil {
		return Model{}, err
	}
	return out, nil
}

// begun is m as it begins, in the place of was: nothing, or a deleted model.
func (r *Registry) begun(t Tenant, m, was Model) Model {
	m.Tenant, m.Latest, m.Rev, m.DeletedAt = t, was.Latest, was.Rev, time.Time{}
	m.CreatedAt = r.now()
	m.UpdatedAt = m.CreatedAt
	return m
}

// Model returns one model, or fault.NotFound.
func (r *Registry) Model(ctx context.Context, t Tenant, name Name) (Model, error) {
	m, rev, err := get[Model](ctx, r, modelKey(t, name), "no model is called %q", name)
	if err == nil && !m.DeletedAt.IsZero() {
		return Model{}, fault.New(fault.NotFound, "no model is called %q", name)
	}
	m.Rev = rev
	return m, err
}

// EnsureModel returns the model, creating it with nothing but its name when absent.
func (r *Registry) EnsureModel(ctx context.Context, t Tenant, name Name) (Model, error) {
	m, err := r.Model(ctx, t, name)
	if !fault.Is(err, fault.NotFound) {
		return m, err
	}
	m, err = r.CreateModel(ctx, t, Model{Name: name})
	if fault.Is(err, fault.Conflict) { // somebody else created it in between
		return r.Model(ctx, t, name)
	}
	return m, err
}

// Models lists a tenant's models by name.
func (r *Registry) Models(ctx context.Context, t Tenant, p PageRequest) (Page[Model], error) {
	return r.FindModels(ctx, t, ModelFilter{}, p)
}

// FindModels lists the tenant's models that f lets pass. fault.Invalid for a
// prefix no name can begin with. A page may hold fewer items than its limit and
// still not be the last.
func (r *Registry) FindModels(ctx context.Context, t Tenant, f ModelFilter, p PageRequest) (Page[Model], error) {
	if len(f.Prefix) > maxName || !all(f.Prefix, isNameByte) {
		return Page[Model]{}, fault.New(fault.Invalid, "a prefix has at most %d characters from a-z, 0-9, \".\", \"_\" and \"-\"", maxName).WithReason("invalid_filter")
	}
	if p.After != "" {
		if _, err := ParseName(p.After); err != nil {
			return Page[Model]{}, badCursor()
		}
	}
	q := Query{Partition: modelsPartition(t), Prefix: f.Prefix, After: p.After, Limit: p.limit(), Descending: f.Descending}
	return listing[Model]{
		keep: func(m *Model) bool {
			return m.DeletedAt.IsZero() && (f.Task == "" || m.Task == f.Task) && f.Tag.of(m.Tags)
		},
		finish: func(m *Model, rec Record) { m.Rev = rec.Rev },
		cursor: func(rec Record) string { return rec.Key.Sort },
	}.page(ctx, r, q)
}

// UpdateModel changes a model under its revision; with AnyRev it reads and
// changes until no other change comes in between, so change may run several
// times. change sees the current model and may set Description, Tags, Task and
// Training; its error is returned as it is. What else it sets is ignored.
func (r *Registry) UpdateModel(ctx context.Context, t Tenant, name Name, ifRev int64, change func(*Model) error) (Model, error) {
	read := func() (Model, int64, error) {
		m, err := r.Model(ctx, t, name)
		return m, m.Rev, err
	}
	return update(ctx, r, "the model", modelKey(t, name), ifRev, read, func(next *Model) error {
		m := *next
		if err := change(next); err != nil {
			return err
		}
		// Put back, whatever change did: these are Commit's and DeleteModel's.
		next.Tenant, next.Name, next.Latest, next.CreatedAt, next.DeletedAt = m.Tenant, m.Name, m.Latest, m.CreatedAt, m.DeletedAt
		next.UpdatedAt, next.Rev = r.now(), m.Rev+1
		return nil
	})
}

// update changes the record under key, which read returns with its revision,
// under ifRev or, with AnyRev, until no other change comes in between. what
// names it to the caller.
func update[T any](ctx context.Context, r *Registry, what string, key Key, ifRev int64, read func() (T, int64, error), change func(*T) error) (T, error) {
	var out T
	err := again(ctx, what, func() error {
		next, rev, err := read()
		if err != nil {
			return err
		}
		if ifRev != AnyRev && rev != ifRev {
			return stale(what)
		}
		if err := change(&next); err != nil {
			return err
		}
		w, err := put(key, next, rev)
		if err != nil {
			return err
		}
		if err := r.lost(r.Store.Write(ctx, r.NewToken(), w), ifRev, what); err != nil {
			return err
		}
		out = next
		return nil
	})
	return out, err
}

// lost turns a failed condition into another round when the caller named no
// revision, and into its answer when it did.
func (r *Registry) lost(err error, ifRev int64, what string) error {
	switch {
	case !fault.Is(err, fault.PreconditionFailed):
		return err
	case ifRev == AnyRev:
		return errLost
	}
	return stale(what)
}
