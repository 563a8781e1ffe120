package dataset

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"godwit/shared/ml/xxh64"
)

// GroupKey returns a number that is equal for rows that must not be on two
// sides of a split or in two folds: rows of one Group, else rows whose texts are
// the same after NFKC, simple case folding and collapsing of white space. It
// depends on nothing else and is the same on every machine and in every
// version; a stored split relies on it.
func GroupKey(row Row) uint64 {
	if row.Group != "" {
		return hash64([]byte(row.Group), groupSeed)
	}
	return contentKey(row.Text)
}

// groupSeed keeps a group called "x" apart from the text "x".
const groupSeed = 1

// contentKey hashes the normal form of a text.
func contentKey(text string) uint64 {
	var buf [512]byte // most texts are shorter: no allocation
	return hash64(AppendNormal(buf[:0], text), 0)
}

// AppendNormal appends the normal form of text to dst: NFKC, simple case
// folding, white space collapsed and none around. Texts of the same form say
// the same to GroupKey. It is valid UTF-8 whatever text is.
//
// ASCII and common Chinese take a short way that agrees with the long one:
// their characters neither change under NFKC nor join with each other.
func AppendNormal(dst []byte, text string) []byte {
	from := len(dst)
	space := true // drops white space at the beginning
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			i++
			switch low := asciiFold[c]; {
			case low != ' ':
				dst, space = append(dst, low), false
			case !space:
				dst, space = append(dst, ' '), true
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r >= 0x4E00 && r <= 0x9FA5, r == '。', r == '、', r == '“', r == '”':
			dst, space = append(dst, text[i:i+n]...), false
		case r >= '！' && r <= '～': // full-width ASCII
			dst, space = append(dst, asciiFold[r-'！'+'!']), false
		default:
			return appendFolded(dst[:from], norm.NFKC.String(text))
		}
		i += n
	}
	return trimSpace(dst, from)
}

// appendFolded is the long way: it folds and collapses text in NFKC.
func appendFolded(dst []byte, text string) []byte {
	from := len(dst)
	space := true
	for _, r := range text {
		switch {
		case !unicode.IsSpace(r):
			dst, space = utf8.AppendRune(dst, foldRune(r)), false
		case !space:
			dst, space = append(dst, ' '), true
		}
	}
	return trimSpace(dst, from)
}

// trimSpace drops the one space that may end what was appended at from.
func trimSpace(dst []byte, from int) []byte {
	if n := len(dst); n > from && dst[n-1] == ' ' {
		return dst[:n-1]
	}
	return dst
}

// asciiFold maps capitals to small letters and white space to a space.
var asciiFold = func() (t [utf8.RuneSelf]byte) {
	for i := range t {
		t[i] = byte(i)
		switch {
		case i >= 'A' && i <= 'Z':
			t[i] += 'a' - 'A'
		case unicode.IsSpace(rune(i)):
			t[i] = ' '
		}
	}
	return t
}()

// foldRune returns one rune for all that differ in case only, for ASCII the
// small letter. The Kelvin sign and the long s, whose orbits hold an ASCII
// letter, are gone after NFKC.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		return rune(asciiFold[r])
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

// hash64 is the one hash of this room; stored splits rely on it.
func hash64(p []byte, seed uint64) uint64 { return xxh64.Sum(p, seed) }
