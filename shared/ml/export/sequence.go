package export

import (
	"godwit/shared/ml/network"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/recurrent"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/text"
)

// gates says, for the gates in the order of ONNX, which of ours each is: of a GRU
// z, r and h of our r, z and n; of an LSTM i, o, f and c of our i, f, c and o. A
// wrong order gives a graph that loads, runs and answers nonsense: only the test
// against the model's own answers would tell.
var gates = map[recurrent.Kind][]int{recurrent.GRU: {1, 0, 2}, recurrent.LSTM: {0, 3, 1, 2}}

// lowest stands for no value where the largest is sought: finite, so that nothing
// made of it can become not-a-number.
const lowest = -1e30

// sequence makes the graph of a recurrent network: normal text is cut into tokens,
// these become numbers, of which -1 is what fills a row.
func (g *graph) sequence() error {
	m, ok := g.model.(*network.Text)
	if !ok {
		return refuse("format "+g.manifest.Format, "the model is not one of texts")
	}
	net := m.Network()
	g.begin(opsets...)
	g.info.Domain, g.info.Normaliser, g.info.Unicode = DomainText, "normal.js", text.UnicodeVersion()
	set := net.Manifest().Settings.Text
	numbers := g.tokens(net.Vocabulary(), set.Tokens)
	none := g.keep("none", onnx.OfInts([]int64{0}))
	// Rows are filled up behind their tokens; what fills counts nowhere: not in
	// the lengths the layers go by, not in the pooling.
	there := g.on("GreaterOrEqual", numbers, none)
	count := g.Node("ReduceSum", []string{g.cast(there, onnx.Int64), g.keep("tokens_axis", onnx.OfInts([]int64{1}))}, onnx.Int("keepdims", 0))
	// Max, since -1 is no row of the embedding; what it yields is masked anyway.
	embedding := g.keep("embedding", onnx.OfFloats(net.Param("embedding.weight"), net.Vocabulary().Len(), set.Width))
	x := g.on("Gather", embedding, g.on("Max", numbers, none))
	x = g.Node("Transpose", []string{x}, onnx.IntList("perm", 1, 0, 2)) // tokens before rows
	all, last := g.recurrent(net, set, x, g.cast(count, onnx.Int32))
	wide := g.pooled(set, all, last, there, count)
	width := set.Units
	if !set.OneWay {
		width *= 2
	}
	w := g.keep("dense.weight", onnx.OfFloats(net.Param("dense.weight"), width, len(g.info.Labels)))
	margins := g.on("Gemm", wide, w, g.keep("dense.bias", onnx.OfFloats(net.Param("dense.bias"))))
	return g.answer(margins, len(g.info.Labels))
}

// tokens adds the numbers of the first most tokens, [rows, tokens]. A text
// without any has the one that stands for unknown ones.
func (g *graph) tokens(v *neural.Vocabulary, most int) string {
	cut := g.own("tokens")
	g.Add(onnx.Node{Domain: onnx.Contributed, Operator: "Tokenizer", Inputs: []string{g.input("", onnx.String, textRule, -1)}, Outputs: []string{cut}, Attributes: []onnx.Attribute{
		onnx.Int("mark", 0), onnx.Text("pad_value", padding), onnx.Int("mincharnum", 1), onnx.Text("tokenexp", text.SequenceExpression()),
	}})
	// Token 0 is neural.Unknown, the default of what is not found.
	keys, values := []string{padding}, []int64{-1}
	for i := 1; i < v.Len(); i++ {
		keys, values = append(keys, v.Token(int32(i))), append(values, int64(i))
	}
	found := g.own("numbers")
	g.Add(onnx.Node{Domain: onnx.Traditional, Operator: "LabelEncoder", Inputs: []string{cut}, Outputs: []string{found}, Attributes: []onnx.Attribute{
		onnx.TextList("keys_strings", keys...), onnx.IntList("values_int64s", values...), onnx.Int("default_int64", int64(neural.Unknown)),
	}})
	// Filled by one, so that there is a first column whatever the texts are.
	found = g.on("Pad", found, g.keep("one_more", onnx.OfInts([]int64{0, 0, 0, 1})), g.Constant(g.own("filling"), &onnx.Tensor{Type: onnx.Int64, Ints: []int64{-1}}))
	columns := func(from, to int64) string {
		return g.on("Slice", found, g.Constant(g.own("from"), onnx.OfInts([]int64{from})), g.Constant(g.own("to"), onnx.OfInts([]int64{to})),
			g.Constant(g.own("axis"), onnx.OfInts([]int64{1})))
	}
	first := g.on("Max", columns(0, 1), g.Constant(g.own("unknown"), onnx.OfInts([]int64{0})))
	return g.Node("Concat", []string{first, columns(1, int64(most))}, along)
}

