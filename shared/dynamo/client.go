package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// call is an operation of the service.
type call[In, Out any] func(ctx context.Context, in *In, options ...func(*dynamodb.Options)) (*Out, error)

// client holds the operations that are used, and not the SDK's client: where a
// program looks methods up by name, as html/template does, the linker keeps every
// exported method of every type that can be reached from an interface, and the
// client has one for each of the service's operations.
type client struct {
	BatchGetItem       call[dynamodb.BatchGetItemInput, dynamodb.BatchGetItemOutput]
	GetItem            call[dynamodb.GetItemInput, dynamodb.GetItemOutput]
	PutItem            call[dynamodb.PutItemInput, dynamodb.PutItemOutput]
	Query              call[dynamodb.QueryInput, dynamodb.QueryOutput]
	TransactWriteItems call[dynamodb.TransactWriteItemsInput, dynamodb.TransactWriteItemsOutput]
	UpdateItem         call[dynamodb.UpdateItemInput, dynamodb.UpdateItemOutput]
}

func callsOf(c *dynamodb.Client) client {
	return client{c.BatchGetItem, c.GetItem, c.PutItem, c.Query, c.TransactWriteItems, c.UpdateItem}
}
