package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// barWidth is the width of a full progress bar, in characters.
const barWidth = 20

// lineWidth is what fits beside the bar in a terminal of 80 characters.
const lineWidth = 46

// Colours of spans that speak for and against a label (ANSI, 256 colours).
const (
	colourFor     = "\x1b[38;5;34m"
	colourAgainst = "\x1b[38;5;160m"
	colourOff     = "\x1b[0m"
)

// screen prints for people: with a moving bar and colours on a terminal, in
// plain lines elsewhere.
type screen struct {
	out      *os.File
	terminal bool
	colours  bool
	bar      bool // a bar stands in the current line
}

// newScreen returns a screen on out. NO_COLOR in the environment keeps it plain.
func newScreen(out *os.File, getenv func(string) string) *screen {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0 && getenv("TERM") != "dumb"
	return &screen{out: out, terminal: terminal, colours: terminal && getenv("NO_COLOR") == ""}
}

// line prints one line.
func (s *screen) line(format string, args ...any) {
	s.endBar()
	fmt.Fprintf(s.out, format+"\n", args...)
}

// progress shows a step of a job.
func (s *screen) progress(step step) {
	text := step.Phase
	if step.Message != "" {
		text += ": " + step.Message
	}
	// A file or a pipe keeps every step as a line of its own.
	if !s.terminal {
		s.line("  %3.0f %%  %s", 100*step.Progress, text)
		return
	}
	full := int(step.Progress*barWidth + .5)
	// Whatever a job reports, the bar has its width.
	full = max(0, min(full, barWidth))
	// \x1b[K clears what a longer text before left in the line.
	fmt.Fprintf(s.out, "\r  [%s%s] %3.0f %%  %s\x1b[K", strings.Repeat("=", full), strings.Repeat(" ", barWidth-full),
		100*step.Progress, cut(text, lineWidth))
	s.bar = true
}

// endBar leaves the line of a bar.
func (s *screen) endBar() {
	if s.bar {
		fmt.Fprintln(s.out)
		s.bar = false
	}
}

// table prints figures by name.
func (s *screen) table(figures map[string]float64) {
	for _, name := range slices.Sorted(maps.Keys(figures)) {
		s.line("  %-20s %8.4f", name, figures[name])
	}
}

// spans returns text with the spans marked that matter: coloured, or in
// brackets with their weight. Spans of words and word pairs overlap, so that
// each character shows the sum of its spans.
func (s *screen) spans(text string, spans []span) string {
	runes := []rune(text)
	weight := make([]float64, len(runes))
	for _, p := range spans {
		for i := max(0, p.Start); i < min(p.End, len(runes)); i++ {
			weight[i] += p.Weight
		}
	}
	var b strings.Builder
	for i := 0; i < len(runes); {
		end := i + 1
		// Neighbours of one weight are one piece, or each letter would be marked.
		for end < len(runes) && weight[end] == weight[i] {
			end++
		}
		b.WriteString(s.marked(string(runes[i:end]), weight[i]))
		i = end
	}
	return b.String()
}

// marked returns part of a text with its weight shown.
func (s *screen) marked(part string, weight float64) string {
	switch {
	case weight == 0 || strings.TrimSpace(part) == "":
		return part
	case s.colours && weight > 0:
		return colourFor + part + colourOff
	case s.colours:
		return colourAgainst + part + colourOff
	}
	return fmt.Sprintf("[%s %+.2f]", part, weight)
}

// cut shortens text to at most n characters.
func cut(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}
