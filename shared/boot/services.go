package boot

import (
	"context"
	"runtime"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"godwit/shared/access"
	"godwit/shared/api"
	"godwit/shared/serving"
	"godwit/shared/stepfn"
	"godwit/shared/training"
	"godwit/shared/trigger"
)

// Jobs returns the service of training jobs. Programs that never start or
// follow one do not call it, and do not carry the engine's client.
func (a *App) Jobs() *training.Service {
	engine := sfn.NewFromConfig(a.aws, func(o *sfn.Options) { o.BaseEndpoint = endpoint(a.Settings.SFNEndpoint) })
	return &training.Service{
		Store: a.Store, Registry: a.Registry, Uploads: a.Uploads,
		Machine: stepfn.New(engine, a.Settings.StateMachine), Now: a.Now, NewToken: a.NewToken,
	}
}

// API returns what every HTTP handler works with; Training and Serving are the
// caller's to set.
func (a *App) API() api.Deps {
	return api.Deps{
		Registry: a.Registry, Uploads: a.Uploads, Models: a.Models, Secret: a.Secret,
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
func (a *App) Trigger(jobs *training.Service) *trigger.Handler {
	return &trigger.Handler{Jobs: jobs, Uploads: a.Settings.UploadsBucket, Log: a.Log}
}

// Steps returns what runs the steps of jobs.
func (a *App) Steps() *training.Steps {
	return &training.Steps{
		Jobs: a.Jobs(), Uploads: a.Uploads, Models: a.Models, Build: a.Settings.Build,
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
