package serving

import (
	"context"
	"sync"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// maxRoutes bounds how many references are remembered.
const maxRoutes = 4096

type routeKey struct {
	tenant registry.Tenant
	ref    registry.Reference
}

// route is what is known about one reference. Its fields are guarded by routes.mu.
type route struct {
	target  target
	checked time.Time // when the registry last said so
	busy    bool      // one caller is asking again
	good    *registry.Version
}

// target is a resolved reference: a version, or the route that divides the
// requests for a bare name among others.
type target struct {
	split   *registry.Route // nil without a route; then the next two are set
	version *registry.Version
	variant string
	stale   string
	good    *registry.Version // the newest version of this route that was loaded, nil before
}

// routes remembers which version or route serves a reference.
type routes struct {
	registry Resolver
	now      func() time.Time
	ttl      time.Duration
	timeout  time.Duration
	first    flight[routeKey, target]

	mu    sync.Mutex
	known map[routeKey]*route
}

// resolve returns the target of key: from memory within the TTL, after it asked
// again by one caller while the others use the old one. When the registry does
// not answer, the old target is returned as stale and asked again a TTL later.
func (rs *routes) resolve(ctx context.Context, key routeKey) (target, error) {
	rs.mu.Lock()
	r, ok := rs.known[key]
	if !ok {
		rs.mu.Unlock()
		return rs.first.do(ctx, key, func() (target, bool) { return rs.remembered(key) }, func() (target, error) { return rs.ask(ctx, key) })
	}
	old := r.current()
	if r.busy || rs.now().Sub(r.checked) < rs.ttl {
		rs.mu.Unlock()
		return old, nil
	}
	r.busy = true
	rs.mu.Unlock()

	bounded, cancel := context.WithTimeout(ctx, rs.timeout)
	defer cancel()
	fresh, err := rs.ask(bounded, key)
	if err == nil || gone(err) {
		return fresh, err
	}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	r.busy = false
	if ctx.Err() == nil { // a caller that left says nothing about the registry
		r.checked, r.target.stale = rs.now(), StaleRegistry
	}
	return r.current(), nil
}

// remembered returns the target of key if there is one in memory, however old.
func (rs *routes) remembered(key routeKey) (target, bool) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	r, ok := rs.known[key]
	if !ok {
		return target{}, false
	}
	return r.current(), true
}

// ask resolves key in the registry and remembers the answer, or forgets the
// route when there is nothing to serve.
func (rs *routes) ask(ctx context.Context, key routeKey) (target, error) {
	fresh, err := rs.look(ctx, key)
	if err != nil && !gone(err) {
		return target{}, err
	}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if err != nil {
		delete(rs.known, key)
		return target{}, err
	}
	r, ok := rs.known[key]
	if !ok {
		rs.makeRoom()
		r = &route{}
		rs.known[key] = r
	}
	r.target = fresh
	r.checked, r.busy = rs.now(), false
	return r.current(), nil
}

// look asks the registry once.
func (rs *routes) look(ctx context.Context, key routeKey) (target, error) {
	if key.ref.Alias == "" && key.ref.Version == 0 {
		c, err := rs.registry.Default(ctx, key.tenant, key.ref.Model)
		return target{split: c.Route, version: &c.Version, variant: c.Variant}, err
	}
	version, variant, err := rs.registry.Resolve(ctx, key.tenant, key.ref)
	return target{version: &version, variant: variant}, err
}

// gone reports whether err says for sure that nothing serves the reference.
func gone(err error) bool {
	switch fault.CodeOf(err) {
	case fault.NotFound, fault.Conflict, fault.Invalid:
		return true
	}
	return false
}

// loaded notes that version was loaded for key: should the next one not load,
// this one goes on serving.
func (rs *routes) loaded(key routeKey, version *registry.Version) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if r, ok := rs.known[key]; ok {
		r.good = version
	}
}

// makeRoom forgets the route asked longest ago when there are too many.
func (rs *routes) makeRoom() {
	if len(rs.known) < maxRoutes {
		return
	}
	var oldest routeKey
	var at time.Time
	for key, r := range rs.known {
		if at.IsZero() || r.checked.Before(at) {
			oldest, at = key, r.checked
		}
	}
	delete(rs.known, oldest)
}

// current is a copy to use without the lock.
func (r *route) current() target {
	t := r.target
	t.good = r.good
	return t
}
