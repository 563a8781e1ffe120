// Command bootstrap is the function of the stage's tests: each event says
// what it should do.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// order is an event; an HTTP API event carries one as its body.
type order struct {
	Do         string   `json:"do"`
	Body       string   `json:"body"`
	Millis     int      `json:"millis"`
	Bytes      int      `json:"bytes"`
	Type       string   `json:"type"`
	Name       string   `json:"name"`
	Identities []string `json:"identitySource"`
}

var served int

func main() {
	switch os.Getenv("INIT") {
	case "exit":
		os.Exit(3)
	case "hang":
		time.Sleep(time.Hour)
	case "report":
		url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/init/error"
		if _, err := http.Post(url, "application/json", strings.NewReader(`{"errorType":"Config.Bad","errorMessage":"no table"}`)); err != nil {
			os.Exit(4)
		}
		os.Exit(1)
	}
	if os.Getenv("INIT") == "misuse" {
		misuse("http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/")
	}
	lambda.Start(handle)
}

// misuse breaks the rules of the Runtime API during its first event, and
// answers it with the statuses it got.
func misuse(api string) {
	next, err := http.Get(api + "invocation/next")
	if err != nil {
		os.Exit(4)
	}
	next.Body.Close()
	id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
	post := func(path, body string) int {
		response, err := http.Post(api+path, "application/json", strings.NewReader(body))
		if err != nil {
			os.Exit(5)
		}
		response.Body.Close()
		return response.StatusCode
	}
	statuses := []int{post("invocation/other/response", "1"), post("invocation/other/error", "{}"), post("init/error", "{}"), post("unknown", "{}")}
	again, err := http.Get(api + "invocation/next")
	if err != nil {
		os.Exit(6)
	}
	again.Body.Close()
	statuses = append(statuses, again.StatusCode)
	statuses = append(statuses, post("invocation/"+id+"/response", fmt.Sprintf("%q", fmt.Sprint(statuses))))
	post("invocation/"+id+"/response", `"twice"`)
}

// broken is an answer that fails after some bytes.
type broken struct{ sent bool }

func (b *broken) Read(p []byte) (int, error) {
	if b.sent {
		return 0, messages.InvokeResponse_Error{Type: "Godwit.Transient", Message: "half"}
	}
	b.sent = true
	return copy(p, `{"half":`), nil
}

func handle(ctx context.Context, event json.RawMessage) (any, error) {
	served++
	var o order
	if err := json.Unmarshal(event, &o); err != nil {
		return nil, err
	}
	if len(o.Identities) > 0 {
		return authorize(o.Identities[0])
	}
	switch o.Do {
	case "sleep":
		time.Sleep(time.Duration(o.Millis) * time.Millisecond)
	case "exit":
		os.Exit(2)
	case "exit0":
		os.Exit(0)
	case "panic":
		panic("no way")
	case "error":
		return nil, errors.New("plain")
	case "typed":
		return nil, messages.InvokeResponse_Error{Type: o.Type, Message: "typed"}
	case "broken":
		return &broken{}, nil
	case "big":
		return strings.Repeat("x", o.Bytes), nil
	case "env":
		return os.Getenv(o.Name), nil
	case "environ":
		return os.Environ(), nil
	case "print":
		fmt.Println("line one")
		fmt.Fprint(os.Stderr, "line two")
	case "grandchild":
		cmd := exec.Command("sleep", "300")
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		return cmd.Process.Pid, nil
	case "context":
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return map[string]any{"id": lc.AwsRequestID, "arn": lc.InvokedFunctionArn, "millis": time.Until(deadline).Milliseconds()}, nil
	case "":
		return event, nil // an echo
	}
	return map[string]int{"served": served, "pid": os.Getpid()}, nil
}

// authorize allows "Bearer good" and crashes on "Bearer crash".
func authorize(identity string) (any, error) {
	if identity == "Bearer crash" {
		return nil, errors.New("authorizer failed")
	}
	return map[string]any{
		"isAuthorized": identity == "Bearer good",
		"context":      map[string]any{"tenant": "acme", "key_id": "k1", "scopes": "predict", "call": served},
	}, nil
}
