// Package serving answers predictions with registered models.
//
// A Server resolves a reference to a version (routes.go), keeps the decoded
// models of the versions in use (cache.go) and scores inputs with them. Both
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
	"slices"
	"strings"
	"sync"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
)

// Limits of one request.
const (
	MaxInputs = 128     // inputs
	MaxText   = 100_000 // bytes of one text
)

// maxArtifact is the largest artifact that is loaded, in bytes.
const maxArtifact = 64 << 20

// Resolver turns a reference into the version that serves it. *registry.Registry is one.
type Resolver interface {
	Resolve(ctx context.Context, t registry.Tenant, ref registry.Reference) (registry.Version, string, error)
}

// Options build a Server. The zero value of a number means its default.
type Options struct {
	Registry Resolver
	Models   blob.Store // the models bucket
	Secret   *Secret    // signs prediction ids
	Now      func() time.Time

	CacheBytes int64         // bound of the decoded models kept, default 256 MB
	TTL        time.Duration // after which a route is looked up again, default 5 s
	// RefreshTimeout bounds that look-up while an older answer is known, default 2 s.
	RefreshTimeout time.Duration
}

// Server answers predictions. It is built once and safe for concurrent use.
type Server struct {
	secret  *Secret
	models  blob.Store
	now     func() time.Time
	routes  routes
	cache   cache
	scratch sync.Pool // of *pipeline.Scratch
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
	s.cache = cache{limit: cmp.Or(o.CacheBytes, 256<<20), store: o.Models, slots: make(map[artifactKey]*slot)}
	s.cache.refused = refusals{now: o.Now, ttl: s.routes.ttl, until: make(map[artifactKey]refusal)}
	s.scratch.New = func() any { return new(pipeline.Scratch) }
	return s
}

// Input is one thing to score.
type Input struct {
	Text string
	// Bad, when set, is why this input cannot be scored: it is passed through
	// to its place in the results.
	Bad *fault.Error
}

// Request asks for scores of one or more inputs.
type Request struct {
	Inputs   []Input // 1 to MaxInputs
	TopK     int     // scores returned for each, 0 means 1; more than the classes means all
	Explain  bool    // say what in the text spoke for the answer
	MinScore float64 // an answer scored lower is marked as abstained; 0 never
}

// Response is the answer to a Request.
type Response struct {
	ID      string // signed token naming this prediction
	Model   registry.Name
	Version int
	Digest  blob.Digest
	Variant string // how the version was chosen, as registry.Resolve says
	// Stale says why the answer may come from an older version than the
	// registry's: StaleRegistry, StaleArtifact, or "" when it does not.
	Stale   string
	Results []Result // one for each input, in order
}

// The reasons of a stale answer.
const (
	StaleRegistry = "registry_unavailable" // the registry did not answer
	StaleArtifact = "artifact_unavailable" // the newer version's artifact could not be loaded
)

// Result is the answer for one input. When Err is set nothing else is.
type Result struct {
	Label       string
	Score       float64 // calibrated probability of Label
	Abstained   bool    // Score is below the request's MinScore
	Scores      []LabelScore
	Explanation *pipeline.Explanation // nil unless asked for
	Err         *fault.Error
}

// LabelScore is the calibrated probability of one label.
type LabelScore struct {
	Label string
	Score float64
}

// Predict scores the inputs with the version ref resolves to. An input that
// cannot be scored takes its error to its place and the rest are scored.
//
// Errors: fault.NotFound (no such model, version or alias), fault.Conflict (no
// version may serve yet), fault.Invalid (no input), fault.TooLarge (too many),
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
	use, err := s.acquire(ctx, t, ref)
	if err != nil {
		return Response{}, err
	}
	defer s.cache.release(use.slot)
	out := Response{
		Model: use.version.Model, Version: use.version.Number, Digest: use.version.Artifact.Digest,
		Variant: use.variant, Stale: use.stale,
	}
	if out.Results, err = s.score(ctx, use.slot.model, req); err != nil {
		return Response{}, err
	}
	out.ID = sealPrediction(signer, t, out, s.now())
	return out, nil
}

// score answers every input, in order, on one goroutine: a function has one
// request at a time, and a request at most MaxInputs texts.
func (s *Server) score(ctx context.Context, m *pipeline.Model, req Request) ([]Result, error) {
	scratch := s.scratch.Get().(*pipeline.Scratch)
	defer s.scratch.Put(scratch)
	labels := m.Labels()
	top := min(max(req.TopK, 1), len(labels))
	results := make([]Result, len(req.Inputs))
	scores := make([]LabelScore, 0, top*len(req.Inputs))
	order := make([]int32, 0, top)
	for i, in := range req.Inputs {
		if err := ctx.Err(); err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "the request ran out of time; send fewer inputs at once")
		}
		if results[i].Err = check(in); results[i].Err != nil {
			continue
		}
		p := m.Scores(scratch, in.Text)
		order = highest(order[:0], p, top)
		from := len(scores)
		for _, class := range order {
			scores = append(scores, LabelScore{Label: labels[class], Score: float64(p[class])})
		}
		r := &results[i]
		r.Scores = scores[from:len(scores):len(scores)]
		r.Label, r.Score = r.Scores[0].Label, r.Scores[0].Score
		r.Abstained = r.Score < req.MinScore
		if req.Explain {
			e := m.Explain(in.Text, int(order[0]))
			r.Explanation = &e
		}
	}
	return results, nil
}

// check returns why in cannot be scored, or nil.
func check(in Input) *fault.Error {
	switch {
	case in.Bad != nil:
		return in.Bad
	case strings.TrimSpace(in.Text) == "":
		return fault.New(fault.Invalid, "the text is empty").WithReason("text_empty")
	case len(in.Text) > MaxText:
		return fault.New(fault.TooLarge, "the text has %d bytes, the limit is %d", len(in.Text), MaxText).WithReason("text_too_long")
	}
	return nil
}

// highest appends to order the classes of the k highest scores, best first;
// equal scores keep the order of the classes. order holds at most k.
func highest(order []int32, p []float32, k int) []int32 {
	for class, score := range p {
		if len(order) == k && score <= p[order[k-1]] {
			continue
		}
		at, _ := slices.BinarySearchFunc(order, score, func(c int32, score float32) int {
			if p[c] >= score {
				return -1
			}
			return 1
		})
		if len(order) == k {
			order = order[:k-1]
		}
		order = slices.Insert(order, at, int32(class))
	}
	return order
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
