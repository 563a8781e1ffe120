package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

// childVar makes this test program play another one.
const childVar = "GODWIT_BENCH_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childVar) {
	case "function":
		os.Exit(playFunction())
	case "bench":
		main()
		os.Exit(0)
	case "result":
		fmt.Println("reading\nRESULT {\"acc\":0.5}")
		os.Exit(0)
	case "broken":
		fmt.Fprintln(os.Stderr, "Traceback\nModuleNotFoundError: No module named 'sklearn'")
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// playFunction is a Lambda function that echoes one event.
func playFunction() int {
	base := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/"
	if os.Getenv("FAIL") != "" {
		if _, err := http.Post(base+"init/error", "application/json", strings.NewReader(`{"errorMessage":"no settings"}`)); err != nil {
			return 1
		}
		select {}
	}
	for {
		next, err := http.Get(base + "invocation/next")
		if err != nil {
			return 1
		}
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		if _, err := http.Post(base+"invocation/"+id+"/response", "application/json", next.Body); err != nil {
			return 1
		}
	}
}

// sample is the labelled file that comes with the stage.
const sample = "../../functions/local/sample/messages.csv"

// call runs the program and returns what it prints.
func call(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out strings.Builder
	err := run(t.Context(), args, &out, io.Discard)
	return out.String(), err
}
