package export

import (
	"encoding/json"
	"fmt"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/tabular"
	"godwit/shared/ml/text"
)

// The rules of the inputs of columns.
const (
	numberRule   = "a number, not-a-number for an empty cell"
	categoryRule = "a name in normal form (NFKC, case folded, single spaces) or as it was most often written; empty for an empty cell"
)

// column is what the file of a model tells of a column: the tensor
// table.columns, as the FORMAT.md of the tabular package describes it. It is read
// a second time here so that the tabular package need not show its inside.
type column struct {
	Name   string       `json:"name"`
	Kind   tabular.Kind `json:"kind"`
	Comma  bool         `json:"comma"` // numbers are written in cell.Comma
	Scale  *scale       `json:"scale"`
	Curves []scale      `json:"curves"`
	Edges  []float64    `json:"edges"`
	Levels []string     `json:"levels"`
	Pooled bool         `json:"pooled"`
	Empty  bool         `json:"empty"`
}

// scale maps a number to mean 0 and deviation 1.
type scale struct {
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"` // above 0
	Default   float64 `json:"default"`   // what an empty cell counts as, in the column's own unit
}

// columns returns sum plus what the columns but free text add to it, and how
// many features they have.
func (g *graph) columns(columns []column, w *weights, sum string) (string, int32) {
	var parts []string
	count := int32(0)
	for i := range columns {
		features, n := g.column(&columns[i])
		parts, count = append(parts, features...), count+int32(n)
	}
	if len(parts) == 0 {
		return sum, 0
	}
	all := make([]int32, count)
	for i := range all {
		all[i] = int32(i)
	}
	x := g.Node("Concat", parts, along)
	return g.on("Add", sum, g.on("MatMul", x, w.matrix(g, "weights", all))), count
}

// readColumns reads the columns of a model's file.
func readColumns(f *artifact.File) ([]column, error) {
	raw, err := artifact.Elements(f, "table.columns", artifact.Bytes)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	var spec struct {
		Columns []column `json:"columns"`
	}
	if err := json.Unmarshal(raw, &spec); err != nil {
		return nil, fmt.Errorf("export: read the columns: %w", err)
	}
	return spec.Columns, nil
}

// table makes the graph of a table model.
func (g *graph) table() error {
	columns, err := readColumns(g.file)
	if err != nil {
		return err
	}
	bias, err := artifact.Elements(g.file, "bias", artifact.Float64s)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	w, err := readWeights(g.file, len(bias))
	if err != nil {
		return err
	}
	prose, err := g.judge(columns)
	if err != nil {
		return err
	}
	sets := opsets[:2]
	if prose != "" {
		sets = opsets // the Tokenizer of free text is a contributed operator
	}
	g.begin(sets...)
	g.info.Domain = DomainTable
	// A table model computes in float64 and its graph in float32: scores agree to
	// about five digits, labels but for ties.
	single := make([]float32, len(bias))
	for i, b := range bias {
		single[i] = float32(b)
	}
	sum, first := g.columns(columns, w, g.keep("bias", onnx.OfFloats(single)))
	if prose != "" {
		if sum, err = g.prose(prose, first, w, sum); err != nil {
			return err
		}
	}
	if g.info.Labels != nil {
		return g.answer(sum, len(bias))
	}
	g.named(sum, OutputValue)
	g.Output(OutputValue, onnx.Float, -1, 1)
	g.info.Outputs = []string{OutputValue}
	return nil
}

// read reports whether a column gives features. A column that gives none is no
// input of the graph: a caller need not fill what nothing looks at.
func (c *column) read() bool {
	return c.Kind == tabular.Text || c.Scale != nil || c.Empty || c.Pooled || len(c.Levels) > 0
}

// judge refuses, before anything is built, columns that a graph cannot read and returns the name of the
// one of free text, "" when there is none.
func (g *graph) judge(columns []column) (prose string, err error) {
	read := false
	for _, c := range columns {
		switch c.Kind {
		case tabular.Date:
			return "", refuse("column "+c.Name, "it is a date, and ONNX has no operator that reads one; train without the column")
		case tabular.Text:
			if prose != "" {
				return "", refuse("column "+c.Name, "it is free text beside that of %s; one such column can be exported", prose)
			}
			prose = c.Name
		}
		read = read || c.read()
	}
	if !read {
		return "", refuse("columns", "the model reads none")
	}
	return prose, nil
}

// prose adds what a column of free text adds to the sums.
func (g *graph) prose(name string, first int32, w *weights, sum string) (string, error) {
	v, err := text.VocabularyOf(g.file, g.manifest.Table.Options.Text)
	if err != nil {
		return "", fmt.Errorf("export: read the words: %w", err)
	}
	if err := g.words(v, w.problems); err != nil {
		return "", err
	}
	return g.terms(g.input(name, onnx.String, textRule, -1), v, first, w, sum)
}

