package main

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

// whole is a bill that leaves nothing out of program. The hash is that of the sum,
// 32 bytes of 1, in hexadecimal.
const whole = `{"bomFormat": "CycloneDX", "metadata": {"component": {"name": "godwit", "licenses": [{}]}}, "components": [
 {"name": "example.com/a", "version": "v1.0.0", "licenses": [{}], "hashes": [{"alg": "SHA-256", "content": "0101010101010101010101010101010101010101010101010101010101010101"}]},
 {"name": "std", "version": "go1.26.0"}]}`

func program() *debug.BuildInfo {
	return &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Path: "godwit"}, Deps: []*debug.Module{
		{Path: "example.com/a", Version: "v1.0.0", Sum: "h1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="}}}
}

func TestCompare(t *testing.T) {
	replaced := program()
	replaced.Deps[0] = &debug.Module{Path: "example.com/old", Version: "v0.1.0", Replace: replaced.Deps[0]}
	unsummed := program()
	unsummed.Deps[0].Sum = ""
	for _, tc := range []struct {
		name     string
		info     *debug.BuildInfo
		old, new string
		want     string // "": passes
	}{
		{"whole", program(), "", "", ""},
		{"a replaced module", replaced, "", "", ""},
		{"another module", program(), "example.com/a", "example.com/b", "example.com/a v1.0.0 is not in the bill"},
		{"another version", program(), "v1.0.0", "v1.0.1", "is not in the bill"},
		{"another hash", program(), "0101", "0102", "want that of h1:"},
		{"another kind of hash", program(), "SHA-256", "SHA-1", "want that of h1:"},
		{"a module without a sum", unsummed, "", "", "want that of"},
		{"no licence", program(), `"v1.0.0", "licenses": [{}]`, `"v1.0.0", "licenses": []`, "has no licence"},
		{"no licence of ours", program(), `"godwit", "licenses": [{}]`, `"godwit"`, "with 0 licences"},
		{"another program", program(), `"godwit"`, `"other"`, `of "other"`},
		{"another format", program(), "CycloneDX", "SPDX", `a "SPDX"`},
		{"another Go", program(), "go1.26.0", "go1.26.1", "std go1.26.0 is not in the bill"},
		{"a time", program(), `"metadata": {`, `"metadata": {"timestamp": "2026-01-01T00:00:00Z", `, "want none"},
		{"a serial number", program(), `"metadata"`, `"serialNumber": "urn:uuid:1", "metadata"`, "want none"},
		{"no JSON", program(), "{", "", "invalid character"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := Compare(tc.info, []byte(strings.Replace(whole, tc.old, tc.new, 1)))
			if (tc.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Compare = %v, want %q", err, tc.want)
			}
		})
	}
}

// What is added is there, beside all that was there before.
func TestAdd(t *testing.T) {
	const purl = "pkg:npm/b@2.0.0"
	data, err := Add([]byte(whole), "b", "2.0.0", "MIT", purl, strings.Repeat("02", 32))
	if err != nil {
		t.Fatal(err)
	}
	with := program()
	with.Deps = append(with.Deps, &debug.Module{Path: "b", Version: "2.0.0", Sum: "h1:" + "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="})
	if err := Compare(with, data); err != nil {
		t.Errorf("Compare = %v, want all of it in the bill", err)
	}
	for _, bad := range []string{string(data), "{", "{}"} {
		if data, err := Add([]byte(bad), "b", "2.0.0", "MIT", purl, ""); err == nil {
			t.Errorf("Add to %.20q = %.20q, want an error", bad, data)
		}
	}
}

func TestRun(t *testing.T) {
	folder := t.TempDir()
	notes := filepath.Join(folder, "notes")
	store(t, notes, "neither a program nor advisories")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		args []string
		want string // "": passes
	}{
		{"a database", []string{"database", "advisories.json", filepath.Join(folder, "db")}, ""},
		{"no advisories", []string{"database", notes, folder}, "invalid character"},
		{"no program", []string{"bom", notes, notes}, "unrecognized file format"},
		{"no bill", []string{"bom", self, filepath.Join(folder, "absent")}, "absent"},
		{"a bill that is none", []string{"bom", self, notes}, "notes: invalid character"},
		{"no command", nil, "want `database"},
		{"another command", []string{"audit", "a", "b"}, "want `database"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := run(tc.args); (tc.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("run(%q) = %v, want %q", tc.args, err, tc.want)
			}
		})
	}
}
