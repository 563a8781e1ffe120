package boot

import (
	"context"
	"crypto/rand"
	mathrand "math/rand/v2"
	"runtime"
	"time"

	"godwit/shared/access"
	"godwit/shared/api"
	"godwit/shared/batch"
	"godwit/shared/jobs"
	"godwit/shared/monitor"
	"godwit/shared/registry"
	"godwit/shared/serving"
	"godwit/shared/training"
	"godwit/shared/trigger"
)

// Jobs returns the service of training jobs. machine runs their executions,
// package workflow's; it is nil in a program that neither starts nor follows one
// and only runs the steps of jobs.
func (a *App) Jobs(machine jobs.Machine) *training.Service {
	return &training.Service{
		Store: a.Store, Registry: a.Registry, Uploads: a.Uploads,
		Machine: machine, Now: a.Now, NewToken: a.NewToken,
	}
}

// API returns what every HTTP handler works with; Training and Serving are the
// caller's to set.
func (a *App) API() api.Deps {
	return api.Deps{
		Registry: a.Registry, Uploads: a.Uploads, Models: a.Models, Secret: a.Secret, Keys: a.Keys(), Usage: a.Usage,
		Monitor: a.Monitor(), Now: a.Now, NewToken: a.NewToken, Log: a.Log, Meter: a.Meter, Build: a.Settings.Build,
	}
}

// Serving returns the prediction server.
func (a *App) Serving() *serving.Server {
	return serving.New(serving.Options{
		Registry: a.Registry, Models: a.Models, Secret: a.Secret, Now: a.Now, Engine: a.engine(),
		CacheBytes: a.Settings.CacheBytes, TTL: a.Settings.AliasTTL, Chance: mathrand.Float64,
	})
}

// Monitor returns what records feedback and watches models at work.
func (a *App) Monitor() *monitor.Service {
	return &monitor.Service{Store: a.Store, Uploads: a.Uploads, Now: a.Now, NewToken: a.NewToken}
}

// Keys returns what makes and revokes API keys.
func (a *App) Keys() *access.Keys {
	return &access.Keys{Store: a.Store, Now: a.Now, NewToken: a.NewToken, Random: rand.Reader}
}

// Authorizer returns the gateway's authorizer.
func (a *App) Authorizer() *access.Authorizer {
	return &access.Authorizer{
		Store: a.Store, AdminDigest: a.Settings.AdminDigest, AdminTenant: a.Settings.AdminTenant, Now: a.Now, Log: a.Log,
	}
}

// Trigger returns the handler of events.
func (a *App) Trigger(jobs *training.Service, batches *batch.Service) *trigger.Handler {
	return &trigger.Handler{Jobs: jobs, Batches: batches, Uploads: a.Settings.UploadsBucket, Log: a.Log}
}

// Steps returns what runs the steps of jobs.
func (a *App) Steps() *training.Steps {
	return &training.Steps{
		Jobs: a.Jobs(nil), Uploads: a.Uploads, Models: a.Models, Build: a.Settings.Build,
		Workers: runtime.GOMAXPROCS(0), FunctionBytes: a.Settings.MemoryBytes, Engine: a.engine(), Usage: a.Usage, Judgements: a.judgements, Log: a.Log,
	}
}

// judgements hands what the monitor keeps to training: neither knows the other.
func (a *App) judgements(ctx context.Context, t registry.Tenant, model registry.Name, limit int) ([]training.Judged, error) {
	examples, err := a.Monitor().Examples(ctx, t, model, limit)
	if err != nil {
		return nil, err
	}
	out := make([]training.Judged, len(examples))
	for i, e := range examples {
		out[i] = training.Judged{Input: e.Input, Label: e.Label}
	}
	return out, nil
}

// flushTime is what a function may take to write its last counts: Lambda gives
// it half a second between SIGTERM and the end.
const flushTime = 400 * time.Millisecond

// Flush writes the counts that are in memory, when the function is told to end.
func (a *App) Flush() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	if err := a.Usage.Flush(ctx); err != nil {
		a.Log.WarnContext(ctx, "usage cannot be written", "error", err)
	}
}

// Warm makes the first calls of both services, so that a function makes them
// while it is initialised and not in its first request. A failure is only
// logged: the request will meet it and say so.
func (a *App) Warm(ctx context.Context, warm func(context.Context) error) {
	if err := warm(ctx); err != nil {
		a.Log.WarnContext(ctx, "warm-up failed", "error", err)
	}
}
