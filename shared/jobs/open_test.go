package jobs_test

import (
	"testing"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// What a job is opened with is written with it or not at all; a job that is there
// already is what is returned, whatever became of the rest.
func TestBook_Open_with(t *testing.T) {
	b, _ := newBook()
	key := registry.Key{Partition: "acme#DATASETS", Sort: "ds_1"}
	note := func(ifRev int64) registry.Write {
		return registry.Write{Record: registry.Record{Key: key, Body: []byte(`{}`)}, IfRev: ifRev}
	}
	for _, tc := range []struct {
		name   string
		job    int
		ifRev  int64
		want   fault.Code
		opened bool
		rev    int64 // of the note afterwards
	}{
		{"a condition that does not hold", 1, 7, fault.PreconditionFailed, false, 0},
		{"one that holds", 1, 0, "", true, 1},
		{"the same job again", 1, 0, "", false, 1},
		{"the same job, and a note that would do", 1, 1, "", false, 1},
		{"another job", 2, 1, "", true, 2},
	} {
		stored, opened, err := b.Open(t.Context(), made(tc.job), note(tc.ifRev))
		if fault.CodeOf(err) != tc.want || opened != tc.opened || err == nil && stored.ID != made(tc.job).ID {
			t.Errorf("%s: Open = %+v, %v, %v, want opened %v and the code %q", tc.name, stored, opened, err, tc.opened, tc.want)
		}
		_, loadErr := b.Load(t.Context(), tenant, made(tc.job).ID)
		rec, noteErr := b.Store.Get(t.Context(), key)
		if fault.Is(loadErr, fault.NotFound) != (tc.want != "") || rec.Rev != tc.rev {
			t.Errorf("%s: the job %v, the note at revision %d, %v, want revision %d", tc.name, loadErr, rec.Rev, noteErr, tc.rev)
		}
	}
}