// recurrent adds the layers of both directions. It returns the states after every
// token, [tokens, directions, rows, units], and the last ones.
func (g *graph) recurrent(net neural.Text, set neural.TextSettings, x, lengths string) (all, last string) {
	ways, direction := []string{"forward", "backward"}, "bidirectional"
	if set.OneWay {
		ways, direction = ways[:1], "forward"
	}
	// ONNX has the two biases of a direction in one tensor, the input's first.
	var w, r, b []float32
	for _, way := range ways {
		w = append(w, turned(net.Param(way+".input"), set.Width, set.Units, gates[set.Cell])...)
		r = append(r, turned(net.Param(way+".recurrence"), set.Units, set.Units, gates[set.Cell])...)
		b = append(b, turned(net.Param(way+".input_bias"), 1, set.Units, gates[set.Cell])...)
		b = append(b, turned(net.Param(way+".recurrence_bias"), 1, set.Units, gates[set.Cell])...)
	}
	n, rows := len(ways), len(gates[set.Cell])*set.Units
	// Our GRU resets after the product with the last state, as cuDNN's and
	// PyTorch's do; ONNX's default is before it.
	operator, more := "GRU", []onnx.Attribute{onnx.Int("linear_before_reset", 1)}
	if set.Cell == recurrent.LSTM {
		operator, more = "LSTM", nil
	}
	all, last = g.own("states"), g.own("last")
	g.Add(onnx.Node{Operator: operator, Inputs: []string{
		x, g.keep("input", onnx.OfFloats(w, n, rows, set.Width)), g.keep("recurrence", onnx.OfFloats(r, n, rows, set.Units)),
		g.keep("biases", onnx.OfFloats(b, n, 2*rows)), lengths,
	}, Outputs: []string{all, last}, Attributes: append(more, onnx.Int("hidden_size", int64(set.Units)), onnx.Text("direction", direction))})
	return all, last
}

// turned returns weights [inputs, gates x units] as ONNX has them: by gate in its
// order, then unit, then input.
func turned(w []float32, inputs, units int, order []int) []float32 {
	out := make([]float32, 0, len(w))
	for _, gate := range order {
		for unit := range units {
			for in := range inputs {
				out = append(out, w[in*len(order)*units+gate*units+unit])
			}
		}
	}
	return out
}

// pooled adds the one vector of each text, [rows, directions x units], from the
// states [tokens, directions, rows, units] and the last of them [directions,
// rows, units]. In a shape 0 copies the dimension and -1 takes the rest.
func (g *graph) pooled(set neural.TextSettings, all, last, there, count string) string {
	flat := func(x, name string, shape ...int64) string {
		return g.on("Reshape", x, g.keep(name, onnx.OfInts(shape)))
	}
	if set.Pooling == recurrent.Last {
		return flat(g.Node("Transpose", []string{last}, onnx.IntList("perm", 1, 0, 2)), "rows_shape", 0, -1)
	}
	byRow := flat(g.Node("Transpose", []string{all}, onnx.IntList("perm", 2, 0, 1, 3)), "states_shape", 0, 0, -1)
	deep := g.keep("last_axis", onnx.OfInts([]int64{2}))
	mask := g.on("Unsqueeze", there, deep)
	if set.Pooling == recurrent.Max {
		return g.Node("ReduceMax", []string{g.on("Where", mask, byRow, g.number(lowest))}, onnx.IntList("axes", 1), onnx.Int("keepdims", 0))
	}
	sum := g.Node("ReduceSum", []string{g.on("Where", mask, byRow, g.number(0)), g.keep("token_axis", onnx.OfInts([]int64{1}))}, onnx.Int("keepdims", 0))
	return g.on("Div", sum, g.on("Unsqueeze", g.cast(count, onnx.Float), g.keep("wide_axis", onnx.OfInts([]int64{1}))))
}
