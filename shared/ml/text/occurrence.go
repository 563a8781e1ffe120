package text

// Extent is a run of code points of an original document, from Start to End,
// End excluded.
type Extent struct{ Start, End int }

// Occurrence is one token of a document that is a feature.
type Occurrence struct {
	Place int32 // of the feature among those that were found
	// Covers lists the code points the token was made of, ascending and
	// disjoint, at least one. Spaces count for nothing: a pair covers its two
	// words, and an n-gram from the edge of a chunk what it has of the chunk.
	Covers []Extent
}

// Locate is Features that also returns where in the document each was found, as
// often as it counts. All three are the Scratch's.
func (v *Vocabulary) Locate(s *Scratch, doc string) (index []int32, value []float32, found []Occurrence) {
	x := v.lookup()
	s.tokenize(&v.recipe, doc)
	s.counter.reset(len(s.tokens))
	s.found, s.extents = s.found[:0], s.extents[:0]
	for _, t := range s.tokens {
		if f := v.find(x, s, t); f >= 0 {
			s.found = append(s.found, Occurrence{s.counter.add(f, 1), s.covers(t)})
		}
	}
	index, value = v.values(s)
	return index, value, s.found
}

// covers joins the code points of a token's units.
func (s *Scratch) covers(t token) []Extent {
	from := len(s.extents)
	for _, u := range s.viewOf(t.family).unit[t.lo:t.hi] {
		if u.from < 0 { // a space
			continue
		}
		e := Extent{int(u.from), int(u.to)}
		if n := len(s.extents); n > from && e.Start <= s.extents[n-1].End {
			// The next code point, or another character of the same segment.
			s.extents[n-1].End = max(s.extents[n-1].End, e.End)
			continue
		}
		s.extents = append(s.extents, e)
	}
	// A further token may move them, which leaves these where they are.
	return s.extents[from:len(s.extents):len(s.extents)]
}

// Pieces returns the parts a reader sees in the document that was read last,
// ascending and disjoint: its words, and each character of the stream that is in
// no word; none before a document was read. They are the Scratch's.
func (s *Scratch) Pieces() []Extent {
	out := s.pieces[:0]
	words, word := s.words, s.word.unit
	for _, u := range s.stream.unit[:max(len(s.stream.unit)-1, 0)] {
		if u.class == classSpace {
			continue
		}
		e := Extent{int(u.from), int(u.to)}
		// The word this unit lies in, if any, stands for it.
		for len(words) > 0 && word[words[0].hi-1].to <= u.from {
			words = words[1:]
		}
		if len(words) > 0 && word[words[0].lo].from <= u.from {
			e = Extent{int(word[words[0].lo].from), int(word[words[0].hi-1].to)}
		}
		// The rest of the word, or another character of the same code point.
		if n := len(out); n > 0 && e.Start < out[n-1].End {
			out[n-1].End = max(out[n-1].End, e.End)
			continue
		}
		out = append(out, e)
	}
	s.pieces = out
	return out
}
