package api_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"godwit/shared/api"
	"godwit/shared/training"
)

// What training understands can be asked for, and nothing else: the wire type
// has the fields of training's own settings, down to the last.
func TestTrainingSettings(t *testing.T) {
	got, want := paths(reflect.TypeFor[api.TrainingSettings](), ""), paths(reflect.TypeFor[training.Settings](), "")
	if !slices.Equal(got, want) {
		t.Errorf("the wire type has the fields\n%v\nwant those of training,\n%v", got, want)
	}
}

// paths returns the JSON paths of a struct's fields with the kinds they end in.
func paths(t reflect.Type, prefix string) []string {
	found := map[string]bool{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		kind := f.Type
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		if kind.Kind() != reflect.Struct {
			found[prefix+name+" "+kind.Kind().String()] = true
			continue
		}
		for _, inner := range paths(kind, prefix+name+".") {
			found[inner] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// A 0 that was sent is not taken for a field that was left out.
func TestTrainingSettings_zero(t *testing.T) {
	s := newStage(t)
	for pointer, settings := range map[string]m{
		"/training/split/test":           {"split": m{"test": 0}},
		"/training/search/folds":         {"search": m{"folds": 0}},
		"/training/params/learning_rate": {"algorithm": "rnn", "params": m{"learning_rate": 0}},
		"/training/params/min_docs":      {"params": m{"min_docs": 0}},
		"/training/params/loss":          {"algorithm": "logistic-regression", "params": m{"loss": "hinge"}},
	} {
		got := s.want(t, 422, call{method: "POST", path: "/v1/models", body: m{"name": "zeros", "training": settings}})
		if faults, _ := got["errors"].([]any); len(faults) != 1 || faults[0].(m)["pointer"] != pointer {
			t.Errorf("%v: errors = %v, want %s", settings, got["errors"], pointer)
		}
	}
	s.want(t, 201, call{method: "POST", path: "/v1/models", body: m{"name": "budget", "training": m{"search": m{"budget": 0}}}})
}
