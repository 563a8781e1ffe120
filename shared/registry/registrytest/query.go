package registrytest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// fill stores a record under each sort key.
func (s *suite) fill(sorts ...string) {
	s.Helper()
	for part := range slices.Chunk(sorts, registry.MaxWrites) {
		var writes []registry.Write
		for _, sort := range part {
			writes = append(writes, put(key(sort), `{}`, 0))
		}
		s.write(writes...)
	}
}

// queryPages cuts one list into pages of many sizes, both ways, and changes it
// between two of them.
func queryPages(t *testing.T, s *suite) {
	var sorts []string
	for i := range 57 {
		// Squares: gaps, so that an After need not be a neighbour.
		sorts = append(sorts, fmt.Sprintf("V#%010d", i*i))
	}
	s.fill(sorts...)
	s.fill("A#a", "V", "W#1") // neighbours of the prefix
	s.write(put(registry.Key{Partition: "acme#TEST2", Sort: "V#0000000001"}, `{}`, 0))
	for _, limit := range []int{1, 7, 56, 57, 58, 200} {
		q := registry.Query{Partition: "acme#TEST", Prefix: "V#", Limit: limit}
		if got, want := s.pages(q), strings.Join(sorts, " "); got != want {
			t.Errorf("pages of %d = %s, want %s", limit, got, want)
		}
		q.Descending = true
		down := slices.Clone(sorts)
		slices.Reverse(down)
		if got, want := s.pages(q), strings.Join(down, " "); got != want {
			t.Errorf("pages of %d downwards = %s, want %s", limit, got, want)
		}
	}
	// Records that come and go between pages do not disturb the others.
	q := registry.Query{Partition: "acme#TEST", Prefix: "V#", Limit: 20}
	recs, more := s.query(q)
	s.write(drop(recs[19].Key, 1), drop(recs[3].Key, 1))
	s.fill("V#0000000002")
	q.After, q.Limit = recs[19].Key.Sort, 200
	rest, restMore := s.query(q)
	if !more || restMore || len(rest) != 37 || rest[0].Key.Sort != sorts[20] {
		t.Errorf("the second page after changes = %d records, more %v, want 37 from %s", len(rest), restMore, sorts[20])
	}
}

// queryBounds tries prefixes and Afters around the code points at which byte
// order, UTF-16 order and "the next string" part: U+D7FF, U+E000, U+10FFFF.
func queryBounds(t *testing.T, s *suite) {
	s.fill("a", "b", "b#1", "b#2", "b#\U0010FFFF", "b$", "c", "é", "\uD7FFx", "\uE000", "\U0010FFFF", "\U0010FFFFz")
	for _, tc := range []struct {
		prefix, after string
		down          bool
		want          string
	}{
		{"", "", false, "a b b#1 b#2 b#\U0010FFFF b$ c é \uD7FFx \uE000 \U0010FFFF \U0010FFFFz"},
		{"", "", true, "\U0010FFFFz \U0010FFFF \uE000 \uD7FFx é c b$ b#\U0010FFFF b#2 b#1 b a"},
		{"", "b#2", false, "b#\U0010FFFF b$ c é \uD7FFx \uE000 \U0010FFFF \U0010FFFFz"},
		{"", "b#2", true, "b#1 b a"},
		{"", "b#3", true, "b#2 b#1 b a"}, // the record After names need not exist
		{"b", "", false, "b b#1 b#2 b#\U0010FFFF b$"},
		{"b#", "", false, "b#1 b#2 b#\U0010FFFF"},
		{"b#", "", true, "b#\U0010FFFF b#2 b#1"},
		{"b#", "b#1", false, "b#2 b#\U0010FFFF"},
		{"b#", "b#2", true, "b#1"},
		{"b#", "a", false, "b#1 b#2 b#\U0010FFFF"}, // After before the prefix
		{"b#", "c", false, ""},
		{"b#", "c", true, "b#\U0010FFFF b#2 b#1"},
		{"b#", "a", true, ""},
		{"b#\U0010FFFF", "", false, "b#\U0010FFFF"},
		{"\uD7FF", "", false, "\uD7FFx"},
		{"\U0010FFFF", "", false, "\U0010FFFF \U0010FFFFz"},
		{"\U0010FFFF", "\U0010FFFF", false, "\U0010FFFFz"},
		{"z", "", false, ""},
	} {
		for _, limit := range []int{2, 100} {
			q := registry.Query{Partition: "acme#TEST", Prefix: tc.prefix, After: tc.after, Descending: tc.down, Limit: limit}
			if got := s.pages(q); got != tc.want {
				t.Errorf("Query(%+v) = %q, want %q", q, got, tc.want)
			}
		}
	}
}

