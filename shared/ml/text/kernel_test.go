package text

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// runes calls f for every code point that a string can hold.
func runes(f func(r rune)) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if utf8.ValidRune(r) {
			f(r)
		}
	}
}

// Folding is checked against golang.org/x/text/cases, which has the full
// table of CaseFolding.txt and is too large to link into a function.
func TestSegment_foldsLikeTheUnicodeTable(t *testing.T) {
	fold := cases.Fold()
	var n normaliser
	failures := 0
	runes(func(r rune) {
		// CaseFolding.txt folds Cherokee to upper case; the cases package gets
		// the small letters right but turns the capitals small.
		if r >= 0x13a0 && r <= 0x13f5 {
			return
		}
		want := norm.NFKC.String(fold.String(norm.NFKD.String(string(r))))
		if got := string(n.segment(string(r))); got != want && failures < 20 {
			failures++
			t.Errorf("segment(%U %q) = %q, want %q", r, r, got, want)
		}
	})
}

// The shortcuts of classOf must decide as the tables do.
func TestClassOf_shortcutsAgreeWithTheTables(t *testing.T) {
	failures := 0
	runes(func(r rune) {
		got, want := classOf(r), classByTable(r)
		switch got {
		case classJoin, classRegional, classExtend:
			return // told apart by classOf alone
		}
		if r == 0x30fc || r == '_' {
			return // exceptions to the tables
		}
		if got != want && failures < 20 {
			failures++
			t.Errorf("classOf(%U) = %d, by table %d", r, got, want)
		}
	})
}

// The fast paths of read skip normalisation for what inertNext and isHan
// promise is its own segment and its own normal form.
func TestInert_charactersStandAlone(t *testing.T) {
	var n normaliser
	runes(func(r rune) {
		s := string(r)
		if inertNext(s, 0) && !norm.NFKC.PropertiesString(s).BoundaryBefore() {
			t.Errorf("inertNext(%U) = true, but it combines with what is before it", r)
		}
		if r < utf8.RuneSelf || isHan(r) {
			want := s
			if r < utf8.RuneSelf {
				want = string(rune(asciiFold[r]))
			}
			if got := string(n.segment(s)); got != want {
				t.Errorf("normal form of %U = %q, want %q", r, got, want)
			}
		}
	})
}

func TestHash_spreads(t *testing.T) {
	// Every length takes another path at 4, 8 and 16 bytes. Flipping any bit,
	// the length or the family must give another hash, in both halves.
	seen := make(map[uint64]string)
	low := make(map[uint32]string)
	note := func(f Family, b []byte) {
		h := hash(f, b)
		key := string(rune('0'+f)) + string(b)
		if other, ok := seen[h]; ok && other != key {
			t.Errorf("hash(%q) = hash(%q)", key, other)
		}
		if other, ok := low[uint32(h)]; ok && other != key {
			t.Errorf("low half of hash(%q) = that of hash(%q)", key, other)
		}
		seen[h], low[uint32(h)] = key, key
	}
	for n := range 40 {
		b := make([]byte, n)
		for f := range Family(Families) {
			note(f, b)
		}
		for i := range 8 * n {
			b[i/8] ^= 1 << (i % 8)
			note(0, b)
			b[i/8] ^= 1 << (i % 8)
		}
	}
}

// Terms whose hashes collide in full must stay apart: the table compares bytes.
func TestTable_comparesBytes(t *testing.T) {
	var tab table
	const h = 42
	for i, term := range []string{"a", "b", "c", "a", "b"} {
		want := int32(i % 3)
		if got := tab.number(h, FamilyWord, []byte(term)); got != want {
			t.Errorf("number(%q) = %d, want %d", term, got, want)
		}
	}
	if got := tab.number(h, FamilyPair, []byte("a")); got != 3 {
		t.Errorf("number of the same bytes in another family = %d, want 3", got)
	}
}

func TestCounter_stopsAtTheLargestCount(t *testing.T) {
	var c counter
	c.reset(10)
	for range 1<<16 + 5 {
		c.add(7, 1)
	}
	if len(c.feature) != 1 || c.count[0] != 1<<16-1 {
		t.Errorf("count = %v of %v, want 65535 of feature 7", c.count, c.feature)
	}
}
