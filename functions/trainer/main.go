// Command trainer is the Lambda function that runs one step of a training job
// for the state machine in training.asl.json.
package main

import (
	"context"
	"log"
	"runtime/debug"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"

	"godwit/shared/boot"
	"godwit/shared/training"
)

// collectAt makes the garbage collector run when the heap has grown by half
// rather than doubled. What training allocates are a few large arrays: this
// costs no time that can be measured and takes a quarter off the peak.
const collectAt = 50

func main() {
	debug.SetGCPercent(collectAt)
	app, err := boot.New()
	if err != nil {
		log.Fatal(err)
	}
	steps := app.Steps()
	lambda.Start(func(ctx context.Context, in training.StepInput) (any, error) {
		out, err := steps.Run(ctx, in)
		if err == nil {
			return out, nil
		}
		app.Log.ErrorContext(ctx, "step failed", "step", in.Step, "job", in.Job, "error", err)
		// The runtime takes the type of an error from its Go type, and a wrapped
		// one would hide it: the state machine must see ours. The message stays
		// in the log, because the execution's history is readable by others.
		return nil, messages.InvokeResponse_Error{Type: training.ErrorType(err), Message: "step " + in.Step + " of job " + in.Job}
	})
}
