package memory_test

import (
	"testing"
	"time"

	"godwit/shared/registry"
	"godwit/shared/registry/memory"
	"godwit/shared/registry/registrytest"
)

func TestStore(t *testing.T) {
	registrytest.Run(t, func(testing.TB) registry.Store { return memory.New(time.Now) })
}

func TestStore_Copy(t *testing.T) {
	ctx, key := t.Context(), registry.Key{Partition: "acme#MODELS", Sort: "intents"}
	one := memory.New(time.Now)
	write := func(s *memory.Store, token, body string) {
		t.Helper()
		if err := s.Write(ctx, token, registry.Write{Record: registry.Record{Key: key, Body: []byte(body)}, IfRev: registry.AnyRev}); err != nil {
			t.Fatal(err)
		}
	}
	write(one, "a", `{"n":1}`)
	two := one.Copy()
	write(two, "a", `{"n":2}`) // its token has won already
	write(one, "b", `{"n":3}`)
	for _, tc := range []struct {
		name  string
		store *memory.Store
		want  string
	}{{"the original", one, `{"n":3}`}, {"the copy", two, `{"n":1}`}} {
		if rec, err := tc.store.Get(ctx, key); err != nil || string(rec.Body) != tc.want {
			t.Errorf("%s holds %s, %v, want %s", tc.name, rec.Body, err, tc.want)
		}
	}
}
