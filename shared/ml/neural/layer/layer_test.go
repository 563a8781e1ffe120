package layer_test

import (
	"math"
	"testing"

	"godwit/shared/ml/neural/gradtest"
	"godwit/shared/ml/neural/layer"
	"godwit/shared/ml/neural/random"
)

var start = layer.Start{Chance: random.FromSeed(1)}

// The references below are the textbook sums in double precision; no expected
// number comes from another program.

// dense is x·W + b.
func dense(inputs, outputs int) gradtest.Reference {
	return func(x []float64, p [][]float64) []float64 {
		var y []float64
		for i := 0; i < len(x); i += inputs {
			for o := range outputs {
				sum := p[1][o]
				for k := range inputs {
					sum += x[i+k] * p[0][k*outputs+o]
				}
				y = append(y, sum)
			}
		}
		return y
	}
}

// conv sums over every pixel of every window that is inside the image.
func conv(in layer.Shape, out layer.Shape, w layer.Window) gradtest.Reference {
	return func(x []float64, p [][]float64) []float64 {
		var y []float64
		for i := 0; i < len(x); i += in.Size() {
			for at := range out.Size() {
				o, oy, ox := at/(out.Height*out.Width), at/out.Width%out.Height, at%out.Width
				sum := p[1][o]
				for k := range in.Channels * w.Size * w.Size {
					c, dy, dx := k/(w.Size*w.Size), k/w.Size%w.Size, k%w.Size
					py, px := oy*w.Stride+dy-w.Pad, ox*w.Stride+dx-w.Pad
					if py >= 0 && py < in.Height && px >= 0 && px < in.Width {
						sum += x[i+(c*in.Height+py)*in.Width+px] * p[0][k*out.Channels+o]
					}
				}
				y = append(y, sum)
			}
		}
		return y
	}
}

// pool applies f to the numbers of each square.
func pool(in, out layer.Shape, height, width int, f func([]float64) float64) gradtest.Reference {
	return func(x []float64, _ [][]float64) []float64 {
		var y []float64
		for plane := 0; plane < len(x); plane += in.Height * in.Width {
			for at := range out.Height * out.Width {
				var square []float64
				for d := range height * width {
					square = append(square, x[plane+(at/out.Width*height+d/width)*in.Width+at%out.Width*width+d%width])
				}
				y = append(y, f(square))
			}
		}
		return y
	}
}

func largest(v []float64) float64 {
	m := math.Inf(-1)
	for _, x := range v {
		m = max(m, x)
	}
	return m
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// norm is batch normalisation with the statistics of the rows or with the
// running ones.
func norm(in layer.Shape, train bool) gradtest.Reference {
	return func(x []float64, p [][]float64) []float64 {
		y := make([]float64, len(x))
		for c := range in.Channels {
			var at []int
			var values []float64
			for i, v := range x {
				if i/(in.Height*in.Width)%in.Channels == c {
					at, values = append(at, i), append(values, v)
				}
			}
			m, variance := p[2][c], p[3][c]
			if train {
				m, variance = mean(values), 0
				for _, v := range values {
					variance += (v - m) * (v - m) / float64(len(values))
				}
			}
			for k, i := range at {
				y[i] = p[0][c]*(values[k]-m)/math.Sqrt(variance+1e-5) + p[1][c]
			}
		}
		return y
	}
}

func relu(x []float64, _ [][]float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = max(v, 0)
	}
	return y
}

