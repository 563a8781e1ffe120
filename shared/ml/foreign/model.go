package foreign

import (
	"context"
	"encoding/json"
	"math"
	"strconv"

	"godwit/shared/ml/export"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/runner"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

// Algorithm is how versions of imported graphs were learnt, as far as is known.
const Algorithm = "onnx"

// The bounds of a graph and of one run of it, which is one row.
const (
	// MaxGraphBytes is the largest graph: it has to fit into an artifact.
	MaxGraphBytes = pipeline.MaxFileBytes - 1<<20
	runWork       = 2e9       // about one multiplication each: a second
	runBytes      = 128 << 20 // of the tensors made
)

// The keys of the notes that are read in a graph's metadata, beside those of
// package export.
const (
	NoteLabels   = "labels"        // JSON list of the classes, in the order of the scores
	NoteFeatures = "feature_names" // JSON list of the columns of an input [N,F]
)

// Model is a graph that answers. It does not change and is safe for concurrent
// use.
type Model struct {
	graph     []byte
	program   *runner.Program // nil when an engine runs the graph
	runtime   string          // RuntimeONNX, or "" when program runs it
	signature runner.Signature
	engine    Engine // that source is asked of; nil before On
	source    Source
	domain    string // of package export, "" of a graph that it did not write
	inputs    []input
	columns   []string
	task      string
	labels    []string // nil of a regression
	output    int      // that holds the scores or the value
	settled   int64    // bytes of the nodes' attributes, such as trees
	extra     map[string]string
}

// New judges a graph, which it keeps: it must not be changed. It fails with an
// *onnx.Error (onnx.Unsupported: something in it is not run here, named; onnx.TooLarge:
// beyond the caps), or with the context's error.
func New(ctx context.Context, graph []byte) (*Model, error) {
	parsed, err := onnx.Decode(graph, onnx.Limits{Bytes: MaxGraphBytes})
	if err != nil {
		return nil, err
	}
	m := &Model{graph: graph, settled: attributeBytes(parsed)}
	if m.program, err = runner.Compile(ctx, parsed, runner.Limits{Work: runWork, Bytes: runBytes}); err != nil {
		return nil, err
	}
	if n := m.Bytes(); n > pipeline.MaxLoadedBytes {
		return nil, onnx.Errorf(onnx.TooLarge, "the graph takes %d MB in memory, at most %d are served: prune it, or store weights as FLOAT16 behind a Cast", n>>20, pipeline.MaxLoadedBytes>>20)
	}
	m.signature = m.program.Signature()
	return m, m.read(parsed)
}

// read finds in the signature, and in what the file says of itself, what a row
// and an answer are.
func (m *Model) read(parsed *onnx.Model) error {
	if err := m.readOrigin(parsed); err != nil {
		return err
	}
	if err := m.readInputs(parsed); err != nil {
		return err
	}
	return m.readOutputs(parsed)
}

// attributeBytes is about what the operators keep of their attributes: of trees
// 24 bytes a node, of texts a table to find them in.
func attributeBytes(m *onnx.Model) int64 {
	const found = 48 // bytes of an entry beside its text
	n := 0
	for i := range m.Graph.Nodes {
		for _, a := range m.Graph.Nodes[i].Attributes {
			n += 4*len(a.Floats) + 4*len(a.Ints)
			if a.Name == "nodes_modes" {
				continue // read once
			}
			for _, s := range a.Strings {
				n += found + len(s)
			}
		}
	}
	return int64(n)
}

// readOrigin notes whether package export wrote the graph, and how its inputs are
// made. A domain of which nothing is known here, such as that of a later build,
// is taken by its tensors, as the graphs of others are.
func (m *Model) readOrigin(parsed *onnx.Model) error {
	domain, _ := parsed.Note("godwit.domain")
	if domain != export.DomainText && domain != export.DomainTable {
		return nil
	}
	m.domain = domain
	version, _ := parsed.Note("godwit.tokenizer_version")
	if n, err := strconv.Atoi(version); version != "" && (err != nil || n > text.TokenizerVersion) {
		return onnx.Errorf(onnx.Unsupported, "an export for tokenizer %.20q is of a newer build, which has %d", version, text.TokenizerVersion)
	}
	return nil
}

// listNote reads a note that is a JSON list of texts, nil when it is absent.
func listNote(m *onnx.Model, key string) ([]string, error) {
	raw, there := m.Note(key)
	if !there {
		return nil, nil
	}
	var list []string
	if err := json.Unmarshal([]byte(raw), &list); err != nil {
		return nil, onnx.At("metadata "+key, onnx.Errorf(onnx.Corrupt, "a JSON list of texts is expected"))
	}
	return list, nil
}

// Answer is what a graph says of one row.
type Answer struct {
	Scores []float32 // of each label, as the graph gives them; nil of a regression
	Value  float64   // of a regression
	// Outputs are all outputs of the graph in its order. They may be the model's
	// own: not to be changed.
	Outputs []*onnx.Tensor
}

// Ask runs the graph on one row. It fails with an *onnx.Error for a row that the
// graph cannot take (onnx.BadInput, onnx.BadValue) or that takes more work than it
// may (onnx.TooLarge), with the engine's error when that does not answer, or with
// the context's.
func (m *Model) Ask(ctx context.Context, in pipeline.Input) (Answer, error) {
	if m.program == nil {
		replies, err := m.AskAll(ctx, []pipeline.Input{in})
		if err != nil {
			return Answer{}, err
		}
		return replies[0].Answer, replies[0].Err
	}
	row, err := m.row(in)
	if err != nil {
		return Answer{}, err
	}
	out, err := m.program.Run(ctx, row)
	if err != nil {
		return Answer{}, err
	}
	return m.answer(out)
}

// answer reads the outputs of one row.
func (m *Model) answer(outputs []*onnx.Tensor) (Answer, error) {
	t, a := outputs[m.output], Answer{Outputs: outputs}
	for _, v := range t.Floats {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return Answer{}, onnx.Errorf(onnx.BadValue, "the graph answers %v for this row: fill in every column with a number it can take", v)
		}
	}
	n := len(t.Floats)
	switch {
	case m.labels == nil && n == 1:
		a.Value = float64(t.Floats[0])
	case m.labels != nil && n == len(m.labels):
		a.Scores = t.Floats
	case len(m.labels) == 2 && n == 1: // the probability of the second class alone
		a.Scores = []float32{1 - t.Floats[0], t.Floats[0]}
	default:
		return Answer{}, onnx.Errorf(onnx.BadValue, "the graph answers this row with %d numbers, want %d", n, max(1, len(m.labels)))
	}
	return a, nil
}

