package runner_test

import (
	"cmp"
	"fmt"
	"math"
	"testing"

	"godwit/shared/ml/onnx"
)

// peerCase is a graph of a few nodes, whose inputs are i0, i1 and so on.
type peerCase struct {
	name    string
	nodes   []onnx.Node
	inputs  []*onnx.Tensor
	outputs []onnx.Port
	version int64 // of the standard's operators, 17 when 0
	learnt  int64 // of the traditional ones, 3 when 0
}

func inputName(i int) string { return fmt.Sprintf("i%d", i) }

// model returns the graph.
func (c peerCase) model(t testing.TB) *onnx.Model {
	t.Helper()
	b := onnx.New("peer", onnx.Opset{Domain: onnx.Standard, Version: cmp.Or(c.version, 17)}, onnx.Opset{Domain: onnx.Traditional, Version: cmp.Or(c.learnt, 3)}, onnx.Opset{Domain: onnx.Contributed, Version: 1})
	for i, in := range c.inputs {
		if in == nil {
			continue
		}
		b.Input(inputName(i), in.Type, in.Dims...)
	}
	for _, n := range c.nodes {
		b.Add(n)
	}
	m, err := b.Model()
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	m.Graph.Outputs = c.outputs
	return m
}

// Short forms for the table.
func f(v []float32, dims ...int) *onnx.Tensor { return onnx.OfFloats(v, dims...) }
func n(v ...int64) *onnx.Tensor               { return onnx.OfInts(v) }
func s(v ...string) *onnx.Tensor              { return onnx.OfStrings(v) }

// ramp returns tensors of numbers around 0 that differ, the same every time.
func ramp(dims ...int) *onnx.Tensor {
	count, _ := onnx.Count(dims)
	v := make([]float32, count)
	for i := range v {
		v[i] = float32(math.Round(1000*math.Sin(float64(i)*1.7+float64(count))) / 500)
	}
	return onnx.OfFloats(v, dims...)
}

// above returns t plus a number.
func above(t *onnx.Tensor, by float32) *onnx.Tensor {
	v := make([]float32, len(t.Floats))
	for i, x := range t.Floats {
		v[i] = x + by
	}
	return onnx.OfFloats(v, t.Dims...)
}

var (
	floatOut  = onnx.Port{Name: "o0", Type: onnx.Float}
	intOut    = onnx.Port{Name: "o0", Type: onnx.Int64}
	boolOut   = onnx.Port{Name: "o0", Type: onnx.Bool}
	stringOut = onnx.Port{Name: "o0", Type: onnx.String}
)

// of is a case of one node of the standard's.
func of(name, operator string, out onnx.Port, inputs []*onnx.Tensor, attributes ...onnx.Attribute) peerCase {
	return inDomain(onnx.Standard, name, operator, []onnx.Port{out}, inputs, attributes...)
}

// learnt is a case of one node of scikit-learn's kind.
func learnt(name, operator string, outputs []onnx.Port, inputs []*onnx.Tensor, attributes ...onnx.Attribute) peerCase {
	return inDomain(onnx.Traditional, name, operator, outputs, inputs, attributes...)
}

func inDomain(domain, name, operator string, outputs []onnx.Port, inputs []*onnx.Tensor, attributes ...onnx.Attribute) peerCase {
	node := onnx.Node{Domain: domain, Operator: operator, Attributes: attributes}
	for i, in := range inputs {
		if in == nil {
			node.Inputs = append(node.Inputs, "")
			continue
		}
		node.Inputs = append(node.Inputs, inputName(i))
	}
	for i := range outputs {
		outputs[i].Name = fmt.Sprintf("o%d", i)
		node.Outputs = append(node.Outputs, outputs[i].Name)
	}
	return peerCase{name: name, nodes: []onnx.Node{node}, inputs: inputs, outputs: outputs}
}

// as returns the case under another version of the standard's operators.
func (c peerCase) as(version int64) peerCase {
	c.version = version
	return c
}

type tensors = []*onnx.Tensor

// peerCases are in files of their own by what they are about.
func peerCases() []peerCase {
	var all []peerCase
	for _, some := range [][]peerCase{elementCases(), activationCases(), shapeCases(), arrangeCases(), axisCases(), netCases(), normCases(), learntCases(), machineCases(), textCases()} {
		all = append(all, some...)
	}
	return all
}

