package registry_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/registry/memory"
)

type ctx = context.Context

const acme registry.Tenant = "acme"

// clock is the time of these tests.
func clock() time.Time { return time.Date(2025, 3, 1, 12, 0, 0, 0, time.FixedZone("east", 3600)) }

var tokens atomic.Int64

// open returns a Registry on a Store.
func open(s registry.Store) *registry.Registry {
	return &registry.Registry{Store: s, Now: clock, NewToken: func() string { return fmt.Sprint("t", tokens.Add(1)) }}
}

func fresh() *registry.Registry { return open(memory.New(clock)) }

// must returns a check of calls whose result does not matter but whose success does.
func must(t *testing.T) func(any, error) {
	return func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("preparing: %v", err)
		}
	}
}

// commit makes the next version of a model, creating the model if need be.
func commit(t *testing.T, r *registry.Registry, tenant registry.Tenant, name registry.Name, token string, promote registry.AliasName) registry.Version {
	t.Helper()
	must(t)(r.EnsureModel(t.Context(), tenant, name))
	v, err := r.Commit(t.Context(), tenant, registry.Commit{Token: token, Draft: draft(name), Promote: promote, By: token})
	if err != nil {
		t.Fatalf("Commit(%s) = %v", token, err)
	}
	return v
}

func draft(name registry.Name) registry.Version {
	return registry.Version{
		Model: name, Task: registry.TextClassification, Algorithm: "linear-svm", Labels: []string{"a", "b"},
		Artifact: registry.Artifact{Key: "artifacts/acme/intents/1", Size: 7}, Gate: registry.Gate{Passed: true, Promotion: "none"},
		Test: map[string]float64{"accuracy": .9}, Lineage: registry.Lineage{Job: "tj_1", DataTime: clock().UTC()},
	}
}

func TestRegistry_models(t *testing.T) {
	r := fresh()
	if _, err := r.Model(t.Context(), acme, "intents"); !fault.Is(err, fault.NotFound) {
		t.Errorf("Model before it is there = %v, want %s", err, fault.NotFound)
	}
	m, err := r.CreateModel(t.Context(), acme, registry.Model{Name: "intents", Description: "d", Tenant: "other", Latest: 9, Tags: map[string]string{"k": "v"}})
	if err != nil || m.Tenant != acme || m.Latest != 0 || m.Rev != 1 || !m.CreatedAt.Equal(clock()) || m.CreatedAt.Location() != time.UTC {
		t.Errorf("CreateModel = %+v, %v, want acme's, without versions, in UTC", m, err)
	}
	if _, err := r.CreateModel(t.Context(), acme, registry.Model{Name: "intents"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("CreateModel again = %v, want %s", err, fault.Conflict)
	}
	if got, err := r.EnsureModel(t.Context(), acme, "intents"); err != nil || got.Description != "d" || got.Rev != 1 || got.Tags["k"] != "v" {
		t.Errorf("EnsureModel = %+v, %v, want the one there", got, err)
	}
	m, err = r.UpdateModel(t.Context(), acme, "intents", 1, func(m *registry.Model) error {
		m.Description, m.Name, m.Tenant, m.Latest = "new", "stolen", "other", 7
		return nil
	})
	if err != nil || m.Description != "new" || m.Name != "intents" || m.Tenant != acme || m.Latest != 0 || m.Rev != 2 {
		t.Errorf("UpdateModel = %+v, %v, want only the description changed", m, err)
	}
	if _, err := r.UpdateModel(t.Context(), acme, "intents", 1, func(*registry.Model) error { return nil }); !fault.Is(err, fault.PreconditionFailed) {
		t.Errorf("UpdateModel under an old revision = %v, want %s", err, fault.PreconditionFailed)
	}
	boom := errors.New("boom")
	if _, err := r.UpdateModel(t.Context(), acme, "intents", 2, func(*registry.Model) error { return boom }); !errors.Is(err, boom) {
		t.Errorf("UpdateModel with a failing change = %v, want its error", err)
	}
	if _, err := r.UpdateModel(t.Context(), "other", "intents", registry.AnyRev, func(*registry.Model) error { return nil }); !fault.Is(err, fault.NotFound) {
		t.Errorf("another tenant's UpdateModel = %v, want %s", err, fault.NotFound)
	}
	if got, err := r.Model(t.Context(), acme, "intents"); err != nil || got.Rev != 2 || got.Description != "new" {
		t.Errorf("Model = %+v, %v, want revision 2", got, err)
	}
}

// TestRegistry_UpdateModel_race increments a number in the description.
func TestRegistry_UpdateModel_race(t *testing.T) {
	r := fresh()
	must(t)(r.CreateModel(t.Context(), acme, registry.Model{Name: "intents"}))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			_, err := r.UpdateModel(t.Context(), acme, "intents", registry.AnyRev, func(m *registry.Model) error {
				m.Description += "x"
				return nil
			})
			if err != nil {
				t.Errorf("UpdateModel = %v, want success", err)
			}
		})
	}
	wg.Wait()
	if m, err := r.Model(t.Context(), acme, "intents"); err != nil || m.Description != strings.Repeat("x", 16) {
		t.Errorf("after 16 changes Model = %q, %v, want 16", m.Description, err)
	}
}