func TestLayers(t *testing.T) {
	image := func(c, h, w int) layer.Shape { return layer.Shape{Channels: c, Height: h, Width: w} }
	type row struct {
		name string
		in   layer.Shape
		of   func(in layer.Shape) (layer.Layer, gradtest.Reference)
	}
	convOf := func(out int, w layer.Window) func(in layer.Shape) (layer.Layer, gradtest.Reference) {
		return func(in layer.Shape) (layer.Layer, gradtest.Reference) {
			c := layer.NewConv("conv", in, out, w, start)
			return c, conv(in, c.Out(), w)
		}
	}
	tests := []row{
		{"dense, fewer rows than inputs", layer.Vector(7), func(in layer.Shape) (layer.Layer, gradtest.Reference) {
			return layer.NewDense("dense", 7, 4, start), dense(7, 4)
		}},
		{"dense, more rows than inputs", layer.Vector(2), func(in layer.Shape) (layer.Layer, gradtest.Reference) {
			return layer.NewDense("dense", 2, 5, start), dense(2, 5)
		}},
		{"conv 5x5 padded", image(2, 7, 6), convOf(3, layer.Window{Size: 5, Stride: 1, Pad: 2})},
		{"conv 3x3 unpadded", image(3, 5, 5), convOf(2, layer.Window{Size: 3, Stride: 1})},
		{"conv 3x3 stride 2", image(2, 7, 8), convOf(3, layer.Window{Size: 3, Stride: 2, Pad: 1})},
		{"conv 1x1", image(3, 3, 4), convOf(4, layer.Window{Size: 1, Stride: 1})},
		{"conv 1x1 stride 2", image(3, 5, 4), convOf(2, layer.Window{Size: 1, Stride: 2})},
		{"conv of one pixel", image(1, 1, 1), convOf(2, layer.Window{Size: 5, Stride: 1, Pad: 2})},
		{"max pool 2", image(2, 5, 6), func(in layer.Shape) (layer.Layer, gradtest.Reference) {
			m := layer.NewMaxPool(in, 2)
			return m, pool(in, m.Out(), 2, 2, largest)
		}},
		{"max pool 3", image(2, 7, 6), func(in layer.Shape) (layer.Layer, gradtest.Reference) {
			m := layer.NewMaxPool(in, 3)
			return m, pool(in, m.Out(), 3, 3, largest)
		}},
		{"mean pool 2", image(2, 5, 4), func(in layer.Shape) (layer.Layer, gradtest.Reference) {
			m := layer.NewMeanPool(in, 2)
			return m, pool(in, m.Out(), 2, 2, mean)
		}},
		{"global pool", image(3, 5, 4), func(in layer.Shape) (layer.Layer, gradtest.Reference) {
			m := layer.NewGlobalPool(in)
			return m, pool(in, layer.Shape{Channels: 3, Height: 1, Width: 1}, 5, 4, mean)
		}},
		{"relu", layer.Vector(9), func(in layer.Shape) (layer.Layer, gradtest.Reference) { return layer.NewReLU(in), relu }},
		{"dropout off", layer.Vector(9), func(in layer.Shape) (layer.Layer, gradtest.Reference) {
			return layer.NewDropout(in, .5, 0), func(x []float64, _ [][]float64) []float64 { return x }
		}},
		{"batch norm", image(3, 2, 3), func(in layer.Shape) (layer.Layer, gradtest.Reference) {
			return layer.NewBatchNorm("norm", in, start), norm(in, false)
		}},
		{"residual", image(2, 4, 4), func(in layer.Shape) (layer.Layer, gradtest.Reference) {
			w := layer.Window{Size: 3, Stride: 1, Pad: 1}
			body := conv(in, in, w)
			return layer.NewResidual(layer.NewConv("body", in, 2, w, start), nil),
				func(x []float64, p [][]float64) []float64 { return plus(body(x, p), x) }
		}},
		{"residual with shortcut, stacked", image(2, 4, 4), func(in layer.Shape) (layer.Layer, gradtest.Reference) {
			w, one := layer.Window{Size: 3, Stride: 2, Pad: 1}, layer.Window{Size: 1, Stride: 2}
			out := layer.Shape{Channels: 3, Height: 2, Width: 2}
			// The body begins by using its input for its own, if it may.
			stack := layer.Stack{layer.NewConv("body", in, 3, w, start), layer.NewReLU(out)}
			body, short := conv(in, out, w), conv(in, out, one)
			return layer.Stack{layer.NewReLU(in), layer.NewResidual(stack, layer.NewConv("short", in, 3, one, start))},
				func(x []float64, p [][]float64) []float64 {
					x = relu(x, nil)
					return plus(relu(body(x, p[:2]), nil), short(x, p[2:]))
				}
		}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			l, reference := tc.of(tc.in)
			gradtest.Layer(t, l, tc.in, 3, &layer.Pass{}, reference)
		})
	}
	t.Run("batch norm in training", func(t *testing.T) {
		in := image(3, 2, 3)
		gradtest.Layer(t, layer.NewBatchNorm("norm", in, start), in, 4, &layer.Pass{Train: true}, norm(in, true))
	})
}

func plus(a, b []float64) []float64 {
	sum := make([]float64, len(a))
	for i := range a {
		sum[i] = a[i] + b[i]
	}
	return sum
}

// TestConv_warm holds that a warm step allocates nothing but what goroutines
// would cost: the layers serve millions of steps.
func TestConv_warm(t *testing.T) {
	in := layer.Shape{Channels: 1, Height: 12, Width: 12}
	c := layer.NewConv("a", in, 4, layer.Window{Size: 5, Stride: 1, Pad: 2}, start)
	stack := layer.Stack{c, layer.NewMaxPool(c.Out(), 2), layer.NewReLU(layer.Shape{Channels: 4, Height: 6, Width: 6}), layer.NewDense("b", 144, 3, start)}
	x, dy, pass := gradtest.Numbers(2*in.Size(), 1), gradtest.Numbers(6, 2), &layer.Pass{Train: true}
	if got := gradtest.Allocations(func() {
		stack.Forward(x, 2, pass)
		stack.Backward(dy, false)
	}); got > 0 {
		t.Errorf("a step allocates %v times, want 0", got)
	}
}