// index checks the secondary index, which may lag: it is asked until it says
// what it should, for ten seconds at most.
func index(t *testing.T, s *suite) {
	at := func(sort, entry string, rev int64) registry.Write {
		w := put(key(sort), `{"of":"`+sort+`"}`, rev)
		if entry != "" {
			w.Record.Index = registry.Key{Partition: "acme#JOBS", Sort: entry}
		}
		return w
	}
	want := func(q registry.Query, want string) {
		t.Helper()
		q.Partition, q.Index = "acme#JOBS", true
		got := s.pages(q)
		for end := time.Now().Add(10 * time.Second); got != want && time.Now().Before(end); got = s.pages(q) {
			time.Sleep(20 * time.Millisecond)
		}
		if got != want {
			t.Errorf("Query(%+v) = %q, want %q", q, got, want)
		}
	}
	s.write(at("c", "2024-01", 0), at("b", "2024-02", 0), at("a", "2025-01", 0), at("none", "", 0))
	want(registry.Query{Limit: 2}, "2024-01 2024-02 2025-01")
	want(registry.Query{Limit: 1, Descending: true}, "2025-01 2024-02 2024-01")
	want(registry.Query{Limit: 5, Prefix: "2024"}, "2024-01 2024-02")
	want(registry.Query{Limit: 5, After: "2024-01", Prefix: "2024"}, "2024-02")
	recs, _ := s.query(registry.Query{Partition: "acme#JOBS", Index: true, Limit: 1})
	if len(recs) != 1 || recs[0].Key != key("c") || string(recs[0].Body) != `{"of":"c"}` || recs[0].Rev != 1 {
		t.Errorf("Query of the index = %+v, want the whole record", recs)
	}
	s.write(at("c", "2026-01", 1)) // moves
	want(registry.Query{Limit: 5}, "2024-02 2025-01 2026-01")
	s.write(at("b", "", 1), drop(key("a"), 1)) // leave
	want(registry.Query{Limit: 5}, "2026-01")
	if got := s.pages(registry.Query{Partition: "acme#JOBS", Limit: 5}); got != "" {
		t.Errorf("Query of the table under the index's partition = %q, want nothing", got)
	}
}

// sizes tries a body, a number of records and a sum of bytes at and just over
// their limits.
func sizes(t *testing.T, s *suite) {
	// Two bytes a character: the limit is of bytes.
	body := func(n int) string { return `"` + strings.Repeat("é", (n-2)/2) + strings.Repeat("x", n%2) + `"` }
	full := body(registry.MaxBody)
	s.write(put(key("full"), full, 0))
	s.wantRecord(key("full"), 1, full, nil)
	s.refuse(fault.TooLarge, put(key("over"), body(registry.MaxBody+1), 0))
	s.wantAbsent(key("over"))

	var keys []registry.Key
	var many, more, heavy []registry.Write
	for i := range registry.MaxWrites {
		k := key(fmt.Sprintf("%03d", i))
		keys = append(keys, k)
		many = append(many, put(k, fmt.Sprintf(`{"i":%d}`, i), 0))
		more = append(more, put(k, `{}`, registry.AnyRev))
		heavy = append(heavy, put(k, body(50<<10), registry.AnyRev))
	}
	s.write(many...)
	recs, err := s.store.GetMany(t.Context(), keys)
	if err != nil || len(recs) != len(keys) || string(recs[99].Body) != `{"i":99}` {
		t.Errorf("GetMany(%d keys) = %d records, %v, want all in order", len(keys), len(recs), err)
	}
	s.refuse(fault.Internal, append(more, put(key("one more"), `{}`, 0))...)
	s.refuse(fault.TooLarge, heavy...)
	s.wantRecord(keys[0], 1, `{"i":0}`, nil)
}

// largePages reads more bytes than a service puts into one answer.
func largePages(t *testing.T, s *suite) {
	body := `"` + strings.Repeat("x", 280<<10) + `"`
	var keys []registry.Key
	var want []string
	for i := range 70 { // 19 MB
		k := key(fmt.Sprintf("%03d", i))
		keys, want = append(keys, k), append(want, k.Sort)
		s.write(put(k, body, 0))
	}
	recs, err := s.store.GetMany(t.Context(), keys)
	if err != nil || len(recs) != len(keys) {
		t.Fatalf("GetMany(%d records of 280 KB) = %d records, %v, want all", len(keys), len(recs), err)
	}
	for i, rec := range recs {
		if rec.Key != keys[i] || string(rec.Body) != body {
			t.Errorf("GetMany: record %d is %v with %d bytes, want %v with %d", i, rec.Key, len(rec.Body), keys[i], len(body))
		}
	}
	if got, want := s.pages(registry.Query{Partition: "acme#TEST", Limit: 60}), strings.Join(want, " "); got != want {
		t.Errorf("pages of 280 KB records = %s, want %s", got, want)
	}
}
