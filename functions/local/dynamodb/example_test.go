package dynamodb_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"godwit/functions/local/dynamodb"
)

// A database in a file, served on a free port and used with the AWS SDK.
func Example() {
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	db, err := dynamodb.Open(filepath.Join(folder, "dynamodb.db"), time.Now)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	if err := db.EnsureTable(dynamodb.TableSpec{Name: "birds", Hash: dynamodb.Attribute{Name: "name", Type: "S"}}); err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(db.Handler())
	defer server.Close()
	out, err := newClient(server.URL).UpdateItem(context.Background(), &sdk.UpdateItemInput{
		TableName:                 aws.String("birds"),
		Key:                       map[string]types.AttributeValue{"name": text("godwit")},
		UpdateExpression:          aws.String("ADD seen :one"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":one": number("1")},
		ReturnValues:              types.ReturnValueAllNew,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(textOf(out.Attributes["name"]), textOf(out.Attributes["seen"]))
	// Output: godwit 1
}
