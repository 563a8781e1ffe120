package registry_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// to is a target of a route.
func to(ref string, weight int) registry.Target {
	p, err := registry.ParsePick(ref)
	if err != nil {
		panic(err) // a mistake in a test's table
	}
	return registry.Target{Pick: p, Weight: weight}
}

func TestParsePick(t *testing.T) {
	for _, tc := range []struct {
		in, want string // want is the form shown, "" an error
	}{
		{"@champion", "@champion"}, {"champion", "@champion"}, {"versions/7", "versions/7"}, {"7", "versions/7"},
		{"", ""}, {"@", ""}, {"@latest", ""}, {"v7", ""}, {"versions/0", ""}, {"versions/07", ""}, {"07", ""}, {"-1", "@-1"},
		{"@@champion", ""}, {"versions/", ""}, {"versions/7/x", ""}, {"@a b", ""}, {"@ünder", ""}, {"2000000001", ""},
	} {
		p, err := registry.ParsePick(tc.in)
		if tc.want == "" {
			if !fault.Is(err, fault.Invalid) || p != (registry.Pick{}) {
				t.Errorf("ParsePick(%q) = %v, %v, want %s", tc.in, p, err, fault.Invalid)
			}
			continue
		}
		if err != nil || p.String() != tc.want {
			t.Errorf("ParsePick(%q) = %v, %v, want %s", tc.in, p, err, tc.want)
		}
	}
}

func FuzzParsePick(f *testing.F) {
	for _, s := range []string{"@champion", "versions/7", "7", "", "@", "versions/", "v7"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := registry.ParsePick(s)
		if err != nil {
			return
		}
		if (p.Alias == "") == (p.Version == 0) {
			t.Errorf("ParsePick(%q) = %+v, want exactly one field", s, p)
		}
		if again, err := registry.ParsePick(p.String()); err != nil || again != p {
			t.Errorf("ParsePick(%q) = %v, %v, want %v: what is shown reads back", p.String(), again, err, p)
		}
	})
}

func TestRegistry_SetRoute(t *testing.T) {
	r := fresh()
	for i := range 2 {
		commit(t, r, acme, "intents", fmt.Sprint("job-", i), registry.Champion)
	}
	route := registry.Route{
		Targets: []registry.Target{to("@champion", 95), to("versions/1", 5)}, Sticky: "user", Tenant: "other", Rev: 9,
		Shadow: []registry.Shadow{{Pick: registry.Pick{Version: 2}, Percent: 20}},
	}
	set := func(ifRev int64) (registry.Route, error) {
		return r.SetRoute(t.Context(), acme, "intents", route, ifRev, "key-1")
	}
	if _, err := r.Route(t.Context(), acme, "intents"); !fault.Is(err, fault.NotFound) {
		t.Errorf("Route before it is there = %v, want %s", err, fault.NotFound)
	}
	if _, err := set(1); !fault.Is(err, fault.PreconditionFailed) {
		t.Errorf("SetRoute of none under revision 1 = %v, want %s", err, fault.PreconditionFailed)
	}
	got, err := set(0)
	if err != nil || got.Tenant != acme || got.Model != "intents" || got.Rev != 1 || got.UpdatedBy != "key-1" || !got.UpdatedAt.Equal(clock()) {
		t.Errorf("SetRoute = %+v, %v, want acme's at revision 1", got, err)
	}
	if _, err := set(0); !fault.Is(err, fault.PreconditionFailed) {
		t.Errorf("SetRoute where there is one = %v, want %s", err, fault.PreconditionFailed)
	}
	if got, err := set(1); err != nil || got.Rev != 2 {
		t.Errorf("SetRoute under its revision = %+v, %v, want revision 2", got, err)
	}
	if got, err := set(registry.AnyRev); err != nil || got.Rev != 3 {
		t.Errorf("SetRoute under any revision = %+v, %v, want revision 3", got, err)
	}
	if got, err := r.Route(t.Context(), acme, "intents"); err != nil || got.Rev != 3 || fmt.Sprint(got.Targets, got.Shadow, got.Sticky) != fmt.Sprint(route.Targets, route.Shadow, "user") {
		t.Errorf("Route = %+v, %v, want what was set", got, err)
	}
	if _, err := r.Route(t.Context(), "other", "intents"); !fault.Is(err, fault.NotFound) {
		t.Errorf("another tenant's Route = %v, want %s", err, fault.NotFound)
	}
}

