package boot

import (
	"context"
	"runtime"

	"godwit/shared/access"
	"godwit/shared/api"
	"godwit/shared/serving"
	"godwit/shared/training"
	"godwit/shared/trigger"
)

// API returns what the HTTP handlers work with. Serving is nil but for predict.
func (a *App) API(s *serving.Server) api.Deps {
	return api.Deps{
		Registry: a.Registry, Training: a.Jobs, Serving: s, Uploads: a.Uploads, Models: a.Models, Secret: a.Secret,
		Now: a.Now, NewToken: a.NewToken, Log: a.Log, Meter: a.Meter, Build: a.Settings.Build,
	}
}

// Serving returns the prediction server.
func (a *App) Serving() *serving.Server {
	return serving.New(serving.Options{
		Registry: a.Registry, Models: a.Models, Secret: a.Secret, Now: a.Now,
		CacheBytes: a.Settings.CacheBytes, TTL: a.Settings.AliasTTL,
	})
}

// Authorizer returns the gateway's authorizer.
func (a *App) Authorizer() *access.Authorizer {
	return &access.Authorizer{
		Store: a.Store, AdminDigest: a.Settings.AdminDigest, AdminTenant: a.Settings.AdminTenant, Now: a.Now, Log: a.Log,
	}
}

// Trigger returns the handler of events.
func (a *App) Trigger() *trigger.Handler {
	return &trigger.Handler{Jobs: a.Jobs, Uploads: a.Settings.UploadsBucket, Log: a.Log}
}

// Steps returns what runs the steps of jobs.
func (a *App) Steps() *training.Steps {
	return &training.Steps{
		Jobs: a.Jobs, Uploads: a.Uploads, Models: a.Models, Build: a.Settings.Build,
		Workers: runtime.GOMAXPROCS(0), Log: a.Log,
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
