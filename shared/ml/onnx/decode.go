package onnx

import (
	"slices"
	"unicode/utf8"
)

// Limits bound what Decode accepts. A zero field means the default named there.
// A file of n bytes takes at most about 16 n of memory: that of a list of empty
// strings.
type Limits struct {
	Bytes     int // of the file, default 512 MiB
	Nodes     int // default 20,000
	Constants int // default 20,000
	Rank      int // axes of a tensor, default 8
}

// withDefaults fills the zero fields.
func (l Limits) withDefaults() Limits {
	for _, f := range []struct {
		field *int
		value int
	}{{&l.Bytes, 512 << 20}, {&l.Nodes, 20_000}, {&l.Constants, 20_000}, {&l.Rank, 8}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	return l
}

// Decode reads a model and checks its form: every value is made once and before
// its use, every tensor holds what its axes say. data is not kept. It fails
// with an *Error; whether the operators can be run is for runner.Compile to say.
func Decode(data []byte, l Limits) (*Model, error) {
	l = l.withDefaults()
	if len(data) > l.Bytes {
		return nil, tooLarge("the file has %d bytes, at most %d are read", len(data), l.Bytes)
	}
	d := decoder{limits: l}
	m := &Model{}
	if err := each(data, func(f field) error { return d.model(m, f) }); err != nil {
		return nil, err
	}
	if len(m.Opsets) == 0 || len(m.Graph.Outputs) == 0 {
		return nil, corrupt("no model: a graph with outputs and the version of its operators are needed")
	}
	return m, m.Graph.check()
}

// decoder reads messages within limits.
type decoder struct{ limits Limits }

// model reads a field of a ModelProto.
func (d *decoder) model(m *Model, f field) (err error) {
	switch f.number {
	case modelIRVersion:
		m.IRVersion, err = f.int()
	case modelProducer:
		err = f.text(&m.Producer)
	case modelGraph:
		return d.message(f, func(f field) error { return d.graph(&m.Graph, f) })
	case modelOpset:
		var o Opset
		if err = d.message(f, o.read); err != nil {
			return err
		}
		if m.Opset(o.Domain) != 0 {
			return corrupt("domain %s has two versions", quoted(o.Domain))
		}
		m.Opsets = append(m.Opsets, o)
	case modelMetadata:
		var e Metadata
		err = d.message(f, e.read)
		m.Metadata = append(m.Metadata, e)
	case modelTraining:
		return unsupported("a graph for training; export the model for inference")
	case modelFunctions:
		return unsupported("functions of the model's own; export it with them inlined")
	}
	return err
}

// message reads the fields of an inner message.
func (d *decoder) message(f field, read func(field) error) error {
	b, err := f.message()
	if err != nil {
		return err
	}
	return each(b, read)
}

// read reads a field of an OperatorSetIdProto.
func (o *Opset) read(f field) (err error) {
	switch f.number {
	case opsetDomain:
		if err = f.text(&o.Domain); o.Domain == standardInFull {
			o.Domain = Standard
		}
	case opsetVersion:
		o.Version, err = f.int()
	}
	return err
}

// read reads a field of a StringStringEntryProto.
func (e *Metadata) read(f field) (err error) {
	switch f.number {
	case entryKey:
		err = f.text(&e.Key)
	case entryValue:
		err = f.text(&e.Value)
	}
	return err
}

// graph reads a field of a GraphProto.
func (d *decoder) graph(g *Graph, f field) error {
	switch f.number {
	case graphName:
		return f.text(&g.Name)
	case graphNode:
		if len(g.Nodes) == d.limits.Nodes {
			return tooLarge("more than %d nodes", d.limits.Nodes)
		}
		var n Node
		err := d.message(f, func(f field) error { return d.node(&n, f) })
		g.Nodes = append(g.Nodes, n)
		return At(n.Called(), err)
	case graphInitializer:
		if len(g.Constants) == d.limits.Constants {
			return tooLarge("more than %d constants", d.limits.Constants)
		}
		var c Constant
		var err error
		c.Name, c.Tensor, err = d.tensor(f)
		g.Constants = append(g.Constants, c)
		return At("constant "+quoted(c.Name), err)
	case graphInput:
		return d.port(&g.Inputs, f)
	case graphOutput:
		return d.port(&g.Outputs, f)
	case graphSparse:
		return unsupported("sparse constants; export the model with dense ones")
	}
	return nil
}

// node reads a field of a NodeProto.
func (d *decoder) node(n *Node, f field) error {
	switch f.number {
	case nodeInput:
		return appendText(&n.Inputs, f)
	case nodeOutput:
		return appendText(&n.Outputs, f)
	case nodeName:
		return f.text(&n.Name)
	case nodeOperator:
		return f.text(&n.Operator)
	case nodeDomain:
		err := f.text(&n.Domain)
		if n.Domain == standardInFull {
			n.Domain = Standard
		}
		return err
	case nodeAttribute:
		var a Attribute
		err := d.message(f, func(f field) error { return d.attribute(&a, f) })
		if err == nil && (a.Kind < KindFloat || a.Kind > KindStrings || a.Kind == KindTensor && a.Tensor == nil) {
			err = corrupt("attribute %s has no value", quoted(a.Name))
		}
		if err == nil && n.Attribute(a.Name) != nil {
			err = corrupt("attribute %s is there twice", quoted(a.Name))
		}
		if err == nil && len(n.Attributes) == maxAttributes {
			err = tooLarge("more than %d attributes", maxAttributes)
		}
		n.Attributes = append(n.Attributes, a)
		return err
	}
	return nil
}

// maxAttributes bounds the attributes of a node; the standard's largest
// operators have about 20.
const maxAttributes = 100

// appendText appends a string to a list.
func appendText(list *[]string, f field) error {
	var s string
	err := f.text(&s)
	*list = append(*list, s)
	return err
}

// attribute reads a field of an AttributeProto.
func (d *decoder) attribute(a *Attribute, f field) (err error) {
	switch f.number {
	case attributeName:
		err = f.text(&a.Name)
	case attributeFloat:
		var one []float32
		if err = f.floats(&one); len(one) > 0 {
			a.Float = one[0]
		}
		a.Kind = KindFloat
	case attributeInt:
		a.Int, err = f.int()
		a.Kind = KindInt
	case attributeString:
		err = f.text(&a.String)
		a.Kind = KindString
	case attributeTensor:
		_, a.Tensor, err = d.tensor(f)
		a.Kind = KindTensor
	case attributeFloats:
		err = f.floats(&a.Floats)
		a.Kind = KindFloats
	case attributeInts:
		err = f.ints(&a.Ints)
		a.Kind = KindInts
	case attributeStrings:
		err = appendText(&a.Strings, f)
		a.Kind = KindStrings
	case attributeType:
		// The type decides, so that a 0 or an empty list, which need not be
		// written, is of its kind.
		var kind int64
		kind, err = f.int()
		a.Kind = Kind(kind)
	case attributeGraph, attributeGraphs:
		return unsupported("attribute %s holds a graph: If, Loop and Scan are not run", quoted(a.Name))
	case attributeTensors, attributeSparse, attributeSparses, attributeTypeOf, attributeRef:
		return unsupported("attribute %s is of a kind that is not read", quoted(a.Name))
	}
	return err
}

// port reads a ValueInfoProto. A sequence, which is what ZipMap makes, is a
// port without a type.
func (d *decoder) port(into *[]Port, f field) error {
	const most = 1000
	if len(*into) == most {
		return tooLarge("more than %d inputs or outputs", most)
	}
	var p Port
	err := d.message(f, func(f field) error {
		switch f.number {
		case portName:
			return f.text(&p.Name)
		case portType:
			return d.message(f, func(f field) error {
				if f.number == typeTensor {
					return d.message(f, func(f field) error { return d.tensorType(&p, f) })
				}
				return nil
			})
		}
		return nil
	})
	*into = append(*into, p)
	return At("port "+quoted(p.Name), err)
}

// tensorType reads a field of a TypeProto.Tensor.
func (d *decoder) tensorType(p *Port, f field) error {
	switch f.number {
	case tensorTypeElement:
		v, err := f.int()
		p.Type = Type(v)
		return err
	case tensorTypeShape:
		p.Ranked = true
		return d.message(f, func(f field) error {
			if f.number != shapeDim {
				return nil
			}
			if len(p.Dims) == d.limits.Rank {
				return tooLarge("more than %d axes", d.limits.Rank)
			}
			dim := Dim{Open: true}
			err := d.message(f, dim.read)
			p.Dims = append(p.Dims, dim)
			return err
		})
	}
	return nil
}

// read reads a field of a TensorShapeProto.Dimension.
func (m *Dim) read(f field) error {
	switch f.number {
	case dimSize:
		v, err := f.int()
		// Exporters write open axes as -1 or 0 too.
		if v > maxElements {
			return corrupt("an axis of %d", v)
		}
		if v > 0 {
			m.Size, m.Open = int(v), false
		}
		return err
	case dimName:
		return f.text(&m.Name)
	}
	return nil
}

// check verifies that every name is made once and before it is used, and that
// the inputs of the graph are those a caller must give.
func (g *Graph) check() error {
	made := make(map[string]bool)
	for _, c := range g.Constants {
		if c.Name == "" || made[c.Name] || !utf8.ValidString(c.Name) {
			return corrupt("constant %s has no name of its own", quoted(c.Name))
		}
		made[c.Name] = true
	}
	// Old exporters list the constants among the inputs.
	g.Inputs = slices.DeleteFunc(g.Inputs, func(p Port) bool { return made[p.Name] })
	for _, p := range g.Inputs {
		if p.Name == "" || made[p.Name] {
			return corrupt("input %s has no name of its own", quoted(p.Name))
		}
		if p.Type.Storage() == Nothing {
			return At("input "+quoted(p.Name), unsupported("it is a %s; tensors of numbers, strings and booleans are taken", p.Type))
		}
		made[p.Name] = true
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		for _, in := range n.Inputs {
			if in != "" && !made[in] {
				return At(n.Called(), corrupt("its input %s is not made before it", quoted(in)))
			}
		}
		for _, out := range n.Outputs {
			if out != "" && made[out] {
				return At(n.Called(), corrupt("its output %s is there already", quoted(out)))
			}
			made[out] = true
		}
	}
	for _, p := range g.Outputs {
		if !made[p.Name] || p.Name == "" {
			return corrupt("output %s is made by no node", quoted(p.Name))
		}
	}
	return nil
}