func TestRegistry_pages(t *testing.T) {
	r := fresh()
	for i := range 57 {
		if i > 0 { // the model intents is the first
			must(t)(r.CreateModel(t.Context(), acme, registry.Model{Name: registry.Name(fmt.Sprintf("m%02d", i))}))
		}
		must(t)(r.CreateDataset(t.Context(), acme, registry.Dataset{ID: fmt.Sprintf("ds_%02d", i)}))
		commit(t, r, acme, "intents", fmt.Sprint("job-", i), registry.Champion)
	}
	must(t)(r.CreateModel(t.Context(), "other", registry.Model{Name: "m57"}))
	c := t.Context()
	for name, list := range map[string]func(registry.PageRequest) ([]string, string, error){
		"Models": func(p registry.PageRequest) ([]string, string, error) {
			page, err := r.Models(c, acme, p)
			return strs(page.Items, func(m registry.Model) string { return string(m.Name) }), page.Next, err
		},
		"Datasets": func(p registry.PageRequest) ([]string, string, error) {
			page, err := r.Datasets(c, acme, p)
			return strs(page.Items, func(d registry.Dataset) string { return d.ID }), page.Next, err
		},
		"Versions": func(p registry.PageRequest) ([]string, string, error) {
			page, err := r.Versions(c, acme, "intents", p)
			return strs(page.Items, func(v registry.Version) string { return fmt.Sprint(v.Number) }), page.Next, err
		},
		"AliasHistory": func(p registry.PageRequest) ([]string, string, error) {
			page, err := r.AliasHistory(c, acme, "intents", registry.Champion, p)
			return strs(page.Items, func(a registry.AliasChange) string { return fmt.Sprint(a.Revision) }), page.Next, err
		},
	} {
		for _, limit := range []int{0, 1, 20, 57, 500} {
			seen := map[string]bool{}
			p := registry.PageRequest{Limit: limit}
			for {
				items, next, err := list(p)
				if err != nil {
					t.Fatalf("%s(%+v) = %v", name, p, err)
				}
				for _, id := range items {
					if seen[id] {
						t.Errorf("%s by %d shows %s twice", name, limit, id)
					}
					seen[id] = true
				}
				if p.After = next; next == "" {
					break
				}
			}
			if len(seen) != 57 {
				t.Errorf("%s by %d shows %d items, want 57", name, limit, len(seen))
			}
		}
		if items, _, err := list(registry.PageRequest{}); err != nil || len(items) != 50 {
			t.Errorf("%s without a limit = %d items, %v, want 50", name, len(items), err)
		}
		if _, _, err := list(registry.PageRequest{After: "../#x"}); !fault.Is(err, fault.Malformed) {
			t.Errorf("%s after a forged cursor = %v, want %s", name, err, fault.Malformed)
		}
	}
}

func strs[T any](items []T, name func(T) string) []string {
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = name(item)
	}
	return out
}

