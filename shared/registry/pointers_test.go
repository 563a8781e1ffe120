package registry_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// world is a registry under random changes, and what must be true of it.
type world struct {
	*registry.Registry
	commits int
	numbers int // the newest version number ever seen
}

// TestRegistry_pointers changes one model at random: whatever is done in
// whatever order, no pointer ever leads nowhere (invariants 1 and 28), histories
// are chains (7) and numbers only rise (9).
func TestRegistry_pointers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{Registry: fresh()}
		aliases := rapid.SampledFrom([]registry.AliasName{registry.Champion, "blue"})
		version := rapid.IntRange(1, 6)
		t.Repeat(map[string]func(*rapid.T){
			"commit": func(t *rapid.T) {
				w.commits++
				c := registry.Commit{Token: fmt.Sprint("job-", w.commits), Draft: draft("intents"), By: "job"}
				if rapid.Bool().Draw(t, "promote") {
					c.Promote = registry.Champion
				}
				v, err := w.Commit(t.Context(), acme, c)
				if err != nil || v.Number != w.numbers+1 {
					t.Fatalf("Commit = version %d, %v, want %d", v.Number, err, w.numbers+1)
				}
				w.numbers++
			},
			"set alias": func(t *rapid.T) {
				_, err := w.SetAlias(t.Context(), acme, "intents", aliases.Draw(t, "alias"), version.Draw(t, "version"), registry.AnyRev, "me")
				allow(t, err, fault.NotFound)
			},
			"delete alias": func(t *rapid.T) {
				allow(t, w.DeleteAlias(t.Context(), acme, "intents", aliases.Draw(t, "alias"), registry.AnyRev, "me"), fault.NotFound, fault.Conflict)
			},
			"roll back": func(t *rapid.T) {
				_, err := w.RollbackAlias(t.Context(), acme, "intents", aliases.Draw(t, "alias"), rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "to"), registry.AnyRev, "me")
				allow(t, err, fault.NotFound, fault.Conflict)
			},
			"set route": func(t *rapid.T) {
				route := registry.Route{
					Targets: []registry.Target{{Pick: registry.Pick{Alias: aliases.Draw(t, "alias")}, Weight: 1}, {Pick: registry.Pick{Version: version.Draw(t, "target")}, Weight: 1}},
					Shadow:  []registry.Shadow{{Pick: registry.Pick{Version: version.Draw(t, "shadow")}, Percent: 1}},
				}
				_, err := w.SetRoute(t.Context(), acme, "intents", route, registry.AnyRev, "me")
				allow(t, err, fault.Invalid)
			},
			"delete route": func(t *rapid.T) {
				allow(t, w.DeleteRoute(t.Context(), acme, "intents", registry.AnyRev, "me"), fault.NotFound)
			},
			"delete version": func(t *rapid.T) {
				allow(t, w.DeleteVersion(t.Context(), acme, "intents", version.Draw(t, "version"), registry.AnyRev), fault.NotFound, fault.Conflict)
			},
			"delete model": func(t *rapid.T) {
				allow(t, w.DeleteModel(t.Context(), acme, "intents", registry.AnyRev), fault.NotFound, fault.Conflict)
			},
			"": func(t *rapid.T) { w.check(t) },
		})
	})
}

// meddling is a Store before one of whose writes somebody else acts: the worst
// moment, after everything was read.
type meddling struct {
	registry.Store
	writes int // made undisturbed before that one
	act    func()
}

func (m *meddling) Write(c ctx, token string, writes ...registry.Write) error {
	if m.writes--; m.writes < 0 && m.act != nil {
		act := m.act
		m.act = nil
		act()
	}
	return m.Store.Write(c, token, writes...)
}

// changes are what may happen to the model intents and its alias blue.
func changes(c ctx) map[string]func(*registry.Registry) error {
	set := func(alias registry.AliasName, version int) func(*registry.Registry) error {
		return func(r *registry.Registry) error {
			_, err := r.SetAlias(c, acme, "intents", alias, version, registry.AnyRev, "me")
			return err
		}
	}
	remove := func(version int) func(*registry.Registry) error {
		return func(r *registry.Registry) error {
			return r.DeleteVersion(c, acme, "intents", version, registry.AnyRev)
		}
	}
	return map[string]func(*registry.Registry) error{
		"set alias": set("green", 2), "move alias": set("blue", 3),
		"delete version": remove(2), "delete former version": remove(1),
		"delete alias": func(r *registry.Registry) error {
			return r.DeleteAlias(c, acme, "intents", "blue", registry.AnyRev, "me")
		},
		"roll back": func(r *registry.Registry) error {
			_, err := r.RollbackAlias(c, acme, "intents", "blue", 0, registry.AnyRev, "me")
			return err
		},
		"set route": func(r *registry.Registry) error {
			route := registry.Route{Targets: []registry.Target{{Pick: registry.Pick{Version: 2}, Weight: 1}, {Pick: registry.Pick{Alias: "blue"}, Weight: 1}}}
			_, err := r.SetRoute(c, acme, "intents", route, registry.AnyRev, "me")
			return err
		},
		"delete model": func(r *registry.Registry) error { return r.DeleteModel(c, acme, "intents", registry.AnyRev) },
		"tag version": func(r *registry.Registry) error {
			_, err := r.UpdateVersion(c, acme, "intents", 2, registry.AnyRev, func(v *registry.Version) error { v.Description = "x"; return nil })
			return err
		},
		"commit": func(r *registry.Registry) error {
			_, err := r.Commit(c, acme, registry.Commit{Token: "late", Draft: draft("intents"), Promote: "blue"})
			return err
		},
	}
}

