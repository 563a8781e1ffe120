package export

import (
	"errors"
	"fmt"
	"slices"

	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/onnx"
)

// along is the attribute of the axis of columns.
var along = onnx.Int("axis", 1)

// answer turns margins [rows, problems] into the outputs of a classifier:
// softmax(margins/T), steps where the calibration is isotonic, and the label of
// the highest score.
func (g *graph) answer(margins string, problems int) error {
	if problems == 1 {
		// Of two classes trained as one problem, class 1 against class 0, the
		// other margin is the opposite.
		margins = g.Node("Concat", []string{g.on("Neg", margins), margins}, along)
	}
	c, err := calibrate.CalibrationOf(g.file, len(g.info.Labels))
	if errors.Is(err, calibrate.ErrAbsent) { // a file of version 1 has a temperature only
		c, err = calibrate.Calibration{T: g.manifest.Temperature}, nil
	}
	if err != nil {
		return fmt.Errorf("export: read the calibration: %w", err)
	}
	scores := g.Node("Softmax", []string{g.on("Mul", margins, g.number(float32(1/c.T)))}, along)
	if c.Kind == calibrate.KindIsotonic {
		scores = g.steps(scores, c.Steps)
	}
	labels := g.keep("labels", onnx.OfStrings(g.info.Labels))
	best := g.Node("ArgMax", []string{scores}, along, onnx.Int("keepdims", 0))
	g.named(scores, OutputScores)
	g.named(g.on("Gather", labels, best), OutputLabel)
	g.Output(OutputLabel, onnx.String, -1)
	g.Output(OutputScores, onnx.Float, -1, len(g.info.Labels))
	g.info.Outputs = []string{OutputLabel, OutputScores}
	return nil
}

// tempered is the share of the answer by temperature in an isotonic one, as in
// the calibrate package.
const tempered = .01

// steps is the isotonic calibration: .01 p + .99 f(p) of each class, scaled to
// sum 1. f is y0 plus, for each stretch between two knots, its slope times how
// far p has come along it.
func (g *graph) steps(p string, steps []calibrate.Steps) string {
	sizes := slices.Repeat([]int64{1}, len(steps))
	columns := make([]string, len(steps))
	for k := range columns {
		columns[k] = g.own("class")
	}
	g.Add(onnx.Node{Operator: "Split", Inputs: []string{p, g.keep("ones", onnx.OfInts(sizes))}, Outputs: slices.Clone(columns), Attributes: []onnx.Attribute{along}})
	for k, s := range steps {
		columns[k] = g.step(columns[k], s)
	}
	mixed := g.on("Add", g.on("Mul", p, g.number(tempered)), g.on("Mul", g.Node("Concat", columns, along), g.number(1-tempered)))
	total := g.on("MatMul", mixed, g.ones(producer+".all", len(steps)))
	return g.on("Div", mixed, total)
}

// step is f of one class, p being [rows, 1]: all stretches at once, how far p has
// come along each [rows, stretches] times their slopes [stretches, 1].
func (g *graph) step(p string, s calibrate.Steps) string {
	n := len(s.X) - 1
	if n == 0 {
		// The same for every row, but as many rows as p has.
		return g.on("Add", g.on("Mul", p, g.number(0)), g.number(s.Y[0]))
	}
	from, length, slope := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range n {
		from[i], length[i] = s.X[i], s.X[i+1]-s.X[i]
		slope[i] = (s.Y[i+1] - s.Y[i]) / length[i]
	}
	row := func(v []float32) string { return g.Constant(g.own("row"), onnx.OfFloats(v, 1, n)) }
	come := g.on("Min", g.on("Max", g.on("Sub", p, row(from)), g.number(0)), row(length))
	slopes := g.Constant(g.own("slopes"), onnx.OfFloats(slope, n, 1))
	return g.on("Add", g.on("MatMul", come, slopes), g.number(s.Y[0]))
}
