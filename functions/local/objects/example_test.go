package objects_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"godwit/functions/local/objects"
)

func Example() {
	dir, err := os.MkdirTemp("", "objects-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	server, err := objects.Start(ctx, objects.Options{
		Dir: dir, Addr: "127.0.0.1:0", AccessKey: "access", SecretKey: "secret", Buckets: []string{"uploads"},
		OnCreated: func(c objects.Created) { fmt.Println("created", c.Key, c.Size) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	_, err = objects.Client(server.URL(), "access", "secret").PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String("uploads"), Key: aws.String("inbox/data.csv"), Body: strings.NewReader("label,text\n"),
	})
	fmt.Println(err)
	// Output:
	// created inbox/data.csv 11
	// <nil>
}
