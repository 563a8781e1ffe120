package host_test

import (
	"context"
	"fmt"

	"godwit/functions/local/host"
)

func Example() {
	h := host.New(host.Options{})
	defer h.Close()
	// bootstrap is the path of an executable built with aws-lambda-go.
	if err := h.Add(host.Function{Name: "echo", Bootstrap: bootstrap}); err != nil {
		fmt.Println(err)
		return
	}
	for _, event := range []string{`{"hello":"world"}`, `{"do":"typed","type":"Godwit.Input"}`} {
		r, err := h.Invoke(context.Background(), "echo", []byte(event))
		fmt.Printf("%s %q %v\n", r.Payload, r.ErrorType, err)
	}
	// Output:
	// {"hello":"world"} "" <nil>
	// {"errorMessage":"typed","errorType":"Godwit.Input"} "Godwit.Input" <nil>
}
