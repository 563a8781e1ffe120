// Package cell tells what one cell of a table says: nothing, a number as
// people write it, or a date.
//
// Tables come out of many hands: "1.234,5", "$1,200", "12 %", "(3.50)",
// "１２３", "NA", "2 Jan 2006", "2006年1月2日". Some of these say different
// things in different files, so Number takes a Notation and Date an Order; who
// sees the whole column decides them. Nothing here allocates, and nothing is
// guessed from one cell that another could contradict.
package cell

import "strings"

// Trim drops white space around a cell, the no-break and the full-width space
// included.
func Trim(s string) string { return strings.TrimSpace(s) }

// absent lists what is written for nothing, in small letters.
var absent = map[string]bool{
	"": true, "?": true, "-": true, "--": true, "—": true, ".": true, "na": true, "n/a": true, "#n/a": true,
	"<na>": true, "nan": true, "-nan": true, "null": true, "nil": true, "none": true, "missing": true,
	"#null!": true, "#value!": true, "#div/0!": true, "nat": true, "\\n": true, "无": true, "空": true, "缺失": true,
}

// longestAbsent is the longest of them in bytes.
const longestAbsent = 8

// Missing reports whether a cell says nothing: it is empty, a question mark or
// a dash, or one of the words that programs write for a missing value, such as
// NA, NaN, null and None.
func Missing(s string) bool {
	s = Trim(s)
	if len(s) > longestAbsent || s != "" && isDigit(s[0]) {
		return false
	}
	var lower [longestAbsent]byte
	for i := range len(s) {
		lower[i] = s[i]
		if c := s[i]; c >= 'A' && c <= 'Z' {
			lower[i] += 'a' - 'A'
		}
	}
	return absent[string(lower[:len(s)])]
}

// Code reports whether a cell is a number to the eye and a name in truth: more
// than one digit, the first a zero, such as a postal code.
func Code(s string) bool {
	s = Trim(s)
	return len(s) > 1 && s[0] == '0' && allDigits(s)
}

// allDigits reports whether s consists of ASCII digits.
func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}
