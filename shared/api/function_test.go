package api_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"godwit/shared/api"
)

// TestRoutes_Function asks every function for every route: the one that the
// route names has it and no other, so that a row in the wrong part of the table
// is found here, and not by the gateway.
func TestRoutes_Function(t *testing.T) {
	s := newStage(t)
	functions := map[api.Function]http.Handler{
		api.PredictFunction: api.Predict(s.deps), api.TrainingFunction: api.Training(s.deps), api.RegistryFunction: api.Registry(s.deps),
	}
	wildcard := regexp.MustCompile(`\{\w+\}`)
	for _, route := range api.Routes() {
		request := httptest.NewRequest(route.Method, wildcard.ReplaceAllString(route.Pattern, "1"), nil)
		for name, handler := range functions {
			s.meter.seen = nil
			handler.ServeHTTP(httptest.NewRecorder(), request)
			// The meter is told the pattern first, and "(none)" of what is not there.
			got, want := strings.HasPrefix(s.meter.seen[0], route.Pattern+" "), name == route.Function
			if got != want {
				t.Errorf("%s %s in %s: served = %v, want %v (%s)", route.Method, route.Pattern, name, got, want, s.meter.seen[0])
			}
		}
	}
}
