package registry_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

func TestRegistry_aliases(t *testing.T) {
	r := fresh()
	for i := range 3 {
		commit(t, r, acme, "intents", fmt.Sprint("job-", i), "")
	}
	set := func(version int, ifRev int64) (registry.Alias, error) {
		return r.SetAlias(t.Context(), acme, "intents", "blue", version, ifRev, "key-1")
	}
	if _, err := set(1, 1); !fault.Is(err, fault.PreconditionFailed) {
		t.Errorf("SetAlias of none under revision 1 = %v, want %s", err, fault.PreconditionFailed)
	}
	if _, err := set(4, 0); !fault.Is(err, fault.NotFound) {
		t.Errorf("SetAlias to an absent version = %v, want %s", err, fault.NotFound)
	}
	a, err := set(1, 0)
	if err != nil || a.Version != 1 || a.Rev != 1 || a.UpdatedBy != "key-1" || !a.DataTime.Equal(clock()) {
		t.Errorf("SetAlias = %+v, %v, want version 1", a, err)
	}
	if _, err := set(2, 0); !fault.Is(err, fault.PreconditionFailed) {
		t.Errorf("SetAlias where there is one = %v, want %s", err, fault.PreconditionFailed)
	}
	if a, err := set(2, 1); err != nil || a.Rev != 2 {
		t.Errorf("SetAlias under its revision = %+v, %v, want revision 2", a, err)
	}
	if a, err := set(3, registry.AnyRev); err != nil || a.Rev != 3 {
		t.Errorf("SetAlias under any revision = %+v, %v, want revision 3", a, err)
	}
	if err := r.DeleteAlias(t.Context(), acme, "intents", "blue", 2, "key-2"); !fault.Is(err, fault.PreconditionFailed) {
		t.Errorf("DeleteAlias under an old revision = %v, want %s", err, fault.PreconditionFailed)
	}
	if err := r.DeleteAlias(t.Context(), acme, "intents", "blue", 3, "key-2"); err != nil {
		t.Errorf("DeleteAlias = %v, want success", err)
	}
	if err := r.DeleteAlias(t.Context(), acme, "intents", "blue", registry.AnyRev, "key-2"); !fault.Is(err, fault.NotFound) {
		t.Errorf("DeleteAlias again = %v, want %s", err, fault.NotFound)
	}
	if _, err := r.Alias(t.Context(), acme, "intents", "blue"); !fault.Is(err, fault.NotFound) {
		t.Errorf("Alias after its deletion = %v, want %s", err, fault.NotFound)
	}
	if all, err := r.Aliases(t.Context(), acme, "intents"); err != nil || len(all) != 0 {
		t.Errorf("Aliases after the deletion = %v, %v, want none", all, err)
	}
	for _, old := range []int64{1, 3, 4} { // an ETag from before must not match again
		if _, err := set(1, old); !fault.Is(err, fault.PreconditionFailed) {
			t.Errorf("SetAlias after a deletion under revision %d = %v, want %s", old, err, fault.PreconditionFailed)
		}
	}
	if a, err := set(1, 0); err != nil || a.Rev != 5 {
		t.Errorf("SetAlias anew = %+v, %v, want revision 5: revisions only rise", a, err)
	}
	history, err := r.AliasHistory(t.Context(), acme, "intents", "blue", registry.PageRequest{})
	got := ""
	for _, c := range history.Items {
		got += fmt.Sprintf("%d:%d>%d ", c.Revision, c.From, c.To)
	}
	if want := "5:0>1 4:3>0 3:2>3 2:1>2 1:0>1 "; err != nil || got != want {
		t.Errorf("AliasHistory = %s, %v, want %s", got, err, want)
	}
}

