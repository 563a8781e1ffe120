package ops

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"godwit/shared/ml/onnx"
)

// vectorizer counts n-grams. A pool's n-grams are paths from node 0 of a tree.
type vectorizer struct {
	item        map[string]int64 // number of each string of the pool
	strings     bool             // the pool is of strings; whole numbers stand for themselves
	child       map[step]int32
	leaf        []int32 // by node: the n-gram that ends there, -1 for none
	output      []int   // by n-gram: its place in the result
	weight      []float32
	shortest    int
	longest     int
	skip, width int
	count, idf  bool // whether counts and weights are used
}

// step leads from a node by an item.
type step struct {
	node int32
	item int64
}

// makeTfIdf reads the pool: n-grams of 1, of 2, and so on, one after the other.
func makeTfIdf(n *onnx.Node, _ int64) (Kernel, error) {
	v := &vectorizer{shortest: int(intOf(n, "min_gram_length", 1)), longest: int(intOf(n, "max_gram_length", 1)), skip: int(intOf(n, "max_skip_count", 0))}
	const most = 64
	if v.shortest < 1 || v.longest < v.shortest || v.longest > most || v.skip < 0 || v.skip > most {
		return nil, onnx.Errorf(onnx.Unsupported, "n-grams of %d to %d with %d skips; up to %d are run", v.shortest, v.longest, v.skip, most)
	}
	switch mode := textOf(n, "mode", ""); mode {
	case "TF":
		v.count = true
	case "IDF":
		v.idf = true
	case "TFIDF":
		v.count, v.idf = true, true
	default:
		return nil, onnx.Errorf(onnx.Corrupt, "mode %q", mode)
	}
	pool := list(n, "pool_int64s").Ints
	if texts := list(n, "pool_strings").Strings; texts != nil {
		v.strings, v.item = true, make(map[string]int64, len(texts))
		pool = make([]int64, len(texts))
		for i, s := range texts {
			if _, known := v.item[s]; !known {
				v.item[s] = int64(len(v.item))
			}
			pool[i] = v.item[s]
		}
	}
	if err := v.grow(pool, list(n, "ngram_counts").Ints, list(n, "ngram_indexes").Ints); err != nil {
		return nil, err
	}
	if v.width == 0 {
		return nil, onnx.Errorf(onnx.Corrupt, "no n-grams")
	}
	if v.weight = list(n, "weights").Floats; v.weight != nil && len(v.weight) != len(v.output) {
		return nil, onnx.Errorf(onnx.Corrupt, "%d weights for %d n-grams", len(v.weight), len(v.output))
	}
	return v.run, nil
}

// grow builds the tree. starts says where in the pool the n-grams of each
// length begin, places where in the result each n-gram counts.
func (v *vectorizer) grow(pool, starts, places []int64) error {
	v.child, v.leaf = make(map[step]int32, len(pool)), []int32{-1}
	next := 0
	for k, start := range starts {
		length, end := k+1, int64(len(pool))
		if k+1 < len(starts) {
			end = starts[k+1]
		}
		if start < 0 || end < start || end > int64(len(pool)) || (end-start)%int64(length) != 0 {
			return onnx.Errorf(onnx.Corrupt, "n-grams of %d items lie from %d to %d of a pool of %d", length, start, end, len(pool))
		}
		for at := start; at < end; at += int64(length) {
			if next == len(places) || places[next] < 0 || places[next] > 1<<30 {
				return onnx.Errorf(onnx.Corrupt, "%d n-grams, places for %d of them", next+1, len(places))
			}
			node := int32(0)
			for _, item := range pool[at : at+int64(length)] {
				to, there := v.child[step{node, item}]
				if !there {
					to = int32(len(v.leaf))
					v.child[step{node, item}] = to
					v.leaf = append(v.leaf, -1)
				}
				node = to
			}
			v.leaf[node] = int32(next)
			v.output = append(v.output, int(places[next]))
			v.width = max(v.width, int(places[next])+1)
			next++
		}
	}
	return nil
}

