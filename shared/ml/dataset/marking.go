package dataset

import (
	"bytes"

	"golang.org/x/text/transform"
)

// marking is a decoder to UTF-8 that tells damage from text. The decoders it
// wraps write U+FFFD both for bytes they cannot read and for that very
// character, which data that were damaged long ago do hold. It writes the byte
// 0xFF for the former: from there on, damage is what is not valid UTF-8,
// whatever the encoding was.
//
// The encoded U+FFFD is searched as bytes. In GB18030 the same bytes may lie
// across two other characters, both of them far outside common text; such a
// row would be reported as damaged.
type marking struct {
	transform.Transformer
	replacement []byte // U+FFFD in the encoding
	unit        int    // bytes of a code unit: replacement begins at a multiple
}

// unicodeReplacement is U+FFFD in UTF-8.
var unicodeReplacement = []byte("\uFFFD")

// Transform implements transform.Transformer.
func (m *marking) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for {
		part, found := src[nSrc:], m.index(src[nSrc:])
		if found >= 0 {
			part = part[:found]
		}
		d, s, err := m.Transformer.Transform(dst[nDst:], part, atEOF || found >= 0)
		nDst, nSrc = nDst+mark(dst[nDst:nDst+d]), nSrc+s
		if err != nil || found < 0 {
			return nDst, nSrc, err
		}
		if len(dst)-nDst < len(unicodeReplacement) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += copy(dst[nDst:], unicodeReplacement)
		nSrc += len(m.replacement)
	}
}

// index finds the replacement in src at a unit's beginning, -1 when absent.
func (m *marking) index(src []byte) int {
	for from := 0; ; {
		i := bytes.Index(src[from:], m.replacement)
		if i < 0 {
			return -1
		}
		if from += i; from%m.unit == 0 {
			return from
		}
		from++
	}
}

// mark turns every U+FFFD in p into 0xFF, in place, and returns the new length.
func mark(p []byte) int {
	n := 0
	for {
		i := bytes.Index(p[n:], unicodeReplacement)
		if i < 0 {
			return len(p)
		}
		n += i
		p[n] = 0xFF
		n++
		p = append(p[:n], p[n+len(unicodeReplacement)-1:]...)
	}
}
