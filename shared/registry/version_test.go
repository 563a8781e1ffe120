package registry_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/registry/memory"
)

func TestRegistry_Commit(t *testing.T) {
	r := fresh()
	if v, err := r.Commit(t.Context(), acme, registry.Commit{Token: "j", Draft: draft("brand-new")}); err != nil || v.Number != 1 {
		t.Errorf("Commit without a model = %d, %v, want version 1", v.Number, err)
	}
	if m, err := r.Model(t.Context(), acme, "brand-new"); err != nil || m.Latest != 1 || m.Tenant != acme || m.Rev != 1 || !m.CreatedAt.Equal(clock()) {
		t.Errorf("then Model = %+v, %v, want it made", m, err)
	}
	v := commit(t, r, acme, "intents", "job-1", registry.Champion)
	if v.Number != 1 || v.Tenant != acme || v.Rev != 1 || v.Gate.Promotion != "promoted" || !v.CreatedAt.Equal(clock()) {
		t.Errorf("Commit = %+v, want version 1, promoted", v)
	}
	got, err := r.Version(t.Context(), acme, "intents", 1)
	if err != nil || got.Artifact != v.Artifact || got.Labels[1] != "b" || got.Test["accuracy"] != .9 || got.Gate != v.Gate || got.Rev != 1 {
		t.Errorf("Version = %+v, %v, want %+v", got, err, v)
	}
	a, err := r.Alias(t.Context(), acme, "intents", registry.Champion)
	if err != nil || a.Version != 1 || a.Rev != 1 || a.UpdatedBy != "job-1" || !a.DataTime.Equal(clock()) {
		t.Errorf("Alias = %+v, %v, want version 1 by job-1", a, err)
	}
	if m, err := r.Model(t.Context(), acme, "intents"); err != nil || m.Latest != 1 || m.Task != registry.TextClassification {
		t.Errorf("Model = %+v, %v, want latest 1 and its task", m, err)
	}
	if v := commit(t, r, acme, "intents", "job-2", ""); v.Number != 2 || v.Gate.Promotion != "none" {
		t.Errorf("Commit without promotion = %+v, want version 2 and the gate as drafted", v)
	}
	for _, number := range []int{-1, 0, 3, registry.MaxVersion, registry.MaxVersion + 1} {
		if _, err := r.Version(t.Context(), acme, "intents", number); !fault.Is(err, fault.NotFound) {
			t.Errorf("Version(%d) = %v, want %s", number, err, fault.NotFound)
		}
	}
	for _, token := range []string{"", "a#b", "a/b"} {
		if _, err := r.Commit(t.Context(), acme, registry.Commit{Token: token, Draft: draft("intents")}); !fault.Is(err, fault.Internal) {
			t.Errorf("Commit with the token %q = %v, want %s", token, err, fault.Internal)
		}
	}
}

// TestRegistry_Commit_repeat makes one commit again after others followed.
func TestRegistry_Commit_repeat(t *testing.T) {
	r := fresh()
	first := commit(t, r, acme, "intents", "job-1", registry.Champion)
	commit(t, r, acme, "intents", "job-2", registry.Champion)
	again := commit(t, r, acme, "intents", "job-1", registry.Champion)
	if again.Number != first.Number {
		t.Errorf("the same commit again = version %d, want %d", again.Number, first.Number)
	}
	if a, err := r.Alias(t.Context(), acme, "intents", registry.Champion); err != nil || a.Version != 2 {
		t.Errorf("then Alias = %+v, %v, want version 2", a, err)
	}
	if m, err := r.Model(t.Context(), acme, "intents"); err != nil || m.Latest != 2 {
		t.Errorf("then Model = %+v, %v, want latest 2", m, err)
	}
}

func TestRegistry_Commit_promoteIf(t *testing.T) {
	r := fresh()
	must(t)(r.EnsureModel(t.Context(), acme, "intents"))
	newer := func(data int) registry.Commit {
		d := draft("intents")
		d.Lineage.DataTime = clock().AddDate(0, 0, data)
		return registry.Commit{
			Token: fmt.Sprint("day-", data), Draft: d, Promote: registry.Champion, By: "job",
			PromoteIf: func(current registry.Alias, exists bool) (bool, string) {
				if exists && current.DataTime.After(d.Lineage.DataTime) {
					return false, "superseded"
				}
				return true, ""
			},
		}
	}
	for _, tc := range []struct {
		day       int
		promotion string
		reason    string
		champion  int
	}{{2, "promoted", "", 1}, {1, "held", "superseded", 1}, {3, "promoted", "", 3}} {
		v, err := r.Commit(t.Context(), acme, newer(tc.day))
		if err != nil || v.Gate.Promotion != tc.promotion || v.Gate.Reason != tc.reason {
			t.Errorf("Commit of day %d = %+v, %v, want %s %s", tc.day, v.Gate, err, tc.promotion, tc.reason)
		}
		if a, err := r.Alias(t.Context(), acme, "intents", registry.Champion); err != nil || a.Version != tc.champion {
			t.Errorf("after day %d the champion is %d, %v, want %d", tc.day, a.Version, err, tc.champion)
		}
	}
	history, err := r.AliasHistory(t.Context(), acme, "intents", registry.Champion, registry.PageRequest{})
	if err != nil || len(history.Items) != 2 || history.Items[0].From != 1 || history.Items[0].To != 3 {
		t.Errorf("AliasHistory = %+v, %v, want two changes, the last from 1 to 3", history.Items, err)
	}
}