// run counts the n-grams of each row; one axis is one row.
func (v *vectorizer) run(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	t := in[0]
	if len(t.Dims) != 1 && len(t.Dims) != 2 || v.strings != (t.Storage() == onnx.Strings) || !v.strings && t.Storage() != onnx.Ints {
		return nil, badInput("%s of axes %v for a pool of strings: %v", t.Type, t.Dims, v.strings)
	}
	rows, dims := 1, []int{v.width}
	if len(t.Dims) == 2 {
		rows, dims = t.Dims[0], []int{t.Dims[0], v.width}
	}
	out, err := r.floats(dims...)
	if err != nil {
		return nil, err
	}
	if err := r.Spend(10 * t.Len() * v.longest * (v.skip + 1)); err != nil {
		return nil, err
	}
	items, err := v.items(r, t)
	if err != nil {
		return nil, err
	}
	each := t.Len() / max(rows, 1)
	for i := range rows {
		row := out.Floats[i*v.width : (i+1)*v.width]
		for apart := 1; apart <= v.skip+1; apart++ {
			v.add(row, items[i*each:(i+1)*each], apart)
		}
	}
	return one(out, nil)
}

// items numbers the items of the input, -1 for those that are in no n-gram.
func (v *vectorizer) items(r *Run, t *onnx.Tensor) ([]int64, error) {
	if !v.strings {
		return t.Ints, nil
	}
	if err := r.Take(8 * t.Len()); err != nil {
		return nil, err
	}
	items := make([]int64, t.Len())
	for i, s := range t.Strings {
		number, known := v.item[s]
		if items[i] = number; !known {
			items[i] = -1
		}
	}
	return items, nil
}

// add counts the n-grams of items that lie so far apart. Of single items there
// is only one distance.
func (v *vectorizer) add(row []float32, items []int64, apart int) {
	for i := range items {
		node := int32(0)
		for length, at := 1, i; length <= v.longest && at < len(items); length, at = length+1, at+apart {
			to, there := v.child[step{node, items[at]}]
			if !there {
				break
			}
			node = to
			gram := v.leaf[node]
			if gram < 0 || length < v.shortest || length == 1 && apart > 1 {
				continue
			}
			weight := float32(1)
			if v.idf && v.weight != nil {
				weight = v.weight[gram]
			}
			if v.count {
				row[v.output[gram]] += weight
			} else {
				row[v.output[gram]] = weight
			}
		}
	}
}

// tokenizer is ONNX Runtime's Tokenizer. Its expressions are those of RE2, as
// Go's; matches are the leftmost and longest.
type tokenizer struct {
	token     *regexp.Regexp // what a token is, or
	separator *regexp.Regexp // what parts tokens; neither: each character is one
	looks     bool           // the expression asks what is around a match
	pad       string
	shortest  int
}

// maxExpression bounds a regular expression: ours of character classes are
// about 30 kB.
const maxExpression = 1 << 18

// makeTokenizer reads what a token is: an expression for tokens, expressions for
// what parts them, or an empty one, for which each character is a token.
func makeTokenizer(n *onnx.Node, _ int64) (Kernel, error) {
	if err := refuse(n, "mark", 0); err != nil {
		return nil, err
	}
	t := &tokenizer{pad: textOf(n, "pad_value", ""), shortest: int(min(intOf(n, "mincharnum", 1), 1<<20))}
	compile := func(exp string) (*regexp.Regexp, error) {
		if len(exp) > maxExpression {
			return nil, onnx.Errorf(onnx.TooLarge, "a regular expression of %d bytes, at most %d", len(exp), maxExpression)
		}
		re, err := regexp.Compile(exp)
		if err != nil {
			return nil, &onnx.Error{Reason: onnx.Unsupported, Msg: "a regular expression that is not RE2's", Err: err}
		}
		re.Longest()
		tree, err := syntax.Parse(exp, syntax.Perl)
		t.looks = err != nil || looks(tree)
		return re, nil
	}
	var err error
	separators := list(n, "separators").Strings
	if exp := textOf(n, "tokenexp", ""); exp != "" {
		t.token, err = compile(exp)
	} else if len(separators) > 0 && !(len(separators) == 1 && separators[0] == "") {
		t.separator, err = compile("(?:" + strings.Join(separators, ")|(?:") + ")")
	}
	return t.run, err
}

// looks reports whether an expression asks what is around a match.
func looks(e *syntax.Regexp) bool {
	switch e.Op {
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return true
	}
	return slices.ContainsFunc(e.Sub, looks)
}

// An expression may look as far as the end of the text for each match. So
// matches are sought a few at a time, and the run's end is looked for between:
// a text cannot be cut so where the expression looks around itself, and must
// then be short.
const (
	fewMatches = 64
	longLook   = 1 << 16
)