func TestRegistry_Aliases(t *testing.T) {
	r := fresh()
	commit(t, r, acme, "intents", "job-1", registry.Champion)
	for i := range 230 {
		must(t)(r.SetAlias(t.Context(), acme, "intents", registry.AliasName(fmt.Sprintf("a%03d", i)), 1, 0, "me"))
	}
	must(t)(r.EnsureModel(t.Context(), acme, "intents2"))
	all, err := r.Aliases(t.Context(), acme, "intents")
	if err != nil || len(all) != 231 || all[0].Name != "a000" || all[230].Name != registry.Champion || all[7].Rev != 1 {
		t.Errorf("Aliases = %d, %v, want 231 by name", len(all), err)
	}
	if other, err := r.Aliases(t.Context(), acme, "intents2"); err != nil || len(other) != 0 {
		t.Errorf("Aliases of another model = %v, %v, want none", other, err)
	}
}

// TestRegistry_SetAlias_race: of promotions from one revision one wins and
// leaves one history entry (invariant 7).
func TestRegistry_SetAlias_race(t *testing.T) {
	r := fresh()
	for i := range 16 {
		commit(t, r, acme, "intents", fmt.Sprint("job-", i), "")
	}
	for round := range int64(4) {
		var wg sync.WaitGroup
		var won atomic.Int64
		for i := range 16 {
			wg.Go(func() {
				_, err := r.SetAlias(t.Context(), acme, "intents", registry.Champion, i+1, round, "me")
				if err == nil {
					won.Add(1)
				} else if !fault.Is(err, fault.PreconditionFailed) {
					t.Errorf("SetAlias = %v, want success or %s", err, fault.PreconditionFailed)
				}
			})
		}
		wg.Wait()
		history, err := r.AliasHistory(t.Context(), acme, "intents", registry.Champion, registry.PageRequest{})
		a, aliasErr := r.Alias(t.Context(), acme, "intents", registry.Champion)
		if err != nil || aliasErr != nil || won.Load() != 1 || len(history.Items) != int(round)+1 || history.Items[0].To != a.Version {
			t.Errorf("round %d: %d winners, %d history entries, alias %d, want one more of each", round, won.Load(), len(history.Items), a.Version)
		}
	}
}

func TestRegistry_Resolve(t *testing.T) {
	r := fresh()
	ref := func(s string) registry.Reference {
		t.Helper()
		out, err := registry.ParseReference(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	resolve := func(s, want string, code fault.Code) {
		t.Helper()
		v, variant, err := r.Resolve(t.Context(), acme, ref(s))
		if got := fmt.Sprintf("%d %s", v.Number, variant); fault.CodeOf(err) != code || code == "" && got != want {
			t.Errorf("Resolve(%s) = %s, %v, want %s %s", s, got, err, want, code)
		}
	}
	resolve("intents", "", fault.NotFound)
	must(t)(r.EnsureModel(t.Context(), acme, "intents"))
	resolve("intents", "", fault.NotFound)
	for i, passed := range []bool{true, true, false} {
		d := draft("intents")
		d.Gate.Passed = passed
		must(t)(r.Commit(t.Context(), acme, registry.Commit{Token: fmt.Sprint("j", i), Draft: d}))
	}
	resolve("intents", "2 latest", "") // 3 did not pass its gate
	resolve("intents/versions/3", "3 versions/3", "")
	resolve("intents/versions/4", "", fault.NotFound)
	resolve("intents@champion", "", fault.NotFound)
	must(t)(r.SetAlias(t.Context(), acme, "intents", registry.Champion, 1, 0, "me"))
	must(t)(r.SetAlias(t.Context(), acme, "intents", "blue", 3, 0, "me"))
	resolve("intents", "1 champion", "")
	resolve("intents@champion", "1 champion", "")
	resolve("intents@blue", "3 blue", "")
	if err := r.DeleteAlias(t.Context(), acme, "intents", registry.Champion, registry.AnyRev, "me"); err != nil {
		t.Fatal(err)
	}
	resolve("intents", "2 latest", "")
	if _, _, err := r.Resolve(t.Context(), "other", ref("intents/versions/1")); !fault.Is(err, fault.NotFound) {
		t.Errorf("another tenant's Resolve = %v, want %s", err, fault.NotFound)
	}
}
