package main

import (
	"os"
	"path/filepath"
	"testing"
)

// page returns a screen on a file and what was printed on it.
func page(t *testing.T) (*screen, func() string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return newScreen(f, func(string) string { return "" }), func() string {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
}

func TestScreen_PlainOnAFile(t *testing.T) {
	s, printed := page(t)
	s.progress(step{Phase: "search", Message: "scored word, C = 1", Progress: .4})
	s.line("done in %d s", 2)
	s.table(map[string]float64{"macro_f1": .5, "accuracy": .75})
	want := "   40 %  search: scored word, C = 1\ndone in 2 s\n  accuracy               0.7500\n  macro_f1               0.5000\n"
	if got := printed(); got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

func TestScreen_BarOnATerminal(t *testing.T) {
	s, printed := page(t)
	s.terminal = true
	s.progress(step{Phase: "prepare", Progress: .5})
	s.progress(step{Phase: "done", Progress: 1.7}) // never longer than the bar
	s.line("end")
	want := "\r  [==========          ]  50 %  prepare\x1b[K" +
		"\r  [====================] 170 %  done\x1b[K\nend\n"
	if got := printed(); got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

func TestScreen_Spans(t *testing.T) {
	spans := []span{{Start: 3, End: 5, Weight: .5}, {Start: 3, End: 7, Weight: .25}, {Start: 8, End: 12, Weight: -1}}
	for _, tc := range []struct {
		name    string
		colours bool
		text    string
		spans   []span
		want    string
	}{
		{"in brackets", false, "我的 卡 is lost", spans, "我的 [卡  +0.75][is +0.25] [lost -1.00]"},
		{"in colours", true, "my card", []span{{Start: 3, End: 7, Weight: 1}}, "my \x1b[38;5;34mcard\x1b[0m"},
		{"against, in colours", true, "no", []span{{End: 2, Weight: -1}}, "\x1b[38;5;160mno\x1b[0m"},
		{"past the text", false, "ab", []span{{Start: 1, End: 9, Weight: 1}}, "a[b +1.00]"},
		{"none", false, "ab", nil, "ab"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, _ := page(t)
			s.colours = tc.colours
			if got := s.spans(tc.text, tc.spans); got != tc.want {
				t.Errorf("spans(%q) = %q, want %q", tc.text, got, tc.want)
			}
		})
	}
}
