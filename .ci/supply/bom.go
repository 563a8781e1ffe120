package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
)

// component is a library of a CycloneDX bill of materials.
type component struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Hashes  []struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"` // hexadecimal
	} `json:"hashes"`
	Licenses []json.RawMessage `json:"licenses"`
}

// Compare fails with everything of a program that its bill of materials, in
// CycloneDX's JSON, leaves out: a module, its version, its hash as in go.sum, a
// licence, or the standard library. What would make two bills of one program
// differ, a time and a serial number, may not stand in it.
func Compare(info *debug.BuildInfo, data []byte) error {
	var b struct {
		Format   string `json:"bomFormat"`
		Serial   string `json:"serialNumber"`
		Metadata struct {
			Timestamp string    `json:"timestamp"`
			Component component `json:"component"`
		} `json:"metadata"`
		Components []component `json:"components"`
	}
	if err := json.Unmarshal(data, &b); err != nil {
		return err
	}
	var err error
	fail := func(format string, args ...any) { err = errors.Join(err, fmt.Errorf(format, args...)) }
	if b.Format != "CycloneDX" || b.Metadata.Component.Name != info.Main.Path || len(b.Metadata.Component.Licenses) == 0 {
		fail("the bill is a %q of %q with %d licences, want CycloneDX of %q with one", b.Format, b.Metadata.Component.Name, len(b.Metadata.Component.Licenses), info.Main.Path)
	}
	if b.Serial != "" || b.Metadata.Timestamp != "" {
		fail("serial number %q and time %q, want none: the same program has the same bill", b.Serial, b.Metadata.Timestamp)
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		i := slices.IndexFunc(b.Components, func(c component) bool { return c.Name == m.Path && c.Version == m.Version })
		if i < 0 {
			fail("%s %s is not in the bill", m.Path, m.Version)
			continue
		}
		c := b.Components[i]
		if len(c.Licenses) == 0 {
			fail("%s %s has no licence", m.Path, m.Version)
		}
		if !c.has(m.Sum) {
			fail("%s %s has hashes %v, want that of %s", m.Path, m.Version, c.Hashes, m.Sum)
		}
	}
	// The tool finds no licence of the standard library: it is Go's own.
	if !slices.ContainsFunc(b.Components, func(c component) bool { return c.Name == "std" && c.Version == info.GoVersion }) {
		fail("std %s is not in the bill", info.GoVersion)
	}
	return err
}

// has reports whether a hash of the component is the one of go.sum, which is
// written h1: and base64 there.
func (c component) has(sum string) bool {
	digest, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(sum, "h1:"))
	if err != nil || len(digest) == 0 {
		return false
	}
	for _, h := range c.Hashes {
		if h.Algorithm == "SHA-256" && h.Content == hex.EncodeToString(digest) {
			return true
		}
	}
	return false
}

// Add returns the bill with a library that no Go module brings, found by its
// package URL and the SHA-256 of its file, in hexadecimal. Once is enough: a bill
// that has it already is refused.
func Add(data []byte, name, version, licence, purl, sha256 string) ([]byte, error) {
	var b map[string]any
	if err := json.Unmarshal(data, &b); err != nil {
		return nil, err
	}
	components, ok := b["components"].([]any)
	if !ok {
		return nil, errors.New("no components")
	}
	for _, c := range components {
		if c, ok := c.(map[string]any); ok && c["purl"] == purl {
			return nil, fmt.Errorf("%s is there already", purl)
		}
	}
	b["components"] = append(components, map[string]any{
		"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl,
		"hashes":   []any{map[string]any{"alg": "SHA-256", "content": sha256}},
		"licenses": []any{map[string]any{"license": map[string]any{"id": licence}}},
	})
	return json.MarshalIndent(b, "", "  ")
}