func TestRegistry_datasets(t *testing.T) {
	r := fresh()
	d, err := r.CreateDataset(t.Context(), acme, registry.Dataset{ID: "ds_1", Status: "awaiting_upload", Tenant: "other"})
	if err != nil || d.Tenant != acme || d.Rev != 1 {
		t.Errorf("CreateDataset = %+v, %v, want acme's", d, err)
	}
	if _, err := r.CreateDataset(t.Context(), acme, registry.Dataset{ID: "ds_1"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("CreateDataset again = %v, want %s", err, fault.Conflict)
	}
	for _, id := range []string{"", "ds_", "x", "ds_a#b", "ds_a/b", "ds_" + strings.Repeat("a", 65)} {
		if _, err := r.CreateDataset(t.Context(), acme, registry.Dataset{ID: id}); !fault.Is(err, fault.Invalid) {
			t.Errorf("CreateDataset(%q) = %v, want %s", id, err, fault.Invalid)
		}
		if _, err := r.Dataset(t.Context(), acme, id); !fault.Is(err, fault.NotFound) {
			t.Errorf("Dataset(%q) = %v, want %s", id, err, fault.NotFound)
		}
	}
	d, err = r.UpdateDataset(t.Context(), acme, "ds_1", registry.AnyRev, func(d *registry.Dataset) error {
		d.Status, d.ID = "ready", "ds_2"
		return nil
	})
	if err != nil || d.Status != "ready" || d.ID != "ds_1" || d.Rev != 2 {
		t.Errorf("UpdateDataset = %+v, %v, want ready under its id", d, err)
	}
	if _, err := r.UpdateDataset(t.Context(), acme, "ds_1", 1, func(*registry.Dataset) error { return nil }); !fault.Is(err, fault.PreconditionFailed) {
		t.Errorf("UpdateDataset under an old revision = %v, want %s", err, fault.PreconditionFailed)
	}
	if _, err := r.Dataset(t.Context(), "other", "ds_1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("another tenant's Dataset = %v, want %s", err, fault.NotFound)
	}
}

// TestRegistry_newerRecords reads what a later release has written.
func TestRegistry_newerRecords(t *testing.T) {
	s := memory.New(clock)
	r := open(s)
	must(t)(r.CreateModel(t.Context(), acme, registry.Model{Name: "intents"}))
	page, _, err := s.Query(t.Context(), registry.Query{Partition: "acme#MODELS", Limit: 1})
	if err != nil || len(page) != 1 {
		t.Fatalf("Query = %v, %v", page, err)
	}
	rec := page[0]
	rec.Body = []byte(`{"name":"intents","latest":0,"hologram":{"a":[1]}}`)
	if err := s.Write(t.Context(), "w", registry.Write{Record: rec, IfRev: 1}); err != nil {
		t.Fatal(err)
	}
	if m, err := r.Model(t.Context(), acme, "intents"); err != nil || m.Name != "intents" || m.Rev != 2 {
		t.Errorf("Model with an unknown field = %+v, %v, want it read", m, err)
	}
	rec.Body = []byte(`{"name":7}`)
	if err := s.Write(t.Context(), "w2", registry.Write{Record: rec, IfRev: 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Model(t.Context(), acme, "intents"); !fault.Is(err, fault.Internal) {
		t.Errorf("Model of a damaged record = %v, want %s", err, fault.Internal)
	}
}

func ExampleRegistry_Resolve() {
	r := &registry.Registry{Store: memory.New(clock), Now: clock, NewToken: func() string { return fmt.Sprint(tokens.Add(1)) }}
	bg := context.Background()
	if _, err := r.EnsureModel(bg, "acme", "intents"); err != nil {
		fmt.Println(err)
		return
	}
	for _, job := range []string{"tj_1-1", "tj_2-1"} {
		c := registry.Commit{Token: job, Draft: registry.Version{Model: "intents"}, Promote: registry.Champion, By: job}
		if _, err := r.Commit(bg, "acme", c); err != nil {
			fmt.Println(err)
			return
		}
	}
	for _, text := range []string{"intents", "intents@champion", "intents/versions/1", "intents@blue"} {
		ref, err := registry.ParseReference(text)
		if err != nil {
			fmt.Println(err)
			return
		}
		v, variant, err := r.Resolve(bg, "acme", ref)
		if err != nil {
			fmt.Println(text, "->", fault.CodeOf(err))
			continue
		}
		fmt.Println(text, "->", v.Number, variant)
	}
	// Output:
	// intents -> 2 champion
	// intents@champion -> 2 champion
	// intents/versions/1 -> 1 versions/1
	// intents@blue -> not_found
}
