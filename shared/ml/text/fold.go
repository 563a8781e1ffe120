package text

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normaliser holds what normalising one segment needs, for reuse: norm's
// Append functions allocate, its iterator does not.
type normaliser struct {
	iter    norm.Iter
	out     []byte // the normal form
	scratch []byte // decomposed, and behind it folded
}

// segment returns the normal form of one boundary segment, valid until the
// next: compatibility decomposition, full case folding, compatibility
// composition. Folding the decomposed form is what Unicode calls compatibility
// caseless matching (The Unicode Standard, section 3.13, D146); it leaves only
// the few expansions of appendFold.
func (n *normaliser) segment(s string) []byte {
	n.scratch = n.scratch[:0]
	for n.iter.InitString(norm.NFKD, s); !n.iter.Done(); {
		n.scratch = append(n.scratch, n.iter.Next()...)
	}
	// The folded form goes behind the decomposed one: it may be longer, and must
	// not run over what is still to be read.
	split := len(n.scratch)
	for i := 0; i < split; {
		r, size := utf8.DecodeRune(n.scratch[i:split])
		n.scratch = appendFold(n.scratch, r)
		i += size
	}
	n.out = n.out[:0]
	for n.iter.Init(norm.NFKC, n.scratch[split:]); !n.iter.Done(); {
		n.out = append(n.out, n.iter.Next()...)
	}
	return n.out
}

// appendFold appends the full case folding of a decomposed character. Lower
// case is right for all but the letters named here.
func appendFold(b []byte, r rune) []byte {
	switch {
	case r < utf8.RuneSelf:
		return append(b, asciiFold[r])
	case r == 'ß' || r == 'ẞ':
		return append(b, "ss"...)
	case r == 'ς':
		r = 'σ'
	case r == 0x345: // iota below, as a mark
		r = 'ι'
	case r >= 0x13a0 && r <= 0x13f5: // Cherokee folds to its upper case
	case r >= 0x13f8 && r <= 0x13fd:
		r -= 8
	case r >= 0xab70 && r <= 0xabbf:
		r -= 0xab70 - 0x13a0
	case r >= 0x1c80 && r <= 0x1c88: // letter forms of old Cyrillic print
		r = [...]rune{'в', 'д', 'о', 'с', 'т', 'т', 'ъ', 'ѣ', 0xa64b}[r-0x1c80]
	default:
		r = unicode.ToLower(r)
	}
	return utf8.AppendRune(b, r)
}
