package memblob_test

import (
	"strings"
	"testing"
	"time"

	"godwit/shared/blob"
	"godwit/shared/blob/blobtest"
	"godwit/shared/blob/memblob"
)

func TestStore(t *testing.T) {
	blobtest.Run(t, func(testing.TB) blob.Store { return memblob.New(time.Now) })
}

func TestStore_Copy(t *testing.T) {
	ctx := t.Context()
	one := memblob.New(time.Now)
	put := func(s *memblob.Store, key, text string) {
		t.Helper()
		if _, err := s.Put(ctx, key, strings.NewReader(text), int64(len(text)), blob.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	put(one, "both", "first")
	two := one.Copy()
	put(one, "both", "second")
	put(two, "both", "third")
	put(two, "one", "alone")
	for _, tc := range []struct {
		name  string
		store *memblob.Store
		want  string
		keys  int
	}{{"the original", one, "second", 1}, {"the copy", two, "third", 2}} {
		data, err := blob.ReadAll(ctx, tc.store, "both", 100)
		if list, _, lerr := tc.store.List(ctx, "", "", 10); err != nil || lerr != nil || string(data) != tc.want || len(list) != tc.keys {
			t.Errorf("%s holds %q among %d keys, %v, %v, want %q among %d", tc.name, data, len(list), err, lerr, tc.want, tc.keys)
		}
	}
}
