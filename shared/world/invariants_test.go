package world_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
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

var update = flag.Bool("update", false, "rewrite INVARIANTS.md")

// TestInvariants_page holds INVARIANTS.md, the same table for a reader.
func TestInvariants_page(t *testing.T) {
	var b strings.Builder
	b.WriteString("# What must always hold, and what holds it\n\n")
	b.WriteString("Written by `go test ./shared/world -run TestInvariants_page -update`. The checker is asked after every\n")
	b.WriteString("turn of every schedule; where it is `raised`, acts and ledger tell of it as it happens, and where it is\n")
	b.WriteString("none the world cannot tell. A mutant is an installation that breaks one rule on purpose (TestMutants).\n\n")
	b.WriteString("| | invariant | checker | mutants | suites elsewhere |\n|---|---|---|---|---|\n")
	for _, v := range world.Invariants() {
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %s |\n", v.Number, v.Text, checker(v), strings.Join(mutantsOf(v.Number), "; "), strings.Join(v.Suites, "; "))
	}
	if *update {
		if err := os.WriteFile("INVARIANTS.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if page, err := os.ReadFile("INVARIANTS.md"); err != nil || string(page) != b.String() {
		t.Errorf("INVARIANTS.md is not what the table says (%v): run this test with -update", err)
	}
}

// checker names the function that is asked.
func checker(v world.Invariant) string {
	if v.Check == nil {
		return "none"
	}
	name := runtime.FuncForPC(reflect.ValueOf(v.Check).Pointer()).Name()
	name = name[strings.LastIndex(name, "/world.")+len("/world."):]
	if strings.HasPrefix(name, "init.raised") || strings.HasPrefix(name, "raised") || strings.Contains(name, ".func") {
		name = "raised"
	}
	return "`" + name + "`"
}

// mutantsOf returns the mutants that an invariant is to catch.
func mutantsOf(number int) (out []string) {
	for _, m := range mutants {
		if m.want[0] == number {
			out = append(out, m.name)
		}
	}
	return out
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
