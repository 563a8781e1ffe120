// Command batch is the Lambda function that runs one step of a batch job for
// the state machine in batch.asl.json.
package main

import (
	"log"

	"github.com/aws/aws-lambda-go/lambda"

	"godwit/shared/batch"
	"godwit/shared/boot"
)

func main() {
	app, err := boot.New()
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(boot.Step(app.Log, app.BatchSteps().Run, func(in batch.StepInput) (step, job string) { return in.Step, in.Job }))
}
