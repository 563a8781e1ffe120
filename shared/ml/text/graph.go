package text

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Pool says which vectoriser of an ONNX graph counts a term (ONNX.md).
type Pool uint8

// The pools. A term is in one of them only.
const (
	PoolWords   Pool = iota // words and pairs
	PoolSymbols             // stream terms of symbols alone
	PoolStream              // the other stream terms
	PoolInner               // inner n-grams
	// Pools is how many there are.
	Pools = iota
)

// Expressions returns the regular expression by which a graph cuts normal text
// (Normal) into the items of each pool: RE2, leftmost and longest. The classes
// of characters are written out, so that no other Unicode version differs.
func Expressions() [Pools]string { return expressions().text }

// Items returns the pool of a term and the items it is an n-gram of there.
func Items(f Family, term string) (Pool, []string) {
	switch {
	case f == FamilyWord || f == FamilyPair:
		return PoolWords, strings.Split(term, " ")
	case f == FamilyChar:
		return PoolInner, expressions().unit.FindAllString(term, -1)
	case expressions().symbols.MatchString(term):
		return PoolSymbols, expressions().unit.FindAllString(term, -1)
	}
	return PoolStream, expressions().unit.FindAllString(term, -1)
}

// graphExpressions are made once: the tables of Unicode are walked for them.
type graphExpressions struct {
	once          sync.Once
	text          [Pools]string
	sequence      string
	unit, symbols *regexp.Regexp
}

// shared is made on first use, and not by a function that runs at the start: a
// program that exports nothing is linked without regular expressions.
var shared graphExpressions

// expressions returns the shared ones, which the first call makes.
func expressions() *graphExpressions {
	shared.once.Do(shared.make)
	return &shared
}

// SequenceExpression is the regular expression by which a graph cuts normal text
// into what Scratch.Sequence tells of it, as Expressions does for the pools.
func SequenceExpression() string { return expressions().sequence }

// make writes the expressions. They part normal text as Scratch.cut parts the
// views; where they could not, cut was given the rule that they can express.
func (g *graphExpressions) make() {
	in := ranges()
	w, s, h := in[classWord], in[classStream], in[classBoth]
	y, e, r := in[classSymbol], in[classExtend], in[classRegional]
	// A joined emoji, a flag, or a character.
	joined := `(?:[` + r + `]{2}|[` + y + e + `])(?:[` + e + `]|\x{200D}[` + y + `])*|`
	unit := joined + `(?s:.)`
	g.sequence = `[` + w + h + `]+|` + joined + `[^ ]`
	g.text = [Pools]string{
		PoolWords:   `[` + w + h + `]+`,
		PoolSymbols: unit,
		// A chunk that gives nothing becomes one token, which no n-gram holds.
		PoolStream: ` [^ ` + s + h + `]+ |` + unit,
		PoolInner:  ` [^ ]*[` + s + `][^ ]* | [^ ` + w + h + `]+ |` + unit,
	}
	g.unit = regexp.MustCompile(unit)
	g.unit.Longest()
	g.symbols = regexp.MustCompile(`^[` + y + e + r + `\x{200D}]+$`)
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