// matches calls each with the places of matches, one after the other.
func (t *tokenizer) matches(r *Run, re *regexp.Regexp, s string, each func(from, to int)) error {
	few := fewMatches
	if t.looks {
		if few = -1; len(s) > longLook {
			return onnx.Errorf(onnx.TooLarge, "a text of %d bytes; an expression that looks around matches reads %d", len(s), longLook)
		}
	}
	for at := 0; ; {
		found := re.FindAllStringIndex(s[at:], few)
		for _, m := range found {
			each(at+m[0], at+m[1])
		}
		if t.looks || len(found) < few {
			return nil
		}
		last := found[len(found)-1]
		if at += last[1]; last[0] == last[1] { // nothing was matched: go on behind the next character
			_, size := utf8.DecodeRuneInString(s[at:])
			at += size
		}
		if at >= len(s) {
			return nil
		}
		if err := r.Spend(fewMatches); err != nil {
			return err
		}
	}
}

// cut returns the tokens of s.
func (t *tokenizer) cut(r *Run, s string) (tokens []string, err error) {
	keep := func(token string) {
		if token != "" && utf8.RuneCountInString(token) >= t.shortest {
			tokens = append(tokens, token)
		}
	}
	switch {
	case t.token != nil:
		err = t.matches(r, t.token, s, func(from, to int) { keep(s[from:to]) })
	case t.separator != nil:
		end := 0
		err = t.matches(r, t.separator, s, func(from, to int) {
			keep(s[end:from])
			end = to
		})
		keep(s[end:])
	default:
		for _, c := range s {
			keep(string(c))
		}
	}
	return tokens, err
}

// run adds an axis of tokens, as long as the longest row, the rest padded.
func (t *tokenizer) run(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	if in[0].Storage() != onnx.Strings || len(in[0].Dims) > 2 {
		return nil, badInput("%s of axes %v, want strings", in[0].Type, in[0].Dims)
	}
	rows, longest := make([][]string, in[0].Len()), 0
	for i, s := range in[0].Strings {
		// A match costs about as many steps as the expression has parallel
		// states; a token is at least a byte and costs a string header.
		if err := r.Spend(50 * len(s)); err != nil {
			return nil, err
		}
		if err := r.Take(16 * len(s)); err != nil {
			return nil, err
		}
		var err error
		if rows[i], err = t.cut(r, s); err != nil {
			return nil, err
		}
		longest = max(longest, len(rows[i]))
	}
	out, err := r.tensor(onnx.String, append(slices.Clone(in[0].Dims), longest))
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		to := out.Strings[i*longest : (i+1)*longest]
		for k := range to {
			if to[k] = t.pad; k < len(row) {
				to[k] = row[k]
			}
		}
	}
	return one(out, nil)
}

// makeStringNormalizer changes case and drops stop words. Case is Unicode's,
// whatever the locale.
func makeStringNormalizer(n *onnx.Node, _ int64) (Kernel, error) {
	change := map[string]func(string) string{"LOWER": strings.ToLower, "UPPER": strings.ToUpper, "NONE": strings.Clone}[textOf(n, "case_change_action", "NONE")]
	if change == nil {
		return nil, onnx.Errorf(onnx.Corrupt, "case_change_action %q", textOf(n, "case_change_action", ""))
	}
	exact := intOf(n, "is_case_sensitive", 0) != 0
	form := func(s string) string {
		if exact {
			return s
		}
		return strings.ToLower(s)
	}
	stop := make(map[string]bool)
	for _, w := range list(n, "stopwords").Strings {
		stop[form(w)] = true
	}
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		t := in[0]
		if t.Storage() != onnx.Strings || len(t.Dims) != 1 && !(len(t.Dims) == 2 && t.Dims[0] == 1) {
			return nil, badInput("%s of axes %v, want one row of strings", t.Type, t.Dims)
		}
		var kept []string
		for _, s := range t.Strings {
			if err := r.Take(len(s) + 16); err != nil {
				return nil, err
			}
			if !stop[form(s)] {
				kept = append(kept, change(s))
			}
		}
		if len(kept) == 0 {
			kept = []string{""} // as the standard says of a row of stop words only
		}
		dims := slices.Clone(t.Dims)
		dims[len(dims)-1] = len(kept)
		return one(onnx.OfStrings(kept, dims...), r.Spend(t.Len()))
	}, nil
}
