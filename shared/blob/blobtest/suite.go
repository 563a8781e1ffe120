// Package blobtest holds every blob.Store to the port's contract.
//
// Run is called by the tests of each adapter. It is black-box: it uses nothing
// but the port. Presigned requests are looked at and not made: not every Store
// serves them.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
)

// Run checks the stores that open returns. Each call of open must return an
// empty Store with versions, dated by time.Now; its resources are released by
// tb.Cleanup.
func Run(t *testing.T, open func(tb testing.TB) blob.Store) {
	for _, tc := range []struct {
		name string
		run  func(*testing.T, *suite)
	}{
		// Each runs on a store of its own: none sees what another left behind.
		{"absent", absent},
		{"round trip", roundTrip},
		{"versions", versions},
		{"if absent", ifAbsent},
		{"race if absent", raceIfAbsent},
		{"race to replace", raceReplace},
		{"delete", deletion},
		{"list", list},
		{"large", large},
		{"wrong size", wrongSize},
		{"bad keys", badKeys},
		{"presign", presign},
		{"context", cancelled},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, &suite{T: t, store: open(t)}) })
	}
}

// suite is one test's store and its shorthands.
type suite struct {
	*testing.T
	store blob.Store
}

// put stores text that must be taken.
func (s *suite) put(key, text string, opts blob.PutOptions) blob.Info {
	s.Helper()
	info, err := s.store.Put(s.Context(), key, strings.NewReader(text), int64(len(text)), opts)
	if err != nil {
		s.Fatalf("Put(%q, %d bytes) = %v, want success", key, len(text), err)
	}
	return info
}

// want checks that every way to read key gives text.
func (s *suite) want(key, text string) blob.Info {
	s.Helper()
	got, info := s.read(key, "")
	if got != text || info.Size != int64(len(text)) || info.Key != key {
		s.Errorf("Get(%q) = %.40q, %+v, want %.40q", key, got, info, text)
	}
	stat, err := s.store.Stat(s.Context(), key)
	if err != nil || stat != info {
		s.Errorf("Stat(%q) = %+v, %v, want what Get says: %+v", key, stat, err, info)
	}
	if data, err := blob.ReadAll(s.Context(), s.store, key, info.Size); err != nil || string(data) != text {
		s.Errorf("ReadAll(%q) = %d bytes, %v, want %d", key, len(data), err, len(text))
	}
	return info
}

// read returns one version, the newest without an id.
func (s *suite) read(key, version string) (string, blob.Info) {
	s.Helper()
	body, info, err := s.store.GetVersion(s.Context(), key, version)
	if err != nil {
		s.Fatalf("GetVersion(%q, %q) = %v, want success", key, version, err)
	}
	data, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil {
		s.Fatalf("read %q to its end: %v", key, err)
	}
	return string(data), info
}

// wantAbsent checks that no read finds key.
func (s *suite) wantAbsent(key string) {
	s.Helper()
	if _, _, err := s.store.Get(s.Context(), key); !fault.Is(err, fault.NotFound) {
		s.Errorf("Get(%q) = %v, want %s", key, err, fault.NotFound)
	}
	if _, err := s.store.Stat(s.Context(), key); !fault.Is(err, fault.NotFound) {
		s.Errorf("Stat(%q) = %v, want %s", key, err, fault.NotFound)
	}
	if _, err := blob.ReadAll(s.Context(), s.store, key, 1); !fault.Is(err, fault.NotFound) {
		s.Errorf("ReadAll(%q) = %v, want %s", key, err, fault.NotFound)
	}
}

// absent asks for versions of the forms that S3 and versitygw give their ids:
// one must be unknown, not invalid.
func absent(t *testing.T, s *suite) {
	s.wantAbsent("reports/acme/none.json")
	s.put("reports/acme/one.json", "{}", blob.PutOptions{})
	for _, version := range []string{"no-such-version", "01ARZ3NDEKTSV4RRFFQ69G5FAV", strings.Repeat("a", 32)} {
		if _, _, err := s.store.GetVersion(t.Context(), "reports/acme/one.json", version); !fault.Is(err, fault.NotFound) {
			t.Errorf("GetVersion(%q) = %v, want %s", version, err, fault.NotFound)
		}
	}
}