// A promotion is made over the version it was judged against, or not at all.
func TestRegistry_Commit_judged(t *testing.T) {
	r := fresh()
	commit := func(token string, judged int) (registry.Version, error) {
		return r.Commit(t.Context(), acme, registry.Commit{Token: token, Draft: draft("intents"), Promote: registry.Champion, Judged: &judged, By: "job"})
	}
	if v, err := commit("first", 0); err != nil || v.Gate.Promotion != "promoted" {
		t.Errorf("the first = %+v, %v, want it promoted", v.Gate, err)
	}
	for _, judged := range []int{0, 2} {
		_, err := commit(fmt.Sprint("other-", judged), judged)
		if e, ok := errors.AsType[*fault.Error](err); !ok || e.Code != fault.PreconditionFailed || e.Reason != "alias_moved" {
			t.Errorf("judged against %d, which the alias does not point at = %v, want alias_moved", judged, err)
		}
	}
	if m, err := r.Model(t.Context(), acme, "intents"); err != nil || m.Latest != 1 {
		t.Errorf("then Model = %+v, %v, want one version", m, err)
	}
	if v, err := commit("second", 1); err != nil || v.Number != 2 || v.Gate.Promotion != "promoted" {
		t.Errorf("judged against 1 = %+v, %v, want version 2 promoted", v, err)
	}
}

// TestRegistry_Commit_also ties a commit to a lease: invariants 9 and 11.
func TestRegistry_Commit_also(t *testing.T) {
	s := memory.New(clock)
	r := open(s)
	must(t)(r.EnsureModel(t.Context(), acme, "intents"))
	lease := registry.Record{Key: registry.JobKey(acme, "tj_1"), Body: []byte(`{"worker":"a"}`)}
	if err := s.Write(t.Context(), "lease", registry.Write{Record: lease}); err != nil {
		t.Fatal(err)
	}
	c := registry.Commit{Token: "a", Draft: draft("intents"), Promote: registry.Champion, By: "a"}
	holder := func(rev int64) func(registry.Version) []registry.Write {
		return func(v registry.Version) []registry.Write {
			done := lease
			done.Body = fmt.Appendf(nil, `{"version":%d}`, v.Number)
			return []registry.Write{{Record: done, IfRev: rev}}
		}
	}
	c.Also = holder(9)
	_, err := r.Commit(t.Context(), acme, c)
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Code != fault.PreconditionFailed || e.Reason != "superseded_attempt" {
		t.Errorf("Commit after the lease was lost = %v, want %s superseded_attempt", err, fault.PreconditionFailed)
	}
	if m, err := r.Model(t.Context(), acme, "intents"); err != nil || m.Latest != 0 {
		t.Errorf("then Model = %+v, %v, want no version", m, err)
	}
	if _, err := r.Alias(t.Context(), acme, "intents", registry.Champion); !fault.Is(err, fault.NotFound) {
		t.Errorf("then Alias = %v, want %s", err, fault.NotFound)
	}
	c.Also = holder(1)
	if v, err := r.Commit(t.Context(), acme, c); err != nil || v.Number != 1 {
		t.Errorf("Commit under the lease = %d, %v, want version 1", v.Number, err)
	}
	if rec, err := s.Get(t.Context(), lease.Key); err != nil || string(rec.Body) != `{"version":1}` {
		t.Errorf("then the job is %s, %v, want its version", rec.Body, err)
	}
	if v, err := r.Commit(t.Context(), acme, c); err != nil || v.Number != 1 {
		t.Errorf("Commit again = %d, %v, want version 1", v.Number, err)
	}
}

