package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tiny writes a set of made rows where the sets are looked for.
func tiny(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "tiny"), 0o755); err != nil {
		t.Fatal(err)
	}
	for part, rows := range map[string]int{"train": 300, "test": 60} {
		if err := makeRows(filepath.Join(folder, "tiny", part+".csv"), rows); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestSharded(t *testing.T) {
	sets := tiny(t)
	out, err := call(t, "sharded", "-data", sets, "-set", "tiny", "-work", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	want := []string{
		"", "tiny: 300 rows", "training ", "one machine", "4 blocks of classes", "4 shards of rows", "8 shards of rows",
		"growth ", "38 rows", "75 rows", "150 rows", "300 rows", "fitted power of the rows",
		"job ", "engine one", "engine rows", "step by rows",
	}
	if want = append(want, stepsTold...); len(lines) != len(want) {
		t.Fatalf("sharded = %s, want %d lines: four ways, their growth, two jobs and the steps of one", out, len(want))
	}
	for i, begins := range want {
		if !strings.HasPrefix(lines[i], begins) {
			t.Errorf("line %q, want that of %q", lines[i], begins)
		}
	}
	for _, args := range [][]string{{"-set", "absent", "-data", sets}, {"-gap", "much"}} {
		if out, err := call(t, append([]string{"sharded", "-work", t.TempDir()}, args...)...); err == nil {
			t.Errorf("sharded %q = %q, want an error", args, out)
		}
	}
}

// One machine and blocks of classes are the same training, and shards of rows
// come as near to it as they were told to.
func TestEncoded_ways(t *testing.T) {
	b := &bench{sets: tiny(t)}
	e, err := b.encoded(t.Context(), "tiny")
	if err != nil {
		t.Fatal(err)
	}
	one, err := e.alone(t.Context(), usualEpsilon)
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := e.byClasses(t.Context(), 4)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := e.primal(blocks), e.primal(one); got != want {
		t.Errorf("blocks of classes have the objective %v, one machine %v", got, want)
	}
	best, err := e.alone(t.Context(), tightEpsilon)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := e.byRows(t.Context(), 4, 1e-3)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := e.primal(rows), e.primal(best); got > want*(1+1e-3) || rows.rounds < 2 || rows.moved == 0 || rows.dollars() <= 0 {
		t.Errorf("shards of rows: objective %v after %d rounds and %d bytes for %v dollars, want at most %v and a thousandth", got, rows.rounds, rows.moved, rows.dollars(), want)
	}
	if a := e.accuracy(one); a <= 1.0/madeClasses || a > 1 {
		t.Errorf("accuracy %v of rows with a subject each", a)
	}
}
