package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Entry is the part of an OSV entry that a Go vulnerability database is indexed
// by. The entry itself is stored as it came.
type Entry struct {
	ID       string    `json:"id"`
	Modified time.Time `json:"modified"`
	Aliases  []string  `json:"aliases"`
	Affected []struct {
		Package struct {
			Name string `json:"name"` // the module's path
		} `json:"package"`
		Ranges []struct {
			Events []struct {
				Fixed string `json:"fixed"`
			} `json:"events"`
		} `json:"ranges"`
	} `json:"affected"`
	Specific struct {
		URL string `json:"url"`
	} `json:"database_specific"`

	raw json.RawMessage
}

// Read returns the entries of a file that holds an array of them, or of a folder
// with one in each .json file. No entries are an error: a scan against nothing
// would find nothing.
func Read(path string) ([]Entry, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var raws []json.RawMessage
	if !info.IsDir() {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(data, &raws); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	} else {
		files, err := filepath.Glob(filepath.Join(path, "*.json"))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			raws = append(raws, data)
		}
	}
	if len(raws) == 0 {
		return nil, fmt.Errorf("%s holds no advisories", path)
	}
	return decode(raws)
}

// decode reads entries, and refuses what the scan would pass over in silence or
// break on: govulncheck needs the URL of a page about every entry.
func decode(raws []json.RawMessage) ([]Entry, error) {
	entries := make([]Entry, len(raws))
	for i, raw := range raws {
		e := &entries[i]
		if err := json.Unmarshal(raw, e); err != nil {
			return nil, fmt.Errorf("advisory %d: %w", i, err)
		}
		if e.ID == "" || filepath.Base(e.ID) != e.ID || len(e.Affected) == 0 || e.Specific.URL == "" {
			return nil, fmt.Errorf("advisory %d (%q): want an id, affected modules and database_specific.url", i, e.ID)
		}
		e.raw = raw
	}
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
	for i := range entries[1:] {
		if entries[i].ID == entries[i+1].ID {
			return nil, fmt.Errorf("advisory %s stands there twice", entries[i].ID)
		}
	}
	return entries, nil
}

// The indexes of a database, as https://go.dev/doc/security/vuln/database has them.
type (
	dbIndex struct {
		Modified time.Time `json:"modified"`
	}
	moduleIndex struct {
		Path  string       `json:"path"`
		Vulns []moduleVuln `json:"vulns"`
	}
	moduleVuln struct {
		ID       string    `json:"id"`
		Modified time.Time `json:"modified"`
		Fixed    string    `json:"fixed,omitempty"` // "": not fixed yet
	}
	vulnIndex struct {
		ID       string    `json:"id"`
		Modified time.Time `json:"modified"`
		Aliases  []string  `json:"aliases,omitempty"`
	}
)

// Lay writes a database of the entries into a folder, which it makes.
func Lay(folder string, entries []Entry) error {
	var db dbIndex
	var vulns []vulnIndex
	modules := map[string]*moduleIndex{}
	for _, e := range entries {
		if e.Modified.After(db.Modified) {
			db.Modified = e.Modified
		}
		vulns = append(vulns, vulnIndex{e.ID, e.Modified, e.Aliases})
		for path, fixed := range e.modules() {
			if modules[path] == nil {
				modules[path] = &moduleIndex{Path: path}
			}
			modules[path].Vulns = append(modules[path].Vulns, moduleVuln{e.ID, e.Modified, fixed})
		}
	}
	sorted := make([]*moduleIndex, 0, len(modules))
	for _, m := range modules {
		sorted = append(sorted, m)
	}
	slices.SortFunc(sorted, func(a, b *moduleIndex) int { return cmp.Compare(a.Path, b.Path) })
	err := errors.Join(
		write(filepath.Join(folder, "index", "db.json"), db),
		write(filepath.Join(folder, "index", "modules.json"), sorted),
		write(filepath.Join(folder, "index", "vulns.json"), vulns))
	for _, e := range entries {
		err = errors.Join(err, write(filepath.Join(folder, "ID", e.ID+".json"), e.raw))
	}
	return err
}

// modules maps the modules an entry is about to the last version that mends
// them. The index may be fuller than needed, never emptier: the scan reads the
// entry itself before it judges a version.
func (e Entry) modules() map[string]string {
	fixed := map[string]string{}
	for _, a := range e.Affected {
		last := ""
		for _, r := range a.Ranges {
			for _, event := range r.Events {
				if event.Fixed != "" {
					last = event.Fixed
				}
			}
		}
		if was, twice := fixed[a.Package.Name]; twice && was != last {
			last = "" // several ranges: every version has to be looked at
		}
		fixed[a.Package.Name] = last
	}
	return fixed
}

// write stores a value as JSON, with the folders it needs.
func write(path string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}
