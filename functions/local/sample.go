package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"godwit/functions/local/objects"
	"godwit/functions/local/stage"
)

// sampleData is labelled data for a first model; sample/README.md describes it.
//
//go:embed sample/messages.csv
var sampleData []byte

// What the sample becomes.
const (
	sampleModel = "messages"
	sampleKey   = "inbox/" + stage.Tenant + "/" + sampleModel + "/messages.csv"
	sampleFile  = "functions/local/sample/messages.csv" // in the repository
	question    = "My parcel has not arrived, can you track it?"
)

// uploadSample puts the sample into the uploads bucket, as `aws s3 cp` would.
func uploadSample(ctx context.Context, at stage.Ready) error {
	client := objects.Client(at.S3, at.AccessKey, at.SecretKey)
	_, err := client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(at.UploadsBucket), Key: aws.String(sampleKey),
		Body: bytes.NewReader(sampleData), ContentType: aws.String("text/csv"),
	})
	if err != nil {
		return fmt.Errorf("upload the sample: %w", err)
	}
	return nil
}
