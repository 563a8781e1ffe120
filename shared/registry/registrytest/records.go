package registrytest

import (
	"strings"
	"testing"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// absent asks an empty store in each way there is.
func absent(t *testing.T, s *suite) {
	s.wantAbsent(key("nothing"))
	if recs, more := s.query(registry.Query{Partition: "acme#TEST", Limit: 10}); len(recs) != 0 || more {
		t.Errorf("Query of an empty store = %d records, more %v, want none", len(recs), more)
	}
	if recs, err := s.store.GetMany(t.Context(), nil); err != nil || len(recs) != 0 {
		t.Errorf("GetMany(no keys) = %d records, %v, want none", len(recs), err)
	}
}

// roundTrip stores what a careless encoding would change: keys and bodies beyond
// ASCII, white space, escapes, fractions of seconds.
func roundTrip(t *testing.T, s *suite) {
	at := time.Now().Add(time.Hour)
	for _, tc := range []struct {
		name string
		rec  registry.Record
	}{
		{"plain", registry.Record{Key: key("plain"), Body: []byte(`{"a":1}`)}},
		{"unicode key and body", registry.Record{Key: registry.Key{Partition: "acme#Ünï#分类", Sort: "意图#\U0001F600"}, Body: []byte(`{"标签":"é\u0000\n\"<>&"}`)}},
		{"index and expiry", registry.Record{Key: key("full"), Body: []byte(`{}`), Index: registry.Key{Partition: "acme#I", Sort: "1"}, ExpiresAt: at}},
		{"spaces in a body stay", registry.Record{Key: key("spaces"), Body: []byte("{ \"a\" :\t1 }\n")}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s.write(registry.Write{Op: registry.Put, Record: tc.rec, IfRev: 0})
			got := s.get(tc.rec.Key)
			want := tc.rec
			if got.Key != want.Key || got.Rev != 1 || string(got.Body) != string(want.Body) || got.Index != want.Index || got.Counters != nil {
				t.Errorf("Get(%v) = %+v, want %+v with revision 1", tc.rec.Key, got, want)
			}
			if got.ExpiresAt.IsZero() != want.ExpiresAt.IsZero() || got.ExpiresAt.Unix() != want.ExpiresAt.Unix() || got.ExpiresAt.Nanosecond() != 0 {
				t.Errorf("Get(%v) expires at %v, want %v to the second", tc.rec.Key, got.ExpiresAt, want.ExpiresAt)
			}
		})
	}
	// A caller's bytes and the store's are not the same memory.
	body := []byte(`{"x":1}`)
	s.write(registry.Write{Op: registry.Put, Record: registry.Record{Key: key("copy"), Body: body}})
	body[5] = '2'
	s.get(key("copy")).Body[5] = '3'
	s.wantRecord(key("copy"), 1, `{"x":1}`, nil)

	// In an order that is not the keys', with one in between that is absent.
	keys := []registry.Key{key("spaces"), key("nothing"), key("full"), key("plain")}
	recs, err := s.store.GetMany(t.Context(), keys)
	if err != nil || len(recs) != 3 || recs[0].Key != keys[0] || recs[1].Key != keys[2] || recs[2].Key != keys[3] {
		t.Errorf("GetMany(%v) = %+v, %v, want the three that exist in this order", keys, recs, err)
	}
	if recs, err := s.store.GetMany(t.Context(), []registry.Key{key("plain"), key("plain")}); err != nil || len(recs) != 2 {
		t.Errorf("GetMany(one key twice) = %d records, %v, want it twice", len(recs), err)
	}
}

// conditions tries each operation under revisions that are too low, right, too
// high and none.
func conditions(t *testing.T, s *suite) {
	k := key("a")
	s.refuse(fault.PreconditionFailed, put(k, `{"n":0}`, 1))
	s.refuse(fault.PreconditionFailed, drop(k, 1))
	s.refuse(fault.PreconditionFailed, check(k, 1))
	s.write(check(k, 0))
	s.wantAbsent(k)
	s.write(put(k, `{"n":1}`, 0))
	s.refuse(fault.PreconditionFailed, put(k, `{"n":0}`, 0))
	s.refuse(fault.PreconditionFailed, put(k, `{"n":0}`, 2))
	s.refuse(fault.PreconditionFailed, check(k, 0))
	s.write(put(k, `{"n":2}`, 1))
	s.refuse(fault.PreconditionFailed, put(k, `{"n":0}`, 1))
	s.write(check(k, 2))
	s.wantRecord(k, 2, `{"n":2}`, nil)
	s.write(put(k, `{"n":3}`, registry.AnyRev))
	s.wantRecord(k, 3, `{"n":3}`, nil)
	s.write(put(key("new"), `{}`, registry.AnyRev))
	s.wantRecord(key("new"), 1, `{}`, nil)
}

