package world

import (
	"context"
	"errors"
	"fmt"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// aliases that the acts move.
var aliases = []registry.AliasName{registry.Champion, "blue"}

// condition returns the revision a change is made under: the one this client
// read last, one it reads now, none, or that there is nothing yet.
func (l *lane) condition(ctx context.Context, what string, read func(context.Context) (int64, error)) (int64, error) {
	switch l.act.C % 6 {
	case 0:
		return registry.AnyRev, nil
	case 1:
		return 0, nil
	case 2:
		if rev, ok := l.seen[what]; ok {
			return rev, nil
		}
	}
	rev, err := read(ctx)
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	l.seen[what] = rev
	return rev, err
}

// alias returns the alias an act is about and the condition of its change.
func (l *lane) alias(ctx context.Context) (registry.AliasName, int64, error) {
	name := aliases[l.act.C/6%len(aliases)]
	rev, err := l.condition(ctx, string(l.act.tenant)+"@"+string(name), func(ctx context.Context) (int64, error) {
		a, err := l.registry().Alias(ctx, l.act.tenant, intents, name)
		if err == nil {
			l.saw(a)
		}
		return a.Rev, err
	})
	return name, rev, err
}

// saw holds an alias as it was read against its history: one that never was is
// a mix of two.
func (l *lane) saw(a registry.Alias) {
	h := l.w.model(a.Tenant, a.Model).alias(a.Name).history
	if a.Rev < 1 || int(a.Rev) > len(h) || h[a.Rev-1].To != a.Version {
		l.w.raise(8, "@%s was read at revision %d on version %d, which it never was", a.Name, a.Rev, a.Version)
	}
}

// changed judges the end of a change of what was at rev, which of two changes
// from one revision only one may make.
func (l *lane) changed(what string, rev int64, err error) {
	l.judge(err)
	if l.dead || err != nil || rev == registry.AnyRev {
		return
	}
	if rev == 0 {
		return // deleted and made again, it is absent many times
	}
	from := fmt.Sprintf("%s %s from revision %d", l.act.tenant, what, rev)
	if l.w.granted[from]++; l.w.granted[from] > 1 {
		l.w.raise(7, "two changes of %s were made", from)
	}
}

func (l *lane) promote(ctx context.Context) {
	name, rev, err := l.alias(ctx)
	if err != nil {
		return
	}
	a, err := l.registry().SetAlias(ctx, l.act.tenant, intents, name, 1+l.act.B%4, rev, "key")
	if err == nil && !l.dead {
		l.saw(a)
	}
	l.changed("@"+string(name), rev, err)
}

func (l *lane) rollback(ctx context.Context) {
	name, rev, err := l.alias(ctx)
	if err != nil || rev == 0 {
		return
	}
	_, err = l.registry().RollbackAlias(ctx, l.act.tenant, intents, name, l.act.B%3, rev, "key")
	l.changed("@"+string(name), rev, err)
}

func (l *lane) unalias(ctx context.Context) {
	name, rev, err := l.alias(ctx)
	if err != nil || rev == 0 {
		return
	}
	l.changed("@"+string(name), rev, l.registry().DeleteAlias(ctx, l.act.tenant, intents, name, rev, "key"))
}

func (l *lane) routeRev(ctx context.Context) (int64, error) {
	return l.condition(ctx, string(l.act.tenant)+" route", func(ctx context.Context) (int64, error) {
		r, err := l.registry().Route(ctx, l.act.tenant, intents)
		return r.Rev, err
	})
}

func (l *lane) route(ctx context.Context) {
	rev, err := l.routeRev(ctx)
	if err != nil {
		return
	}
	r := registry.Route{Targets: []registry.Target{
		{Pick: registry.Pick{Version: 1 + l.act.B%3}, Weight: 1}, {Pick: registry.Pick{Alias: aliases[l.act.B/8]}, Weight: 2},
	}}
	if l.act.C%4 != 3 {
		r.Sticky = caller
		// One shadow: two would score at the same time, in any order.
		r.Shadow = []registry.Shadow{{Pick: registry.Pick{Version: 1 + l.act.B%2}, Percent: 60}}
	}
	_, err = l.registry().SetRoute(ctx, l.act.tenant, intents, r, rev, "key")
	l.changed("route", rev, err)
}

func (l *lane) unroute(ctx context.Context) {
	rev, err := l.routeRev(ctx)
	if err != nil || rev == 0 {
		return
	}
	l.changed("route", rev, l.registry().DeleteRoute(ctx, l.act.tenant, intents, rev, "key"))
}

func (l *lane) remove(ctx context.Context) {
	l.judge(l.registry().DeleteVersion(ctx, l.act.tenant, intents, 1+l.act.B%4, registry.AnyRev))
}

// removeModel deletes in several writes: what it made of them may stay.
func (l *lane) removeModel(ctx context.Context) {
	err := l.registry().DeleteModel(ctx, l.act.tenant, intents, registry.AnyRev)
	if errors.Is(err, context.Canceled) {
		l.w.raise(26, "a deletion nobody cancelled was cancelled")
	}
}

// list reads the versions page by page. Each is listed once, and none is left
// out that was there all the while.
func (l *lane) list(ctx context.Context) {
	m := l.w.model(l.act.tenant, intents)
	before := len(m.versions)
	listed := map[int]bool{}
	p := registry.PageRequest{Limit: 1 + l.act.B%3}
	for {
		page, err := l.registry().Versions(ctx, l.act.tenant, intents, p)
		if err != nil {
			return
		}
		for _, v := range page.Items {
			if listed[v.Number] {
				l.w.raise(29, "version %d is listed twice", v.Number)
			}
			if v.Tenant != l.act.tenant {
				l.w.raise(31, "%s lists a version of %s", l.act.tenant, v.Tenant)
			}
			listed[v.Number] = true
		}
		if p.After = page.Next; p.After == "" || l.calls > maxCalls {
			break
		}
	}
	for _, v := range m.versions[:before] {
		if !listed[v.Number] && !v.deleted {
			l.w.raise(29, "version %d was there and is not listed", v.Number)
		}
	}
}