// TestRegistry_Commit_race mixes commits with changes of the model and of the
// alias: numbers stay dense and every commit gets through.
func TestRegistry_Commit_race(t *testing.T) {
	r := fresh()
	commit(t, r, acme, "intents", "job", registry.Champion)
	var wg sync.WaitGroup
	numbers := make([]int, 16)
	for i := range numbers {
		wg.Go(func() {
			v, err := r.Commit(t.Context(), acme, registry.Commit{Token: fmt.Sprint("job-", i), Draft: draft("intents"), Promote: registry.Champion, By: "j"})
			numbers[i] = v.Number
			if err != nil {
				t.Errorf("Commit %d = %v", i, err)
			}
		})
		wg.Go(func() {
			if _, err := r.UpdateModel(t.Context(), acme, "intents", registry.AnyRev, func(m *registry.Model) error { return nil }); err != nil {
				t.Errorf("UpdateModel %d = %v", i, err)
			}
			if _, err := r.SetAlias(t.Context(), acme, "intents", registry.Champion, 1, registry.AnyRev, "me"); err != nil {
				t.Errorf("SetAlias %d = %v", i, err)
			}
		})
	}
	wg.Wait()
	slices.Sort(numbers)
	for i, n := range numbers {
		if n != i+2 {
			t.Fatalf("versions are %v, want 2 to 17", numbers)
		}
	}
	history, err := r.AliasHistory(t.Context(), acme, "intents", registry.Champion, registry.PageRequest{Limit: 200})
	if err != nil || len(history.Items) != 33 {
		t.Fatalf("AliasHistory = %d changes, %v, want 33", len(history.Items), err)
	}
	for i, change := range history.Items[:32] {
		if before := history.Items[i+1]; change.From != before.To || change.Revision != before.Revision+1 {
			t.Errorf("change %+v does not follow %+v", change, before)
		}
	}
}

func TestRegistry_UpdateVersion(t *testing.T) {
	r := fresh()
	commit(t, r, acme, "intents", "job-1", "")
	tag := func(number int, ifRev int64) (registry.Version, error) {
		return r.UpdateVersion(t.Context(), acme, "intents", number, ifRev, func(v *registry.Version) error {
			v.Tags, v.Description = map[string]string{"stage": "blue"}, "with new labels"
			v.Number, v.Algorithm, v.Gate.Passed = 9, "other", false
			return nil
		})
	}
	v, err := tag(1, 1)
	if err != nil || v.Tags["stage"] != "blue" || v.Description == "" || v.Rev != 2 || v.Number != 1 || v.Algorithm != "linear-svm" || !v.Gate.Passed {
		t.Errorf("UpdateVersion = %+v, %v, want tags and description alone changed, at revision 2", v, err)
	}
	if got, err := r.Version(t.Context(), acme, "intents", 1); err != nil || got.Description != v.Description || got.Rev != 2 {
		t.Errorf("Version = %+v, %v, want what UpdateVersion returned", got, err)
	}
	if _, err := tag(1, 1); !fault.Is(err, fault.PreconditionFailed) {
		t.Errorf("UpdateVersion under an old revision = %v, want %s", err, fault.PreconditionFailed)
	}
	if _, err := tag(2, registry.AnyRev); !fault.Is(err, fault.NotFound) {
		t.Errorf("UpdateVersion of an absent version = %v, want %s", err, fault.NotFound)
	}
}

func TestRegistry_DeleteVersion(t *testing.T) {
	r := fresh()
	for i := range 3 {
		commit(t, r, acme, "intents", fmt.Sprint("job-", i), "")
	}
	must(t)(r.SetAlias(t.Context(), acme, "intents", "blue", 2, 0, "me"))
	if err := r.DeleteVersion(t.Context(), acme, "intents", 2, registry.AnyRev); !fault.Is(err, fault.Conflict) {
		t.Errorf("DeleteVersion under an alias = %v, want %s", err, fault.Conflict)
	}
	if err := r.DeleteVersion(t.Context(), acme, "intents", 3, 7); !fault.Is(err, fault.PreconditionFailed) {
		t.Errorf("DeleteVersion under a wrong revision = %v, want %s", err, fault.PreconditionFailed)
	}
	if err := r.DeleteVersion(t.Context(), acme, "intents", 3, 1); err != nil {
		t.Errorf("DeleteVersion = %v, want success", err)
	}
	if err := r.DeleteVersion(t.Context(), acme, "intents", 3, registry.AnyRev); !fault.Is(err, fault.NotFound) {
		t.Errorf("DeleteVersion again = %v, want %s", err, fault.NotFound)
	}
	if _, err := r.SetAlias(t.Context(), acme, "intents", "blue", 3, registry.AnyRev, "me"); !fault.Is(err, fault.NotFound) {
		t.Errorf("SetAlias to a deleted version = %v, want %s", err, fault.NotFound)
	}
	if v := commit(t, r, acme, "intents", "job-9", ""); v.Number != 4 {
		t.Errorf("the next version is %d, want 4: numbers are not used again", v.Number)
	}
}

// TestRegistry_DeleteVersion_race lets an alias and a deletion meet at one
// version: never may an alias point at nothing (invariant 28).
func TestRegistry_DeleteVersion_race(t *testing.T) {
	for round := range 50 {
		r := fresh()
		commit(t, r, acme, "intents", "job-1", "")
		var wg sync.WaitGroup
		var deleted, set error
		wg.Go(func() { deleted = r.DeleteVersion(t.Context(), acme, "intents", 1, registry.AnyRev) })
		wg.Go(func() { _, set = r.SetAlias(t.Context(), acme, "intents", "blue", 1, 0, "me") })
		wg.Wait()
		if (deleted == nil) == (set == nil) {
			t.Errorf("round %d: DeleteVersion = %v and SetAlias = %v, want one of them", round, deleted, set)
		}
	}
}
