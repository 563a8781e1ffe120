// Command train-trigger is the Lambda function that opens training jobs, for
// uploads (S3 and EventBridge events) and for requests (HTTP API events), opens
// batch jobs for requests, and closes those whose execution died.
package main

import (
	"log"

	"github.com/aws/aws-lambda-go/lambda"

	"godwit/shared/api"
	"godwit/shared/boot"
	"godwit/shared/boot/workflow"
	"godwit/shared/lambdahttp"
)

func main() {
	app, err := boot.New()
	if err != nil {
		log.Fatal(err)
	}
	deps := app.API()
	deps.Training, deps.Batches = app.Jobs(workflow.Training(app)), app.Batches(workflow.Batch(app))
	lambda.Start(lambdahttp.Either(api.Training(deps), app.Trigger(deps.Training, deps.Batches).Handle))
}
