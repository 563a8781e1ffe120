package registry_test

import (
	"errors"
	"fmt"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// reason is the refinement an error carries, or its code.
func reason(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Reason != "" {
		return e.Reason
	}
	return string(fault.CodeOf(err))
}

// Steps of these stories: a number promotes by hand, "-" deletes the alias, "<"
// takes back, "<3" goes back to version 3. want is where each rollback ends, or
// why it does not.
func TestRegistry_RollbackAlias(t *testing.T) {
	for _, tc := range []struct {
		name  string
		steps []string
		want  []string
	}{
		{"one step", []string{"1", "2", "<"}, []string{"1"}},
		{"further back each time", []string{"1", "2", "3", "<", "<", "<"}, []string{"2", "1", "no_previous_version"}},
		{"no going back and forth", []string{"1", "2", "1", "<", "<", "<"}, []string{"2", "1", "no_previous_version"}},
		{"a promotion after a rollback", []string{"1", "2", "<", "3", "<", "<"}, []string{"1", "1", "no_previous_version"}},
		{"the same version promoted again", []string{"1", "2", "2", "<"}, []string{"1"}},
		{"over a deletion", []string{"1", "-", "2", "<"}, []string{"1"}},
		{"the first version", []string{"1", "<"}, []string{"no_previous_version"}},
		{"by name, then further", []string{"1", "2", "3", "4", "<2", "<"}, []string{"2", "1"}},
		{"by name to one that never served", []string{"1", "2", "<4"}, []string{"4"}},
		{"by name to where it is", []string{"1", "2", "<2"}, []string{"alias_unchanged"}},
		{"by name to none", []string{"1", "2", "<9"}, []string{"not_found"}},
		{"no alias", []string{"1", "-", "<"}, []string{"not_found"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := fresh()
			for i := range 4 {
				commit(t, r, acme, "intents", fmt.Sprint("job-", i), "")
			}
			var got []string
			for _, step := range tc.steps {
				var to int
				switch _, err := fmt.Sscanf(step, "<%d", &to); {
				case step == "-":
					must(t)(nil, r.DeleteAlias(t.Context(), acme, "intents", "blue", registry.AnyRev, "me"))
				case err == nil || step == "<":
					a, err := r.RollbackAlias(t.Context(), acme, "intents", "blue", to, registry.AnyRev, "me")
					if err != nil {
						got = append(got, reason(err))
					} else {
						got = append(got, fmt.Sprint(a.Version))
					}
				default:
					fmt.Sscan(step, &to)
					must(t)(r.SetAlias(t.Context(), acme, "intents", "blue", to, registry.AnyRev, "me"))
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(tc.want) {
				t.Errorf("%v = %v, want %v", tc.steps, got, tc.want)
			}
		})
	}
}

func TestRegistry_RollbackAlias_history(t *testing.T) {
	r := fresh()
	for i := range 2 {
		commit(t, r, acme, "intents", fmt.Sprint("job-", i), registry.Champion)
	}
	a, err := r.RollbackAlias(t.Context(), acme, "intents", registry.Champion, 0, 2, "key-9")
	if err != nil || a.Version != 1 || a.Rev != 3 || a.UpdatedBy != "key-9" {
		t.Fatalf("RollbackAlias = %+v, %v, want version 1 at revision 3", a, err)
	}
	history, err := r.AliasHistory(t.Context(), acme, "intents", registry.Champion, registry.PageRequest{})
	if err != nil || len(history.Items) != 3 {
		t.Fatalf("AliasHistory = %v, %v, want 3 entries", history.Items, err)
	}
	if c := history.Items[0]; !c.Rollback || c.From != 2 || c.To != 1 || c.Restores != 1 || c.By != "key-9" {
		t.Errorf("the newest entry is %+v, want a rollback from 2 to 1 that restores revision 1", c)
	}
	for _, c := range history.Items[1:] {
		if c.Rollback {
			t.Errorf("%+v is marked as a rollback, want only the newest", c)
		}
	}
	if _, err := r.RollbackAlias(t.Context(), acme, "intents", registry.Champion, 2, 2, "me"); !fault.Is(err, fault.PreconditionFailed) {
		t.Errorf("RollbackAlias under an old revision = %v, want %s", err, fault.PreconditionFailed)
	}
	must(t)(r.RollbackAlias(t.Context(), acme, "intents", registry.Champion, 2, 3, "me"))
	must(t)(nil, r.DeleteVersion(t.Context(), acme, "intents", 1, registry.AnyRev))
	if _, err := r.RollbackAlias(t.Context(), acme, "intents", registry.Champion, 0, 4, "me"); !fault.Is(err, fault.Conflict) || reason(err) != "deleted" {
		t.Errorf("RollbackAlias to a deleted version = %v, want %s, deleted", err, fault.Conflict)
	}
	if a, err := r.Alias(t.Context(), acme, "intents", registry.Champion); err != nil || a.Version != 2 || a.Rev != 4 {
		t.Errorf("Alias after refused rollbacks = %+v, %v, want version 2 at revision 4", a, err)
	}
}
