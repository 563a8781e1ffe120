package boot

import (
	"runtime"

	"godwit/shared/api"
	"godwit/shared/batch"
	"godwit/shared/jobs"
)

// Batches returns the service of batch jobs, as Jobs does that of training.
func (a *App) Batches(machine jobs.Machine) *batch.Service {
	return &batch.Service{
		Store: a.Store, Registry: a.Registry, Uploads: a.Uploads,
		Machine: machine, Now: a.Now, NewToken: a.NewToken,
	}
}

// BatchSteps returns what runs the steps of batch jobs.
func (a *App) BatchSteps() *batch.Steps {
	return &batch.Steps{
		Jobs: a.Batches(nil), Uploads: a.Uploads, Models: a.Models, Serving: a.Serving(), Render: api.AppendResult,
		Usage: a.Usage, Workers: runtime.GOMAXPROCS(0), Log: a.Log,
	}
}