// Revisions go on over a deletion: an ETag from before never matches again.
func TestRegistry_DeleteRoute(t *testing.T) {
	r := fresh()
	commit(t, r, acme, "intents", "job-1", registry.Champion)
	set := func(ifRev int64) (registry.Route, error) {
		return r.SetRoute(t.Context(), acme, "intents", registry.Route{Targets: []registry.Target{to("@champion", 1)}}, ifRev, "me")
	}
	if err := r.DeleteRoute(t.Context(), acme, "intents", registry.AnyRev, "me"); !fault.Is(err, fault.NotFound) {
		t.Errorf("DeleteRoute before it is there = %v, want %s", err, fault.NotFound)
	}
	for rev := range int64(3) {
		must(t)(set(rev))
	}
	if err := r.DeleteRoute(t.Context(), acme, "intents", 2, "me"); !fault.Is(err, fault.PreconditionFailed) {
		t.Errorf("DeleteRoute under an old revision = %v, want %s", err, fault.PreconditionFailed)
	}
	if err := r.DeleteRoute(t.Context(), acme, "intents", 3, "me"); err != nil {
		t.Errorf("DeleteRoute = %v, want success", err)
	}
	for _, old := range []int64{1, 3, 4} {
		if _, err := set(old); !fault.Is(err, fault.PreconditionFailed) {
			t.Errorf("SetRoute after a deletion under revision %d = %v, want %s", old, err, fault.PreconditionFailed)
		}
	}
	if got, err := set(0); err != nil || got.Rev != 5 {
		t.Errorf("SetRoute anew = %+v, %v, want revision 5: revisions only rise", got, err)
	}
}

func TestRegistry_SetRoute_refusals(t *testing.T) {
	r := fresh()
	commit(t, r, acme, "intents", "job-1", registry.Champion)
	many := make([]registry.Target, registry.MaxTargets+1)
	for i := range many {
		many[i] = to(fmt.Sprint(i+1), 1)
	}
	shadow := func(percents ...float64) registry.Route {
		route := registry.Route{Targets: []registry.Target{to("@champion", 1)}}
		for i, p := range percents {
			route.Shadow = append(route.Shadow, registry.Shadow{Pick: registry.Pick{Version: i + 1}, Percent: p})
		}
		return route
	}
	twice := shadow(1, 1)
	twice.Shadow[1] = twice.Shadow[0]
	for _, tc := range []struct {
		name  string
		route registry.Route
		want  string // in the message
	}{
		{"no target", registry.Route{}, "/targets:"},
		{"too many targets", registry.Route{Targets: many}, "/targets:"},
		{"weight 0", registry.Route{Targets: []registry.Target{to("@champion", 0)}}, "/targets/0/weight"},
		{"weight below 0", registry.Route{Targets: []registry.Target{to("@champion", 1), to("1", -5)}}, "/targets/1/weight"},
		{"weight too great", registry.Route{Targets: []registry.Target{to("@champion", registry.MaxWeight+1)}}, "/targets/0/weight"},
		{"a target twice", registry.Route{Targets: []registry.Target{to("1", 1), to("versions/1", 1)}}, "/targets/1/ref"},
		{"too many shadows", shadow(1, 1, 1, 1), "/shadow:"},
		{"0 percent", shadow(0), "/shadow/0/percent"},
		{"101 percent", shadow(100, 101), "/shadow/1/percent"},
		{"not a percentage", shadow(math.NaN()), "/shadow/0/percent"},
		{"a shadow twice", twice, "/shadow/1/ref"},
		{"no such alias", registry.Route{Targets: []registry.Target{to("@blue", 1)}}, "@blue"},
		{"no such version", registry.Route{Targets: []registry.Target{to("@champion", 1), to("7", 1)}}, "versions/7"},
		{"no such version in the shadow", shadow(1, 1), "versions/2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := r.SetRoute(t.Context(), acme, "intents", tc.route, 0, "me")
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("SetRoute = %v, want %s naming %s", err, fault.Invalid, tc.want)
			}
		})
	}
}

