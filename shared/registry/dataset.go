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

// noDataset is the message about a data set that is not there, or no longer.
const noDataset = "no data set has the id %s"

// Dataset returns one data set, or fault.NotFound: so does one that is being deleted.
func (r *Registry) Dataset(ctx context.Context, t Tenant, id string) (Dataset, error) {
	d, err := r.DatasetToDelete(ctx, t, id)
	if err == nil && !d.DeletedAt.IsZero() {
		return Dataset{}, fault.New(fault.NotFound, noDataset, id)
	}
	return d, err
}

// DatasetToDelete is Dataset for whoever deletes it: one whose deletion was begun,
// and perhaps not ended, is returned too, with DeletedAt set.
func (r *Registry) DatasetToDelete(ctx context.Context, t Tenant, id string) (Dataset, error) {
	if !validDatasetID(id) { // an id from a URL: never let it reach the table
		return Dataset{}, fault.New(fault.NotFound, "no data set has this id")
	}
	d, rev, err := get[Dataset](ctx, r, datasetKey(t, id), noDataset, id)
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
		keep:   func(d *Dataset) bool { return d.DeletedAt.IsZero() },
		finish: func(d *Dataset, rec Record) { d.Rev = rec.Rev },
		cursor: func(rec Record) string { return rec.Key.Sort },
	}.page(ctx, r, q)
}

// UpdateDataset changes a data set as UpdateModel does a model. Tenant, ID,
// CreatedAt and DeletedAt stay.
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
		next.Tenant, next.ID, next.CreatedAt, next.DeletedAt = d.Tenant, d.ID, d.CreatedAt, d.DeletedAt
		next.UpdatedAt, next.Rev = r.now(), d.Rev+1
		return nil
	})
}

// ReadBy is the write that notes in the data set d that a job reads it, under the
// revision d was read at. Whoever opens the job makes it in one Write with the
// job's record: of the job and a deletion at the same moment one wins.
func (r *Registry) ReadBy(d Dataset, job string) (Write, error) {
	d.Job, d.UpdatedAt = job, r.now()
	return put(datasetKey(d.Tenant, d.ID), d, d.Rev)
}

// CondemnDataset begins a deletion: under the revision d was read at it takes the
// data set from its readers, so that no job can be opened on it while its object
// is removed. One whose deletion was begun already is returned as it is.
// fault.PreconditionFailed when it has changed since it was read, such as by a
// job that was opened on it; fault.NotFound when it is gone.
func (r *Registry) CondemnDataset(ctx context.Context, d Dataset) (Dataset, error) {
	if !d.DeletedAt.IsZero() {
		return d, nil
	}
	next := d
	next.DeletedAt, next.Rev = r.now(), d.Rev+1
	w, err := put(datasetKey(d.Tenant, d.ID), next, d.Rev)
	if err != nil {
		return Dataset{}, err
	}
	err = r.Store.Write(ctx, r.NewToken(), w)
	if fault.Is(err, fault.PreconditionFailed) {
		// By another deletion? Then this one goes on with it.
		now, readErr := r.DatasetToDelete(ctx, d.Tenant, d.ID)
		if readErr != nil || !now.DeletedAt.IsZero() {
			return now, readErr
		}
	}
	return next, err
}

// DeleteDataset removes the record of a data set under its revision (or AnyRev):
// fault.PreconditionFailed when it has changed. Its object is the caller's to
// remove before, once CondemnDataset has taken it from its readers.
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