// Graph returns the file the model was made of. It must not be changed.
func (m *Model) Graph() []byte { return m.graph }

// Info says what the graph reads and answers, as that of an export does.
func (m *Model) Info() export.Info {
	s := m.signature
	info := export.Info{Domain: m.domain, Labels: m.labels, Bytes: len(m.graph)}
	for i := range m.inputs {
		in := &m.inputs[i]
		info.Inputs = append(info.Inputs, export.Input{Name: in.port.Name, Column: in.column(), Type: in.port.Type.String(), Rule: in.rule()})
	}
	for _, out := range s.Outputs {
		info.Outputs = append(info.Outputs, out.Name)
	}
	if m.domain == export.DomainText {
		info.Normaliser = "normal.js"
	}
	return info
}

// Tensor describes an input or an output of the graph, under the graph's own name.
type Tensor struct {
	Name  string `json:"name"`
	Type  string `json:"type"`  // of ONNX, such as FLOAT or STRING
	Shape []int  `json:"shape"` // -1: open, or not known
}

// Tensors returns the inputs and outputs of the graph in its order.
func (m *Model) Tensors() (inputs, outputs []Tensor) {
	return tensorsOf(m.signature.Inputs), tensorsOf(m.signature.Outputs)
}

// Takes describes the inputs as rows give them: under the name of the column
// that an input is, else under its own.
func (m *Model) Takes() []Tensor {
	list := tensorsOf(m.signature.Inputs)
	for i := range list {
		if column := m.inputs[i].column(); column != "" {
			list[i].Name = column
		}
	}
	return list
}

func tensorsOf(ports []onnx.Port) []Tensor {
	list := make([]Tensor, len(ports))
	for i, p := range ports {
		list[i] = Tensor{Name: p.Name, Type: p.Type.String(), Shape: make([]int, len(p.Dims))}
		for k, d := range p.Dims {
			if list[i].Shape[k] = d.Size; d.Open {
				list[i].Shape[k] = -1
			}
		}
	}
	return list
}
