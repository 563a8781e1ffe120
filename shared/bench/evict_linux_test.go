package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestEvict(t *testing.T) {
	from := writeFile(t, "from", strings.Repeat("x", 1<<20))
	path := filepath.Join(t.TempDir(), "copy")
	if err := copyFile(path, from); err != nil {
		t.Fatal(err)
	}
	// Whether the pages go is for the file system to say.
	if kept, err := evict(path); err != nil || kept < 0 || kept > 1 {
		t.Errorf("evict = %v, %v, want a share", kept, err)
	}
	if _, err := evict("no-such-file"); err == nil {
		t.Error("evict of a missing file = nil, want an error")
	}
}