func elementCases() []peerCase {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	x := f([]float32{-2.5, -1, -.1, 0, .3, 1, 2.7, 80}, 2, 4)
	odd := f([]float32{nan, inf, -inf, 1}, 4)
	yes := onnx.OfBools([]bool{true, true, false, false})
	no := onnx.OfBools([]bool{true, false, true, false})
	cases := []peerCase{
		of("add rows", "Add", floatOut, tensors{x, f([]float32{1, 2, 3, 4}, 4)}),
		of("add crosswise", "Add", floatOut, tensors{ramp(3, 1), ramp(1, 2)}),
		of("sub whole", "Sub", intOut, tensors{n(5, 6), n(7)}),
		of("mul three axes", "Mul", floatOut, tensors{ramp(2, 1, 3), ramp(4, 1)}),
		of("div", "Div", floatOut, tensors{x, f([]float32{0, 2, -3, .5}, 4)}),
		of("div whole", "Div", intOut, tensors{n(7, -7, 9), n(2)}),
		of("pow", "Pow", floatOut, tensors{f([]float32{2, 3, -2}, 3), f([]float32{3, .5, 2}, 3)}),
		of("sum of three", "Sum", floatOut, tensors{ramp(2, 2), ramp(2, 1), ramp(2)}),
		of("mean of two", "Mean", floatOut, tensors{ramp(2, 2), ramp(2)}),
		of("min", "Min", floatOut, tensors{x, f([]float32{.2}, 1)}),
		of("max", "Max", floatOut, tensors{odd, f([]float32{0}, 1)}),
		of("clip", "Clip", floatOut, tensors{x, onnx.Scalar(-1), onnx.Scalar(1)}),
		of("leaky relu", "LeakyRelu", floatOut, tensors{x}, onnx.Number("alpha", .2)),
		of("is nan", "IsNaN", boolOut, tensors{odd}),
		of("not", "Not", boolOut, tensors{yes}),
		of("and", "And", boolOut, tensors{yes, no}),
		of("or", "Or", boolOut, tensors{yes, no}),
		of("xor", "Xor", boolOut, tensors{yes, no}),
		of("equal whole", "Equal", boolOut, tensors{n(1, 2, 3), n(2)}),
		of("greater", "Greater", boolOut, tensors{odd, f([]float32{1}, 1)}),
		of("less or equal", "LessOrEqual", boolOut, tensors{odd, f([]float32{1}, 1)}),
		of("greater or equal", "GreaterOrEqual", boolOut, tensors{n(1, 2, 3), n(2)}),
		of("less", "Less", boolOut, tensors{odd, f([]float32{1}, 1)}),
		of("identity", "Identity", stringOut, tensors{s("a", "b")}),
		of("dropout", "Dropout", floatOut, tensors{x}),
		of("where", "Where", floatOut, tensors{yes, ramp(2, 4), f([]float32{9}, 1)}),
		of("abs whole", "Abs", intOut, tensors{n(-3, 4)}),
		of("cast to whole", "Cast", intOut, tensors{f([]float32{-1.7, 2.9, 0}, 3)}, onnx.Int("to", int64(onnx.Int64))),
		of("cast to bool", "Cast", boolOut, tensors{f([]float32{-1.7, 0}, 2)}, onnx.Int("to", int64(onnx.Bool))),
		of("cast to string", "Cast", stringOut, tensors{f([]float32{-1.7, 0, 100, 1.0 / 3, 1e20}, 5)}, onnx.Int("to", int64(onnx.String))),
		of("cast from string", "Cast", floatOut, tensors{s("1.5", "-2e3", "7")}, onnx.Int("to", int64(onnx.Float))),
	}
	for _, operator := range []string{"Sqrt", "Exp", "Log", "Erf", "Tanh", "Sigmoid", "Softplus", "Floor", "Ceil", "Reciprocal", "Relu", "Abs", "Neg"} {
		cases = append(cases, of(operator, operator, floatOut, tensors{x}))
	}
	return cases
}

