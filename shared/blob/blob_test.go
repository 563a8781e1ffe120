package blob_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"godwit/shared/blob"
	"godwit/shared/blob/memblob"
	"godwit/shared/fault"
)

// emptySHA256 is the SHA-256 of nothing, from FIPS 180-4's test vectors.
const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestParseDigest(t *testing.T) {
	d, err := blob.ParseDigest("sha256:" + emptySHA256)
	if err != nil || d != blob.DigestOf(nil) || d.Hex() != emptySHA256 {
		t.Errorf("ParseDigest = %q, %v, want the digest of nothing", d, err)
	}
	if got, err := d.Base64(); err != nil || got != "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" {
		t.Errorf("Base64 = %q, %v", got, err)
	}
	for _, s := range []string{"", "sha256:", emptySHA256, "sha256:" + emptySHA256[1:], "sha256:" + emptySHA256 + "00", "SHA256:" + emptySHA256,
		"sha256:" + strings.ToUpper(emptySHA256), "sha1:" + emptySHA256, "sha256:" + strings.Repeat("g", 64)} {
		if got, err := blob.ParseDigest(s); !fault.Is(err, fault.Invalid) || got != "" {
			t.Errorf("ParseDigest(%q) = %q, %v, want %s", s, got, err, fault.Invalid)
		}
	}
	if _, err := blob.Digest("sha256:zz").Base64(); !fault.Is(err, fault.Invalid) {
		t.Errorf("Base64 of no digest = %v, want %s", err, fault.Invalid)
	}
}

func FuzzParseDigest(f *testing.F) {
	for _, s := range []string{"", "sha256:" + emptySHA256, "sha256:" + strings.ToUpper(emptySHA256), "sha256:é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := blob.ParseDigest(s)
		if err != nil {
			return
		}
		if string(d) != s || len(d.Hex()) != 64 {
			t.Errorf("ParseDigest(%q) = %q", s, d)
		}
		if _, err := d.Base64(); err != nil {
			t.Errorf("ParseDigest(%q).Base64() = %v", s, err)
		}
	})
}

// short is a Store whose bodies end early.
type short struct{ blob.Store }

func (s short) Get(ctx context.Context, key string) (io.ReadCloser, blob.Info, error) {
	body, info, err := s.Store.Get(ctx, key)
	if err != nil {
		return nil, info, err
	}
	return io.NopCloser(io.LimitReader(body, info.Size-1)), info, nil
}

// ending serves bodies that are whole and then end as given.
type ending struct {
	blob.Store
	end io.Reader
}

func (s ending) Get(ctx context.Context, key string) (io.ReadCloser, blob.Info, error) {
	body, info, err := s.Store.Get(ctx, key)
	if err != nil {
		return nil, info, err
	}
	return io.NopCloser(io.MultiReader(body, s.end)), info, nil
}

func TestReadAll(t *testing.T) {
	s := memblob.New(time.Now)
	if _, err := s.Put(t.Context(), "k", strings.NewReader("12345"), 5, blob.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name  string
		store blob.Store
		key   string
		limit int64
		want  fault.Code
	}{
		{"whole", s, "k", 5, ""},
		{"over the limit", s, "k", 4, fault.TooLarge},
		{"absent", s, "none", 5, fault.NotFound},
		{"cut short", short{s}, "k", 5, fault.Unavailable},
		{"a checksum that does not match", ending{s, iotest.ErrReader(errors.New("checksum"))}, "k", 5, fault.Unavailable},
		{"longer than announced", ending{s, strings.NewReader("6")}, "k", 5, fault.Unavailable},
	} {
		data, err := blob.ReadAll(t.Context(), tc.store, tc.key, tc.limit)
		if fault.CodeOf(err) != tc.want || tc.want == "" && string(data) != "12345" {
			t.Errorf("%s: ReadAll = %q, %v, want %q", tc.name, data, err, tc.want)
		}
	}
}

func ExampleReadAll() {
	ctx := context.Background()
	s := memblob.New(time.Now)
	if _, err := s.Put(ctx, "reports/acme/intents/1.json", strings.NewReader(`{"accuracy":0.9}`), 16, blob.PutOptions{IfAbsent: true}); err != nil {
		fmt.Println(err)
		return
	}
	data, err := blob.ReadAll(ctx, s, "reports/acme/intents/1.json", 1<<20)
	fmt.Println(string(data), err)
	// Output:
	// {"accuracy":0.9} <nil>
}
