package text

// Sequence calls each with the parts a reader sees in a document, in their
// order: its words, and each character of the stream that is in no word, as
// Pieces has them. token is the part normalised and folded; it belongs to s and
// holds during the call. at is where it stands in the original; extents overlap
// where normalisation makes several parts of one code point. Once s is warm nothing is allocated.
func (s *Scratch) Sequence(doc string, each func(token []byte, at Extent)) {
	s.read(doc)
	words, inside := s.words, int32(0)
	for i, u := range s.stream.unit[:len(s.stream.unit)-1] {
		switch u.class {
		case classSpace:
		case classWord, classBoth:
			// Both views have the same characters of words in the same order:
			// a word is told at its first, and the others are passed over.
			if inside > 0 {
				inside--
				continue
			}
			w := words[0]
			words, inside = words[1:], w.hi-w.lo-1
			from, last := s.word.unit[w.lo], s.word.unit[w.hi-1]
			each(s.word.text[from.at:s.word.unit[w.hi].at], Extent{int(from.from), int(last.to)})
		default:
			each(s.stream.text[u.at:s.stream.unit[i+1].at], Extent{int(u.from), int(u.to)})
		}
	}
}