// TestRegistry_meddling makes each change while another one comes in between its
// reads and its first or second write. Both may succeed, or one be refused; what
// must be true of pointers stays true.
func TestRegistry_meddling(t *testing.T) {
	for first, change := range changes(t.Context()) {
		for second, other := range changes(t.Context()) {
			for at := range 2 {
				t.Run(fmt.Sprintf("%s into %s at write %d", first, second, at), func(t *testing.T) {
					w := &world{Registry: fresh(), numbers: 3}
					for i := range w.numbers {
						commit(t, w.Registry, acme, "intents", fmt.Sprint("job-", i), "")
					}
					if second != "delete model" && first != "delete model" {
						must(t)(nil, changes(t.Context())["move alias"](w.Registry))
						must(t)(w.SetAlias(t.Context(), acme, "intents", "blue", 1, registry.AnyRev, "me"))
					}
					m := &meddling{Store: w.Store, writes: at}
					m.act = func() { allow(t, change(w.Registry), fault.NotFound, fault.Conflict, fault.Invalid) }
					after := other(open(m))
					allow(t, after, fault.NotFound, fault.Conflict, fault.Invalid, fault.PreconditionFailed)
					if first == "commit" && m.act == nil || second == "commit" && after == nil {
						w.numbers++ // a commit into itself is one: both bear one token
					}
					moved := m.act == nil && (first == "move alias" || first == "roll back" || first == "commit")
					if second == "roll back" && moved && after == nil {
						t.Error("roll back of an alias that moved meanwhile = success, want it refused")
					}
					w.check(t)
				})
			}
		}
	}
}

// tester is what tests and properties have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Context() ctx
}

// allow fails unless err is nil or carries one of the codes.
func allow(t tester, err error, codes ...fault.Code) {
	t.Helper()
	for _, code := range codes {
		if fault.Is(err, code) {
			return
		}
	}
	if err != nil {
		t.Fatalf("error %v, want none or one of %v", err, codes)
	}
}

// check holds what must be true after every change.
func (w *world) check(t tester) {
	all, err := w.Aliases(t.Context(), acme, "intents")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if _, err := w.Version(t.Context(), acme, "intents", a.Version); err != nil {
			t.Fatalf("the alias %s points at version %d: %v", a.Name, a.Version, err)
		}
	}
	route, err := w.Route(t.Context(), acme, "intents")
	if err != nil && !fault.Is(err, fault.NotFound) {
		t.Fatal(err)
	}
	for _, target := range route.Targets {
		if _, _, err := w.Resolve(t.Context(), acme, target.Of("intents")); err != nil {
			t.Fatalf("the route leads to %s: %v", target, err)
		}
	}
	for _, shadow := range route.Shadow {
		if _, _, err := w.Resolve(t.Context(), acme, shadow.Of("intents")); err != nil {
			t.Fatalf("the route shadows %s: %v", shadow, err)
		}
	}
	for _, name := range []registry.AliasName{registry.Champion, "blue"} {
		history, err := w.AliasHistory(t.Context(), acme, "intents", name, registry.PageRequest{Limit: 200})
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i < len(history.Items); i++ {
			if after, before := history.Items[i-1], history.Items[i]; after.From != before.To || after.Revision != before.Revision+1 {
				t.Fatalf("change %+v does not follow %+v", after, before)
			}
		}
	}
	m, err := w.Model(t.Context(), acme, "intents")
	if err == nil && m.Latest != w.numbers {
		t.Fatalf("Latest = %d, want %d", m.Latest, w.numbers)
	}
	versions, listErr := w.Versions(t.Context(), acme, "intents", registry.PageRequest{})
	if listErr != nil || fault.Is(err, fault.NotFound) && len(versions.Items) > 0 {
		t.Fatalf("%d versions, %v, of a model that is gone", len(versions.Items), listErr)
	}
}
