package text

// viewOf returns the view that tokens of a family are cut from.
func (s *Scratch) viewOf(f Family) *view {
	if f == FamilyWord || f == FamilyPair {
		return &s.word
	}
	return &s.stream
}

// bytes returns the token's characters, valid until the next document.
func (s *Scratch) bytes(t token) []byte {
	v := s.viewOf(t.family)
	return v.text[v.unit[t.lo].at:v.unit[t.hi].at]
}

// cut lists the tokens of the views just read, family by family.
func (s *Scratch) cut(r *Recipe) {
	s.tokens = s.tokens[:0]
	if r.Uses(FamilyWord) {
		for _, w := range s.words {
			s.tokens = append(s.tokens, token{w.lo, w.hi, FamilyWord})
		}
	}
	if r.Uses(FamilyPair) {
		for i := 1; i < len(s.words); i++ {
			s.tokens = append(s.tokens, token{s.words[i-1].lo, s.words[i].hi, FamilyPair})
		}
	}
	if r.Uses(FamilyCJK) {
		s.cutChunks(FamilyCJK, r.CJK)
	}
	if r.Uses(FamilyChar) {
		s.cutChunks(FamilyChar, r.Char)
	}
}

// Sets of classes, a bit for each. Hangul makes words and stands in the stream.
const (
	wordsOnly   = 1 << classWord
	anyWord     = 1<<classWord | 1<<classBoth
	anyStream   = 1<<classStream | 1<<classBoth
	anyUnspaced = 1 << classStream
)

// cutChunks lists the n-grams of a family, chunk by chunk. A chunk is what
// stands between two spaces, and all that decides about it is which classes it
// holds: that is how much a regular expression without lookaround can see, and
// so an ONNX graph (ONNX.md).
func (s *Scratch) cutChunks(f Family, lengths Range) {
	units := s.stream.unit[:len(s.stream.unit)-1]
	lo, held := int32(1), 0
	for i := lo; i < int32(len(units)); i++ {
		if c := units[i].class; c != classSpace {
			held |= 1 << c
			continue
		}
		chunk := span{lo, i}
		switch {
		case f == FamilyCJK && held&anyStream != 0:
			// Digits and names take part: those written inside Chinese are
			// worth .003 to .007 of accuracy on titles.
			s.padded(chunk, lengths, f)
		case f == FamilyCJK && held != wordsOnly:
			s.symbols(chunk, lengths)
		case f == FamilyChar && held&anyUnspaced == 0 && held&anyWord != 0:
			// Punctuation that touches a word takes part: in cross-validation
			// on four English sets that is no worse than words alone.
			s.padded(chunk, lengths, f)
		}
		lo, held = i+1, 0
	}
}

// padded lists the n-grams of a chunk and the space on either side. A space
// alone is none: it would only count the chunks.
func (s *Scratch) padded(chunk span, lengths Range, f Family) {
	if lengths.Min == 1 {
		s.grams(chunk, Range{1, 1}, f)
		lengths.Min = 2
	}
	s.grams(span{chunk.lo - 1, chunk.hi + 1}, lengths, f)
}

// symbols lists the n-grams of each run of symbols in a chunk that holds no
// unspaced script.
func (s *Scratch) symbols(chunk span, lengths Range) {
	units := s.stream.unit
	for lo := chunk.lo; lo < chunk.hi; lo++ {
		hi := lo
		for hi < chunk.hi && units[hi].class != classWord {
			hi++
		}
		s.grams(span{lo, hi}, lengths, FamilyCJK)
		lo = hi
	}
}

// grams lists the n-grams of a run of units, by length, then by place.
func (s *Scratch) grams(w span, lengths Range, f Family) {
	for n := int32(lengths.Min); n <= int32(lengths.Max); n++ {
		for i := w.lo; i+n <= w.hi; i++ {
			s.tokens = append(s.tokens, token{i, i + n, f})
		}
	}
}
