package ops

import (
	"maps"
	"slices"

	"godwit/shared/ml/onnx"
)

// Kernel computes the outputs of a node. in holds nil for an optional input
// that is left out. What it returns may share memory with in, and neither is
// changed later. It fails with an *onnx.Error or the context's error.
type Kernel func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error)

// maker reads the attributes of a node.
type maker func(n *onnx.Node, version int64) (Kernel, error)

// operator is an entry of the table.
type operator struct {
	make        maker
	least, most int // inputs; most below 0 is no bound
	outputs     int // at most; below 0 no bound
}

// newest is the highest version of a domain's operators that was looked at;
// oldest the lowest.
var newest = map[string]int64{onnx.Standard: 22, onnx.Traditional: 4, onnx.Contributed: 1}

const oldest = 7 // of the standard: the version that brought broadcasting

// Known reports whether a domain's operator is run here.
func Known(domain, name string) bool {
	_, ok := tables()[domain][name]
	return ok
}

// Names lists the operators of a domain that are run here, sorted.
func Names(domain string) []string { return slices.Sorted(maps.Keys(tables()[domain])) }

// CheckVersion reports a version of a domain's operators that is not run.
func CheckVersion(domain string, version int64) error {
	least := int64(1)
	if domain == onnx.Standard {
		least = oldest
	}
	if most, known := newest[domain]; known && (version < least || version > most) {
		return onnx.Errorf(onnx.Unsupported, "operators %q of version %d; %d to %d are run: export the model with such an opset", domain, version, least, most)
	}
	return nil
}

// Make returns what a node does. version is that of the operators of its
// domain. It fails with an *onnx.Error that names what is not run.
func Make(n *onnx.Node, version int64) (Kernel, error) {
	op, ok := tables()[n.Domain][n.Operator]
	if !ok {
		return nil, onnx.At(n.Called(), onnx.Errorf(onnx.Unsupported, "nobody here runs this operator"))
	}
	if k := len(n.Inputs); k < op.least || op.most >= 0 && k > op.most {
		return nil, onnx.At(n.Called(), onnx.Errorf(onnx.Corrupt, "%d inputs", k))
	}
	for i, in := range n.Inputs[:op.least] {
		if in == "" {
			return nil, onnx.At(n.Called(), onnx.Errorf(onnx.Corrupt, "input %d is left out", i))
		}
	}
	if op.outputs >= 0 {
		for _, out := range n.Outputs[min(op.outputs, len(n.Outputs)):] {
			if out != "" {
				return nil, onnx.At(n.Called(), onnx.Errorf(onnx.Unsupported, "output %q is one that is not made here", out))
			}
		}
	}
	k, err := op.make(n, version)
	return k, onnx.At(n.Called(), err)
}

// The functions below read an attribute, or return what it is without one. An
// attribute of another kind counts as absent.

// intOf reads a whole number.
func intOf(n *onnx.Node, name string, without int64) int64 {
	if a := n.Attribute(name); a != nil && a.Kind == onnx.KindInt {
		return a.Int
	}
	return without
}

// floatOf reads a number.
func floatOf(n *onnx.Node, name string, without float32) float32 {
	if a := n.Attribute(name); a != nil && a.Kind == onnx.KindFloat {
		return a.Float
	}
	return without
}

// textOf reads a string.
func textOf(n *onnx.Node, name, without string) string {
	if a := n.Attribute(name); a != nil && a.Kind == onnx.KindString {
		return a.String
	}
	return without
}

// list returns an attribute that is a list, or an empty one.
func list(n *onnx.Node, name string) onnx.Attribute {
	if a := n.Attribute(name); a != nil {
		return *a
	}
	return onnx.Attribute{}
}

// smallInts returns a list attribute of sizes, each in [0, most]; nil when it
// is absent.
func smallInts(n *onnx.Node, name string, most int64) ([]int, error) {
	var out []int
	for _, v := range list(n, name).Ints {
		if v < 0 || v > most {
			return nil, onnx.Errorf(onnx.Unsupported, "attribute %s holds %d; 0 to %d are run", name, v, most)
		}
		out = append(out, int(v))
	}
	return out, nil
}

// refuse reports an attribute that is set to something else than what is run.
func refuse(n *onnx.Node, name string, run int64) error {
	if v := intOf(n, name, run); v != run {
		return onnx.Errorf(onnx.Unsupported, "%s = %d; only %d is run", name, v, run)
	}
	return nil
}

// always returns a maker of a kernel without attributes.
func always(k Kernel) maker {
	return func(*onnx.Node, int64) (Kernel, error) { return k, nil }
}
