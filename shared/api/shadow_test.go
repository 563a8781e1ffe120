package api_test

import (
	"context"
	"strings"
	"testing"

	"godwit/shared/registry"
	"godwit/shared/serving"
)

// breaking is a registry that panics over version 2.
type breaking struct{ serving.Resolver }

func (b breaking) Resolve(ctx context.Context, t registry.Tenant, ref registry.Reference) (registry.Version, string, error) {
	if ref.Version == 2 {
		panic("no such luck")
	}
	return b.Resolver.Resolve(ctx, t, ref)
}

// A shadow that panics is in the log under the request's id, in no count and in no
// answer.
func TestPredict_shadowPanics(t *testing.T) {
	s := split(t)
	s.want(t, 200, call{method: "PUT", path: routePath, header: m2("If-None-Match", "*"), body: m{
		"targets": []any{m{"ref": "versions/1", "weight": 1}}, "shadow": []any{m{"ref": "versions/2", "percent": 100}},
	}})
	s.deps.Serving = serving.New(serving.Options{Registry: breaking{s.registry}, Models: s.models, Secret: s.deps.Secret, Now: s.now})
	s.front = front(s.deps)
	got := s.do(t, call{method: "POST", path: "/v1/models/intents/predict", body: m{"inputs": []string{"where is my card"}}})
	if got.Code != 200 || strings.Contains(got.Body.String(), "luck") {
		t.Errorf("predict = %d %s, want version 1's answer and nothing of the shadow", got.Code, got.Body)
	}
	log := s.log.String()
	for _, want := range []string{`"msg":"shadow failed"`, `"model":"intents"`, "shadow intents/versions/2 panicked: no such luck", `"id":"` + got.Header().Get("X-Request-Id")} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s: %s", want, log)
		}
	}
	if strings.Contains(log, "where is my card") {
		t.Errorf("the log holds what was asked: %s", log)
	}
}