// roundTrip stores what keys, types and sizes may be, and reads it in each way.
func roundTrip(t *testing.T, s *suite) {
	for _, tc := range []struct {
		key, text string
		opts      blob.PutOptions
	}{
		{"inbox/acme/intents/train.csv", "text,label\na,b\n", blob.PutOptions{ContentType: "text/csv"}},
		{"inbox/acme/intents/训练 数据+%41&?#.csv", "文本", blob.PutOptions{ContentType: "text/csv; charset=utf-8"}},
		{"empty", "", blob.PutOptions{}},
		{"deep/" + strings.Repeat("folder/", 20) + "file", "x", blob.PutOptions{Metadata: map[string]string{"made-by": "test"}}},
		{"zeros", string(make([]byte, 5000)), blob.PutOptions{ContentType: "application/octet-stream"}},
	} {
		// A second of grace: file systems date by a clock that is some milliseconds
		// behind, and so, at a second's edge, by the second before.
		began := time.Now().Add(-time.Second).Truncate(time.Second)
		put := s.put(tc.key, tc.text, tc.opts)
		got := s.want(tc.key, tc.text)
		if put.Key != tc.key || put.Size != int64(len(tc.text)) || put.ETag != got.ETag || put.VersionID != got.VersionID || put.ETag == "" {
			t.Errorf("Put(%q) = %+v, want what Get says: %+v", tc.key, put, got)
		}
		if tc.opts.ContentType != "" && got.ContentType != tc.opts.ContentType {
			t.Errorf("Get(%q) has type %q, want %q", tc.key, got.ContentType, tc.opts.ContentType)
		}
		if got.ModTime.Before(began) || got.ModTime.After(time.Now().Add(time.Second)) || got.ModTime.Location() != time.UTC || got.ModTime.Nanosecond() != 0 {
			t.Errorf("Get(%q) is dated %v, want now in UTC to the second", tc.key, got.ModTime)
		}
	}
	// A body is taken from where it stands.
	body := strings.NewReader("head|tail")
	if _, err := body.Seek(5, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.Put(t.Context(), "tail", body, 4, blob.PutOptions{}); err != nil {
		t.Fatalf("Put(the rest of a body) = %v", err)
	}
	s.want("tail", "tail")
	if _, err := blob.ReadAll(t.Context(), s.store, "tail", 3); !fault.Is(err, fault.TooLarge) {
		t.Errorf("ReadAll over its limit = %v, want %s", err, fault.TooLarge)
	}
}

// versions checks that an id leads to its bytes for ever, past replacement and
// deletion.
func versions(t *testing.T, s *suite) {
	first := s.put("k/v", "one", blob.PutOptions{})
	second := s.put("k/v", "two, longer", blob.PutOptions{})
	if first.VersionID == "" || first.VersionID == second.VersionID {
		t.Fatalf("versions are %q and %q, want two", first.VersionID, second.VersionID)
	}
	s.want("k/v", "two, longer")
	for _, want := range []struct{ id, text string }{{first.VersionID, "one"}, {second.VersionID, "two, longer"}} {
		if got, info := s.read("k/v", want.id); got != want.text || info.VersionID != want.id {
			t.Errorf("GetVersion(%q) = %q of %q, want %q", want.id, got, info.VersionID, want.text)
		}
	}
	if err := s.store.Delete(t.Context(), "k/v"); err != nil {
		t.Fatalf("Delete = %v", err)
	}
	s.wantAbsent("k/v")
	if got, _ := s.read("k/v", first.VersionID); got != "one" {
		t.Errorf("after a deletion the first version is %q, want %q", got, "one")
	}
}

// ifAbsent: a key is absent before the first object and after a deletion, and the
// same bytes again are a refusal, too.
func ifAbsent(t *testing.T, s *suite) {
	opts := blob.PutOptions{IfAbsent: true}
	s.put("artifacts/a", "one", opts)
	for _, text := range []string{"one", "two"} {
		// Also the very bytes that are there: whether they are is the caller's to ask.
		_, err := s.store.Put(t.Context(), "artifacts/a", strings.NewReader(text), 3, opts)
		if !fault.Is(err, fault.PreconditionFailed) {
			t.Errorf("Put(%q) where there is one = %v, want %s", text, err, fault.PreconditionFailed)
		}
	}
	s.want("artifacts/a", "one")
	s.put("artifacts/a", "three", blob.PutOptions{})
	s.want("artifacts/a", "three")
	if err := s.store.Delete(t.Context(), "artifacts/a"); err != nil {
		t.Fatalf("Delete = %v", err)
	}
	s.put("artifacts/a", "four", opts)
	s.want("artifacts/a", "four")
}

// deletion deletes what is there, what is gone and what never was alike.
func deletion(t *testing.T, s *suite) {
	s.put("a/b", "x", blob.PutOptions{})
	for _, key := range []string{"a/b", "a/b", "never/there"} {
		if err := s.store.Delete(t.Context(), key); err != nil {
			t.Errorf("Delete(%q) = %v, want success", key, err)
		}
	}
	s.wantAbsent("a/b")
	if infos, _, err := s.store.List(t.Context(), "", "", 10); err != nil || len(infos) != 0 {
		t.Errorf("List after deleting all = %v, %v, want nothing", infos, err)
	}
}

// list cuts one listing into pages of several sizes, by prefix and from a key on.
func list(t *testing.T, s *suite) {
	// Byte order, which is neither by folder nor by letter: "work-" < "work/" < "workA".
	keys := []string{"other", "work-a", "work/0", "work/A", "work/a", "work/a-", "work/b/c", "work/b/d", "work/é", "work/分", "workA"}
	// Put in an order that is neither that of bytes nor of the list above: 7 and
	// the number of keys have no common factor, so each is met once.
	for i := range keys {
		key := keys[(i*7)%len(keys)]
		s.put(key, key, blob.PutOptions{ContentType: "text/plain"})
	}
	for _, tc := range []struct {
		prefix, after string
		want          []string
	}{
		{"", "", keys},
		{"work/", "", keys[2:10]},
		{"work", "", keys[1:]},
		{"work/b", "", keys[6:8]},
		{"work/", "work/a", keys[5:10]},
		{"work/", "work/b", keys[6:10]},
		{"work/", "work/分", nil},
		{"work/", "a", keys[2:10]},
		{"work/", "x", nil},
		{"none", "", nil},
	} {
		// Every cut into pages must give the same list.
		for _, limit := range []int{1, 3, len(keys), blob.MaxList} {
			if got, want := s.pages(tc.prefix, tc.after, limit), strings.Join(tc.want, " "); got != want {
				t.Errorf("List(%q after %q, by %d) = %q, want %q", tc.prefix, tc.after, limit, got, want)
			}
		}
	}
	infos, _, err := s.store.List(t.Context(), "work/é", "", 1)
	if err != nil || len(infos) != 1 {
		t.Fatalf("List(one key) = %v, %v", infos, err)
	}
	stat, err := s.store.Stat(t.Context(), "work/é")
	if got := infos[0]; err != nil || got.Size != stat.Size || got.ETag != stat.ETag || !got.ModTime.Equal(stat.ModTime) || got.ContentType != "" {
		t.Errorf("List = %+v, want as Stat %+v without a type", got, stat)
	}
	for _, limit := range []int{0, -1, blob.MaxList + 1} {
		if _, _, err := s.store.List(t.Context(), "", "", limit); !fault.Is(err, fault.Internal) {
			t.Errorf("List(limit %d) = %v, want %s", limit, err, fault.Internal)
		}
	}
}

// pages follows a list to its end.
func (s *suite) pages(prefix, after string, limit int) string {
	s.Helper()
	var met []string
	for range 100 {
		infos, more, err := s.store.List(s.Context(), prefix, after, limit)
		if err != nil || len(infos) > limit || more && len(infos) == 0 {
			s.Fatalf("List(%q after %q, %d) = %d keys, more %v, %v", prefix, after, limit, len(infos), more, err)
		}
		for _, info := range infos {
			met = append(met, info.Key)
			after = info.Key
		}
		if !more {
			return strings.Join(met, " ")
		}
	}
	s.Fatalf("List(%q) does not end", prefix)
	return ""
}

// large moves an object of many buffers, and leaves a reader in the middle.
func large(t *testing.T, s *suite) {
	// More than an SDK's part or a transport's buffer, and no round number.
	data := make([]byte, 24<<20+7)
	for i := range data {
		data[i] = byte(i * 2654435761 >> 13)
	}
	info, err := s.store.Put(t.Context(), "artifacts/large", bytes.NewReader(data), int64(len(data)), blob.PutOptions{IfAbsent: true})
	if err != nil || info.Size != int64(len(data)) {
		t.Fatalf("Put(%d bytes) = %+v, %v", len(data), info, err)
	}
	got, err := blob.ReadAll(t.Context(), s.store, "artifacts/large", info.Size)
	if err != nil || blob.DigestOf(got) != blob.DigestOf(data) {
		t.Errorf("ReadAll(large) = %d bytes, %v, want the %d put", len(got), err, len(data))
	}
	// A reader may be left in the middle.
	body, _, err := s.store.Get(t.Context(), "artifacts/large")
	if err != nil {
		t.Fatalf("Get(large) = %v", err)
	}
	head := make([]byte, 1000)
	if _, err := io.ReadFull(body, head); err != nil || !bytes.Equal(head, data[:1000]) {
		t.Errorf("the first bytes of a large object: %v", err)
	}
	if err := body.Close(); err != nil {
		t.Errorf("Close in the middle = %v, want success", err)
	}
}

// wrongSize announces another size than the body has: nothing is stored.
func wrongSize(t *testing.T, s *suite) {
	for _, size := range []int64{0, 4, 6} {
		if _, err := s.store.Put(t.Context(), "k", strings.NewReader("12345"), size, blob.PutOptions{}); !fault.Is(err, fault.Internal) {
			t.Errorf("Put(5 bytes as %d) = %v, want %s", size, err, fault.Internal)
		}
	}
	s.wantAbsent("k")
}

// badKeys checks that no method lets a key past that a file system would read
// as a way out of the bucket.
func badKeys(t *testing.T, s *suite) {
	for _, key := range []string{"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "../a", "a\x00b", "a\nb", "\xff", strings.Repeat("a", 1025)} {
		_, _, getErr := s.store.Get(t.Context(), key)
		_, statErr := s.store.Stat(t.Context(), key)
		_, putErr := s.store.Put(t.Context(), key, strings.NewReader(""), 0, blob.PutOptions{})
		deleteErr := s.store.Delete(t.Context(), key)
		_, signErr := s.store.PresignGet(t.Context(), key, "", time.Minute)
		for _, err := range []error{getErr, statErr, putErr, deleteErr, signErr} {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("a call with the key %.20q = %v, want %s", key, err, fault.Invalid)
			}
		}
	}
}

