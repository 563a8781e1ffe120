package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExponent(t *testing.T) {
	for _, tc := range []struct {
		name string
		y    []float64
		want float64
	}{
		{"linear", []float64{3, 30, 300}, 1},
		{"square", []float64{2, 200, 20000}, 2},
		{"constant", []float64{7, 7, 7}, 0},
	} {
		if got := exponent([]float64{1, 10, 100}, tc.y); got < tc.want-1e-9 || got > tc.want+1e-9 {
			t.Errorf("exponent of %s growth = %g, want %g", tc.name, got, tc.want)
		}
	}
}

func TestGrowth(t *testing.T) {
	t.Setenv(childVar, "bench")
	out, err := call(t, "growth", "-from", "50", "-to", "500", "-work", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 7 || !strings.HasPrefix(lines[2], "50 ") || !strings.HasPrefix(lines[3], "500 ") || !strings.HasPrefix(lines[4], "exponent") {
		t.Errorf("growth = %s, want two sizes and their exponents", out)
	}
	for _, args := range [][]string{{"-from", "0"}, {"-from", "100", "-to", "500"}, {"-from", "many"}, {"more"}} {
		if out, err := call(t, append([]string{"growth", "-work", t.TempDir()}, args...)...); err == nil {
			t.Errorf("growth %q = %q, want an error", args, out)
		}
	}
}

func TestMakeRows(t *testing.T) {
	var files [2]string
	for i, rows := range []int{20, 40} {
		path := filepath.Join(t.TempDir(), "rows.csv")
		if err := makeRows(path, rows); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = string(data)
		if examples, err := readExamples(path); err != nil || len(examples) != rows {
			t.Errorf("%d rows, %v, want %d", len(examples), err, rows)
		}
	}
	if !strings.HasPrefix(files[1], files[0]) {
		t.Error("40 rows do not begin with the 20 of a smaller file")
	}
}
