package text

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// unit is one character of a view: usually one code point, in the stream view
// also a joined emoji or a flag. Its bytes reach to the next unit's.
type unit struct {
	at int32 // first byte in the view's text
	// The code points of the original it stands for, to excluded; both -1 for
	// a space, which no token is made of alone.
	from, to int32
	class    class
}

// view is one of the two renderings of a document that tokens are cut from.
type view struct {
	text []byte
	unit []unit // one for each character and, when finished, one for the end
}

// reset empties the view and keeps its memory.
func (v *view) reset() { v.text, v.unit = v.text[:0], v.unit[:0] }

// pad appends a space.
func (v *view) pad() {
	v.unit = append(v.unit, unit{int32(len(v.text)), -1, -1, classSpace})
	v.text = append(v.text, ' ')
}

// token is an n-gram: units lo to hi, hi excluded, of the view of its family.
type token struct {
	lo, hi int32
	family Family
}

// span is a run of units, hi excluded.
type span struct{ lo, hi int32 }

// Scratch holds what reading one document needs, for reuse: after the longest
// document it allocates nothing. The zero Scratch is ready. It must not be
// used by two goroutines at a time.
type Scratch struct {
	word, stream view
	words        []span // in the word view
	tokens       []token
	open         int32 // first unit of the word being read, -1 when there is none
	joined       bool  // a joiner was read after a symbol

	normal  normaliser
	counter counter
	hashed  []byte       // the bytes of a term that are hashed
	found   []Occurrence // of Locate
	extents []Extent     // that they cover
	pieces  []Extent
}

// tokenize reads doc and leaves its tokens in s.tokens, family by family.
// Bytes that are not UTF-8 count as one code point each, as in a Go string.
func (s *Scratch) tokenize(r *Recipe, doc string) {
	s.read(doc)
	s.cut(r)
}

// read fills the two views.
func (s *Scratch) read(doc string) {
	s.word.reset()
	s.stream.reset()
	s.words = s.words[:0]
	s.open, s.joined = -1, false
	s.stream.pad()

	// Three ways, by how many characters take them: ASCII by table, main Han as it
	// is, and everything else by segments that normalisation cannot reach across.
	doc = doc[:readable(doc)]
	at := int32(0) // code points read
	for i := 0; i < len(doc); {
		c := doc[i]
		if c < utf8.RuneSelf && inertNext(doc, i+1) {
			s.ascii(asciiFold[c], asciiClass[c], at)
			i++
			at++
			continue
		}
		if r, size := utf8.DecodeRuneInString(doc[i:]); isHan(r) && inertNext(doc, i+size) {
			s.char(r, classStream, at, at+1)
			i += size
			at++
			continue
		}
		size := norm.NFKC.NextBoundaryInString(doc[i:], true)
		length := int32(utf8.RuneCountInString(doc[i : i+size]))
		s.normalise(doc[i:i+size], at, at+length)
		i += size
		at += length
	}
	s.endWord()
	s.space()
	s.word.finish()
	s.stream.finish()
}

// MaxDocument is how many bytes of a document are read, the rest counts for
// nothing. It bounds the memory of a Scratch whatever it is given.
const MaxDocument = 1 << 20

// readable returns how much of doc is read: MaxDocument bytes, but for the
// character that crosses that line.
func readable(doc string) int {
	if len(doc) <= MaxDocument {
		return len(doc)
	}
	n := MaxDocument
	// No further back than a character is long: bytes that are no UTF-8 may have
	// no start at all.
	for n > MaxDocument-utf8.UTFMax && !utf8.RuneStart(doc[n]) {
		n--
	}
	return n
}

// inertNext reports whether the character at doc[i] surely cannot combine with
// the one before it: there is none, or it lies below U+0300 or in the block of
// main Han characters (lead bytes E4 to E9 hold those and others that do not
// combine either).
func inertNext(doc string, i int) bool {
	if i >= len(doc) {
		return true
	}
	c := doc[i]
	return c < 0xcc || c >= 0xe4 && c <= 0xe9
}

