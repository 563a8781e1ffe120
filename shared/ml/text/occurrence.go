package text

// Extent is a run of code points of an original document, from Start to End,
// End excluded.
type Extent struct{ Start, End int }

// Occurrence is one token of a document that is a feature.
type Occurrence struct {
	Feature int32
	// Covers lists the code points the token was made of, ascending and
	// disjoint, at least one. Spaces count for nothing: a pair covers its two
	// words, and an n-gram from the edge of a chunk what it has of the chunk.
	Covers []Extent
}

// Occurrences returns every occurrence of a feature in a document, as often
// as Vectorize counts it. The result is the caller's.
func (v *Vocabulary) Occurrences(s *Scratch, doc string) []Occurrence {
	x := v.lookup()
	s.tokenize(&v.recipe, doc)
	var found []Occurrence
	for _, t := range s.tokens {
		if f := v.find(x, s, t); f >= 0 {
			found = append(found, Occurrence{f, s.covers(t)})
		}
	}
	return found
}

// covers joins the code points of a token's units.
func (s *Scratch) covers(t token) []Extent {
	var out []Extent
	for _, u := range s.viewOf(t.family).unit[t.lo:t.hi] {
		if u.from < 0 { // a space
			continue
		}
		from, to := int(u.from), int(u.to)
		if n := len(out); n > 0 && from <= out[n-1].End {
			// The next code point, or another character of the same segment.
			out[n-1].End = max(out[n-1].End, to)
			continue
		}
		out = append(out, Extent{from, to})
	}
	return out
}

// Pieces returns the parts a reader sees in a document, ascending and
// disjoint: its words, and each character of the stream that is in no word.
func (s *Scratch) Pieces(doc string) []Extent {
	s.read(doc)
	var out []Extent
	words, word := s.words, s.word.unit
	for _, u := range s.stream.unit[:len(s.stream.unit)-1] {
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
	return out
}
