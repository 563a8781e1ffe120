package export

import (
	"godwit/shared/ml/network"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/layer"
	"godwit/shared/ml/onnx"
)

// imageRule says how the input of images is written.
const imageRule = "pixels from 0 to 255, channel by channel (one of grey, or red, green, blue), line by line; images are stretched to this size first"

// image makes the graph of a convolutional network.
func (g *graph) image() error {
	m, ok := g.model.(*network.Image)
	if !ok {
		return refuse("format "+g.manifest.Format, "the model is not one of images")
	}
	g.begin(opsets[0])
	g.info.Domain = DomainImage
	s := m.Shape()
	g.info.Shape = []int{s.Channels, s.Height, s.Width}
	x := g.input("image", onnx.Float, imageRule, -1, s.Channels, s.Height, s.Width)
	// Bytes to 0..1, as the network was trained: a caller need not know.
	x = g.operations(g.on("Div", x, g.number(255)), m.Network().Operations())
	// A network has an output for each of two classes too.
	return g.answer(x, len(g.info.Labels))
}

// operations adds the steps of a network, in their order; a block with a short
// way round adds both.
func (g *graph) operations(x string, all []neural.Operation) string {
	for _, o := range all {
		switch {
		case o.Conv != nil:
			x = g.conv(x, o.Conv)
		case o.Dense != nil:
			w := g.keep(o.Dense.Weight.Name, onnx.OfFloats(o.Dense.Weight.Value, o.Dense.Weight.Shape...))
			x = g.on("Gemm", g.Node("Flatten", []string{x}, along), w, g.keep(o.Dense.Bias.Name, onnx.OfFloats(o.Dense.Bias.Value)))
		case o.Max != nil:
			side := int64(o.Max.Size())
			x = g.Node("MaxPool", []string{x}, onnx.IntList("kernel_shape", side, side), onnx.IntList("strides", side, side))
		case o.Mean != nil:
			x = g.on("GlobalAveragePool", x)
		case o.ReLU != nil:
			x = g.on("Relu", x)
		default:
			short := x
			if o.Short != nil {
				short = g.operations(x, o.Short)
			}
			x = g.on("Add", g.operations(x, o.Body), short)
		}
	}
	return x
}

// conv adds a convolution. Ours has its weights as [in, side, side, out]; ONNX
// wants [out, in, side, side].
func (g *graph) conv(x string, c *layer.Conv) string {
	in, size, out := c.Weight.Shape[0], c.Weight.Shape[1], c.Weight.Shape[3]
	turned := make([]float32, len(c.Weight.Value))
	each := in * size * size
	for k := range each {
		for o := range out {
			turned[o*each+k] = c.Weight.Value[k*out+o]
		}
	}
	w := c.Window()
	pad, stride, kernel := int64(w.Pad), int64(w.Stride), int64(w.Size)
	return g.Node("Conv", []string{x, g.keep(c.Weight.Name, onnx.OfFloats(turned, out, in, size, size)), g.keep(c.Bias.Name, onnx.OfFloats(c.Bias.Value))},
		onnx.IntList("kernel_shape", kernel, kernel), onnx.IntList("strides", stride, stride), onnx.IntList("pads", pad, pad, pad, pad))
}
