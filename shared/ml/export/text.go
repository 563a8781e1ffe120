package export

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

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

// weights are those of a model's file, the zeros left out: those of feature f
// lie from start[f] to start[f+1].
type weights struct {
	start    []uint32  // one more than features
	class    []uint16  // the problem that a weight belongs to
	half     []uint16  // of text models: half precision, as bits
	single   []float32 // of table models
	problems int       // margins that a row has
}

// readWeights reads the lists of weights.
func readWeights(f *artifact.File, problems int) (*weights, error) {
	w := &weights{problems: problems}
	var err error
	if w.start, err = artifact.Elements(f, "weights.start", artifact.Uint32s); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	// Up to 256 problems their numbers are stored in one byte.
	if narrow, err := artifact.Elements(f, "weights.class", artifact.Bytes); err == nil {
		w.class = make([]uint16, len(narrow))
		for i, c := range narrow {
			w.class[i] = uint16(c)
		}
	} else if w.class, err = artifact.Elements(f, "weights.class", artifact.Uint16s); err != nil {
		return nil, fmt.Errorf("export: %w", err)
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
	name = producer + "." + name
	if w.half == nil {
		return g.ConstantOf(name, onnx.Float, dense{w, features}, len(features), w.problems)
	}
	return g.cast(g.ConstantOf(name, onnx.Float16, dense{w, features}, len(features), w.problems), onnx.Float)
}

// dense reads the weights of features with the zeros between them, of which there
// are many more, as a graph's file holds them.
type dense struct {
	*weights
	features []int32
}

// ReadAt fills p from a byte on, row by row, little-endian as ONNX has raw
// tensors. One row is held at a time, whatever is asked for.
func (d dense) ReadAt(p []byte, off int64) (int, error) {
	size := 4
	if d.half != nil {
		size = 2
	}
	row := make([]byte, d.problems*size)
	for n := 0; n < len(p); {
		at := off + int64(n)
		i := at / int64(len(row))
		if i >= int64(len(d.features)) {
			return n, io.EOF
		}
		clear(row)
		f := d.features[i]
		for k := d.start[f]; k < d.start[f+1]; k++ {
			if d.half != nil {
				binary.LittleEndian.PutUint16(row[int(d.class[k])*size:], d.half[k])
			} else {
				binary.LittleEndian.PutUint32(row[int(d.class[k])*size:], math.Float32bits(d.single[k]))
			}
		}
		n += copy(p[n:], row[at%int64(len(row)):])
	}
	return len(p), nil
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
	// Each feature goes to the one vectoriser that can count it.
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
		// features less. A block without any feature has norm 0, and 0 over the
		// floor is 0.
		sum = g.on("Add", sum, g.on("Div", part, g.on("Max", norm, g.number(1e-30))))
	}
	return sum, nil
}

// weigh is (1 + ln tf)·idf where tf is above 0, and 0 elsewhere: Min(tf, 1) is
// that switch, tf being a count, and Max keeps the logarithm from 0.
func (g *graph) weigh(tf, idf string) string {
	one := g.number(1)
	grown := g.on("Add", g.on("Log", g.on("Max", tf, one)), one)
	return g.on("Mul", grown, g.on("Mul", g.on("Min", tf, one), idf))
}

// padding fills rows of tokens. It is a control character, which normal text
// does not hold.
const padding = "\x03"

// count adds the tokens of a pool and their counts, and returns the features
// in the order of the counts. TfIdfVectorizer wants all n-grams in one list of
// items, shorter ones first: starts says where each length begins in it, places
// which column of the result counts each n-gram.
func (g *graph) count(doc string, at text.Pool, p *pool) (string, []int32) {
	tokens := g.own("tokens")
	g.Add(onnx.Node{Domain: onnx.Contributed, Operator: "Tokenizer", Inputs: []string{doc}, Outputs: []string{tokens}, Attributes: []onnx.Attribute{
		onnx.Int("mark", 0), onnx.Text("pad_value", padding), onnx.Int("mincharnum", 1), onnx.Text("tokenexp", text.Expressions()[at]),
	}})
	var items []string
	var starts, places []int64
	var order []int32
	shortest := 0 // the first length that has features, for min_gram_length
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