// normalise feeds the normal form of one boundary segment, all of whose
// characters stand for the same code points of the original.
func (s *Scratch) normalise(segment string, from, to int32) {
	for b := s.normal.segment(segment); len(b) > 0; {
		r, size := utf8.DecodeRune(b)
		s.char(r, classOf(r), from, to)
		b = b[size:]
	}
}

// ascii is char for a single byte that is its own segment.
func (s *Scratch) ascii(b byte, c class, at int32) {
	s.joined = false
	if c == classWord {
		s.openWord()
		s.word.unit = append(s.word.unit, unit{int32(len(s.word.text)), at, at + 1, c})
		s.word.text = append(s.word.text, b)
	} else {
		s.endWord()
		if c == classSpace {
			s.space()
			return
		}
	}
	s.stream.unit = append(s.stream.unit, unit{int32(len(s.stream.text)), at, at + 1, c})
	s.stream.text = append(s.stream.text, b)
}

// char feeds one normalised character.
func (s *Scratch) char(r rune, c class, from, to int32) {
	switch c {
	case classIgnore:
		return
	case classJoin:
		s.joined = s.lastIs(classSymbol)
		return
	case classExtend, classRegional, classSymbol:
		s.endWord()
		s.symbol(r, c, from, to)
		return
	}
	s.joined = false
	if c == classWord || c == classBoth {
		s.openWord()
		s.word.unit = append(s.word.unit, unit{int32(len(s.word.text)), from, to, c})
		s.word.text = utf8.AppendRune(s.word.text, r)
	} else {
		s.endWord()
	}
	if c == classSpace {
		s.space()
		return
	}
	s.stream.unit = append(s.stream.unit, unit{int32(len(s.stream.text)), from, to, c})
	s.stream.text = utf8.AppendRune(s.stream.text, r)
}

// symbol appends r to the stream, to the unit before it when the two show as
// one: joined emoji, skin tones, flags.
func (s *Scratch) symbol(r rune, c class, from, to int32) {
	v := &s.stream
	tied := false
	switch c {
	case classSymbol:
		// Never a sign of ASCII: that mostly comes by the fast path, which
		// knows no joiners.
		if tied = s.joined && r >= utf8.RuneSelf; tied {
			v.text = utf8.AppendRune(v.text, 0x200d)
		}
	case classExtend:
		tied = s.lastIs(classSymbol)
	case classRegional:
		tied = s.lastIs(classRegional)
	}
	s.joined = false
	if !tied {
		if c == classExtend {
			c = classSymbol
		}
		v.unit = append(v.unit, unit{int32(len(v.text)), from, to, c})
	} else {
		last := &v.unit[len(v.unit)-1]
		last.to = to
		last.class = classSymbol // a flag takes no third letter
	}
	v.text = utf8.AppendRune(v.text, r)
}

// lastIs reports the class of the stream's last unit.
func (s *Scratch) lastIs(c class) bool {
	n := len(s.stream.unit)
	return n > 0 && s.stream.unit[n-1].class == c
}

// space parts two chunks of the stream: by one space, however many there are.
func (s *Scratch) space() {
	if !s.lastIs(classSpace) {
		s.stream.pad()
	}
}

// openWord notes where a word starts, unless one is being read.
func (s *Scratch) openWord() {
	if s.open < 0 {
		s.open = int32(len(s.word.unit))
	}
}

// endWord closes the word being read, if any, and parts it from the next.
func (s *Scratch) endWord() {
	if s.open < 0 {
		return
	}
	s.words = append(s.words, span{s.open, int32(len(s.word.unit))})
	s.open = -1
	s.word.pad()
}

// finish adds the unit that marks the end.
func (v *view) finish() {
	v.unit = append(v.unit, unit{int32(len(v.text)), -1, -1, classSpace})
}
