// Command trainer is the Lambda function that runs one step of a training job
// for the state machine in training.asl.json.
package main

import (
	"log"
	"runtime/debug"

	"github.com/aws/aws-lambda-go/lambda"

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
	lambda.Start(boot.Step(app.Log, app.Steps().Run, func(in training.StepInput) (step, job string) { return in.Step, in.Job }))
}
