package stage

import (
	"encoding/json"
	"fmt"
)

// Ready is what the ready file tells: how to reach a stage that serves.
type Ready struct {
	API           string `json:"api"`            // base URL of the HTTP API
	S3            string `json:"s3"`             // endpoint; clients use path-style addressing
	DynamoDB      string `json:"dynamodb"`       // endpoint
	StepFunctions string `json:"sfn"`            // endpoint, also of Lambda's Invoke
	UploadsBucket string `json:"uploads_bucket"` // by name
	ModelsBucket  string `json:"models_bucket"`  // by name
	AccessKey     string `json:"access_key"`     // of S3; the others want any signature
	SecretKey     string `json:"secret_key"`     // of S3
	APIKey        string `json:"api_key"`        // admin key of tenant local
}

// write stores r at path in one step.
func (r Ready) write(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	// In one step: whoever waits for the file reads all of it.
	if err := writeFile(path, append(data, '\n')); err != nil {
		return fmt.Errorf("the ready file cannot be written (%w): set %s to a file you may write", err, ReadyFileVar)
	}
	return nil
}
