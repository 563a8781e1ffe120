package boot

import (
	"runtime"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"godwit/shared/api"
	"godwit/shared/batch"
	"godwit/shared/stepfn"
)

// Batches returns the service of batch jobs, as Jobs does that of training.
func (a *App) Batches() *batch.Service {
	engine := sfn.NewFromConfig(a.aws, func(o *sfn.Options) { o.BaseEndpoint = endpoint(a.Settings.SFNEndpoint) })
	return &batch.Service{
		Store: a.Store, Registry: a.Registry, Uploads: a.Uploads,
		Machine: stepfn.New(engine, a.Settings.BatchMachine), Now: a.Now, NewToken: a.NewToken,
	}
}

// BatchSteps returns what runs the steps of batch jobs.
func (a *App) BatchSteps() *batch.Steps {
	return &batch.Steps{
		Jobs: a.Batches(), Uploads: a.Uploads, Models: a.Models, Serving: a.Serving(), Render: api.AppendResult,
		Usage: a.Usage, Workers: runtime.GOMAXPROCS(0), Log: a.Log,
	}
}
