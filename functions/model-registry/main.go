// Command model-registry is the Lambda function that answers for models,
// versions, aliases, data sets and jobs.
package main

import (
	"log"

	"github.com/aws/aws-lambda-go/lambda"

	"godwit/shared/api"
	"godwit/shared/boot"
	"godwit/shared/lambdahttp"
)

func main() {
	app, err := boot.New()
	if err != nil {
		log.Fatal(err)
	}
	deps := app.API()
	deps.Training = app.Jobs()
	lambda.Start(lambdahttp.Handler(api.Registry(deps)))
}
