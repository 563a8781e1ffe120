package onnx

import "io"

// The domains of operators. The domain of ONNX itself may also be written out.
const (
	Standard    = ""              // "ai.onnx" in full
	Traditional = "ai.onnx.ml"    // trees, encoders and what else scikit-learn has
	Contributed = "com.microsoft" // ONNX Runtime's own

	standardInFull = "ai.onnx"
)

// Model is a graph with what it needs to be understood. Whoever holds it may
// change it as long as nobody else reads it.
type Model struct {
	IRVersion int64 // of the format, as ModelProto.ir_version
	Producer  string
	Opsets    []Opset    // by domain, each once
	Metadata  []Metadata // in the order of the file
	Graph     Graph
}

// Opset is the version of the operators of a domain.
type Opset struct {
	Domain  string
	Version int64
}

// Metadata is a note in the model.
type Metadata struct{ Key, Value string }

// Graph is what is computed: nodes in an order in which every value is made
// before it is used.
type Graph struct {
	Name      string
	Nodes     []Node
	Constants []Constant // called initializers by the format
	Inputs    []Port     // what a caller gives; constants are not among them
	Outputs   []Port
}

// Constant is a tensor with a name.
type Constant struct {
	Name string
	*Tensor
	// Stored, when not nil, holds the elements as they lie in a file, little end
	// first, and those of Tensor are absent: for one to be written that is too
	// large to be held. Only Lay and Encode read it; Decode leaves it nil.
	Stored io.ReaderAt
}

// Port describes an input or an output.
type Port struct {
	Name string `json:"name"`
	Type Type   `json:"type"` // Undefined for an output that is a sequence of maps, as ZipMap's
	// Dims are the sizes of the axes, and Ranked whether they are known to be
	// so many: without it, Dims says nothing.
	Dims   []Dim `json:"dims"`
	Ranked bool  `json:"ranked"`
}

// Dim is the size of an axis: a number, or a name for one that is open. Both
// are empty when it is open and has no name.
type Dim struct {
	Size int    `json:"size,omitempty"` // 0 or more; it counts when Open is false
	Name string `json:"name,omitempty"` // such as "rows"; the same name means the same size
	Open bool   `json:"open,omitempty"`
}

// Node is the use of an operator.
type Node struct {
	Name       string // for people, may be empty
	Domain     string
	Operator   string
	Inputs     []string // names of values; "" for an optional one that is left out
	Outputs    []string
	Attributes []Attribute
}

// Attribute is a setting of a node.
type Attribute struct {
	Name    string
	Kind    Kind
	Float   float32
	Int     int64
	String  string
	Tensor  *Tensor
	Floats  []float32
	Ints    []int64
	Strings []string
}

// Kind says which field of an Attribute holds.
type Kind int32

// The kinds, numbered as AttributeProto.AttributeType.
const (
	KindFloat   Kind = 1
	KindInt     Kind = 2
	KindString  Kind = 3
	KindTensor  Kind = 4
	KindGraph   Kind = 5 // refused by Decode
	KindFloats  Kind = 6
	KindInts    Kind = 7
	KindStrings Kind = 8
)

// Note returns the metadata of a key and whether it is there.
func (m *Model) Note(key string) (string, bool) {
	for _, n := range m.Metadata {
		if n.Key == key {
			return n.Value, true
		}
	}
	return "", false
}

// Opset returns the version of a domain's operators, 0 when the model uses none.
func (m *Model) Opset(domain string) int64 {
	for _, o := range m.Opsets {
		if o.Domain == domain {
			return o.Version
		}
	}
	return 0
}

// Attribute returns the attribute of that name, nil when it is not there. It
// belongs to the node.
func (n *Node) Attribute(name string) *Attribute {
	for i := range n.Attributes {
		if n.Attributes[i].Name == name {
			return &n.Attributes[i]
		}
	}
	return nil
}

// Called names a node for an error: its operator and its name, or its first
// output when it has none.
func (n *Node) Called() string {
	name := n.Name
	if name == "" && len(n.Outputs) > 0 {
		name = n.Outputs[0]
	}
	if n.Domain != Standard {
		return n.Domain + "." + n.Operator + " " + quoted(name)
	}
	return n.Operator + " " + quoted(name)
}
