package world_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"godwit/shared/registry"
	"godwit/shared/serving"
	"godwit/shared/world"
)

// rewriting is a store that changes the writes on their way.
type rewriting struct {
	registry.Store
	change func([]registry.Write) []registry.Write
}

func (r rewriting) Write(ctx context.Context, token string, w ...registry.Write) error {
	if w = r.change(slices.Clone(w)); len(w) == 0 {
		return nil
	}
	return r.Store.Write(ctx, token, w...)
}

// free returns writes that forget the condition of records whose sort keys begin
// with one of the prefixes.
func free(prefixes ...string) func(registry.Store) registry.Store {
	return func(s registry.Store) registry.Store {
		return rewriting{s, func(ws []registry.Write) []registry.Write {
			for i, w := range ws {
				if w.Op == registry.Put && begins(w.Record.Key.Sort, prefixes) {
					ws[i].IfRev = registry.AnyRev
				}
			}
			return ws
		}}
	}
}

// without returns writes that leave out records, or conditions, whose sort keys
// begin with one of the prefixes.
func without(op registry.Op, prefixes ...string) func(registry.Store) registry.Store {
	return func(s registry.Store) registry.Store {
		return rewriting{s, func(ws []registry.Write) []registry.Write {
			return slices.DeleteFunc(ws, func(w registry.Write) bool { return w.Op == op && begins(w.Record.Key.Sort, prefixes) })
		}}
	}
}

// lying returns writes whose records with a sort key say one thing for another.
func lying(sort, truth, lie string) func(registry.Store) registry.Store {
	return func(s registry.Store) registry.Store {
		return rewriting{s, func(ws []registry.Write) []registry.Write {
			for i, w := range ws {
				if w.Record.Key.Sort == sort {
					ws[i].Record.Body = bytes.Replace(w.Record.Body, []byte(truth), []byte(lie), 1)
				}
			}
			return ws
		}}
	}
}

// unleased lets any worker commit.
func unleased(s registry.Store) registry.Store {
	return rewriting{s, func(ws []registry.Write) []registry.Write {
		for i, w := range ws {
			if w.Record.Key.Sort == "JOB" && len(ws) > 1 {
				ws[i].IfRev = registry.AnyRev
			}
		}
		return ws
	}}
}

// unended lets a commit forget its job.
func unended(s registry.Store) registry.Store {
	return rewriting{s, func(ws []registry.Write) []registry.Write {
		return slices.DeleteFunc(ws, func(w registry.Write) bool { return w.Record.Key.Sort == "JOB" && len(ws) > 1 })
	}}
}

// untold lets a job be opened without its data set, which may go meanwhile.
func untold(s registry.Store) registry.Store {
	return rewriting{s, func(ws []registry.Write) []registry.Write {
		return slices.DeleteFunc(ws, func(w registry.Write) bool { return begins(w.Record.Key.Sort, []string{"ds_"}) && len(ws) > 1 })
	}}
}

func begins(s string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

// oneByOne makes each write of a transaction by itself.
type oneByOne struct{ registry.Store }

func (o oneByOne) Write(ctx context.Context, token string, ws ...registry.Write) error {
	for i, w := range ws {
		if err := o.Store.Write(ctx, token+strings.Repeat("+", i), w); err != nil {
			return err
		}
	}
	return nil
}

// inclusive begins a page with the last record of the one before.
type inclusive struct{ registry.Store }

func (s inclusive) Query(ctx context.Context, q registry.Query) ([]registry.Record, bool, error) {
	if q.Descending && q.After != "" && !q.Index {
		q.After += "0" // sorts after the record itself
	}
	return s.Store.Query(ctx, q)
}

// oneTenant keeps what all tenants have of a kind in one place.
type oneTenant struct {
	registry.Store
	kind string
}

func (s oneTenant) key(k registry.Key) registry.Key {
	if rest, ok := strings.CutPrefix(k.Partition, "rival#"+s.kind); ok {
		k.Partition = "acme#" + s.kind + rest
	}
	return k
}

func (s oneTenant) Get(ctx context.Context, k registry.Key) (registry.Record, error) {
	return s.Store.Get(ctx, s.key(k))
}

func (s oneTenant) Query(ctx context.Context, q registry.Query) ([]registry.Record, bool, error) {
	q.Partition = s.key(registry.Key{Partition: q.Partition}).Partition
	return s.Store.Query(ctx, q)
}

func (s oneTenant) Write(ctx context.Context, token string, ws ...registry.Write) error {
	ws = slices.Clone(ws)
	for i, w := range ws {
		if w.Op == registry.Delete {
			ws[i].Record.Key = s.key(w.Record.Key)
		}
	}
	return s.Store.Write(ctx, token, ws...)
}

// uncounted adds nothing to any counter.
type uncounted struct{ registry.Store }

func (uncounted) Add(context.Context, registry.Key, map[string]int64, time.Time) error { return nil }

// forgiving never ends a key where the authorizer looks it up.
type forgiving struct{ registry.Store }

func (s forgiving) Write(ctx context.Context, token string, ws ...registry.Write) error {
	for _, w := range ws {
		if w.Record.Key.Sort == "KEY" && w.IfRev == registry.AnyRev {
			return nil
		}
	}
	return s.Store.Write(ctx, token, ws...)
}

// unverified gives versions the size and digest of whatever is in the bucket.
type unverified struct {
	serving.Resolver
	w *world.World
}

func (u unverified) Resolve(ctx context.Context, t registry.Tenant, ref registry.Reference) (registry.Version, string, error) {
	v, variant, err := u.Resolver.Resolve(ctx, t, ref)
	if err == nil {
		v.Artifact = u.w.Newest(v.Artifact)
	}
	return v, variant, err
}

// rerouted changes the route of a bare name on its way to the server.
type rerouted struct {
	serving.Resolver
	change func(*registry.Route)
}

func (r rerouted) Default(ctx context.Context, t registry.Tenant, n registry.Name) (registry.Choice, error) {
	c, err := r.Resolver.Default(ctx, t, n)
	if c.Route != nil {
		route := *c.Route
		r.change(&route)
		c.Route = &route
	}
	return c, err
}

// rerouting is a seam of it.
func rerouting(change func(*registry.Route)) world.Seams {
	return world.Seams{Resolver: func(r serving.Resolver, _ *world.World) serving.Resolver { return rerouted{r, change} }}
}

// careless sends every caller anywhere.
func careless(r *registry.Route) { r.Sticky = "" }

// unveiled lets the shadow answer.
func unveiled(r *registry.Route) {
	for _, s := range r.Shadow {
		r.Targets = []registry.Target{{Pick: s.Pick, Weight: 1}}
	}
	r.Sticky = ""
}