func shapeCases() []peerCase {
	x := ramp(2, 3, 4)
	return []peerCase{
		of("reshape", "Reshape", floatOut, tensors{x, n(0, -1, 2)}),
		of("flatten", "Flatten", floatOut, tensors{x}, onnx.Int("axis", 2)),
		of("squeeze", "Squeeze", floatOut, tensors{ramp(2, 1, 3, 1), n(-1)}),
		of("unsqueeze", "Unsqueeze", floatOut, tensors{ramp(2, 3), n(0, -1)}),
		of("transpose", "Transpose", floatOut, tensors{x}, onnx.IntList("perm", 1, 2, 0)),
		of("transpose reversed", "Transpose", floatOut, tensors{x}),
		of("concat", "Concat", floatOut, tensors{ramp(2, 1, 2), ramp(2, 3, 2)}, onnx.Int("axis", -2)),
		of("slice", "Slice", floatOut, tensors{x, n(1, 0), n(3, 100), n(1, 2), n(1, 2)}),
		of("slice backwards", "Slice", floatOut, tensors{x, n(-1, 5), n(-100, 0), n(2, 1), n(-2, -1)}),
		of("gather", "Gather", floatOut, tensors{x, onnx.OfInts([]int64{2, -1, 0, 0}, 2, 2)}, onnx.Int("axis", 1)),
		of("shape", "Shape", intOut, tensors{x}, onnx.Int("start", 1), onnx.Int("end", -1)),
		of("expand", "Expand", floatOut, tensors{ramp(3, 1), n(2, 1, 4)}),
		of("pad", "Pad", floatOut, tensors{ramp(2, 3), n(1, -1, 0, 2), f([]float32{9}, 1)}),
		of("constant of shape", "ConstantOfShape", intOut, tensors{n(2, 2)}, onnx.Attribute{Name: "value", Kind: onnx.KindTensor, Tensor: onnx.OfInts([]int64{7})}),
		{name: "constant", nodes: []onnx.Node{{Operator: "Constant", Outputs: []string{"o0"}, Attributes: []onnx.Attribute{onnx.NumberList("value_floats", 1, 2)}}}, outputs: []onnx.Port{floatOut}},
		inDomain(onnx.Standard, "split", "Split", []onnx.Port{floatOut, floatOut}, tensors{ramp(2, 5), n(2, 3)}, onnx.Int("axis", 1)),
		inDomain(onnx.Standard, "split in halves", "Split", []onnx.Port{floatOut, floatOut}, tensors{ramp(4, 2)}),
		of("where of strings", "Where", stringOut, tensors{onnx.OfBools([]bool{true, false}), s("a", "b"), s("c", "d")}),
	}
}

func axisCases() []peerCase {
	x := ramp(2, 3, 4)
	ties := f([]float32{1, 3, 3, 0, 2, 2}, 2, 3)
	cases := []peerCase{
		of("sum of two axes", "ReduceSum", floatOut, tensors{x, n(0, -1)}, onnx.Int("keepdims", 0)),
		of("sum of all", "ReduceSum", floatOut, tensors{x}),
		of("arg max", "ArgMax", intOut, tensors{ties}, onnx.Int("axis", 1), onnx.Int("keepdims", 0)),
		of("arg max last", "ArgMax", intOut, tensors{ties}, onnx.Int("axis", -1), onnx.Int("select_last_index", 1)),
		of("arg min", "ArgMin", intOut, tensors{x}, onnx.Int("axis", 1)),
		inDomain(onnx.Standard, "top k", "TopK", []onnx.Port{floatOut, intOut}, tensors{x, n(2)}),
		inDomain(onnx.Standard, "bottom k", "TopK", []onnx.Port{floatOut, intOut}, tensors{ties, n(2)}, onnx.Int("largest", 0), onnx.Int("axis", 1)),
		of("softmax", "Softmax", floatOut, tensors{x}, onnx.Int("axis", 1)),
		of("log softmax", "LogSoftmax", floatOut, tensors{x}),
	}
	cases = append(cases,
		of("softmax of version 11", "Softmax", floatOut, tensors{x}).as(11),
		of("log of a sum", "ReduceLogSum", floatOut, tensors{above(x, 3)}, onnx.IntList("axes", 0, 2)),
		of("log of a sum of large exponentials", "ReduceLogSumExp", floatOut, tensors{f([]float32{1000, 1001, -1000, 0, 1, 2}, 2, 3)}, onnx.IntList("axes", 1), onnx.Int("keepdims", 0)),
		of("product of whole numbers", "ReduceProd", intOut, tensors{onnx.OfInts([]int64{2, 3, -1, 4}, 2, 2)}, onnx.IntList("axes", 0)),
		of("running sum", "CumSum", floatOut, tensors{x, onnx.OfInts([]int64{1}, 1)}),
		of("running sum of those after", "CumSum", intOut, tensors{onnx.OfInts([]int64{1, 2, 3, 4, 5, 6}, 2, 3), onnx.OfInts([]int64{-1}, 1)}, onnx.Int("exclusive", 1), onnx.Int("reverse", 1)),
	)
	for _, operator := range []string{"ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceProd", "ReduceSumSquare", "ReduceLogSumExp"} {
		cases = append(cases, of(operator, operator, floatOut, tensors{x}, onnx.IntList("axes", 1)))
	}
	return cases
}

