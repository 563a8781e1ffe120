// Command model-registry is the Lambda function that answers for models,
// versions, aliases, data sets and jobs, and serves the console.
package main

import (
	"log"

	"github.com/aws/aws-lambda-go/lambda"

	"godwit/shared/api"
	"godwit/shared/boot"
	"godwit/shared/boot/workflow"
	"godwit/shared/console"
	"godwit/shared/lambdahttp"
	"godwit/shared/report"
)

func main() {
	app, err := boot.New()
	if err != nil {
		log.Fatal(err)
	}
	deps := app.API()
	deps.Training, deps.Batches = app.Jobs(workflow.Training(app)), app.Batches(workflow.Batch(app))
	deps.Press = report.Press{}
	pages, err := console.New(app.Settings.UploadsOrigin())
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(lambdahttp.Handler(pages.Before(api.Registry(deps))))
}
