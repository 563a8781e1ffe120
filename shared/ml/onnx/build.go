package onnx

import (
	"fmt"
	"io"
)

// Builder makes a model one node after the other. The zero Builder is not
// ready; New makes one. A Builder must not be used by two goroutines at a time.
type Builder struct {
	model Model
	made  int // nodes that got a name from the builder
}

// New returns a builder of a model whose producer is named so, with the
// versions of the operators it uses.
func New(producer string, opsets ...Opset) *Builder {
	// IR version 8 is what ONNX 1.12 wrote: old enough for every runtime that
	// has the operators.
	return &Builder{model: Model{IRVersion: 8, Producer: producer, Opsets: opsets, Graph: Graph{Name: producer}}}
}

// Input adds an input of the graph and returns its name. A size below 0 is an
// open one, named rows.
func (b *Builder) Input(name string, t Type, dims ...int) string {
	b.model.Graph.Inputs = append(b.model.Graph.Inputs, portOf(name, t, dims))
	return name
}

// Output makes a value an output of the graph, with dims as Input takes them.
func (b *Builder) Output(name string, t Type, dims ...int) {
	b.model.Graph.Outputs = append(b.model.Graph.Outputs, portOf(name, t, dims))
}

// portOf describes a tensor; see Input.
func portOf(name string, t Type, dims []int) Port {
	p := Port{Name: name, Type: t, Ranked: true}
	for _, d := range dims {
		if d < 0 {
			p.Dims = append(p.Dims, Dim{Name: "rows", Open: true})
		} else {
			p.Dims = append(p.Dims, Dim{Size: d})
		}
	}
	return p
}

// Constant adds a tensor, which it keeps, and returns its name.
func (b *Builder) Constant(name string, t *Tensor) string {
	b.model.Graph.Constants = append(b.model.Graph.Constants, Constant{Name: name, Tensor: t})
	return name
}

// ConstantOf adds a tensor whose elements raw holds, as many as the axes say and
// as they lie in a file; see Constant.
func (b *Builder) ConstantOf(name string, t Type, raw io.ReaderAt, dims ...int) string {
	b.model.Graph.Constants = append(b.model.Graph.Constants, Constant{name, &Tensor{Type: t, Dims: dims}, raw})
	return name
}

// Node adds a node of the standard's operators with one output and returns the
// output's name, which is made of the producer's, the operator's and a number.
func (b *Builder) Node(operator string, inputs []string, attributes ...Attribute) string {
	b.made++
	out := fmt.Sprintf("%s.%s_%d", b.model.Producer, operator, b.made)
	b.Add(Node{Operator: operator, Inputs: inputs, Outputs: []string{out}, Attributes: attributes})
	return out
}

// Add adds any node; one without a name is named after its first output.
func (b *Builder) Add(n Node) {
	if n.Name == "" && len(n.Outputs) > 0 {
		n.Name = n.Outputs[0]
	}
	b.model.Graph.Nodes = append(b.model.Graph.Nodes, n)
}

// Note adds metadata.
func (b *Builder) Note(key, value string) {
	b.model.Metadata = append(b.model.Metadata, Metadata{key, value})
}

// Model returns what was built, after checking it as Decode does. The builder
// must not be used any more.
func (b *Builder) Model() (*Model, error) {
	for _, c := range b.model.Graph.Constants {
		err := c.Check()
		if c.Stored != nil {
			err = c.checkRaw()
		}
		if err != nil {
			return nil, At("constant "+quoted(c.Name), err)
		}
	}
	return &b.model, b.model.Graph.check()
}

// checkRaw is Check for elements that are not held.
func (c *Constant) checkRaw() error {
	if _, ok := Count(c.Dims); !ok || ElementSize(c.Type) == 0 || c.Len() > 0 {
		return corrupt("raw elements of %s along axes %v", c.Type, c.Dims)
	}
	return nil
}

// The functions below return attributes.

// Int returns an attribute of a whole number.
func Int(name string, v int64) Attribute { return Attribute{Name: name, Kind: KindInt, Int: v} }

// Number returns an attribute of a number.
func Number(name string, v float32) Attribute {
	return Attribute{Name: name, Kind: KindFloat, Float: v}
}

// Text returns an attribute of a string.
func Text(name, v string) Attribute { return Attribute{Name: name, Kind: KindString, String: v} }

// IntList returns an attribute of whole numbers.
func IntList(name string, v ...int64) Attribute {
	return Attribute{Name: name, Kind: KindInts, Ints: v}
}

// NumberList returns an attribute of numbers.
func NumberList(name string, v ...float32) Attribute {
	return Attribute{Name: name, Kind: KindFloats, Floats: v}
}

// TextList returns an attribute of strings.
func TextList(name string, v ...string) Attribute {
	return Attribute{Name: name, Kind: KindStrings, Strings: v}
}
