// Command onnxruntime is the Lambda function that runs imported graphs with
// operators that the runner in Go does not have, by ONNX Runtime. It is optional.
//
// The library, libonnxruntime.so.1, lies beside the program; README.md tells where
// it comes from and what it needs.
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/aws/aws-lambda-go/lambda"

	"godwit/shared/boot"
	"godwit/shared/ml/onnxruntime"
	"godwit/shared/remote"
)

// library is the file that make build-onnxruntime puts beside the program.
const library = "libonnxruntime.so.1"

// keepShare is the part of the function's memory that sessions may take by the
// size of their files: one takes about that again, and for a moment twice while it
// is loaded. The rest is for what runs make.
const keepShare = 4

func main() {
	app, err := boot.New()
	if err != nil {
		log.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	engine, err := onnxruntime.Open(filepath.Join(filepath.Dir(program), library))
	if err != nil {
		log.Fatal(err)
	}
	handler := &remote.Handler{
		Models: app.Models, KeepBytes: app.Settings.MemoryBytes / keepShare, Log: app.Log,
		Load: func(graph []byte) (remote.Session, error) { return engine.Session(graph) },
	}
	lambda.Start(handler.Handle)
}
