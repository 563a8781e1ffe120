package registry

import (
	"context"

	"godwit/shared/fault"
)

// CreateModel registers a model without versions. Latest, times and Tenant are
// set here. A model of that name already there is fault.Conflict.
func (r *Registry) CreateModel(ctx context.Context, t Tenant, m Model) (Model, error) {
	m.Tenant, m.Latest, m.Rev = t, 0, 1
	m.CreatedAt = r.now()
	m.UpdatedAt = m.CreatedAt
	w, err := put(modelKey(t, m.Name), m, 0)
	if err != nil {
		return Model{}, err
	}
	err = r.Store.Write(ctx, r.NewToken(), w)
	if fault.Is(err, fault.PreconditionFailed) {
		return Model{}, fault.New(fault.Conflict, "the model %q exists already", m.Name).WithReason("model_exists")
	}
	if err != nil {
		return Model{}, err
	}
	return m, nil
}

// Model returns one model, or fault.NotFound.
func (r *Registry) Model(ctx context.Context, t Tenant, name Name) (Model, error) {
	m, rev, err := get[Model](ctx, r, modelKey(t, name), "no model is called %q", name)
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
	if p.After != "" {
		if _, err := ParseName(p.After); err != nil {
			return Page[Model]{}, badCursor()
		}
	}
	q := Query{Partition: modelsPartition(t), After: p.After, Limit: p.limit()}
	return page(ctx, r, q,
		func(m *Model, rec Record) { m.Rev = rec.Rev },
		func(rec Record) string { return rec.Key.Sort })
}

// UpdateModel changes a model under its revision; with AnyRev it reads and
// changes until no other change comes in between, so change may run several
// times. change sees the current model and may set Description, Tags, Task and
// Training; its error is returned as it is. What else it sets is ignored.
func (r *Registry) UpdateModel(ctx context.Context, t Tenant, name Name, ifRev int64, change func(*Model) error) (Model, error) {
	var out Model
	err := again(ctx, "the model", func() error {
		m, err := r.Model(ctx, t, name)
		if err != nil {
			return err
		}
		if ifRev != AnyRev && m.Rev != ifRev {
			return stale("the model")
		}
		next := m
		if err := change(&next); err != nil {
			return err
		}
		next.Tenant, next.Name, next.Latest, next.CreatedAt = m.Tenant, m.Name, m.Latest, m.CreatedAt
		next.UpdatedAt, next.Rev = r.now(), m.Rev+1
		w, err := put(modelKey(t, name), next, m.Rev)
		if err != nil {
			return err
		}
		if err := r.lost(r.Store.Write(ctx, r.NewToken(), w), ifRev, "the model"); err != nil {
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
