package api_test

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"godwit/shared/api"
)

func ExampleRegistry() {
	s := newStage(&testing.T{}) // memory stores; boot gives the real ones
	w := httptest.NewRecorder()
	api.Registry(s.deps).ServeHTTP(w, httptest.NewRequest("GET", "/healthz", nil))
	fmt.Print(w.Code, " ", w.Body)
	// Output: 200 {"status":"ok","build":"test"}
}
