package world

import (
	"context"
	"fmt"
	"slices"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/serving"
)

// question is what a row of a batch asks, and every third prediction.
const question = "where is my card"

// looks is a lane's way to the registry: it remembers when a reference was looked
// up, which bounds what may answer it.
type looks struct {
	serving.Resolver
	l    *lane
	last map[string]look
}

// look is one successful look-up, and for a bare name the route that was found.
type look struct {
	from, to time.Time
	route    *registry.Route
}

// caller is the context value that routes assign targets by.
const caller = "user"

// Resolve looks a reference up.
func (r *looks) Resolve(ctx context.Context, t registry.Tenant, ref registry.Reference) (v registry.Version, variant string, err error) {
	err = r.ask(refKey(t, ref), func() (err error) { v, variant, err = r.Resolver.Resolve(ctx, t, ref); return err })
	return v, variant, err
}

// Default looks a bare name up.
func (r *looks) Default(ctx context.Context, t registry.Tenant, n registry.Name) (c registry.Choice, err error) {
	key := refKey(t, registry.Reference{Model: n})
	err = r.ask(key, func() (err error) { c, err = r.Resolver.Default(ctx, t, n); return err })
	if seen := r.last[key]; err == nil {
		seen.route = c.Route
		r.last[key] = seen
	}
	return c, err
}

func (r *looks) ask(key string, do func() error) error {
	if r.l.w.down {
		return fault.New(fault.Unavailable, "the registry is down")
	}
	from := r.l.w.clock
	err := do()
	if err == nil {
		r.last[key] = look{from: from, to: r.l.w.clock}
	}
	return err
}

func refKey(t registry.Tenant, ref registry.Reference) string { return string(t) + " " + ref.String() }

// predict asks the lane's server and judges the answer.
func (l *lane) predict(ctx context.Context) {
	ref := registry.Reference{Model: intents}
	switch b := l.act.B; {
	case b < 3:
		ref.Alias = aliases[0]
	case b < 5:
		ref.Alias = aliases[1]
	case b < 9:
		ref.Version = b - 4
	}
	key := refKey(l.act.tenant, ref)
	down, turned := l.w.down, l.w.turned
	text := classes[l.act.C/4]
	req := serving.Request{Inputs: []serving.Input{{Text: text}}}
	if l.act.C%4 != 0 {
		req.Context = map[string]string{caller: fmt.Sprint("user", l.act.C%4)}
	}
	got, err := l.server.Predict(ctx, l.act.tenant, ref, req)
	if l.dead {
		return
	}
	down = down && turned == l.w.turned
	if err == nil && l.w.Seams.HideStale {
		got.Stale = ""
	}
	l.keptServing(key, down, got, err)
	if err != nil {
		return
	}
	l.served[l.looks.at(key)] = true
	l.named(got, text)
	l.w.remember(l.act.tenant, got.ID, got.Results[0].Label)
	if ref.Version != 0 && got.Version != ref.Version {
		l.w.raise(22, "%s was answered by version %d", key, got.Version)
	}
	if got.Stale != "" {
		return
	}
	if l.fresh(key); ref.Alias != "" {
		l.pointed(key, ref.Alias, got.Version)
	} else if ref.Version == 0 {
		l.routed(key, req.Context[caller], got)
	}
}

// at names what a key led to when it was looked up last: of a bare name also the
// route, which leads elsewhere once it is changed.
func (r *looks) at(key string) string {
	if route := r.last[key].route; route != nil {
		return fmt.Sprintf("%s by route %d", key, route.Rev)
	}
	return key
}

// keptServing holds that a server goes on with what it knows while the registry
// is down, and says so.
func (l *lane) keptServing(key string, down bool, got serving.Response, err error) {
	if !down || !l.served[l.looks.at(key)] {
		return
	}
	if err != nil {
		l.w.raise(24, "the registry is down and %s, served before, is answered with %v", key, err)
	} else if l.act.began.Sub(l.looks.last[key].to) > ttl && got.Stale == "" {
		l.w.raise(24, "the registry is down and the answer to %s does not say so", key)
	}
}

