package export

import (
	"fmt"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/text"
)

// textRule says how the input of text is written.
const textRule = "normal text: apply normal.js to the document"

// text makes the graph of a text classifier.
func (g *graph) text() error {
	g.begin(opsets[0], opsets[2])
	g.info.Domain = DomainText
	if g.manifest.Settings.HashBits > 0 {
		return refuse("hashed features", "ONNX has no operator that hashes; train without hash_bits")
	}
	v, err := text.VocabularyOf(g.file, g.manifest.Settings.Recipe)
	if err != nil {
		return fmt.Errorf("export: read the vocabulary: %w", err)
	}
	bias, err := artifact.Elements(g.file, "bias", artifact.Float32s)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	w, err := readWeights(g.file, len(bias))
	if err != nil {
		return err
	}
	if err := g.words(v, len(bias)); err != nil {
		return err
	}
	doc := g.input("", onnx.String, textRule, -1)
	margins, err := g.terms(doc, v, 0, w, g.keep("bias", onnx.OfFloats(bias)))
	if err != nil {
		return err
	}
	return g.answer(margins, len(bias))
}

// words notes what a graph of words needs, and refuses one that is too large
// before it is built: each feature takes its weights, its name and about 26
// bytes of lists.
func (g *graph) words(v *text.Vocabulary, problems int) error {
	g.info.Normaliser, g.info.Unicode = "normal.js", g.manifest.Unicode
	if bytes := int64(v.Len()) * int64(2*problems+26); bytes > g.limits.Bytes {
		return g.tooLarge(bytes)
	}
	return nil
}

// weights are those of a model's file: problem and weight of each feature.
type weights struct {
	start    []uint32
	class    []int
	half     []uint16  // of text models
	single   []float32 // of table models
	problems int
}

// readWeights reads the lists of weights.
func readWeights(f *artifact.File, problems int) (*weights, error) {
	w := &weights{problems: problems}
	var err error
	if w.start, err = artifact.Elements(f, "weights.start", artifact.Uint32s); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	if narrow, err := artifact.Elements(f, "weights.class", artifact.Bytes); err == nil {
		for _, c := range narrow {
			w.class = append(w.class, int(c))
		}
	} else {
		wide, err := artifact.Elements(f, "weights.class", artifact.Uint16s)
		if err != nil {
			return nil, fmt.Errorf("export: %w", err)
		}
		for _, c := range wide {
			w.class = append(w.class, int(c))
		}
	}
	if w.half, err = artifact.Elements(f, "weights.value", artifact.Uint16s); err != nil {
		if w.single, err = artifact.Elements(f, "weights.value", artifact.Float32s); err != nil {
			return nil, fmt.Errorf("export: %w", err)
		}
	}
	return w, nil
}

// matrix adds the weights of features, in this order, as [features, problems]
// and returns its name. Half precision stays so in the file and is widened when
// it is loaded.
func (w *weights) matrix(g *graph, name string, features []int32) string {
	n := w.problems
	if w.half == nil {
		dense := make([]float32, len(features)*n)
		for i, f := range features {
			for k := w.start[f]; k < w.start[f+1]; k++ {
				dense[i*n+w.class[k]] = w.single[k]
			}
		}
		return g.keep(name, onnx.OfFloats(dense, len(features), n))
	}
	dense := make([]uint16, len(features)*n)
	for i, f := range features {
		for k := w.start[f]; k < w.start[f+1]; k++ {
			dense[i*n+w.class[k]] = w.half[k]
		}
	}
	return g.Node("Cast", []string{g.keep(name, onnx.OfHalves(dense, len(features), n))}, onnx.Int("to", int64(onnx.Float)))
}

// pool is the features that one vectoriser counts, by how many items each has.
type pool struct {
	feature [][]int32
	items   [][][]string
}

