package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"godwit/shared/fault"
)

// Limits of a route. A function may come to hold a model for every target and
// shadow in its memory, and each shadow may cost a request as much as its answer;
// weights add up to far less than what a float64 counts exactly.
const (
	MaxTargets = 10
	MaxShadows = 3
	MaxWeight  = 1_000_000
)

// Route says how the requests for a model's bare name are divided. A deleted one
// stays as a record without targets, so its revision never starts again.
type Route struct {
	Tenant    Tenant    `json:"tenant"`
	Model     Name      `json:"model"`
	Targets   []Target  `json:"targets"`          // 1 to MaxTargets, none of a deleted route
	Shadow    []Shadow  `json:"shadow,omitempty"` // at most MaxShadows
	Sticky    string    `json:"sticky,omitempty"` // name of the context value that assigns a target; empty: by chance
	UpdatedAt time.Time `json:"updated_at"`       // UTC
	UpdatedBy string    `json:"updated_by"`       // key id
	Rev       int64     `json:"-"`                // the ETag
}

// Pick names a version of the route's model; exactly one field is set.
type Pick struct {
	Alias   AliasName `json:"alias,omitempty"`
	Version int       `json:"version,omitempty"` // from 1
}

// Target answers its share of the requests.
type Target struct {
	Pick
	Weight int `json:"weight"` // 1 to MaxWeight; the share is the weight over the sum of all
}

// Shadow scores a part of the requests without answering them.
type Shadow struct {
	Pick
	Percent float64 `json:"percent"` // of the requests, above 0 to 100
}

// ParsePick reads "@alias" or "versions/7", with a bare alias or number as other
// spellings: a number is always a version, though an alias may consist of digits,
// which takes the "@" then. The error is fault.Invalid.
func ParsePick(s string) (Pick, error) {
	if number, ok := strings.CutPrefix(s, "versions/"); ok {
		v, err := ParseVersion(number)
		return Pick{Version: v}, err
	}
	if s != "" && all(s, isDigit) {
		v, err := ParseVersion(s)
		return Pick{Version: v}, err
	}
	a, err := ParseAlias(strings.TrimPrefix(s, "@"))
	return Pick{Alias: a}, err
}

// String returns the form routes show: "@alias" or "versions/7".
func (p Pick) String() string {
	if p.Alias != "" {
		return "@" + string(p.Alias)
	}
	return fmt.Sprintf("versions/%d", p.Version)
}

// Of returns the reference to p in a model.
func (p Pick) Of(m Name) Reference { return Reference{Model: m, Alias: p.Alias, Version: p.Version} }

// picks returns everything the route names.
func (r Route) picks() []Pick {
	var out []Pick
	for _, t := range r.Targets {
		out = append(out, t.Pick)
	}
	for _, s := range r.Shadow {
		out = append(out, s.Pick)
	}
	return out
}

// names reports whether the route names something that is so.
func (r Route) names(is func(Pick) bool) bool { return slices.ContainsFunc(r.picks(), is) }

// Route returns a model's route, or fault.NotFound.
func (r *Registry) Route(ctx context.Context, t Tenant, name Name) (Route, error) {
	out, err := r.routeNow(ctx, t, name)
	if err == nil && len(out.Targets) == 0 {
		return Route{}, noRoute(name)
	}
	return out, err
}

func noRoute(name Name) error {
	return fault.New(fault.NotFound, "the model %q has no route", name)
}

// routeNow returns the route as stored, deleted or not. Rev 0 means there never
// was one.
func (r *Registry) routeNow(ctx context.Context, t Tenant, name Name) (Route, error) {
	out, rev, err := get[Route](ctx, r, routeKey(t, name), "absent")
	if fault.Is(err, fault.NotFound) {
		return Route{}, nil
	}
	out.Rev = rev
	return out, err
}

// SetRoute replaces a model's route under its revision: 0 when there must be
// none yet, AnyRev for whatever is there. Tenant, Model and times are set here.
// fault.Invalid for a route that cannot be, or that names an alias or version
// that is not there; fault.PreconditionFailed when the revision is not current.
func (r *Registry) SetRoute(ctx context.Context, t Tenant, name Name, route Route, ifRev int64, by string) (Route, error) {
	if err := checkRoute(route); err != nil {
		return Route{}, err
	}
	return r.moveRoute(ctx, t, name, route, ifRev, by)
}

