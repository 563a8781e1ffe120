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
