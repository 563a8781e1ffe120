package text

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/awkward.txt again; once models are released, a change of it needs another TokenizerVersion")

// rule parts what is read from what is expected in testdata/awkward.txt.
const rule = "----------"

// awkward returns the documents of testdata/awkward.txt.
func awkward(t testing.TB) (docs []string) {
	t.Helper()
	data, err := os.ReadFile("testdata/awkward.txt")
	if err != nil {
		t.Fatal(err)
	}
	for block := range strings.SplitSeq(string(data), "\n\n") {
		quoted, _, _ := strings.Cut(block, "\n"+rule)
		doc, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatalf("testdata/awkward.txt: document %q: %v", quoted, err)
		}
		docs = append(docs, doc)
	}
	return docs
}

// rendered writes down all that is made of a document: its normal text and,
// family by family, its tokens with the code points they cover. Spaces of
// tokens show as underscores.
func rendered(doc string) string {
	recipe := Recipe{MinDocs: [Families]int{1, 1, 1, 1}, CJK: Range{1, 2}, Char: Range{3, 3}}
	out := fmt.Sprintf("%+q\n%s\nnormal %q", doc, rule, Normal(doc))
	var s Scratch
	s.tokenize(&recipe, doc)
	last := Family(Families)
	for _, t := range s.tokens {
		if t.family != last {
			last = t.family
			out += "\n" + [Families]string{"words ", "pairs ", "stream", "inner "}[last]
		}
		term := strconv.Quote(strings.ReplaceAll(string(s.bytes(t)), " ", "_"))
		out += " " + term[1:len(term)-1]
		for _, e := range s.covers(t) {
			out += fmt.Sprintf("[%d,%d)", e.Start, e.End)
		}
	}
	return out
}

// What the tokenizer makes of awkward documents is written down: ligatures,
// unit signs, letters whose folding is longer, marks, half width, joined emoji,
// flags, scripts side by side.
func TestTokens_ofAwkwardDocuments(t *testing.T) {
	var all []string
	for _, doc := range awkward(t) {
		all = append(all, rendered(doc))
	}
	if *update {
		if err := os.WriteFile("testdata/awkward.txt", []byte(strings.Join(all, "\n\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile("testdata/awkward.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n\n")
	for i, block := range all {
		if block != want[i] {
			t.Errorf("got\n%s\nwant\n%s", block, want[i])
		}
	}
}
