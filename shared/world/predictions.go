package world

import (
	"context"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/serving"
)

// question is what every prediction asks.
const question = "where is my card"

// looks is a lane's way to the registry: it remembers when a reference was looked
// up, which bounds what may answer it.
type looks struct {
	serving.Resolver
	l    *lane
	last map[string]look
}

// look is one successful look-up.
type look struct{ from, to time.Time }

// Resolve looks a reference up.
func (r *looks) Resolve(ctx context.Context, t registry.Tenant, ref registry.Reference) (v registry.Version, variant string, err error) {
	err = r.ask(refKey(t, ref), func() (err error) { v, variant, err = r.Resolver.Resolve(ctx, t, ref); return err })
	return v, variant, err
}

// Default looks a bare name up.
func (r *looks) Default(ctx context.Context, t registry.Tenant, n registry.Name) (c registry.Choice, err error) {
	err = r.ask(refKey(t, registry.Reference{Model: n}), func() (err error) { c, err = r.Resolver.Default(ctx, t, n); return err })
	return c, err
}

func (r *looks) ask(key string, do func() error) error {
	if r.l.w.down {
		return fault.New(fault.Unavailable, "the registry is down")
	}
	from := r.l.w.clock
	err := do()
	if err == nil {
		r.last[key] = look{from, r.l.w.clock}
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
	got, err := l.server.Predict(ctx, l.act.tenant, ref, serving.Request{Inputs: []serving.Input{{Text: question}}})
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
	l.served[key] = true
	l.named(got)
	if ref.Version != 0 && got.Version != ref.Version {
		l.w.raise(22, "%s was answered by version %d", key, got.Version)
	}
	if ref.Alias != "" && got.Stale == "" {
		l.recent(key, l.w.model(l.act.tenant, intents).alias(ref.Alias), got.Version)
	}
}

// keptServing holds that a server goes on with what it knows while the registry
// is down, and says so.
func (l *lane) keptServing(key string, down bool, got serving.Response, err error) {
	if !down || !l.served[key] {
		return
	}
	if err != nil {
		l.w.raise(24, "the registry is down and %s, served before, is answered with %v", key, err)
	} else if l.act.began.Sub(l.looks.last[key].to) > ttl && got.Stale == "" {
		l.w.raise(24, "the registry is down and the answer to %s does not say so", key)
	}
}

// named holds an answer against the version it names.
func (l *lane) named(got serving.Response) {
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
	if want, err := l.w.library.answer(v.Artifact, l.w.models); err != nil || said != want {
		l.w.raise(12, "version %d answers %s, its artifact %s, %v", got.Version, said, want, err)
	}
	if was, ok := l.w.answers[string(got.Digest)]; ok && was != said {
		l.w.raise(21, "version %d answered %s before and %s now", got.Version, was, said)
	}
	l.w.answers[string(got.Digest)] = said
}

// recent holds that an answer comes from where the alias pointed while it was
// looked up, and that this is not longer ago than the TTL.
func (l *lane) recent(key string, a *aliasState, version int) {
	seen := l.looks.last[key]
	if age := l.act.began.Sub(seen.to); age > ttl {
		l.w.raise(23, "%s was answered by what was looked up %v ago", key, age)
	}
	if !a.reigned(version, seen.from, seen.to) {
		l.w.raise(8, "%s was answered by version %d, where it did not point", key, version)
	}
}
