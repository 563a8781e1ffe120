// Package workflow gives the state machines to programs that start or follow
// jobs. The others run the steps of jobs, or have nothing to do with them: those
// import package boot alone, and neither link the engine's client nor set up its
// tables of endpoints each time they start.
package workflow

import (
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"godwit/shared/boot"
	"godwit/shared/stepfn"
)

// Training returns the state machine of training jobs.
func Training(a *boot.App) *stepfn.Machine { return machine(a, a.Settings.StateMachine) }

// Batch returns the state machine of batch jobs.
func Batch(a *boot.App) *stepfn.Machine { return machine(a, a.Settings.BatchMachine) }

func machine(a *boot.App, arn string) *stepfn.Machine {
	return stepfn.New(sfn.NewFromConfig(a.AWS, func(o *sfn.Options) { o.BaseEndpoint = boot.Endpoint(a.Settings.SFNEndpoint) }), arn)
}
