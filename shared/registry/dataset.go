package registry

import (
	"context"
	"strings"

	"godwit/shared/fault"
)

// CreateDataset announces a data set. Its ID is the caller's and must be new,
// else fault.Conflict. Times and Tenant are set here.
func (r *Registry) CreateDataset(ctx context.Context, t Tenant, d Dataset) (Dataset, error) {
	if !validDatasetID(d.ID) {
		return Dataset{}, fault.New(fault.Invalid, "a data set's id is \"ds_\" and 1 to 64 letters or digits")
	}
	d.Tenant, d.Rev = t, 1
	d.CreatedAt = r.now()
	d.UpdatedAt = d.CreatedAt
	w, err := put(datasetKey(t, d.ID), d, 0)
	if err != nil {
		return Dataset{}, err
	}
	err = r.Store.Write(ctx, r.NewToken(), w)
	if fault.Is(err, fault.PreconditionFailed) {
		return Dataset{}, fault.New(fault.Conflict, "the data set %s exists already", d.ID).WithReason("dataset_exists")
	}
	if err != nil {
		return Dataset{}, err
	}
	return d, nil
}

// Dataset returns one data set, or fault.NotFound.
func (r *Registry) Dataset(ctx context.Context, t Tenant, id string) (Dataset, error) {
	if !validDatasetID(id) { // an id from a URL: never let it reach the table
		return Dataset{}, fault.New(fault.NotFound, "no data set has this id")
	}
	d, rev, err := get[Dataset](ctx, r, datasetKey(t, id), "no data set has the id %s", id)
	d.Rev = rev
	return d, err
}

// Datasets lists a tenant's data sets by descending id: newest first when ids
// begin with their time.
func (r *Registry) Datasets(ctx context.Context, t Tenant, p PageRequest) (Page[Dataset], error) {
	if p.After != "" && !validDatasetID(p.After) {
		return Page[Dataset]{}, badCursor()
	}
	q := Query{Partition: datasetsPartition(t), After: p.After, Limit: p.limit(), Descending: true}
	return listing[Dataset]{
		finish: func(d *Dataset, rec Record) { d.Rev = rec.Rev },
		cursor: func(rec Record) string { return rec.Key.Sort },
	}.page(ctx, r, q)
}

// UpdateDataset changes a data set as UpdateModel does a model. Tenant, ID and
// CreatedAt stay.
func (r *Registry) UpdateDataset(ctx context.Context, t Tenant, id string, ifRev int64, change func(*Dataset) error) (Dataset, error) {
	read := func() (Dataset, int64, error) {
		d, err := r.Dataset(ctx, t, id)
		return d, d.Rev, err
	}
	return update(ctx, r, "the data set", datasetKey(t, id), ifRev, read, func(next *Dataset) error {
		d := *next
		if err := change(next); err != nil {
			return err
		}
		// Put back, whatever change did: these say whose record it is.
		next.Tenant, next.ID, next.CreatedAt = d.Tenant, d.ID, d.CreatedAt
		next.UpdatedAt, next.Rev = r.now(), d.Rev+1
		return nil
	})
}

// DeleteDataset removes the record of a data set under its revision (or AnyRev):
// fault.PreconditionFailed when it has changed, such as by a job that began with
// it. Its object is the caller's to remove before.
func (r *Registry) DeleteDataset(ctx context.Context, t Tenant, id string, ifRev int64) error {
	if !validDatasetID(id) {
		return fault.New(fault.NotFound, "no data set has this id")
	}
	w := Write{Op: Delete, Record: Record{Key: datasetKey(t, id)}, IfRev: ifRev}
	return r.Store.Write(ctx, r.NewToken(), w)
}

// validDatasetID bounds what reaches a key; that new ids have 26 characters is
// their maker's affair.
func validDatasetID(id string) bool {
	tail, ok := strings.CutPrefix(id, "ds_")
	return ok && len(tail) >= 1 && len(tail) <= 64 && all(tail, isAliasByte)
}
