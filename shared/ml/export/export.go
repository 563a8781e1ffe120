package export

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/pipeline"
)

// NormalJS is the normaliser of text as a CommonJS module for Node 18 or later
// and, its last line apart, any current browser. It exports one function, from
// a text to its normal text.
//
//go:embed normal.js
var NormalJS string

// The domains: what the inputs of an exported graph are.
const (
	// DomainText is one string a row, the normal text of the document.
	DomainText = "normal-text"
	// DomainTable is a tensor [rows, 1] for each column that is read, as Info
	// says.
	DomainTable = "columns"
	// DomainImage is one tensor [rows, channels, lines, columns] of the pixels of
	// images that have the model's size.
	DomainImage = "pixels"
)

// The names of a graph's outputs.
const (
	OutputLabel  = "label"  // STRING [rows] of a classifier
	OutputScores = "scores" // FLOAT [rows, classes], in the order of the labels
	OutputValue  = "value"  // FLOAT [rows, 1] of a regression
)

// Limits bound an export. The zero value uses the default.
type Limits struct {
	Bytes int64 // of the graph, default 512 MiB
}

// Info says what an exported graph reads and answers. It is what a caller of
// the graph needs to know, and can be shown as JSON.
type Info struct {
	Domain     string   `json:"domain"`               // DomainText, DomainTable or DomainImage
	Inputs     []Input  `json:"inputs"`               // in the order of the graph
	Outputs    []string `json:"outputs"`              // OutputLabel and OutputScores, or OutputValue
	Shape      []int    `json:"shape,omitempty"`      // of an image: channels, lines, columns
	Labels     []string `json:"labels,omitempty"`     // in the order of the scores
	Opsets     []Opset  `json:"opsets"`               // versions of the operators
	Normaliser string   `json:"normaliser,omitempty"` // the file that must be applied to text first
	Unicode    string   `json:"unicode,omitempty"`    // versions of the tables the model reads text with
	Bytes      int      `json:"bytes"`                // of the graph
}

// Input is one input of a graph.
type Input struct {
	Name   string `json:"name"`
	Column string `json:"column,omitempty"` // of the table; "" of a text model
	Type   string `json:"type"`             // of ONNX: FLOAT or STRING
	Rule   string `json:"rule"`             // how a value is written
}

// Opset is the version of the operators of a domain.
type Opset struct {
	Domain  string `json:"domain"`
	Version int64  `json:"version"`
}

// Error says why a model cannot be exported.
type Error struct {
	What string // the part of the model at fault
	Msg  string // why, and what to do
}

// Error names the part and the reason.
func (e *Error) Error() string { return "export: " + e.What + ": " + e.Msg }

// refuse returns an Error.
func refuse(what, format string, args ...any) error {
	return &Error{What: what, Msg: fmt.Sprintf(format, args...)}
}

// producer names us in the files.
const producer = "godwit"

// The versions of the operators: the oldest that have what is used, for old
// runtimes. A graph declares only the domains it uses: others a runtime need not
// have.
var opsets = []onnx.Opset{{Domain: onnx.Standard, Version: 17}, {Domain: onnx.Traditional, Version: 2}, {Domain: onnx.Contributed, Version: 1}}

// Export returns the bytes of the file that Lay makes, all of them in memory:
// what tests and small models want. Its errors are Lay's.
func Export(m pipeline.Predictor, l Limits) ([]byte, Info, error) {
	f, info, err := Lay(m, l)
	if err != nil {
		return nil, info, err
	}
	data := make([]byte, f.Size())
	if _, err := f.ReadAt(data, 0); err != nil {
		return nil, info, fmt.Errorf("export: %w", err)
	}
	return data, info, nil
}

// Lay returns a model as an ONNX file that is made as it is read: weights that
// are few in the model and many in the graph are never held. Equal models give
// equal bytes. It fails with an *Error when ONNX cannot express the model or the
// graph would exceed the limit, and with the errors of the model's Encode.
func Lay(m pipeline.Predictor, l Limits) (*onnx.File, Info, error) {
	if l.Bytes == 0 {
		l.Bytes = 512 << 20
	}
	f, err := fileOf(m)
	if err != nil {
		return nil, Info{}, err
	}
	g := &graph{model: m, manifest: m.Manifest(), file: f, limits: l, info: Info{Labels: m.Labels()}}
	if err := g.write(); err != nil {
		return nil, Info{}, err
	}
	return g.finish()
}

// fileOf returns the file of a model: its tensors are what an export reads, so
// that models need no second way out of their weights.
func fileOf(m pipeline.Predictor) (*artifact.File, error) {
	data, err := m.Encode(nil)
	if err != nil {
		return nil, fmt.Errorf("export: read the model: %w", err)
	}
	f, err := artifact.Decode(data, artifact.Limits{Bytes: int64(len(data))})
	if err != nil {
		return nil, fmt.Errorf("export: read the model: %w", err)
	}
	return f, nil
}

