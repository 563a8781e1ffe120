package registry_test

import (
	"testing"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// A data set that is condemned is nobody's any more but the one's who deletes it.
func TestRegistry_CondemnDataset(t *testing.T) {
	r, c := fresh(), t.Context()
	d, err := r.CreateDataset(c, acme, registry.Dataset{ID: "ds_1", Model: "intents", Status: "ready"})
	must(t)(d, err)
	condemned, err := r.CondemnDataset(c, d)
	if err != nil || condemned.DeletedAt.IsZero() || condemned.Rev != d.Rev+1 || condemned.Model != "intents" {
		t.Fatalf("CondemnDataset = %+v, %v, want it marked at its next revision", condemned, err)
	}
	page, err := r.Datasets(c, acme, registry.PageRequest{})
	if err != nil || len(page.Items) != 0 {
		t.Errorf("Datasets = %+v, %v, want none", page.Items, err)
	}
	_, readErr := r.Dataset(c, acme, "ds_1")
	_, updateErr := r.UpdateDataset(c, acme, "ds_1", registry.AnyRev, func(d *registry.Dataset) error { return nil })
	_, createErr := r.CreateDataset(c, acme, registry.Dataset{ID: "ds_1"})
	if !fault.Is(readErr, fault.NotFound) || !fault.Is(updateErr, fault.NotFound) || !fault.Is(createErr, fault.Conflict) {
		t.Errorf("reading it %v, changing it %v, making it again %v, want not found twice and a conflict", readErr, updateErr, createErr)
	}
	left, err := r.DatasetToDelete(c, acme, "ds_1")
	if err != nil || !left.DeletedAt.Equal(condemned.DeletedAt) || left.Rev != condemned.Rev {
		t.Errorf("DatasetToDelete = %+v, %v, want what is left of it", left, err)
	}
	// Whoever comes second, with what was read before or after, goes on with the same.
	for _, from := range []registry.Dataset{d, condemned} {
		if again, err := r.CondemnDataset(c, from); err != nil || again.Rev != condemned.Rev {
			t.Errorf("CondemnDataset again, from revision %d, = %+v, %v, want revision %d", from.Rev, again, err, condemned.Rev)
		}
	}
	if err := r.DeleteDataset(c, acme, "ds_1", condemned.Rev); err != nil {
		t.Fatal(err)
	}
	if _, err := r.CondemnDataset(c, d); !fault.Is(err, fault.NotFound) {
		t.Errorf("CondemnDataset of one that is gone = %v, want not found", err)
	}
}

// The note of a reader and a condemnation of one revision exclude each other.
func TestRegistry_ReadBy(t *testing.T) {
	r, c := fresh(), t.Context()
	write := func(d registry.Dataset, job string) error {
		w, err := r.ReadBy(d, job)
		if err != nil {
			t.Fatal(err)
		}
		return r.Store.Write(c, r.NewToken(), w)
	}
	d, err := r.CreateDataset(c, acme, registry.Dataset{ID: "ds_1", Model: "intents"})
	must(t)(d, err)
	if err := write(d, "tj_1"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.CondemnDataset(c, d); !fault.Is(err, fault.PreconditionFailed) {
		t.Errorf("CondemnDataset of what a job has begun with = %v, want its condition to fail", err)
	}
	read, err := r.Dataset(c, acme, "ds_1")
	must(t)(read, err)
	if read.Job != "tj_1" || read.Model != "intents" {
		t.Errorf("the data set = %+v, want it as it was and its reader named", read)
	}
	if _, err := r.CondemnDataset(c, read); err != nil {
		t.Fatal(err)
	}
	if err := write(read, "tj_2"); !fault.Is(err, fault.PreconditionFailed) {
		t.Errorf("the note on a condemned data set = %v, want its condition to fail", err)
	}
}