// named holds an answer to a text against the version it names.
func (l *lane) named(got serving.Response, text string) {
	m := l.w.model(l.act.tenant, intents)
	if got.Version < 1 || got.Version > len(m.versions) {
		l.w.raise(22, "the answer names version %d of %d", got.Version, len(m.versions))
		return
	}
	v := m.versions[got.Version-1]
	if got.Digest != v.Artifact.Digest {
		l.w.raise(8, "the answer names version %d with the digest %s, which is another's", got.Version, got.Digest)
	}
	said := saying(got.Results[0].Label, got.Results[0].Score)
	if want, err := l.w.library.answer(v.Artifact, l.w.models, text); err != nil || said != want {
		l.w.raise(12, "version %d answers %s, its artifact %s, %v", got.Version, said, want, err)
	}
	key := string(got.Digest) + text
	if was, ok := l.w.answers[key]; ok && was != said {
		l.w.raise(21, "version %d answered %s before and %s now", got.Version, was, said)
	}
	l.w.answers[key] = said
}

// fresh holds that what key led to was not looked up longer ago than the TTL.
func (l *lane) fresh(key string) {
	if age := l.act.began.Sub(l.looks.last[key].to); age > ttl {
		l.w.raise(23, "%s was answered by what was looked up %v ago", key, age)
	}
}

// pointed holds that an alias pointed at a version while it was looked up, under
// key.
func (l *lane) pointed(key string, alias registry.AliasName, version int) {
	seen := l.looks.last[key]
	if !l.w.model(l.act.tenant, intents).alias(alias).reigned(version, seen.from, seen.to) {
		l.w.raise(8, "%s was answered by version %d, where it did not point", key, version)
	}
}

// routed holds an answer to a bare name: with a route it comes from a target of
// the route that was in force while it was looked up, the same for the same
// caller, and never from a shadow; without one from the champion.
func (l *lane) routed(key, user string, got serving.Response) {
	seen := l.looks.last[key]
	if seen.route == nil {
		if got.Variant == string(registry.Champion) {
			l.pointed(key, registry.Champion, got.Version)
		}
		return
	}
	l.ruled(key, seen)
	pick, err := registry.ParsePick(got.Variant)
	if err != nil || !slices.ContainsFunc(seen.route.Targets, func(t registry.Target) bool { return t.Pick == pick }) {
		l.w.raise(22, "%s was answered as %s, which is no target of its route", key, got.Variant)
		return
	}
	switch target := refKey(l.act.tenant, pick.Of(intents)); {
	case pick.Version != 0 && pick.Version != got.Version:
		l.w.raise(22, "%s was answered as %s by version %d", key, got.Variant, got.Version)
	case pick.Alias != "":
		l.fresh(target)
		l.pointed(target, pick.Alias, got.Version)
	}
	for _, s := range got.Shadows {
		if s.Version == got.Version || s.Rows > 1 || s.Agree > s.Rows {
			l.w.raise(22, "%s was answered by version %d, and version %d counts %d rows as its shadow", key, got.Version, s.Version, s.Rows)
		}
	}
	if user == "" || seen.route.Sticky != caller {
		return
	}
	who := fmt.Sprintf("%s %s", l.looks.at(key), user)
	if was, known := l.w.assigned[who]; known && was != got.Variant {
		l.w.raise(21, "%s is answered as %s, and was as %s", who, got.Variant, was)
	}
	l.w.assigned[who] = got.Variant
}

// ruled holds that a route is the one that was in force while it was looked up.
func (l *lane) ruled(key string, seen look) {
	for _, r := range l.w.model(l.act.tenant, intents).routes {
		if r.route.Rev == seen.route.Rev && !r.from.After(seen.to) && slices.Equal(r.route.Targets, seen.route.Targets) {
			return
		}
	}
	l.w.raise(8, "%s was divided by route %d, which it never had", key, seen.route.Rev)
}
