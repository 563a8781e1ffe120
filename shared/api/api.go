// Package api is the HTTP door: routes, wire types, limits, errors and the
// OpenAPI page.
//
// One table (routes.go) names every route with its function, scope, types and
// errors; it builds the three functions' handlers and the OpenAPI document, so
// what is documented is what serves. Each request passes through one place
// (serve.go) that finds the caller, decides the scope once after reading the
// model's name, renders errors, recovers panics, logs one line and counts.
// Bodies are decoded strictly (decode.go), lists are paged with signed tokens
// (page.go), pointers change under a revision (revision.go), and what creates
// may be repeated under an Idempotency-Key (idempotency.go).
//
// Three planes share all that: /v1 is ours, /v2 (oip*.go) is the Open Inference
// Protocol, and the shims (shims*.go) answer the clients of two other services
// in their own shapes. Every prediction goes through exchange.predicted.
//
// Wire types are this package's own: a change to a domain type never changes
// an answer by accident. User text is never logged.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"godwit/shared/access"
	"godwit/shared/batch"
	"godwit/shared/blob"
	"godwit/shared/monitor"
	"godwit/shared/registry"
	"godwit/shared/serving"
	"godwit/shared/training"
	"godwit/shared/usage"
)

// Meter counts answered requests; telemetry.Meter is one. route is a pattern of
// the table, so the number of different routes is bounded.
type Meter interface {
	Observe(ctx context.Context, route string, status int, took time.Duration, attrs ...slog.Attr)
}

// Deps are what the handlers work with. Each function needs its part only:
// predict Serving and Usage; train-trigger Training and Batches; model-registry
// these two, Keys, Monitor and both buckets. The rest all of them need.
type Deps struct {
	Registry *registry.Registry
	Training *training.Service
	Batches  *batch.Service
	Serving  *serving.Server
	Uploads  blob.Store
	Models   blob.Store
	Secret   *serving.Secret // signs page tokens
	Keys     *access.Keys
	Usage    *usage.Gatherer // counts predictions; nil counts nothing
	Monitor  *monitor.Service
	Press    Press // of reports; only the registry's function needs it

	Now      func() time.Time
	NewToken func() string // unique, unguessable
	Log      *slog.Logger
	Meter    Meter
	Build    string // shown by /healthz
}

// Predict returns the handler of the predict function.
func Predict(d Deps) http.Handler { return newService(d, predictTable(), nil) }

// Training returns the handler of the train-trigger function's HTTP routes.
func Training(d Deps) http.Handler { return newService(d, trainingTable(), nil) }

// Registry returns the handler of the model-registry function. The gateway sends
// it every path that is no other function's, so it alone has to know all methods.
func Registry(d Deps) http.Handler {
	return newService(d, registryTable(), slices.Concat(trainingTable(), predictTable()))
}

// service serves one function's routes. It is safe for concurrent use.
type service struct {
	Deps
	mux   *http.ServeMux        // this function's routes
	every func() *http.ServeMux // all routes the gateway may send here, to know which methods a path has; made on first use

	openAPI     []byte // built on first use
	openAPIOnce sync.Once
}

func newService(d Deps, own, others []Route) *service {
	s := &service{Deps: d, mux: http.NewServeMux()}
	s.every = sync.OnceValue(func() *http.ServeMux {
		mux := http.NewServeMux()
		for _, route := range slices.Concat(own, others) {
			mux.Handle(route.Method+" "+route.Pattern, http.NotFoundHandler())
		}
		return mux
	})
	for _, route := range own {
		s.mux.HandleFunc(route.Method+" "+route.Pattern, func(w http.ResponseWriter, r *http.Request) { s.run(&route, w, r) })
	}
	return s
}