// What the route names cannot be deleted (invariant 28), and can when it does not.
func TestRegistry_routeHolds(t *testing.T) {
	r := fresh()
	for i := range 3 {
		commit(t, r, acme, "intents", fmt.Sprint("job-", i), "")
	}
	must(t)(r.SetAlias(t.Context(), acme, "intents", "blue", 3, 0, "me"))
	must(t)(r.SetRoute(t.Context(), acme, "intents", registry.Route{
		Targets: []registry.Target{to("@blue", 1), to("versions/1", 1)}, Shadow: []registry.Shadow{{Pick: registry.Pick{Version: 2}, Percent: 1}},
	}, 0, "me"))
	refused := func(what, want string, err error) {
		t.Helper()
		if !fault.Is(err, fault.Conflict) || reason(err) != want || !strings.Contains(err.Error(), "route") {
			t.Errorf("%s = %v, want %s, %s, naming the route", what, err, fault.Conflict, want)
		}
	}
	refused("DeleteVersion of a target", "version_in_use", r.DeleteVersion(t.Context(), acme, "intents", 1, registry.AnyRev))
	refused("DeleteVersion of a shadow", "version_in_use", r.DeleteVersion(t.Context(), acme, "intents", 2, registry.AnyRev))
	refused("DeleteAlias", "alias_in_use", r.DeleteAlias(t.Context(), acme, "intents", "blue", registry.AnyRev, "me"))
	refused("DeleteModel", "model_in_use", r.DeleteModel(t.Context(), acme, "intents", registry.AnyRev))
	must(t)(nil, r.DeleteRoute(t.Context(), acme, "intents", registry.AnyRev, "me"))
	must(t)(nil, r.DeleteVersion(t.Context(), acme, "intents", 2, registry.AnyRev))
	must(t)(nil, r.DeleteAlias(t.Context(), acme, "intents", "blue", registry.AnyRev, "me"))
	must(t)(nil, r.DeleteModel(t.Context(), acme, "intents", registry.AnyRev))
}

func TestRegistry_Default(t *testing.T) {
	r := fresh()
	want := func(version int, variant string, targets int) {
		t.Helper()
		c, err := r.Default(t.Context(), acme, "intents")
		if err != nil || c.Version.Number != version || c.Variant != variant || (c.Route != nil) != (targets > 0) || c.Route != nil && len(c.Route.Targets) != targets {
			t.Errorf("Default = version %d %q, route %v, %v, want %d %q and %d targets", c.Version.Number, c.Variant, c.Route, err, version, variant, targets)
		}
	}
	if _, err := r.Default(t.Context(), acme, "intents"); !fault.Is(err, fault.NotFound) {
		t.Errorf("Default of an absent model = %v, want %s", err, fault.NotFound)
	}
	commit(t, r, acme, "intents", "job-1", "")
	commit(t, r, acme, "intents", "job-2", "")
	want(2, "latest", 0)
	must(t)(r.SetAlias(t.Context(), acme, "intents", registry.Champion, 1, 0, "me"))
	want(1, "champion", 0)
	must(t)(r.SetRoute(t.Context(), acme, "intents", registry.Route{Targets: []registry.Target{to("@champion", 1), to("2", 1)}}, 0, "me"))
	want(0, "", 2)
	must(t)(nil, r.DeleteRoute(t.Context(), acme, "intents", registry.AnyRev, "me"))
	want(1, "champion", 0)
	must(t)(nil, r.DeleteAlias(t.Context(), acme, "intents", registry.Champion, registry.AnyRev, "me"))
	want(2, "latest", 0)
}
