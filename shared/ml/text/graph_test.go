package text

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// graph cuts normal text with the regular expressions of the ONNX graph of
// ONNX.md. Go's matches, leftmost and longest, are those of the operator
// Tokenizer, which uses the same engine.
type graph [Pools]*regexp.Regexp

func newGraph() (g graph) {
	for pool, exp := range Expressions() {
		g[pool] = regexp.MustCompile(exp)
		g[pool].Longest()
	}
	return g
}

// key names a term as the items of an n-gram in the pool of one vectoriser.
func key(pool Pool, items []string) string {
	return fmt.Sprint(pool) + "\x00" + strings.Join(items, "\x00")
}

// count counts in normal text the terms that the pools know.
func (g *graph) count(normal string, r *Recipe, known func(term string) bool) map[string]int {
	found := make(map[string]int)
	for pool, lengths := range [Pools]Range{{1, 2}, r.CJK, r.CJK, r.Char} {
		items := g[pool].FindAllString(normal, -1)
		for n := lengths.Min; n <= lengths.Max; n++ {
			for i := 0; i+n <= len(items); i++ {
				if k := key(Pool(pool), items[i:i+n]); known(k) {
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
func own(doc string) map[string]int {
	var s Scratch
	s.tokenize(&graphRecipe, doc)
	counts := make(map[string]int)
	for _, t := range s.tokens {
		counts[key(Items(t.family, string(s.bytes(t))))]++
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
	counted := make([]map[string]int, len(docs))
	pools := make(map[string]int)
	for i, doc := range docs {
		counted[i] = own(doc)
		maps.Copy(pools, counted[i])
	}
	for i, doc := range docs {
		got := g.count(Normal(doc), &graphRecipe, func(term string) bool { return pools[term] > 0 })
		if wrong := differing(got, counted[i]); wrong != nil {
			t.Fatalf("the graph counts otherwise in %q, normal %q: %q", doc, Normal(doc), wrong)
		}
	}
}

func FuzzNormal(f *testing.F) {
	g := newGraph()
	pools := make(map[string]int)
	for _, doc := range awkward(f) {
		f.Add(doc)
		maps.Copy(pools, own(doc))
	}
	f.Fuzz(func(t *testing.T, doc string) {
		counted := own(doc)
		got := g.count(Normal(doc), &graphRecipe, func(term string) bool { return pools[term]+counted[term] > 0 })
		if wrong := differing(got, counted); wrong != nil {
			t.Errorf("the graph counts otherwise in %q, normal %q: %q", doc, Normal(doc), wrong)
		}
	})
}