// write makes the graph of the model by the format of its file, which says what
// tensors there are.
func (g *graph) write() error {
	switch g.manifest.Format {
	case "godwit-linear-text":
		return g.text()
	case "godwit-linear-table":
		return g.table()
	case neural.FormatImage:
		return g.image()
	case neural.FormatText:
		return g.sequence()
	}
	return refuse("format "+g.manifest.Format, "models by %s have no export", g.model.Algorithm())
}

// graph is an export under way. Its methods add operators and return the names
// of their results; in comments a value is told by its shape, rows first.
type graph struct {
	*onnx.Builder
	model    pipeline.Predictor
	manifest pipeline.Manifest
	file     *artifact.File
	limits   Limits
	info     Info
	names    int // that own made
}

// begin starts the builder with the domains that are used.
func (g *graph) begin(sets ...onnx.Opset) {
	g.Builder = onnx.New(producer, sets...)
	for _, s := range sets {
		g.info.Opsets = append(g.info.Opsets, Opset(s))
	}
}

// input adds an input of the graph for a column, "" for the document, and says
// how its values are written.
func (g *graph) input(column string, t onnx.Type, rule string, dims ...int) string {
	name := column
	if column == "" {
		name = "text"
	}
	// Names of values are shared by all of a graph: a column may not be called
	// as an output is, or as what we name ourselves.
	for name == OutputLabel || name == OutputScores || name == OutputValue || strings.HasPrefix(name, producer+".") || g.has(name) {
		name = "column_" + name
	}
	g.info.Inputs = append(g.info.Inputs, Input{name, column, t.String(), rule})
	return g.Input(name, t, dims...)
}

// has reports whether an input has a name.
func (g *graph) has(name string) bool {
	return slices.ContainsFunc(g.info.Inputs, func(in Input) bool { return in.Name == name })
}

// keep adds a constant under a name of our own.
func (g *graph) keep(name string, t *onnx.Tensor) string { return g.Constant(producer+"."+name, t) }

// own returns a new name for a value.
func (g *graph) own(name string) string {
	g.names++
	return fmt.Sprintf("%s.%s_%d", producer, name, g.names)
}

// number adds a constant of one number.
func (g *graph) number(v float32) string { return g.Constant(g.own("number"), onnx.Scalar(v)) }

// on is Node for values only.
func (g *graph) on(operator string, inputs ...string) string { return g.Node(operator, inputs) }

// cast is a value as another type.
func (g *graph) cast(value string, to onnx.Type) string {
	return g.Node("Cast", []string{value}, onnx.Int("to", int64(to)))
}

// ones adds a column of n ones, [n, 1]: a product with it is the sum of each
// row, in one operator that every runtime has and runs fast.
func (g *graph) ones(name string, n int) string {
	return g.Constant(name, onnx.OfFloats(slices.Repeat([]float32{1}, n), n, 1))
}

// named gives a value the name of an output. Operators name their results
// themselves, hence the Identity; runtimes remove it.
func (g *graph) named(value, name string) {
	g.Add(onnx.Node{Operator: "Identity", Inputs: []string{value}, Outputs: []string{name}})
}

// finish lays out the file. What its reader must know of the model stands in
// it as notes, so that a graph without its Info is not lost.
func (g *graph) finish() (*onnx.File, Info, error) {
	labels, err := json.Marshal(g.info.Labels)
	if err != nil {
		return nil, Info{}, fmt.Errorf("export: write labels: %w", err)
	}
	g.Note("godwit.domain", g.info.Domain)
	g.Note("godwit.task", g.model.Task())
	g.Note("godwit.algorithm", g.model.Algorithm())
	g.Note("godwit.labels", string(labels))
	g.Note("godwit.tokenizer_version", fmt.Sprint(g.manifest.Tokenizer))
	g.Note("godwit.unicode_version", g.manifest.Unicode)
	inputs, err := json.Marshal(g.info.Inputs)
	if err != nil {
		return nil, Info{}, fmt.Errorf("export: write inputs: %w", err)
	}
	g.Note("godwit.inputs", string(inputs))
	m, err := g.Model()
	if err != nil {
		return nil, Info{}, fmt.Errorf("export: %w", err)
	}
	f := onnx.Lay(m)
	if f.Size() > g.limits.Bytes {
		return nil, Info{}, g.tooLarge(f.Size())
	}
	g.info.Bytes = int(f.Size())
	return f, g.info, nil
}

// tooLarge returns the error for a graph beyond the limit.
func (g *graph) tooLarge(bytes int64) error {
	return refuse("size", "the graph would have %d MB, at most %d are written: train with a higher min_docs", bytes>>20, g.limits.Bytes>>20)
}
