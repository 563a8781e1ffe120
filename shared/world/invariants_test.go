package world_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/shared/world"
)

// TestInvariants holds the table: every number has a checker, or a test that
// drives it, and every test it names exists.
func TestInvariants(t *testing.T) {
	all := world.Invariants()
	for i, v := range all {
		if v.Number != i+1 || v.Text == "" || len(v.Suites) == 0 {
			t.Errorf("invariant %d is %+v, want a text and the suites that hold it", i+1, v)
		}
		for _, s := range v.Suites {
			folder, name, _ := strings.Cut(s, " ")
			if name == "" {
				if _, err := os.Stat(filepath.Join("../..", s)); err != nil {
					t.Errorf("invariant %d: %v", v.Number, err)
				}
				continue
			}
			if !declares(t, folder, name) {
				t.Errorf("invariant %d names %s, which is in no file of %s", v.Number, name, folder)
			}
		}
	}
	if len(all) != 32 {
		t.Errorf("%d invariants, want 32", len(all))
	}
}

// declares reports whether a file of a folder declares a function.
func declares(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}
