// Command predict is the Lambda function that answers predictions.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"godwit/shared/api"
	"godwit/shared/boot"
	"godwit/shared/lambdahttp"
)

// initTime is what Lambda gives the init phase, less some for the runtime.
const initTime = 8 * time.Second

func main() {
	app, err := boot.New()
	if err != nil {
		log.Fatal(err)
	}
	server, deps := app.Serving(), app.API()
	deps.Serving = server
	handler := api.Predict(deps)
	ctx, cancel := context.WithTimeout(context.Background(), initTime)
	app.Warm(ctx, server.Warm)
	cancel()
	lambda.StartWithOptions(lambdahttp.Handler(handler), lambda.WithEnableSIGTERM(func() {
		app.Flush()
		os.Exit(0)
	}))
}
