package text

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// graph cuts normal text with the regular expressions of the ONNX graph of
// ONNX.md. Go's matches, leftmost and longest, are those of the operator
// Tokenizer, which uses the same engine.
type graph struct{ word, unit, stream, inner, symbols *regexp.Regexp }

func newGraph() graph {
	in := ranges()
	w, s, h := in[classWord], in[classStream], in[classBoth]
	y, e, r := in[classSymbol], in[classExtend], in[classRegional]
	unit := `(?:[` + r + `]{2}|[` + y + e + `])(?:[` + e + `]|\x{200D}[` + y + `])*|(?s:.)`
	longest := func(exp string) *regexp.Regexp {
		re := regexp.MustCompile(exp)
		re.Longest()
		return re
	}
	return graph{
		word:    longest(`[` + w + h + `]+`),
		unit:    longest(unit),
		stream:  longest(` [^ ` + s + h + `]+ |` + unit),
		inner:   longest(` [^ ]*[` + s + `][^ ]* | [^ ` + w + h + `]+ |` + unit),
		symbols: longest(`^[` + y + e + r + `\x{200D}]+$`),
	}
}

// ranges writes the characters of each class as the inside of [...].
func ranges() (in [classIgnore + 1]string) {
	from, last := rune(0), classOf(0)
	for r := range rune(unicode.MaxRune + 2) {
		// Neither the halves of surrogate pairs nor what follows the last
		// character are of a class.
		c := classIgnore + 1
		if utf8.ValidRune(r) {
			c = classOf(r)
		}
		if c == last {
			continue
		}
		if last <= classIgnore {
			in[last] += fmt.Sprintf(`\x{%X}-\x{%X}`, from, r-1)
		}
		from, last = r, c
	}
	return in
}

// key names a term as the items of an n-gram in the pool of one vectoriser.
func (g *graph) key(f Family, term string) string {
	pool, items := "word", strings.Split(term, " ")
	switch {
	case f == FamilyChar:
		pool, items = "inner", g.unit.FindAllString(term, -1)
	case f == FamilyCJK && g.symbols.MatchString(term):
		pool, items = "symbols", g.unit.FindAllString(term, -1)
	case f == FamilyCJK:
		pool, items = "stream", g.unit.FindAllString(term, -1)
	}
	return pool + "\x00" + strings.Join(items, "\x00")
}

// count counts in normal text the terms that the pools know.
func (g *graph) count(normal string, r *Recipe, known func(term string) bool) map[string]int {
	found := make(map[string]int)
	for _, v := range []struct {
		pool   string
		tokens *regexp.Regexp
		Range
	}{
		{"word", g.word, Range{1, 2}}, {"symbols", g.unit, r.CJK},
		{"stream", g.stream, r.CJK}, {"inner", g.inner, r.Char},
	} {
		items := v.tokens.FindAllString(normal, -1)
		for n := v.Min; n <= v.Max; n++ {
			for i := 0; i+n <= len(items); i++ {
				if k := v.pool + "\x00" + strings.Join(items[i:i+n], "\x00"); known(k) {
					found[k]++
				}
			}
		}
	}
	return found
}

// graphRecipe has every family and every length down to 1.
var graphRecipe = Recipe{MinDocs: [Families]int{1, 1, 1, 1}, CJK: Range{1, 3}, Char: Range{1, 5}}

// own counts the terms that the tokenizer gives, by their keys.
func (g *graph) own(doc string) map[string]int {
	var s Scratch
	s.tokenize(&graphRecipe, doc)
	counts := make(map[string]int)
	for _, t := range s.tokens {
		counts[g.key(t.family, string(s.bytes(t)))]++
	}
	return counts
}

// scrambled makes documents of characters that the rules treat apart.
func scrambled(n int) []string {
	alphabet := strings.Split("a|b|Q|7| | | |好|股|ー|ガ|ｶ|ﾞ|한|국|ไ|ท|!|?|€|_|-|😀|❤|\ufe0f|\u200d|👍|🏽|🇫|🇷|\u0301|é|ß|\u00ad|\t|½|㍿|ﬁ|Σ|\u20e3|\U000e0067|\U000e007f|я|न|\u0e33|\xff", "|")
	random := rand.New(rand.NewPCG(1, 0))
	docs := make([]string, n)
	for i := range docs {
		for range 1 + random.IntN(24) {
			docs[i] += alphabet[random.IntN(len(alphabet))]
		}
	}
	return docs
}

// differing lists the terms that are counted otherwise, and both counts.
func differing(got, want map[string]int) (terms []string) {
	both := maps.Clone(want)
	maps.Copy(both, got)
	for _, k := range slices.Sorted(maps.Keys(both)) {
		if got[k] != want[k] {
			terms = append(terms, fmt.Sprintf("%s: %d, want %d", k, got[k], want[k]))
		}
	}
	return terms
}

// The graph sees nothing but the normal text and must find every term as often
// as the tokenizer, those of other documents included.
func TestNormal_isAllTheGraphNeeds(t *testing.T) {
	g := newGraph()
	docs := slices.Concat(awkward(t), scrambled(500))
	own := make([]map[string]int, len(docs))
	pools := make(map[string]int)
	for i, doc := range docs {
		own[i] = g.own(doc)
		maps.Copy(pools, own[i])
	}
	for i, doc := range docs {
		got := g.count(Normal(doc), &graphRecipe, func(term string) bool { return pools[term] > 0 })
		if wrong := differing(got, own[i]); wrong != nil {
			t.Fatalf("the graph counts otherwise in %q, normal %q: %q", doc, Normal(doc), wrong)
		}
	}
}

func FuzzNormal(f *testing.F) {
	g := newGraph()
	pools := make(map[string]int)
	for _, doc := range awkward(f) {
		f.Add(doc)
		maps.Copy(pools, g.own(doc))
	}
	f.Fuzz(func(t *testing.T, doc string) {
		own := g.own(doc)
		got := g.count(Normal(doc), &graphRecipe, func(term string) bool { return pools[term]+own[term] > 0 })
		if wrong := differing(got, own); wrong != nil {
			t.Errorf("the graph counts otherwise in %q, normal %q: %q", doc, Normal(doc), wrong)
		}
	})
}