// allOrNothing has one condition of several fail, in each place, and looks
// whether anything of the others came through.
func allOrNothing(t *testing.T, s *suite) {
	a, b, c := key("a"), key("b"), key("c")
	s.write(put(a, `{"n":1}`, 0), put(b, `{"n":1}`, 0))
	s.refuse(fault.PreconditionFailed, put(a, `{"n":2}`, 1), put(b, `{"n":2}`, 7), put(c, `{}`, 0))
	s.refuse(fault.PreconditionFailed, put(a, `{"n":2}`, 1), check(b, 7))
	s.refuse(fault.PreconditionFailed, drop(a, 1), check(c, 1))
	s.wantRecord(a, 1, `{"n":1}`, nil)
	s.wantRecord(b, 1, `{"n":1}`, nil)
	s.wantAbsent(c)
	s.write(put(a, `{"n":2}`, 1), drop(b, 1), put(c, `{}`, registry.AnyRev), check(key("d"), 0))
	s.wantRecord(a, 2, `{"n":2}`, nil)
	s.wantAbsent(b)
	s.wantRecord(c, 1, `{}`, nil)
	s.wantAbsent(key("d"))
}

// deletion: a record that is gone begins at revision 1 again; whoever needs more
// keeps a record in its place, as the Registry does.
func deletion(t *testing.T, s *suite) {
	k := key("a")
	s.write(put(k, `{}`, 0))
	s.refuse(fault.PreconditionFailed, drop(k, 2))
	s.write(drop(k, 1))
	s.wantAbsent(k)
	s.refuse(fault.PreconditionFailed, drop(k, 1))
	s.write(drop(k, registry.AnyRev))
	s.write(put(k, `{"again":true}`, 0))
	s.wantRecord(k, 1, `{"again":true}`, nil)
	s.write(drop(k, registry.AnyRev))
	s.wantAbsent(k)
	// What a deletion leaves behind, if anything, is in no list.
	if recs, _ := s.query(registry.Query{Partition: k.Partition, Limit: 10}); len(recs) != 0 {
		t.Errorf("Query after deleting everything = %d records, want none", len(recs))
	}
}

// replay repeats each kind of write with its token at once.
func replay(t *testing.T, s *suite) {
	s.write(put(key("r"), `{}`, 0), put(key("s"), `{}`, 0))
	for _, tc := range []struct {
		name   string
		writes []registry.Write
	}{
		{"create", []registry.Write{put(key("a"), `{"n":1}`, 0)}},
		{"update", []registry.Write{put(key("a"), `{"n":2}`, 1)}},
		{"unconditional", []registry.Write{put(key("a"), `{"n":3}`, registry.AnyRev)}},
		{"several", []registry.Write{put(key("a"), `{"n":4}`, 3), put(key("b"), `{}`, 0), check(key("r"), 1)}},
		{"several with an unconditional one", []registry.Write{put(key("b"), `{"n":2}`, registry.AnyRev), drop(key("r"), 1)}},
		{"deletion", []registry.Write{drop(key("s"), 1)}},
	} {
		tok := token()
		// The first wins; the others are what a lost answer makes of it.
		for i := range 3 {
			if err := s.store.Write(t.Context(), tok, tc.writes...); err != nil {
				t.Errorf("%s, time %d with one token = %v, want success", tc.name, i+1, err)
			}
		}
		s.refuseUnless(tc.name, tc.writes)
	}
	s.wantRecord(key("a"), 4, `{"n":4}`, nil)
	s.wantRecord(key("b"), 2, `{"n":2}`, nil)
	s.wantAbsent(key("s"))
}

// refuseUnless checks that another token does not ride on a write's success.
func (s *suite) refuseUnless(name string, writes []registry.Write) {
	s.Helper()
	for _, w := range writes {
		if w.IfRev == registry.AnyRev {
			return // it would succeed by right
		}
	}
	if err := s.store.Write(s.Context(), token(), writes...); !fault.Is(err, fault.PreconditionFailed) {
		s.Errorf("%s with another token = %v, want %s", name, err, fault.PreconditionFailed)
	}
}

