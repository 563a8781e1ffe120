package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const one = `{"id": "GO-1", "modified": "2024-01-02T03:04:05Z", "aliases": ["CVE-1"], "database_specific": {"url": "https://example.com/1"},
 "affected": [{"package": {"name": "example.com/b"}, "ranges": [{"events": [{"introduced": "0"}, {"fixed": "1.2.3"}]}]}]}`

const two = `{"id": "GO-2", "modified": "2025-01-02T03:04:05Z", "database_specific": {"url": "https://example.com/2"},
 "affected": [{"package": {"name": "example.com/b"}}, {"package": {"name": "example.com/a"}, "ranges": [{"events": [{"fixed": "2.0.0"}, {"introduced": "2.1.0"}]}]}]}`

// TestLay reads the indexes back as the scan does.
func TestLay(t *testing.T) {
	folder, from := filepath.Join(t.TempDir(), "db"), filepath.Join(t.TempDir(), "advisories.json")
	store(t, from, "["+two+","+one+"]")
	entries, err := Read(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := Lay(folder, entries); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"index/db.json": `{"modified":"2025-01-02T03:04:05Z"}`,
		"index/modules.json": `[{"path":"example.com/a","vulns":[{"id":"GO-2","modified":"2025-01-02T03:04:05Z","fixed":"2.0.0"}]},` +
			`{"path":"example.com/b","vulns":[{"id":"GO-1","modified":"2024-01-02T03:04:05Z","fixed":"1.2.3"},{"id":"GO-2","modified":"2025-01-02T03:04:05Z"}]}]`,
		"index/vulns.json": `[{"id":"GO-1","modified":"2024-01-02T03:04:05Z","aliases":["CVE-1"]},{"id":"GO-2","modified":"2025-01-02T03:04:05Z"}]`,
	} {
		got, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || string(got) != want {
			t.Errorf("%s = %s, %v, want %s", name, got, err, want)
		}
	}
	var stored Entry
	data, err := os.ReadFile(filepath.Join(folder, "ID", "GO-1.json"))
	if err != nil || json.Unmarshal(data, &stored) != nil || stored.Affected[0].Package.Name != "example.com/b" {
		t.Errorf("ID/GO-1.json = %s, %v, want the entry as it came", data, err)
	}
}

// TestRead_Folder reads entries one to a file, as a clone of the database has them.
func TestRead_Folder(t *testing.T) {
	folder := t.TempDir()
	store(t, filepath.Join(folder, "GO-2.json"), two)
	store(t, filepath.Join(folder, "GO-1.json"), one)
	store(t, filepath.Join(folder, "README"), "none of the entries")
	entries, err := Read(folder)
	if err != nil || len(entries) != 2 || entries[0].ID != "GO-1" {
		t.Errorf("Read = %v, %v, want GO-1 and GO-2", entries, err)
	}
}

func TestRead_Refuses(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"no entries", `[]`, "no advisories"},
		{"no list", `{}`, "cannot unmarshal"},
		{"an entry twice", "[" + one + "," + one + "]", "GO-1 stands there twice"},
		{"no id", `[` + strings.Replace(one, "GO-1", "", 1) + `]`, "want an id"},
		{"an id that is a path", `[` + strings.Replace(one, "GO-1", "../GO-1", 1) + `]`, "want an id"},
		{"nothing affected", `[{"id": "GO-1", "database_specific": {"url": "u"}}]`, "affected modules"},
		{"no page about it", `[` + strings.Replace(one, "https://example.com/1", "", 1) + `]`, "database_specific.url"},
		{"no time", `[` + strings.Replace(one, "2024", "when", 1) + `]`, "advisory 0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "advisories.json")
			store(t, path, tc.text)
			if got, err := Read(path); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Read(%s) = %v, %v, want an error with %q", tc.text, got, err, tc.want)
			}
		})
	}
	if _, err := Read(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("Read of an absent file succeeds")
	}
}

// TestAdvisories holds the file of this folder to what the scan needs of it: the
// fixture's advisory is there, and every entry says where it is mended.
func TestAdvisories(t *testing.T) {
	entries, err := Read("advisories.json")
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, e := range entries {
		found = found || e.ID == "GO-2021-0113"
		for path, fixed := range e.modules() {
			if fixed == "" {
				t.Errorf("%s: %s has no version that mends it", e.ID, path)
			}
		}
	}
	if !found {
		t.Error("GO-2021-0113, which testdata/vulnerable calls, is missing")
	}
}

func store(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
