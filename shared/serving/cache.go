package serving

import (
	"container/list"
	"context"
	"sync"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/image"
	"godwit/shared/ml/open"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
)

// artifactKey keeps tenants apart even where their bytes are equal, so that
// nobody learns from the time an answer takes what another tenant trained.
type artifactKey struct {
	tenant registry.Tenant
	digest blob.Digest
}

// slot is one decoded model. users is guarded by cache.mu; the rest never changes.
type slot struct {
	key     artifactKey
	model   pipeline.Predictor
	columns map[string]struct{}  // that a model of tables reads; nil for texts
	wholes  []string             // of columns, those that are lists of numbers
	table   *pipeline.TableModel // the model, where it is one that knows what its columns are; else nil
	shape   *image.Shape         // of the images a model reads; nil for others
	bytes   int64
	users   int
	place   *list.Element
}

// cache keeps decoded models up to a bound of resident bytes, least recently
// used out first. A model is counted once however many references serve it, and
// one in use stays, so it is never loaded beside itself; only then, and while
// one is being loaded, may the bound be passed, by that model.
type cache struct {
	limit   int64
	store   blob.Store
	engine  foreign.Engine // nil when there is none
	loading flight[artifactKey, *slot]
	refused refusals

	mu    sync.Mutex
	used  int64
	slots map[artifactKey]*slot
	order list.List // of *slot, most recently used first
}

// acquire returns the model of an artifact, loading it once however many ask.
// The caller releases the slot.
func (c *cache) acquire(ctx context.Context, t registry.Tenant, a registry.Artifact) (*slot, error) {
	key := artifactKey{t, a.Digest}
	if s := c.held(key); s != nil {
		return s, nil
	}
	if err := c.refused.check(key); err != nil {
		return nil, err
	}
	s, err := c.loading.do(ctx, key, func() (*slot, bool) { return c.kept(key) }, func() (*slot, error) {
		model, err := load(ctx, c.store, a)
		if err == nil {
			model, err = c.bind(model, a)
		}
		if err != nil {
			c.refused.note(key, err)
			return nil, err
		}
		return c.insert(key, model), nil
	})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s.users++ // a slot evicted in between still serves, it is just not kept
	return s, nil
}

// bind puts a graph that is run elsewhere on the engine.
func (c *cache) bind(m pipeline.Predictor, a registry.Artifact) (pipeline.Predictor, error) {
	g, imported := m.(*foreign.Model)
	if !imported || g.Runtime() == "" {
		return m, nil
	}
	if c.engine == nil {
		return nil, refuse(nil, "runtime_absent", "this version's graph needs the function with ONNX Runtime, which this installation does not have (parameter OnnxRuntime)")
	}
	return g.On(c.engine, foreign.Source{Key: a.Key, Digest: string(a.Digest)}), nil
}

// kept returns the slot under key, if there is one.
func (c *cache) kept(key artifactKey) (*slot, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.slots[key]
	return s, ok
}

// held returns the slot under key with one more user, or nil.
func (c *cache) held(key artifactKey) *slot {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.slots[key]
	if !ok {
		return nil
	}
	s.users++
	c.order.MoveToFront(s.place)
	return s
}

// release ends a use that acquire began.
func (c *cache) release(s *slot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.users--
	if c.used > c.limit {
		c.evict(nil)
	}
}

// insert keeps a freshly loaded model as the most recently used one.
func (c *cache) insert(key artifactKey, m pipeline.Predictor) *slot {
	s := &slot{key: key, model: m, bytes: m.Bytes(), shape: shapeOf(m)}
	if m.Task() != pipeline.TextClassification && s.shape == nil {
		s.columns = make(map[string]struct{})
		for _, name := range m.Columns() {
			s.columns[name] = struct{}{}
		}
		s.table, _ = m.(*pipeline.TableModel)
		if g, imported := m.(*foreign.Model); imported {
			s.wholes = g.Wholes()
			for _, name := range s.wholes {
				s.columns[name] = struct{}{}
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s.place = c.order.PushFront(s)
	c.slots[key] = s
	c.used += s.bytes
	c.evict(s)
	return s
}

// evict drops idle models until the bound holds, keeping the newest one even
// when it alone is over the bound: it has to serve.
func (c *cache) evict(newest *slot) {
	for e := c.order.Back(); e != nil && c.used > c.limit && c.order.Len() > 1; {
		s, before := e.Value.(*slot), e.Prev()
		if s != newest && s.users == 0 {
			c.order.Remove(e)
			delete(c.slots, s.key)
			c.used -= s.bytes
		}
		e = before
	}
}

// load reads an artifact whole, holds it against its version's size and digest,
// and only then decodes it.
func load(ctx context.Context, store blob.Store, a registry.Artifact) (pipeline.Predictor, error) {
	if a.Size > maxArtifact {
		return nil, refuse(nil, "artifact_too_large", "the model's artifact has %d bytes, this function loads at most %d", a.Size, maxArtifact)
	}
	data, err := blob.ReadAll(ctx, store, a.Key, maxArtifact)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, refuse(err, "artifact_missing", "the model's artifact is not in the bucket")
	case fault.Is(err, fault.TooLarge):
		return nil, refuse(err, "artifact_wrong", "the model's artifact is not the one its version names; it is not served")
	case fault.Is(err, fault.Unavailable):
		return nil, err
	case err != nil:
		return nil, fault.Wrap(fault.Unavailable, err, "the model's artifact could not be read; try again")
	}
	if int64(len(data)) != a.Size || blob.DigestOf(data) != a.Digest {
		return nil, refuse(nil, "artifact_wrong", "the model's artifact is not the one its version names; it is not served")
	}
	m, err := open.Model(ctx, data)
	if ctx.Err() != nil {
		return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "the request ran out of time while the model was loaded; try again")
	}
	if err != nil {
		return nil, refuse(err, "artifact_unreadable", "the model's artifact cannot be read by this build; it is not served")
	}
	return m, nil
}

// refuse is the failure of an artifact itself: repeating the request does not help.
func refuse(err error, reason, format string, args ...any) error {
	return fault.Wrap(fault.Internal, err, format, args...).WithReason(reason)
}

// refusals remembers for a while which artifacts failed their check, so that a
// broken one is not fetched again with every request.
type refusals struct {
	now func() time.Time
	ttl time.Duration

	mu    sync.Mutex
	until map[artifactKey]refusal
}

type refusal struct {
	err error
	at  time.Time
}

// note remembers that the artifact failed, if it was the artifact that failed.
func (r *refusals) note(key artifactKey, err error) {
	if !fault.Is(err, fault.Internal) {
		return // the bucket did not answer: that says nothing about the artifact
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.until) >= maxRoutes {
		clear(r.until)
	}
	r.until[key] = refusal{err, r.now()}
}

// check returns how the artifact failed within the last TTL, or nil.
func (r *refusals) check(key artifactKey) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	was, ok := r.until[key]
	if !ok {
		return nil
	}
	if r.now().Sub(was.at) >= r.ttl {
		delete(r.until, key)
		return nil
	}
	return was.err
}