// replayLate repeats a write after two others have changed the same record.
func replayLate(t *testing.T, s *suite) {
	a := key("a")
	for _, ifRev := range []int64{0, 3, registry.AnyRev} {
		tok := token()
		first := []registry.Write{put(a, `{"by":"first"}`, ifRev)}
		if err := s.store.Write(t.Context(), tok, first...); err != nil {
			t.Fatalf("Write under revision %d = %v, want success", ifRev, err)
		}
		s.write(put(a, `{"by":"second"}`, registry.AnyRev))
		s.write(put(a, `{"by":"third"}`, registry.AnyRev))
		rev := s.get(a).Rev
		if err := s.store.Write(t.Context(), tok, first...); err != nil {
			t.Errorf("Write under revision %d repeated late = %v, want success", ifRev, err)
		}
		s.wantRecord(a, rev, `{"by":"third"}`, nil)
	}
	// Of a transaction one record may be gone for good and another rewritten.
	tok := token()
	both := []registry.Write{put(key("b"), `{}`, 0), put(key("c"), `{}`, 0), check(a, 9)}
	if err := s.store.Write(t.Context(), tok, both...); err != nil {
		t.Fatalf("Write(3 records) = %v, want success", err)
	}
	s.write(drop(key("b"), 1))
	s.write(put(key("c"), `{"n":2}`, 1), put(a, `{}`, 9))
	if err := s.store.Write(t.Context(), tok, both...); err != nil {
		t.Errorf("Write(3 records) repeated late = %v, want success", err)
	}
	s.wantAbsent(key("b"))
	s.wantRecord(key("c"), 2, `{"n":2}`, nil)
}

// expiry has every operation meet a record whose time is over: each must take it
// for absent, though a table holds it for days.
func expiry(t *testing.T, s *suite) {
	s.wantAbsent(s.expired("read"))
	if recs, more := s.query(registry.Query{Partition: "acme#TEST", Limit: 1}); len(recs) != 0 || more {
		t.Errorf("Query finds %d expired records, more %v, want none", len(recs), more)
	}
	if recs, more := s.query(registry.Query{Partition: "acme#X", Limit: 1, Index: true}); len(recs) != 0 || more {
		t.Errorf("Query of the index finds %d expired records, more %v, want none", len(recs), more)
	}
	s.refuse(fault.PreconditionFailed, put(s.expired("update"), `{}`, 1))
	s.refuse(fault.PreconditionFailed, check(s.expired("check"), 1))
	s.write(check(key("check"), 0))

	k := key("later")
	s.write(expiring(k, `{}`, 0, time.Now().Add(time.Hour)))
	s.write(put(k, `{}`, 1)) // a Put without expiry takes it away
	if at := s.get(k).ExpiresAt; !at.IsZero() {
		t.Errorf("after a Put without one, a record expires at %v, want never", at)
	}
}

// past is long enough ago for a clock that a store may read a little apart.
func past() time.Time { return time.Now().Add(-10 * time.Second) }

// expired stores a record whose time is over, in the index too.
func (s *suite) expired(name string) registry.Key {
	s.Helper()
	k := key(name)
	w := expiring(k, `{"old":true}`, 0, past())
	w.Record.Index = registry.Key{Partition: "acme#X", Sort: name}
	s.write(w)
	return k
}

// expiryReplaced puts new records in the place of expired ones: nothing of the
// old one, its revision and counters included, may live on.
func expiryReplaced(t *testing.T, s *suite) {
	for _, tc := range []struct {
		name  string
		ifRev int64
		with  []registry.Write
	}{
		{"create", 0, nil},
		{"unconditional", registry.AnyRev, nil},
		{"create among several", 0, []registry.Write{put(key("x"), `{}`, 0)}},
		{"unconditional among several", registry.AnyRev, []registry.Write{put(key("y"), `{}`, 0)}},
	} {
		k := s.expired(tc.name)
		s.write(append(tc.with, put(k, `{"new":true}`, tc.ifRev))...)
		s.wantRecord(k, 1, `{"new":true}`, nil)
	}

	k := s.expired("add")
	s.add(k, map[string]int64{"n": 5}, time.Time{})
	s.wantRecord(k, 1, `{}`, map[string]int64{"n": 5})
	s.add(k, map[string]int64{"n": 1}, past())
	s.wantAbsent(k)
	s.write(put(k, `{}`, 0))
	s.wantRecord(k, 1, `{}`, nil)
}