// add adds a feature.
func (p *pool) add(feature int32, items []string) {
	for len(p.feature) < len(items) {
		p.feature, p.items = append(p.feature, nil), append(p.items, nil)
	}
	n := len(items) - 1
	p.feature[n], p.items[n] = append(p.feature[n], feature), append(p.items[n], items)
}

// terms adds the part of a graph that reads text: tokens, counts, TF-IDF and
// the weights of each block of features, whose first is number first among
// those of the model. It returns sum plus what the text adds to the margins.
func (g *graph) terms(doc string, v *text.Vocabulary, first int32, w *weights, sum string) (string, error) {
	idf, err := artifact.Elements(g.file, "terms.idf", artifact.Float32s)
	if err != nil {
		return "", fmt.Errorf("export: %w", err)
	}
	var pools [text.Pools]pool
	for f := range int32(v.Len()) {
		family, term := v.Term(f)
		at, items := text.Items(family, term)
		pools[at].add(f, items)
	}
	// The blocks that are scaled apart: inner n-grams are one of their own.
	for b, block := range [][]text.Pool{{text.PoolWords, text.PoolSymbols, text.PoolStream}, {text.PoolInner}} {
		var counts []string
		var features []int32
		for _, p := range block {
			if len(pools[p].feature) > 0 {
				count, order := g.count(doc, p, &pools[p])
				counts, features = append(counts, count), append(features, order...)
			}
		}
		if len(counts) == 0 {
			continue
		}
		tf := counts[0]
		if len(counts) > 1 {
			tf = g.Node("Concat", counts, along)
		}
		scale := make([]float32, len(features))
		for i, f := range features {
			scale[i] = idf[f]
			features[i] += first
		}
		x := g.weigh(tf, g.keep(fmt.Sprintf("idf_%d", b), onnx.OfFloats(scale)))
		norm := g.Node("ReduceL2", []string{x}, onnx.IntList("axes", 1), onnx.Int("keepdims", 1))
		part := g.on("MatMul", x, w.matrix(g, fmt.Sprintf("weights_%d", b), features))
		// Scaling after the product is the same, with one pass over the
		// features less.
		sum = g.on("Add", sum, g.on("Div", part, g.on("Max", norm, g.number(1e-30))))
	}
	return sum, nil
}

// weigh is (1 + ln tf)·idf where tf is above 0.
func (g *graph) weigh(tf, idf string) string {
	one := g.number(1)
	grown := g.on("Add", g.on("Log", g.on("Max", tf, one)), one)
	return g.on("Mul", grown, g.on("Mul", g.on("Min", tf, one), idf))
}

// padding fills rows of tokens. It is a control character, which normal text
// does not hold.
const padding = "\x03"

// count adds the tokens of a pool and their counts, and returns the features
// in the order of the counts.
func (g *graph) count(doc string, at text.Pool, p *pool) (string, []int32) {
	tokens := g.own("tokens")
	g.Add(onnx.Node{Domain: onnx.Contributed, Operator: "Tokenizer", Inputs: []string{doc}, Outputs: []string{tokens}, Attributes: []onnx.Attribute{
		onnx.Int("mark", 0), onnx.Text("pad_value", padding), onnx.Int("mincharnum", 1), onnx.Text("tokenexp", text.Expressions()[at]),
	}})
	var items []string
	var starts, places []int64
	var order []int32
	shortest := 0
	for n, features := range p.feature {
		starts = append(starts, int64(len(items)))
		if shortest == 0 && len(features) > 0 {
			shortest = n + 1
		}
		for i, f := range features {
			items = append(items, p.items[n][i]...)
			places = append(places, int64(len(order)))
			order = append(order, f)
		}
	}
	return g.Node("TfIdfVectorizer", []string{tokens}, onnx.Text("mode", "TF"),
		onnx.Int("min_gram_length", int64(shortest)), onnx.Int("max_gram_length", int64(len(p.feature))), onnx.Int("max_skip_count", 0),
		onnx.IntList("ngram_counts", starts...), onnx.IntList("ngram_indexes", places...), onnx.TextList("pool_strings", items...)), order
}
