package registry_test

import (
	"regexp"
	"strings"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// lookalikes are letters a reader may take for ASCII, and what hides in names.
var lookalikes = []string{"іntents", "intentѕ", "ｉntents", "intent\u200bs", "inte\u0301nts", "ınt", "ﬁt", "a\u202eb", "a\x00", "\xff", "a\xc0\xae", "１", "a b", "a\n", "a/b", "a#b", "a%2fb", "a:b"}

func TestParseName(t *testing.T) {
	for _, s := range []string{"a", "7", "intents", "a.b", "a..b", "a_b-c.d", "0-0", strings.Repeat("a", 63)} {
		if got, err := registry.ParseName(s); err != nil || string(got) != s {
			t.Errorf("ParseName(%q) = %q, %v, want it", s, got, err)
		}
	}
	for _, s := range append([]string{"", ".", "..", "-a", "a-", ".a", "a.", "_a", "a_", "A", "aB", strings.Repeat("a", 64)}, lookalikes...) {
		if got, err := registry.ParseName(s); !fault.Is(err, fault.Invalid) || got != "" {
			t.Errorf("ParseName(%q) = %q, %v, want %s", s, got, err, fault.Invalid)
		}
	}
}

func TestParseAlias(t *testing.T) {
	for _, s := range []string{"champion", "A", "-", "_", "v", "V1", "v1a", "vv1", "Latest", strings.Repeat("z", 64)} {
		if got, err := registry.ParseAlias(s); err != nil || string(got) != s {
			t.Errorf("ParseAlias(%q) = %q, %v, want it", s, got, err)
		}
	}
	for _, s := range append([]string{"", "latest", "v0", "v1", "v12345678901234567890", "a.b", "@a", strings.Repeat("z", 65)}, lookalikes...) {
		if got, err := registry.ParseAlias(s); !fault.Is(err, fault.Invalid) || got != "" {
			t.Errorf("ParseAlias(%q) = %q, %v, want %s", s, got, err, fault.Invalid)
		}
	}
}

func TestParseTenant(t *testing.T) {
	for _, s := range []string{"a", "main", "local", "a-b", "0", strings.Repeat("t", 32)} {
		if got, err := registry.ParseTenant(s); err != nil || string(got) != s {
			t.Errorf("ParseTenant(%q) = %q, %v, want it", s, got, err)
		}
	}
	for _, s := range append([]string{"", "KEY", "SECRET", "-a", "a-", "a_b", "a.b", strings.Repeat("t", 33)}, lookalikes...) {
		if got, err := registry.ParseTenant(s); !fault.Is(err, fault.Invalid) || got != "" {
			t.Errorf("ParseTenant(%q) = %q, %v, want %s", s, got, err, fault.Invalid)
		}
	}
}

func TestParseReference(t *testing.T) {
	for s, want := range map[string]registry.Reference{
		"intents":                     {Model: "intents"},
		"intents@champion":            {Model: "intents", Alias: "champion"},
		"intents/versions/7":          {Model: "intents", Version: 7},
		"intents/versions/2000000000": {Model: "intents", Version: 2_000_000_000},
	} {
		if got, err := registry.ParseReference(s); err != nil || got != want || got.String() != s {
			t.Errorf("ParseReference(%q) = %+v (%s), %v, want %+v", s, got, got, err, want)
		}
	}
	for _, s := range append([]string{
		"", "@", "@champion", "intents@", "intents@latest", "intents@v7", "intents@a@b", "intents%40champion",
		"intents/versions/", "intents/versions/0", "intents/versions/-1", "intents/versions/+7", "intents/versions/07", "intents/versions/7 ",
		"intents/versions/2000000001", "intents/versions/99999999999999999999", "intents/versions/7/", "intents/versions/７", "intents/7", "/versions/7",
		"intents@champion/versions/7", "intents/versions/7@champion", "a/../b", "../intents",
	}, lookalikes...) {
		if got, err := registry.ParseReference(s); !fault.Is(err, fault.Invalid) || got != (registry.Reference{}) {
			t.Errorf("ParseReference(%q) = %+v, %v, want %s", s, got, err, fault.Invalid)
		}
	}
}

var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$`)

// FuzzParseReference checks that what is taken is spelled in one way, and that
// names are exactly those of the pattern the API documents.
func FuzzParseReference(f *testing.F) {
	for _, s := range append([]string{"intents", "intents@champion", "intents/versions/7", "a@b@c", "a/versions/007"}, lookalikes...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := registry.ParseReference(s)
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("ParseReference(%q) = %v, want %s", s, err, fault.Invalid)
		}
		if err == nil && ref.String() != s {
			t.Errorf("ParseReference(%q).String() = %q", s, ref)
		}
		_, err = registry.ParseName(s)
		if ok := nameForm.MatchString(s) && !strings.HasSuffix(s, "\n"); (err == nil) != ok {
			t.Errorf("ParseName(%q) = %v, the pattern says %v", s, err, ok)
		}
		if _, err := registry.ParseTenant(s); err == nil && strings.ContainsAny(s, "#/%@") {
			t.Errorf("ParseTenant(%q) took a separator", s)
		}
	})
}