func (s *suite) add(k registry.Key, delta map[string]int64, expiresAt time.Time) {
	s.Helper()
	if err := s.store.Add(s.Context(), k, delta, expiresAt); err != nil {
		s.Fatalf("Add(%v, %v) = %v, want success", k, delta, err)
	}
}

// counters checks that Add and Put leave each other's part of a record alone.
func counters(t *testing.T, s *suite) {
	k, at := key("count"), time.Now().Add(time.Hour)
	s.add(k, map[string]int64{"rows": 3, "calls": 1}, at)
	s.wantRecord(k, 1, `{}`, map[string]int64{"rows": 3, "calls": 1})
	s.add(k, map[string]int64{"rows": -1, "errors_4xx": 1}, time.Time{})
	want := map[string]int64{"rows": 2, "calls": 1, "errors_4xx": 1}
	s.wantRecord(k, 1, `{}`, want)
	if got := s.get(k).ExpiresAt; got.Unix() != at.Unix() {
		t.Errorf("Add without an expiry changes it to %v, want %v", got, at)
	}
	s.write(put(k, `{"a":1}`, 1))
	s.wantRecord(k, 2, `{"a":1}`, want)
	s.write(put(k, `{"a":2}`, 2), put(key("other"), `{}`, 0))
	s.wantRecord(k, 3, `{"a":2}`, want)
	s.add(k, map[string]int64{"rows": 1}, time.Time{})
	want["rows"] = 3
	s.wantRecord(k, 3, `{"a":2}`, want)
	s.write(put(k, `{"a":3}`, 3)) // Add did not change the revision
	s.write(drop(k, 4))
	s.write(put(k, `{}`, 0))
	s.wantRecord(k, 1, `{}`, nil)
}

// misuse makes the calls that only a mistake in the caller can produce: an
// adapter refuses them before it asks its service.
func misuse(t *testing.T, s *suite) {
	long := strings.Repeat("x", 1025)
	for _, tc := range []struct {
		name   string
		writes []registry.Write
	}{
		{"no write", nil},
		{"one key twice", []registry.Write{put(key("a"), `{}`, 0), check(key("a"), 0)}},
		{"empty partition", []registry.Write{put(registry.Key{Sort: "a"}, `{}`, 0)}},
		{"empty sort key", []registry.Write{put(key(""), `{}`, 0)}},
		{"long sort key", []registry.Write{put(key(long), `{}`, 0)}},
		{"key that is not UTF-8", []registry.Write{put(key("\xff"), `{}`, 0)}},
		{"half an index entry", []registry.Write{{Op: registry.Put, Record: registry.Record{Key: key("a"), Body: []byte(`{}`), Index: registry.Key{Sort: "a"}}}}},
		{"body that is not JSON", []registry.Write{put(key("a"), `{`, 0)}},
		{"no body", []registry.Write{put(key("a"), ``, 0)}},
		{"check of nothing", []registry.Write{check(key("a"), registry.AnyRev)}},
		{"unknown condition", []registry.Write{put(key("a"), `{}`, -2)}},
		{"unknown operation", []registry.Write{{Op: 7, Record: registry.Record{Key: key("a"), Body: []byte(`{}`)}}}},
	} {
		t.Run(tc.name, func(t *testing.T) { s.refuse(fault.Internal, tc.writes...) })
	}
	if err := s.store.Write(t.Context(), "", put(key("a"), `{}`, 0)); !fault.Is(err, fault.Internal) {
		t.Errorf("Write without a token = %v, want %s", err, fault.Internal)
	}
	for _, q := range []registry.Query{{Limit: 1}, {Partition: "p"}, {Partition: "p", Limit: 201}} {
		if _, _, err := s.store.Query(t.Context(), q); !fault.Is(err, fault.Internal) {
			t.Errorf("Query(%+v) = %v, want %s", q, err, fault.Internal)
		}
	}
	for _, delta := range []map[string]int64{nil, {"": 1}, {"A": 1}} {
		if err := s.store.Add(t.Context(), key("a"), delta, time.Time{}); !fault.Is(err, fault.Internal) {
			t.Errorf("Add(%v) = %v, want %s", delta, err, fault.Internal)
		}
	}
	s.wantAbsent(key("a"))
}
