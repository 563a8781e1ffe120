package doctor

import (
	"strings"
	"unicode"
)

// longestExcerpt is the length of an excerpt in code points.
const longestExcerpt = 80

// Excerpt shows the beginning of a text on one line, in at most 80 code points:
// each run of white space as one space, and what a terminal or page could act
// on as U+FFFD.
func Excerpt(s string) string {
	var b strings.Builder
	length, space := 0, false
	for _, r := range s {
		if unicode.IsSpace(r) {
			space = length > 0
			continue
		}
		size := 1
		if space {
			size = 2 // with the space before it
		}
		// One is kept for the ellipsis.
		if length+size > longestExcerpt-1 {
			b.WriteRune('…')
			break
		}
		if space {
			b.WriteByte(' ')
		}
		if !unicode.IsGraphic(r) {
			r = unicode.ReplacementChar
		}
		b.WriteRune(r)
		length, space = length+size, false
	}
	return b.String()
}
