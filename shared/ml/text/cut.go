package text

// reach is how long a word may be, and how far two characters of an unspaced
// script may stand apart, for the word between them to join their stream: a
// year or a product's name does, a sentence does not.
const reach = 16

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
		s.cutStreams(r.CJK)
	}
	if r.Uses(FamilyChar) {
		s.cutChunks(r.Char)
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

// cutChunks lists the inner n-grams: those of every run without a space that
// holds a word and no unspaced script, with the space before and after it.
// Punctuation that touches a word takes part: in cross-validation on four
// English sets that is no worse than words alone (.0003 better on average),
// and splitting at spaces is what ONNX can say most simply.
func (s *Scratch) cutChunks(lengths Range) {
	units := s.stream.unit[:len(s.stream.unit)-1]
	lo := int32(1)
	word, unspaced := false, false
	for i := lo; i < int32(len(units)); i++ {
		switch units[i].class {
		case classWord, classBoth:
			word = true
		case classStream:
			unspaced = true
		case classSpace:
			if word && !unspaced {
				s.grams(span{lo - 1, i + 1}, lengths, FamilyChar)
			}
			lo, word, unspaced = i+1, false, false
		}
	}
}

// cutStreams lists the n-grams of the runs of stream characters, symbols and
// the spaces between them, which the words that do not join them end.
func (s *Scratch) cutStreams(lengths Range) {
	units := s.stream.unit[:len(s.stream.unit)-1]
	run := span{-1, -1}       // hi is after its last unit that is no space
	last := int32(-reach - 2) // the last character of an unspaced script
	for i := int32(0); i < int32(len(units)); {
		switch units[i].class {
		case classWord:
			end := wordEnd(units, i)
			if joins(units, i, end, last) {
				run = run.grow(i, end)
			} else {
				s.endStream(&run, lengths)
			}
			i = end
			continue
		case classSpace:
			i++
			continue
		case classStream, classBoth:
			last = i
		}
		run = run.grow(i, i+1)
		i++
	}
	s.endStream(&run, lengths)
}

// grow extends the run to hi, or opens it at lo.
func (r span) grow(lo, hi int32) span {
	if r.lo < 0 {
		r.lo = lo
	}
	r.hi = hi
	return r
}

// endStream lists the n-grams of the run, if there is one, and closes it.
func (s *Scratch) endStream(run *span, lengths Range) {
	if run.lo >= 0 {
		s.grams(*run, lengths, FamilyCJK)
	}
	*run = span{-1, -1}
}

// wordEnd returns where the run of word characters that starts at i ends.
func wordEnd(units []unit, i int32) int32 {
	for i < int32(len(units)) && units[i].class == classWord {
		i++
	}
	return i
}

// joins reports whether the word [lo, hi) belongs to a stream: it touches a
// character of an unspaced script, or lies between two that are near.
func joins(units []unit, lo, hi, last int32) bool {
	if hi-lo > reach {
		return false
	}
	if last == lo-1 {
		return true
	}
	limit := min(last+reach+2, int32(len(units)))
	if hi < int32(len(units)) {
		limit = max(limit, hi+1)
	}
	for i := hi; i < limit; i++ {
		if c := units[i].class; c == classStream || c == classBoth {
			return true
		}
	}
	return false
}
