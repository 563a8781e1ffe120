// Command authorizer is the Lambda function that turns an API key into tenant,
// key id and scopes for the gateway.
package main

import (
	"log"

	"github.com/aws/aws-lambda-go/lambda"

	"godwit/shared/boot"
)

func main() {
	app, err := boot.New()
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(app.Authorizer().Authorize)
}
