package onnx

// Skim reads what a file says of itself and leaves the rest to the runtime that
// is to run it: versions of operators, metadata, and the nodes of the graph with
// their operator, name and class labels. It takes what Decode refuses because
// nobody here runs it (graphs inside nodes, functions, sparse tensors, types that
// are not read), and reads neither tensors nor ports.
//
// One thing it does refuse, wherever in the file it stands: data outside the
// file, by which a graph could have the runtime read files of the machine. A
// graph for training is refused too. The errors are *Error.
func Skim(data []byte, l Limits) (*Model, error) {
	s := skimmer{decoder{limits: l.withDefaults()}}
	if len(data) > s.limits.Bytes {
		return nil, tooLarge("the file has %d bytes, at most %d are read", len(data), s.limits.Bytes)
	}
	m := &Model{}
	if err := each(data, func(f field) error { return s.model(m, f) }); err != nil {
		return nil, err
	}
	if len(m.Opsets) == 0 || len(m.Graph.Nodes) == 0 {
		return nil, corrupt("no model: a graph of nodes and the version of its operators are needed")
	}
	return m, nil
}

// maxDepth bounds graphs within nodes within graphs.
const maxDepth = 16

// skimmer reads messages within limits.
type skimmer struct{ decoder }

// model reads a field of a ModelProto.
func (s *skimmer) model(m *Model, f field) error {
	switch f.number {
	case modelGraph:
		return s.message(f, func(f field) error { return s.graph(&m.Graph, f, 0) })
	case modelFunctions:
		// A FunctionProto has its nodes elsewhere than a GraphProto, and its
		// attributes with their defaults.
		return s.message(f, func(f field) error {
			switch f.number {
			case functionNode:
				_, err := s.node(f, 0)
				return err
			case functionAttribute:
				_, err := s.attribute(f, 0)
				return err
			}
			return nil
		})
	}
	return s.decoder.model(m, f)
}

// graph reads a field of a GraphProto; g is nil for one inside a node, of which
// only the data is looked at.
func (s *skimmer) graph(g *Graph, f field, depth int) error {
	switch f.number {
	case graphNode:
		n, err := s.node(f, depth)
		if err != nil || g == nil {
			return At(n.Called(), err)
		}
		if len(g.Nodes) == s.limits.Nodes {
			return tooLarge("more than %d nodes", s.limits.Nodes)
		}
		g.Nodes = append(g.Nodes, n)
	case graphInitializer:
		return s.tensor(f)
	case graphSparse:
		return s.sparse(f)
	}
	return nil
}

// node reads a NodeProto.
func (s *skimmer) node(f field, depth int) (Node, error) {
	var n Node
	err := s.message(f, func(f field) error {
		if f.number != nodeAttribute {
			return s.decoder.node(&n, f)
		}
		a, err := s.attribute(f, depth)
		if len(a.Strings)+len(a.Ints) > 0 {
			n.Attributes = append(n.Attributes, a)
		}
		return err
	})
	return n, err
}

// attribute reads an AttributeProto: of lists of strings and whole numbers the
// elements, among which are class labels, of everything else where its data is.
func (s *skimmer) attribute(f field, depth int) (Attribute, error) {
	var a Attribute
	err := s.message(f, func(f field) error {
		switch f.number {
		case attributeName, attributeInts, attributeStrings:
			return s.decoder.attribute(&a, f)
		case attributeTensor, attributeTensors:
			return s.tensor(f)
		case attributeSparse, attributeSparses:
			return s.sparse(f)
		case attributeGraph, attributeGraphs:
			if depth == maxDepth {
				return tooLarge("graphs inside nodes, more than %d deep", maxDepth)
			}
			return s.message(f, func(f field) error { return s.graph(nil, f, depth+1) })
		}
		return nil
	})
	return a, err
}

// sparse looks at a SparseTensorProto, whose values and indices are tensors.
func (s *skimmer) sparse(f field) error {
	return s.message(f, func(f field) error {
		if f.number == sparseValues || f.number == sparseIndices {
			return s.tensor(f)
		}
		return nil
	})
}

// tensor looks at where the data of a TensorProto is.
func (s *skimmer) tensor(f field) error {
	return s.message(f, func(f field) error {
		if f.number == tensorExternal || f.number == tensorLocation {
			return new(rawTensor).read(f)
		}
		return nil
	})
}
