package onnx

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"
)

// zipMap is the operator of Traditional that makes of each row of scores a map
// from label to score.
const zipMap = "ZipMap"

// DropZipMaps has the scores of a classifier leave its graph as the tensor they
// are, as runner does, for a runtime that would make maps of them: each ZipMap
// becomes an Identity, and its output, where it is declared as a sequence, is
// declared as a tensor of Float. The labels that ZipMap lists go with it; Skim
// tells them.
//
// It writes into the file, so that nothing is copied: what it writes takes as
// many bytes as what was there, and everything else stays. It fails with an
// *Error, before it has written anything: of the reason Unsupported when the maps
// are used inside the graph, or made inside a node or a function.
func DropZipMaps(file []byte) error {
	if !bytes.Contains(file, []byte(zipMap)) {
		return nil
	}
	z := zipMaps{made: make(map[string]bool), used: make(map[string]bool)}
	if err := each(file, z.model); err != nil {
		return err
	}
	for _, n := range z.nodes {
		for _, out := range n.Outputs {
			if z.used[out] {
				return At(n.Called(), unsupported("its maps are used inside the graph; %s", withoutZipMap))
			}
			z.made[out] = true
		}
	}
	for _, n := range z.nodes {
		// It always fits: it has neither domain nor labels.
		overwrite(n.message, encodeNode(&Node{Name: n.Name, Operator: "Identity", Inputs: n.Inputs, Outputs: n.Outputs}), nodeDoc)
	}
	for _, p := range z.ports {
		if z.made[p.name] {
			overwrite(p.message, encodePort(Port{Name: p.name, Type: Float}), portDoc)
		}
	}
	return nil
}

// withoutZipMap is what to do about a ZipMap that cannot be dropped.
const withoutZipMap = "export the classifier without ZipMap, in skl2onnx by options={'zipmap': False}"

// zipMaps is what has to be known of a graph to drop its ZipMaps. Messages alias
// the file.
type zipMaps struct {
	decoder
	nodes      []zipMapNode
	ports      []sequencePort
	made, used map[string]bool // the outputs of nodes; what any node takes, or a graph inside of one gives
}

// zipMapNode is a ZipMap of the graph.
type zipMapNode struct {
	Node
	message []byte
}

// sequencePort is a value that is declared as a sequence.
type sequencePort struct {
	name    string
	message []byte
}

// model reads a field of a ModelProto.
func (z *zipMaps) model(f field) error {
	switch f.number {
	case modelGraph:
		return z.message(f, func(f field) error { return z.graph(f, 0) })
	case modelFunctions:
		return z.message(f, func(f field) error {
			if f.number == functionNode {
				return z.node(f, 1)
			}
			return nil
		})
	}
	return nil
}

// graph reads a field of a GraphProto; depth is 0 for that of the model.
func (z *zipMaps) graph(f field, depth int) error {
	switch f.number {
	case graphNode:
		return z.node(f, depth)
	case graphOutput, graphValue:
		return z.port(f, depth)
	}
	return nil
}

// node reads a NodeProto.
func (z *zipMaps) node(f field, depth int) error {
	var n Node
	err := z.message(f, func(f field) error {
		if f.number == nodeAttribute {
			return z.attribute(f, depth)
		}
		return z.decoder.node(&n, f)
	})
	if err != nil {
		return err
	}
	for _, in := range n.Inputs {
		z.used[in] = true
	}
	if n.Domain != Traditional || n.Operator != zipMap {
		return nil
	}
	if depth > 0 {
		return At(n.Called(), unsupported("it stands inside a node or a function; %s", withoutZipMap))
	}
	z.nodes = append(z.nodes, zipMapNode{n, f.bytes})
	return nil
}

// attribute looks for graphs in an AttributeProto.
func (z *zipMaps) attribute(f field, depth int) error {
	return z.message(f, func(f field) error {
		if f.number != attributeGraph && f.number != attributeGraphs {
			return nil
		}
		if depth == maxDepth {
			return tooLarge("graphs inside nodes, more than %d deep", maxDepth)
		}
		return z.message(f, func(f field) error { return z.graph(f, depth+1) })
	})
}

// port reads a ValueInfoProto.
func (z *zipMaps) port(f field, depth int) error {
	p := sequencePort{message: f.bytes}
	sequence := false
	err := z.message(f, func(f field) error {
		switch f.number {
		case portName:
			return f.text(&p.name)
		case portType:
			return z.message(f, func(f field) error {
				sequence = sequence || f.number == typeSequence
				return nil
			})
		}
		return nil
	})
	if depth > 0 {
		z.used[p.name] = true
	} else if sequence {
		z.ports = append(z.ports, p)
	}
	return err
}

// overwrite puts a message in the place of one that is as long or longer, filled
// up with documentation that says nothing. One that does not fit is not written:
// a field takes two bytes at least.
func overwrite(old []byte, m message, documentation protowire.Number) {
	for len(m) < len(old)-1 {
		room := len(old) - len(m) - 2
		n := min(room, 127) // whose length is one byte
		if room-n == 1 {
			n--
		}
		m.bytes(documentation, bytes.Repeat([]byte{' '}, n))
	}
	if len(m) == len(old) {
		copy(old, m)
	}
}
