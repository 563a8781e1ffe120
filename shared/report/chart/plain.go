package chart

import (
	"fmt"
	"strings"
	"unicode"
)

// Plain returns s as it can be shown anywhere as one line of text and nothing
// but text: at most limit characters, the last an ellipsis when there were more;
// white space as a single space, and what acts instead of showing, control
// characters and those that turn the direction of what follows, by its number,
// such as ⟨U+202E⟩. Bytes that are no UTF-8 show as U+FFFD.
func Plain(s string, limit int) string {
	var b strings.Builder
	n, last, space := 0, 0, false // characters so far, and where the one before the last begins
	for _, r := range s {
		if unicode.IsSpace(r) {
			space = n > 0
			continue
		}
		if space {
			n, last = put(&b, ' ', n, last, limit)
			space = false
		}
		if n, last = put(&b, r, n, last, limit); n > limit {
			return strings.TrimRight(b.String()[:last], " ") + "…"
		}
	}
	return b.String()
}

// put appends one character and counts it. last is where the text is to be cut
// for an ellipsis to fit in.
func put(b *strings.Builder, r rune, n, last, limit int) (int, int) {
	if n == limit-1 {
		last = b.Len()
	}
	if unicode.IsGraphic(r) || r == zeroWidthJoiner {
		b.WriteRune(r)
	} else {
		fmt.Fprintf(b, "⟨U+%04X⟩", r)
	}
	return n + 1, last
}

// zeroWidthJoiner is part of how some scripts and emoji are written, and harmless.
const zeroWidthJoiner = '\u200d'

// width estimates how wide a text is in ems of a sans serif: half an em for a
// letter, a whole one for a character of East Asia.
func width(s string) float64 {
	w := 0.0
	for _, r := range s {
		if wide(r) {
			w++
		} else {
			w += .54
		}
	}
	return w
}

// wide reports whether a character is a full em wide.
func wide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) || r >= 0x1F000 || r >= 0xFF00 && r < 0xFF61
}

// fitted cuts a text so that it is at most ems wide.
func fitted(s string, ems float64) string {
	s = Plain(s, 80)
	if width(s) <= ems {
		return s
	}
	w := 1. // of the ellipsis
	for i, r := range s {
		if w += width(string(r)); w > ems {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

// widest returns the width of the widest of some texts, in ems.
func widest(texts []string) float64 {
	most := 0.0
	for _, t := range texts {
		most = max(most, width(t))
	}
	return most
}