// DeleteRoute removes a model's route under its revision (or AnyRev).
// fault.NotFound when there is none.
func (r *Registry) DeleteRoute(ctx context.Context, t Tenant, name Name, ifRev int64, by string) error {
	_, err := r.moveRoute(ctx, t, name, Route{}, ifRev, by)
	return err
}

// moveRoute writes the route, without targets to delete it, the guard, and the
// conditions that everything the route names is there.
func (r *Registry) moveRoute(ctx context.Context, t Tenant, name Name, route Route, ifRev int64, by string) (Route, error) {
	var out Route
	err := again(ctx, "the route", func() error {
		current, err := r.routeNow(ctx, t, name)
		if err != nil {
			return err
		}
		exists := len(current.Targets) > 0
		if !exists && len(route.Targets) == 0 {
			return noRoute(name)
		}
		if ifRev != AnyRev && !(ifRev == 0 && !exists || exists && current.Rev == ifRev) {
			return stale("the route")
		}
		checks, err := r.present(ctx, t, name, route.picks())
		if err != nil {
			return err
		}
		route.Tenant, route.Model, route.UpdatedAt, route.UpdatedBy, route.Rev = t, name, r.now(), by, current.Rev+1
		w, err := put(routeKey(t, name), route, current.Rev)
		if err != nil {
			return err
		}
		mark, err := put(guardKey(t, name), guard{}, AnyRev)
		if err != nil {
			return err
		}
		out = route
		// What did not hold may be an alias that moved: look again, and find out
		// whether the route is what changed.
		return r.lost(r.Store.Write(ctx, r.NewToken(), append(checks, w, mark)...), AnyRev, "")
	})
	return out, err
}

// present returns the conditions that hold while every pick is there: an alias or
// version that is deleted, or only changes, before the route is written fails
// them, and the route is checked again. The store takes each key once.
func (r *Registry) present(ctx context.Context, t Tenant, name Name, picks []Pick) ([]Write, error) {
	var checks []Write
	seen := map[Pick]bool{}
	for _, p := range picks {
		if seen[p] {
			continue
		}
		seen[p] = true
		check := Write{Op: Check}
		var err error
		if p.Alias != "" {
			var a Alias
			a, err = r.Alias(ctx, t, name, p.Alias)
			check.Record.Key, check.IfRev = aliasKey(t, name, p.Alias), a.Rev
		} else {
			var v Version
			v, err = r.Version(ctx, t, name, p.Version)
			check.Record.Key, check.IfRev = versionKey(t, name, p.Version), v.Rev
		}
		if fault.Is(err, fault.NotFound) {
			return nil, fault.Wrap(fault.Invalid, err, "the model %q has no %s; name aliases and versions that are there", name, p).WithReason("unknown_target")
		}
		if err != nil {
			return nil, err
		}
		checks = append(checks, check)
	}
	return checks, nil
}

// checkRoute holds the limits of a route and names the first field beyond one.
func checkRoute(route Route) error {
	bad := func(pointer, format string, args ...any) error {
		text := fmt.Sprintf(format, args...)
		return fault.New(fault.Invalid, "%s: %s", pointer, text).WithReason("invalid_field").WithDetails(fault.Detail{Pointer: pointer, Text: text})
	}
	if n := len(route.Targets); n < 1 || n > MaxTargets {
		return bad("/targets", "a route has 1 to %d targets", MaxTargets)
	}
	if len(route.Shadow) > MaxShadows {
		return bad("/shadow", "a route has at most %d shadows", MaxShadows)
	}
	seen := map[Pick]bool{}
	for i, t := range route.Targets {
		switch {
		case t.Weight < 1 || t.Weight > MaxWeight:
			return bad(fmt.Sprintf("/targets/%d/weight", i), "a weight is a whole number from 1 to %d", MaxWeight)
		case seen[t.Pick]:
			return bad(fmt.Sprintf("/targets/%d/ref", i), "%s is named twice", t.Pick)
		}
		seen[t.Pick] = true
	}
	clear(seen)
	for i, s := range route.Shadow {
		switch {
		case !(s.Percent > 0 && s.Percent <= 100): // so written, it refuses what is no number
			return bad(fmt.Sprintf("/shadow/%d/percent", i), "a percentage is above 0 and at most 100")
		case seen[s.Pick]:
			return bad(fmt.Sprintf("/shadow/%d/ref", i), "%s is named twice", s.Pick)
		}
		seen[s.Pick] = true
	}
	return nil
}