// column adds the features of a column, [rows, n] in all, in the order of the
// model's: scaled, curves, bins, levels, pooled, empty.
func (g *graph) column(c *column) (features []string, n int) {
	switch {
	case !c.read() || c.Kind == tabular.Text:
		return nil, 0
	case c.Kind == tabular.Category:
		return g.category(c)
	}
	return g.numeric(c)
}

// numeric adds a number: an empty one counts as the default.
func (g *graph) numeric(c *column) (features []string, n int) {
	// Not-a-number stands for an empty cell, for ONNX knows no absent values. It must
	// not reach arithmetic: Where picks, and does not multiply.
	x := g.input(c.Name, onnx.Float, numberRule, -1, 1)
	empty := g.on("IsNaN", x)
	if c.Scale != nil {
		v := g.on("Where", empty, g.number(float32(c.Scale.Default)), x)
		z := g.scaled(v, c.Scale)
		features = append(features, z)
		for i := range c.Curves {
			bent := g.on("Mul", z, z)
			if i == 0 {
				// The logarithm of 1 + |v| with the sign of v.
				log := g.on("Log", g.on("Add", g.on("Abs", v), g.number(1)))
				bent = g.on("Where", g.on("Less", v, g.number(0)), g.on("Neg", log), log)
			}
			features = append(features, g.scaled(bent, &c.Curves[i]))
		}
		n = len(features)
		if len(c.Edges) > 0 {
			features = append(features, g.bins(v, c.Edges))
			n += len(c.Edges) + 1
		}
	}
	if c.Empty {
		features = append(features, g.cast(empty, onnx.Float))
		n++
	}
	return features, n
}

// farthest bounds scaled values, as in the tabular package.
const farthest = 1e6

// scaled is (v - mean)/deviation within the bounds.
func (g *graph) scaled(v string, s *scale) string {
	z := g.on("Div", g.on("Sub", v, g.number(float32(s.Mean))), g.number(float32(s.Deviation)))
	return g.on("Min", g.on("Max", z, g.number(-farthest)), g.number(farthest))
}

// bins is a 1 at the range that v [rows, 1] lies in, [rows, edges+1]. The number
// of edges at or below v is the range: compared with all edges at once, [rows,
// edges], and summed.
func (g *graph) bins(v string, edges []float64) string {
	row := make([]float32, len(edges))
	ranges := make([]int64, len(edges)+1)
	for i, e := range edges {
		row[i], ranges[i+1] = float32(e), int64(i+1)
	}
	bounds := g.Constant(g.own("edges"), onnx.OfFloats(row, 1, len(row)))
	passed := g.cast(g.on("GreaterOrEqual", v, bounds), onnx.Float)
	count := g.on("MatMul", passed, g.ones(g.own("ones"), len(row)))
	return g.oneHot(g.cast(count, onnx.Int64), ranges)
}

// category adds a feature for each level, for all others together, and for an
// empty cell. Levels are found in their normal form and as they were written.
func (g *graph) category(c *column) (features []string, n int) {
	x := g.input(c.Name, onnx.String, categoryRule, -1, 1)
	levels := int64(len(c.Levels))
	places := make(map[string]bool)
	var keys []string
	var values []int64
	learn := func(key string, place int64) {
		if !places[key] {
			places[key] = true
			keys, values = append(keys, key), append(values, place)
		}
	}
	// Places: the levels, then everything else, then an empty cell. Normal forms
	// come first, so that a spelling that is another level's normal form does not
	// take its place.
	learn("", levels+1)
	for i, l := range c.Levels {
		learn(string(dataset.AppendNormal(nil, l)), int64(i))
	}
	for i, l := range c.Levels {
		learn(l, int64(i))
	}
	// A place without a feature is not among the known: all zeros stand for it.
	known := make([]int64, levels)
	for i := range known {
		known[i] = int64(i)
	}
	if c.Pooled {
		known = append(known, levels)
	}
	if c.Empty {
		known = append(known, levels+1)
	}
	place := g.own("place")
	g.Add(onnx.Node{Domain: onnx.Traditional, Operator: "LabelEncoder", Inputs: []string{x}, Outputs: []string{place}, Attributes: []onnx.Attribute{
		onnx.TextList("keys_strings", keys...), onnx.IntList("values_int64s", values...), onnx.Int("default_int64", levels),
	}})
	return []string{g.oneHot(place, known)}, len(known)
}

// oneHot is a 1 at the place, among those known, that [rows, 1] holds.
func (g *graph) oneHot(place string, known []int64) string {
	hot := g.own("hot")
	g.Add(onnx.Node{Domain: onnx.Traditional, Operator: "OneHotEncoder", Inputs: []string{place}, Outputs: []string{hot}, Attributes: []onnx.Attribute{
		onnx.IntList("cats_int64s", known...), onnx.Int("zeros", 1),
	}})
	return g.Node("Flatten", []string{hot}, along)
}
