package registry_test

import (
	"fmt"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// A deleted version keeps its number and nothing else.
func TestRegistry_DeleteVersion_grave(t *testing.T) {
	r := fresh()
	for i := range 3 {
		commit(t, r, acme, "intents", fmt.Sprint("job-", i), "")
	}
	must(t)(nil, r.DeleteVersion(t.Context(), acme, "intents", 3, registry.AnyRev))
	must(t)(nil, r.DeleteVersion(t.Context(), acme, "intents", 1, 1))
	if _, err := r.Version(t.Context(), acme, "intents", 3); !fault.Is(err, fault.NotFound) || reason(err) != "deleted" {
		t.Errorf("Version of a deleted one = %v, want %s, deleted", err, fault.NotFound)
	}
	if _, err := r.Version(t.Context(), acme, "intents", 4); reason(err) != "not_found" {
		t.Errorf("Version of one that never was = %v, want plain %s", err, fault.NotFound)
	}
	if _, err := r.Version(t.Context(), "other", "intents", 3); reason(err) != "not_found" {
		t.Errorf("another tenant's Version = %v, want plain %s", err, fault.NotFound)
	}
	if _, _, err := r.Resolve(t.Context(), acme, registry.Reference{Model: "intents", Version: 3}); reason(err) != "deleted" {
		t.Errorf("Resolve = %v, want deleted", err)
	}
	page, err := r.Versions(t.Context(), acme, "intents", registry.PageRequest{Limit: 1})
	if err != nil || len(page.Items) != 1 || page.Items[0].Number != 2 {
		t.Errorf("Versions = %+v, %v, want version 2 alone", page, err)
	}
	if v, variant, err := r.Resolve(t.Context(), acme, registry.Reference{Model: "intents"}); err != nil || v.Number != 2 || variant != "latest" {
		t.Errorf("Resolve of the name = %d %s, %v, want 2 latest", v.Number, variant, err)
	}
	if _, err := r.UpdateVersion(t.Context(), acme, "intents", 3, registry.AnyRev, func(*registry.Version) error { return nil }); reason(err) != "deleted" {
		t.Errorf("UpdateVersion = %v, want deleted", err)
	}
	if v := commit(t, r, acme, "intents", "job-9", ""); v.Number != 4 {
		t.Errorf("the next version is %d, want 4", v.Number)
	}
}

func TestRegistry_DeleteModel(t *testing.T) {
	r := fresh()
	for i := range 3 {
		commit(t, r, acme, "intents", fmt.Sprint("job-", i), registry.Champion)
	}
	m, err := r.Model(t.Context(), acme, "intents")
	must(t)(m, err)
	refuse := func(what string, ifRev int64, code fault.Code) {
		t.Helper()
		if err := r.DeleteModel(t.Context(), acme, "intents", ifRev); !fault.Is(err, code) {
			t.Errorf("%s: DeleteModel = %v, want %s", what, err, code)
		}
	}
	refuse("under an alias", registry.AnyRev, fault.Conflict)
	must(t)(nil, r.DeleteAlias(t.Context(), acme, "intents", registry.Champion, registry.AnyRev, "me"))
	refuse("under an old revision", m.Rev-1, fault.PreconditionFailed)
	if versions, err := r.Versions(t.Context(), acme, "intents", registry.PageRequest{}); err != nil || len(versions.Items) != 3 {
		t.Errorf("after refusals %d versions, %v, want all 3", len(versions.Items), err)
	}
	must(t)(nil, r.DeleteModel(t.Context(), acme, "intents", m.Rev))
	refuse("again", registry.AnyRev, fault.NotFound)
	if _, err := r.Model(t.Context(), acme, "intents"); !fault.Is(err, fault.NotFound) {
		t.Errorf("Model = %v, want %s", err, fault.NotFound)
	}
	if page, err := r.Models(t.Context(), acme, registry.PageRequest{}); err != nil || len(page.Items) != 0 {
		t.Errorf("Models = %v, %v, want none", page.Items, err)
	}
	if _, _, err := r.Resolve(t.Context(), acme, registry.Reference{Model: "intents", Version: 1}); !fault.Is(err, fault.NotFound) {
		t.Errorf("Resolve = %v, want %s", err, fault.NotFound)
	}
	if _, err := r.UpdateModel(t.Context(), acme, "intents", registry.AnyRev, func(*registry.Model) error { return nil }); !fault.Is(err, fault.NotFound) {
		t.Errorf("UpdateModel = %v, want %s", err, fault.NotFound)
	}
}

// A name comes back without what the deleted model was, and its numbers and
// revisions go on.
func TestRegistry_DeleteModel_again(t *testing.T) {
	for _, tc := range []struct {
		name  string
		begin func(*registry.Registry) error
	}{
		{"by CreateModel", func(r *registry.Registry) error {
			_, err := r.CreateModel(t.Context(), acme, registry.Model{Name: "intents"})
			return err
		}},
		{"by EnsureModel", func(r *registry.Registry) error {
			_, err := r.EnsureModel(t.Context(), acme, "intents")
			return err
		}},
		{"by its next version", func(*registry.Registry) error { return nil }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := fresh()
			must(t)(r.CreateModel(t.Context(), acme, registry.Model{Name: "intents", Description: "old", Tags: map[string]string{"k": "v"}}))
			commit(t, r, acme, "intents", "job-1", "")
			must(t)(nil, r.DeleteModel(t.Context(), acme, "intents", 2))
			must(t)(nil, tc.begin(r))
			v, err := r.Commit(t.Context(), acme, registry.Commit{Token: "job-2", Draft: draft("intents")})
			if err != nil || v.Number != 2 {
				t.Errorf("the next version is %d, %v, want 2", v.Number, err)
			}
			m, err := r.Model(t.Context(), acme, "intents")
			if err != nil || m.Description != "" || m.Tags != nil || m.Latest != 2 || m.Rev <= 3 {
				t.Errorf("Model = %+v, %v, want a new one whose revisions go on from 3", m, err)
			}
			if page, err := r.Versions(t.Context(), acme, "intents", registry.PageRequest{}); err != nil || len(page.Items) != 1 {
				t.Errorf("Versions = %v, %v, want the new one alone", page.Items, err)
			}
		})
	}
}

// A model of more versions than one call removes goes in several.
func TestRegistry_DeleteModel_steps(t *testing.T) {
	r := fresh()
	const versions = 1030
	for i := range versions {
		must(t)(r.Commit(t.Context(), acme, registry.Commit{Token: fmt.Sprint("job-", i), Draft: draft("intents")}))
	}
	err := r.DeleteModel(t.Context(), acme, "intents", registry.AnyRev)
	if !fault.Is(err, fault.Unavailable) || reason(err) != "deletion_unfinished" || !fault.Retryable(err) {
		t.Fatalf("DeleteModel of %d versions = %v, want %s, deletion_unfinished", versions, err, fault.Unavailable)
	}
	page, err := r.Versions(t.Context(), acme, "intents", registry.PageRequest{Limit: 200})
	if n := len(page.Items); err != nil || n == 0 || n > 200 || page.Items[n-1].Number <= versions-200 {
		t.Errorf("after the first call %d versions, %v, want the newest left", n, err)
	}
	if err := r.DeleteModel(t.Context(), acme, "intents", registry.AnyRev); err != nil {
		t.Errorf("DeleteModel again = %v, want success", err)
	}
	if _, err := r.Model(t.Context(), acme, "intents"); !fault.Is(err, fault.NotFound) {
		t.Errorf("Model = %v, want %s", err, fault.NotFound)
	}
}