// presign looks at what is signed; whether a server honours it is its adapter's
// own test.
func presign(t *testing.T, s *suite) {
	text := "text,label\n"
	good := blob.PresignPut{Key: "datasets/acme/ds_1/train.csv", Size: int64(len(text)), Digest: blob.DigestOf([]byte(text)), ContentType: "text/csv", TTL: 10 * time.Minute}
	got, err := s.store.PresignPut(t.Context(), good)
	if err != nil || got.Method != http.MethodPut || !strings.Contains(got.URL, good.Key) || got.Headers["content-type"] != "text/csv" ||
		got.Headers["content-length"] != "11" || got.Headers["x-amz-checksum-sha256"] == "" {
		t.Errorf("PresignPut(%+v) = %+v, %v, want a PUT bound to type, size and checksum", good, got, err)
	}
	if d := time.Until(got.ExpiresAt); d < 9*time.Minute || d > 11*time.Minute {
		t.Errorf("PresignPut for 10 minutes ends in %v", d)
	}
	get, err := s.store.PresignGet(t.Context(), good.Key, "model v1.bin", time.Minute)
	if err != nil || get.Method != http.MethodGet || !strings.Contains(get.URL, good.Key) {
		t.Errorf("PresignGet = %+v, %v, want a GET of the key", get, err)
	}
	for name, change := range map[string]func(*blob.PresignPut){
		"no key":        func(p *blob.PresignPut) { p.Key = "" },
		"no digest":     func(p *blob.PresignPut) { p.Digest = "" },
		"bad digest":    func(p *blob.PresignPut) { p.Digest = "sha256:zz" },
		"negative size": func(p *blob.PresignPut) { p.Size = -1 },
		"no type":       func(p *blob.PresignPut) { p.ContentType = "" },
		"no time":       func(p *blob.PresignPut) { p.TTL = 0 },
		"eight days":    func(p *blob.PresignPut) { p.TTL = 8 * 24 * time.Hour },
	} {
		bad := good
		change(&bad)
		if _, err := s.store.PresignPut(t.Context(), bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("PresignPut with %s = %v, want %s", name, err, fault.Invalid)
		}
	}
}

// cancelled checks that an ended context comes out as itself, not as an outage.
func cancelled(t *testing.T, s *suite) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := s.store.Get(ctx, "k")
	calls := map[string]error{"Get": err}
	_, calls["Stat"] = s.store.Stat(ctx, "k")
	_, calls["Put"] = s.store.Put(ctx, "k", strings.NewReader("x"), 1, blob.PutOptions{})
	calls["Delete"] = s.store.Delete(ctx, "k")
	_, _, calls["List"] = s.store.List(ctx, "", "", 1)
	for name, err := range calls {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with an ended context = %v, want context.Canceled", name, err)
		}
	}
	s.wantAbsent("k")
}