func netCases() []peerCase {
	image := ramp(2, 4, 6, 5)
	kernel := onnx.IntList("kernel_shape", 3, 2)
	return []peerCase{
		of("matrices", "MatMul", floatOut, tensors{ramp(3, 4), ramp(4, 2)}),
		of("batches of matrices", "MatMul", floatOut, tensors{ramp(2, 1, 3, 4), ramp(3, 4, 2)}),
		of("row times matrix", "MatMul", floatOut, tensors{ramp(4), ramp(4, 2)}),
		of("gemm", "Gemm", floatOut, tensors{ramp(4, 3), ramp(2, 4), ramp(2)}, onnx.Int("transA", 1), onnx.Int("transB", 1), onnx.Number("alpha", .5), onnx.Number("beta", 2)),
		of("conv", "Conv", floatOut, tensors{image, ramp(6, 4, 3, 2), ramp(6)}, kernel, onnx.IntList("pads", 1, 0, 2, 1), onnx.IntList("strides", 2, 1)),
		of("conv in groups", "Conv", floatOut, tensors{image, ramp(4, 2, 3, 2)}, onnx.Int("group", 2), onnx.IntList("dilations", 2, 1)),
		of("conv of same size", "Conv", floatOut, tensors{image, ramp(3, 4, 3, 2)}, onnx.Text("auto_pad", "SAME_UPPER"), onnx.IntList("strides", 2, 2)),
		of("conv of one axis", "Conv", floatOut, tensors{ramp(2, 3, 7), ramp(2, 3, 3)}, onnx.IntList("pads", 1, 1)),
		of("max pool", "MaxPool", floatOut, tensors{image}, kernel, onnx.IntList("strides", 2, 2), onnx.IntList("pads", 1, 0, 1, 1)),
		of("max pool up", "MaxPool", floatOut, tensors{image}, kernel, onnx.IntList("strides", 2, 2), onnx.Int("ceil_mode", 1)),
		of("average pool", "AveragePool", floatOut, tensors{image}, kernel, onnx.IntList("pads", 1, 1, 1, 1)),
		of("average pool with padding", "AveragePool", floatOut, tensors{image}, kernel, onnx.IntList("pads", 1, 1, 1, 1), onnx.Int("count_include_pad", 1)),
		of("max pool of one axis", "MaxPool", floatOut, tensors{ramp(2, 3, 7)}, onnx.IntList("kernel_shape", 3), onnx.IntList("strides", 2), onnx.IntList("pads", 1, 0)),
		of("average pool of one axis", "AveragePool", floatOut, tensors{ramp(2, 3, 7)}, onnx.IntList("kernel_shape", 2), onnx.IntList("strides", 2), onnx.Int("ceil_mode", 1)),
		of("conv of one axis in groups", "Conv", floatOut, tensors{ramp(2, 4, 9), ramp(4, 2, 3), ramp(4)}, onnx.Int("group", 2), onnx.IntList("strides", 2), onnx.IntList("dilations", 2), onnx.IntList("pads", 2, 1)),
		of("global average of one axis", "GlobalAveragePool", floatOut, tensors{ramp(2, 3, 7)}),
		of("global maximum", "GlobalMaxPool", floatOut, tensors{image}),
		of("global average", "GlobalAveragePool", floatOut, tensors{image}),
		of("batch norm", "BatchNormalization", floatOut, tensors{image, ramp(4), above(ramp(4), 1), ramp(4), above(ramp(4), 3)}, onnx.Number("epsilon", 1e-3)),
		inDomain(onnx.Standard, "gru", "GRU", []onnx.Port{floatOut, floatOut}, tensors{ramp(4, 2, 3), ramp(1, 6, 3), ramp(1, 6, 2), ramp(1, 12), nil, ramp(1, 2, 2)}, onnx.Int("hidden_size", 2)),
		inDomain(onnx.Standard, "gru both ways", "GRU", []onnx.Port{floatOut, floatOut}, tensors{ramp(4, 2, 3), ramp(2, 6, 3), ramp(2, 6, 2), ramp(2, 12)}, onnx.Int("hidden_size", 2), onnx.Text("direction", "bidirectional"), onnx.Int("linear_before_reset", 1)),
		inDomain(onnx.Standard, "lstm", "LSTM", []onnx.Port{floatOut, floatOut, floatOut}, tensors{ramp(4, 2, 3), ramp(1, 8, 3), ramp(1, 8, 2), ramp(1, 16), nil, ramp(1, 2, 2), ramp(1, 2, 2)}, onnx.Int("hidden_size", 2)),
		inDomain(onnx.Standard, "lstm backwards", "LSTM", []onnx.Port{floatOut, floatOut, floatOut}, tensors{ramp(3, 2, 3), ramp(1, 8, 3), ramp(1, 8, 2)}, onnx.Int("hidden_size", 2), onnx.Text("direction", "reverse")),
	}
}
