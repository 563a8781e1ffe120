package text

import "unicode"

// class says what a character does to the two views.
type class uint8

const (
	classSpace    class = iota // ends a word; one space in the stream
	classWord                  // letter, mark or digit of a spaced script
	classStream                // character of an unspaced script: stream only
	classBoth                  // Hangul: a word's character and the stream's
	classSymbol                // punctuation, symbol, emoji: ends a word, stands in the stream
	classExtend                // skin tone, tag: belongs to the symbol before it
	classJoin                  // zero-width joiner: may tie two symbols together
	classRegional              // regional indicator: two make a flag
	classIgnore                // invisible: dropped, breaks nothing
)

// asciiClass and asciiFold serve the fast path for bytes below 0x80.
var asciiClass, asciiFold = asciiTables()

// asciiTables decides as classByTable does, but that the underscore is a
// letter of names.
func asciiTables() (classes [128]class, fold [128]byte) {
	for c := range 128 {
		r := rune(c)
		fold[c] = byte(unicode.ToLower(r))
		classes[c] = classSymbol
		switch {
		case r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			classes[c] = classWord
		case r <= ' ' || r == 0x7f:
			classes[c] = classSpace
		}
	}
	return classes, fold
}

// unspaced lists the scripts whose words are not divided by spaces.
var unspaced = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}

// isHan reports the main block of Han characters, which never change under
// normalisation or folding and never combine.
func isHan(r rune) bool { return r >= 0x4e00 && r <= 0x9fff }

// classOf returns the class of a normalised character. The ranges that make
// up most text are decided by comparison, the rest by table: Hangul syllables,
// letters of Latin, Greek and Cyrillic but for the signs of multiplication and
// division, regional indicators, skin tones, tags.
func classOf(r rune) class {
	switch {
	case r < 0x80:
		return asciiClass[r]
	case isHan(r):
		return classStream
	case r >= 0xac00 && r <= 0xd7a3:
		return classBoth
	case r >= 0xc0 && r < 0x250 && r != 0xd7 && r != 0xf7, r >= 0x3b1 && r < 0x3f6, r >= 0x400 && r < 0x482:
		return classWord
	case r == 0x30fc: // the long vowel mark of Kana belongs to no one script
		return classStream
	case r == 0x200d:
		return classJoin
	case r >= 0x1f1e6 && r <= 0x1f1ff:
		return classRegional
	case r >= 0x1f3fb && r <= 0x1f3ff, r >= 0xe0020 && r <= 0xe007f:
		return classExtend
	}
	return classByTable(r)
}

// classByTable is the slow end of classOf.
func classByTable(r rune) class {
	switch {
	// Selectors are marks by category; before the letters, so that a heart
	// with and without its colour is one term.
	case unicode.Is(unicode.Variation_Selector, r), unicode.Is(unicode.Cf, r):
		return classIgnore
	case unicode.IsSpace(r), unicode.IsControl(r), unicode.Is(unicode.Z, r):
		return classSpace
	case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsNumber(r):
		for _, script := range unspaced {
			if unicode.Is(script, r) {
				return classStream
			}
		}
		if unicode.Is(unicode.Hangul, r) {
			return classBoth
		}
		return classWord
	}
	return classSymbol
}
