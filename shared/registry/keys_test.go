package registry_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/shared/blob"
	"godwit/shared/registry"
	"godwit/shared/registry/memory"
)

// spy notes the partitions of all records a Registry writes.
type spy struct {
	registry.Store
	keys []registry.Key
}

func (s *spy) Write(ctx ctx, token string, writes ...registry.Write) error {
	for _, w := range writes {
		s.keys = append(s.keys, w.Record.Key)
		if w.Record.Index != (registry.Key{}) {
			s.keys = append(s.keys, w.Record.Index)
		}
	}
	return s.Store.Write(ctx, token, writes...)
}

// TestKeys_tenantFirst does everything a tenant can do and looks where it went.
func TestKeys_tenantFirst(t *testing.T) {
	s := &spy{Store: memory.New(time.Now)}
	r := open(s)
	commit(t, r, "acme", "intents", "job-1", registry.Champion)
	must(t)(r.SetAlias(t.Context(), "acme", "intents", "blue", 1, 0, "me"))
	must(t)(r.SetRoute(t.Context(), "acme", "intents", registry.Route{Targets: []registry.Target{to("@blue", 1)}}, 0, "me"))
	must(t)(r.SetAlias(t.Context(), "acme", "intents", "blue", commit(t, r, "acme", "intents", "job-2", "").Number, 1, "me"))
	must(t)(r.RollbackAlias(t.Context(), "acme", "intents", "blue", 0, 2, "me"))
	must(t)(nil, r.DeleteVersion(t.Context(), "acme", "intents", 2, registry.AnyRev))
	must(t)(r.CreateDataset(t.Context(), "acme", registry.Dataset{ID: "ds_1", Model: "intents"}))
	at := time.Unix(1, 5).UTC()
	s.keys = append(s.keys, registry.JobKey("acme", "tj_1"), registry.EventKey("acme", "tj_1", 1), registry.JobIndex("acme", at, "tj_1"))
	for _, k := range s.keys {
		if !strings.HasPrefix(k.Partition, "acme#") {
			t.Errorf("the key %v does not begin with its tenant", k)
		}
	}
	if len(s.keys) < 12 {
		t.Errorf("%d records written, want all kinds", len(s.keys))
	}
	for _, k := range []registry.Key{registry.APIKeyKey("ab"), registry.SecretKey("tokens")} {
		tenant, _, _ := strings.Cut(k.Partition, "#")
		if _, err := registry.ParseTenant(tenant); err == nil {
			t.Errorf("the key %v could be a tenant's", k)
		}
	}
}

// TestKeys_order checks that byte order is the order of numbers and times.
func TestKeys_order(t *testing.T) {
	var events, jobs []string
	for _, n := range []int{1, 2, 9, 10, 99, 100, 1_000_000_000} {
		events = append(events, registry.EventKey("acme", "tj", n).Sort)
		jobs = append(jobs, registry.JobIndex("acme", time.Unix(int64(n), 0), "tj").Sort, registry.JobIndex("acme", time.Unix(int64(n), 10_000_000), "tj").Sort)
	}
	if !slices.IsSorted(events) || !slices.IsSorted(jobs) {
		t.Errorf("sort keys are out of order: %q, %q", events, jobs)
	}
	east := time.FixedZone("east", 8*3600)
	if a, b := registry.JobIndex("acme", time.Unix(5, 0).In(east), "x"), registry.JobIndex("acme", time.Unix(5, 0).UTC(), "x"); a != b {
		t.Errorf("JobIndex differs by time zone: %v, %v", a, b)
	}
}

func TestExportObject(t *testing.T) {
	hex := strings.Repeat("0a", 32)
	got := registry.ExportObject("acme", "intents", blob.Digest("sha256:"+hex), "onnx")
	if want := "exports/acme/intents/" + hex + ".onnx"; got != want {
		t.Errorf("ExportObject = %q, want %q", got, want)
	}
}
