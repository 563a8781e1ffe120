// Package serving answers predictions with registered models.
//
// A Server resolves a reference to a version (routes.go), or to a route that
// divides the requests among several (split.go) and lets others score beside
// them (shadow.go), keeps the decoded models of the versions in use (cache.go)
// and scores inputs with them. Both
// memories are built to keep answering: a version is looked up again once per
// TTL by one caller while the others use what is known, and when the registry
// is down or a new artifact is not what its version says, the model that is
// loaded goes on serving and the answer says so (Response.Stale). A wrong
// artifact is never served.
//
// Nothing is written per request: a prediction id is a signed token that holds
// what feedback needs (prediction.go). The package knows neither HTTP nor JSON.
package serving

import (
	"cmp"
	"context"
	"sync"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/ml/foreign"
	"godwit/shared/registry"
)

// Limits of one request.
const (
	MaxInputs = 128     // inputs
	MaxText   = 100_000 // bytes of one text, and of one cell of a table's row
)

// maxArtifact is the largest artifact that is loaded, in bytes.
const maxArtifact = 64 << 20

// Resolver turns a reference into the version that serves it. *registry.Registry is one.
type Resolver interface {
	Resolve(ctx context.Context, t registry.Tenant, ref registry.Reference) (registry.Version, string, error)
	Default(ctx context.Context, t registry.Tenant, name registry.Name) (registry.Choice, error)
}

// Options build a Server. The zero value of a number means its default.
type Options struct {
	Registry Resolver
	Models   blob.Store // the models bucket
	Secret   *Secret    // signs prediction ids
	Now      func() time.Time
	// Engine runs the graphs that this process cannot; nil: versions that need it
	// do not serve.
	Engine foreign.Engine

	CacheBytes int64         // bound of the decoded models kept, default 256 MB
	TTL        time.Duration // after which a route is looked up again, default 5 s
	// RefreshTimeout bounds that look-up while an older answer is known, default 2 s.
	RefreshTimeout time.Duration

	// Chance draws the target of a request that a route does not assign by its
	// context, evenly from [0,1). It is called concurrently. Default: always 0,
	// the first target.
	Chance func() float64
	// ShadowTimeout bounds how long shadows may go on once the model that answers
	// is at hand, default 50 ms: at most so much later does an answer come. At
	// most once a minute and model it is ShadowLoad, default 2 s, to load it.
	ShadowTimeout, ShadowLoad time.Duration
}

// Server answers predictions. It is built once and safe for concurrent use.
type Server struct {
	secret  *Secret
	models  blob.Store
	now     func() time.Time
	routes  routes
	cache   cache
	scratch sync.Pool // of *scratch
	chance  func() float64
	shadows shadows
}

// New returns a Server with nothing loaded.
func New(o Options) *Server {
	s := &Server{secret: o.Secret, models: o.Models, now: o.Now}
	s.routes = routes{
		registry: o.Registry, now: o.Now,
		ttl:     cmp.Or(o.TTL, 5*time.Second),
		timeout: cmp.Or(o.RefreshTimeout, 2*time.Second),
		known:   make(map[routeKey]*route),
	}
	s.cache = cache{limit: cmp.Or(o.CacheBytes, 256<<20), store: o.Models, engine: o.Engine, slots: make(map[artifactKey]*slot)}
	s.cache.refused = refusals{now: o.Now, ttl: s.routes.ttl, until: make(map[artifactKey]refusal)}
	s.scratch.New = func() any { return new(scratch) }
	s.chance = o.Chance
	if s.chance == nil {
		s.chance = func() float64 { return 0 }
	}
	s.shadows = shadows{
		now:     o.Now,
		timeout: cmp.Or(o.ShadowTimeout, 50*time.Millisecond), load: cmp.Or(o.ShadowLoad, 2*time.Second),
		tried: make(map[artifactKey]time.Time),
	}
	return s
}

// Predict scores the inputs with the version ref resolves to. An input that
// cannot be scored takes its error to its place and the rest are scored.
//
// Errors: fault.NotFound (no such model, version or alias), fault.Conflict (no
// version may serve yet), fault.Invalid (no input, or a parameter that says
// nothing about a number, of a regression model), fault.TooLarge (too many),
// fault.Unavailable (try again), fault.Internal (the artifact is not what its
// version says).
func (s *Server) Predict(ctx context.Context, t registry.Tenant, ref registry.Reference, req Request) (Response, error) {
	if len(req.Inputs) == 0 {
		return Response{}, fault.New(fault.Invalid, "inputs is empty: send at least one")
	}
	if len(req.Inputs) > MaxInputs {
		return Response{}, fault.New(fault.TooLarge, "%d inputs in one request, the limit is %d: send several requests, or upload a file to score many rows", len(req.Inputs), MaxInputs)
	}
	signer, err := s.secret.Signer(ctx, predictionPurpose)
	if err != nil {
		return Response{}, err
	}
	who := s.assign(t, ref.Model, req.Context)
	use, err := s.acquireFor(ctx, t, ref, who)
	if err != nil {
		return Response{}, err
	}
	defer s.cache.release(use.slot)
	shadowed := s.shadow(ctx, t, use, who, req.Inputs)
	defer shadowed(nil) // no goroutine outlives the request, whatever ends it
	results, err := s.score(ctx, use.slot, req)
	seen := shadowed(results)
	if err != nil {
		return Response{}, err
	}
	v := use.version
	out := Response{
		Model: v.Model, Version: v.Number, Digest: v.Artifact.Digest, Variant: use.variant, Stale: use.stale,
		Regression: use.slot.model.Labels() == nil, SetApproximate: req.Coverage > 0, Results: results, Shadows: seen,
		Graph: graphOutputs(use.slot.model),
	}
	out.ID, err = sealPrediction(signer, s.secret.Random, t, out, s.now())
	return out, err
}

// Warm makes the first calls to the registry's store and to the bucket, so that
// their connections and the signing secret are there before the first request.
// The error is for the log: serving works without having been warmed.
func (s *Server) Warm(ctx context.Context) error {
	var probe sync.WaitGroup
	probe.Go(func() {
		// Whether the key exists does not matter, only that the bucket was asked.
		_, _ = s.models.Stat(ctx, "artifacts/warm")
	})
	_, err := s.secret.Signer(ctx, predictionPurpose)
	probe.Wait()
	return err
}
