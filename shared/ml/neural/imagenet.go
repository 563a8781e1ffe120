package neural

import (
	"math"
	"slices"

	"godwit/shared/ml/neural/layer"
)

// pixelScale turns a byte into a number from 0 to 1.
const pixelScale = 1.0 / 255

// imageNet is a network that takes pixels.
type imageNet struct {
	in      layer.Shape
	stack   layer.Stack
	augment ImageSettings
	scale   float32   // what a byte is multiplied by
	x       []float32 // rows x in
}

// newImageNet returns the network of the settings. A folded one has no batch
// normalisation: it is in the convolutions.
func newImageNet(s Settings, in layer.Shape, classes int, start layer.Start, folded bool) *imageNet {
	b := &builder{shape: in, start: start, folded: folded}
	if s.Image.Architecture == LeNet {
		b.leNet(float32(s.Dropout), classes)
	} else {
		b.resNet(float32(s.Dropout), classes)
	}
	return &imageNet{in: in, stack: b.stack, augment: s.Image, scale: pixelScale}
}

func (n *imageNet) params() []*layer.Param { return n.stack.Params() }

func (n *imageNet) replica(learn bool) network {
	return &imageNet{in: n.in, stack: n.stack.Replica(learn).(layer.Stack), augment: n.augment, scale: n.scale}
}

// fold returns the network for prediction, which takes pixels from 0 to 1: what
// scaled them further goes into the first convolution, exactly so, for what is
// around an image is black as well. Weights that nothing is folded into are
// shared.
func (n *imageNet) fold() *imageNet {
	stack := fold(n.stack)
	if n.scale != pixelScale {
		stack[0] = stack[0].(*layer.Conv).Scaled(n.scale / pixelScale)
	}
	return &imageNet{in: n.in, stack: stack, scale: pixelScale}
}

// darkest is the root mean square below which images are not made brighter any
// further: those that are all but black have nothing but noise in them.
const darkest = .05

// unitScale returns what bytes must be multiplied by so that their mean square
// is 1: the weights begin for such inputs.
func unitScale(pixels []uint8) float32 {
	sum := uint64(0)
	for _, v := range pixels {
		sum += uint64(v) * uint64(v)
	}
	rms := math.Sqrt(float64(sum)/float64(len(pixels))) * pixelScale
	return float32(pixelScale / max(rms, darkest))
}

// fold takes the batch normalisation into the convolution before it.
func fold(s layer.Stack) layer.Stack {
	var out layer.Stack
	for i := 0; i < len(s); i++ {
		switch l := s[i].(type) {
		case *layer.Conv:
			if i+1 < len(s) {
				if norm, ok := s[i+1].(*layer.BatchNorm); ok {
					out = append(out, norm.Fold(l))
					i++
					continue
				}
			}
			out = append(out, l.Replica(false))
		case *layer.Residual:
			body, short := l.Parts()
			if short != nil {
				short = fold(short.(layer.Stack))
			}
			out = append(out, layer.NewResidual(fold(body.(layer.Stack)), short))
		default:
			out = append(out, l.Replica(false))
		}
	}
	return out
}

// resize makes room for n images.
func (n *imageNet) resize(rows int) {
	n.x = slices.Grow(n.x[:0], rows*n.in.Size())[:rows*n.in.Size()]
}

// load puts an image in its place of the batch. In training it is moved and
// mirrored by chance, if the settings say so; what comes in at an edge is
// black.
func (n *imageNet) load(i int, pixels []uint8, p *layer.Pass) {
	dst := n.x[i*n.in.Size():][:n.in.Size()]
	if !p.Train || n.augment.Shift == 0 && !n.augment.Flip {
		for j, v := range pixels {
			dst[j] = float32(v) * n.scale
		}
		return
	}
	key := p.Chance.Split(augmentPart).Split(uint64(i))
	flip := n.augment.Flip && key.Bits(0)&1 == 1
	span := 2*n.augment.Shift + 1
	right, down := key.Below(1, span)-n.augment.Shift, key.Below(2, span)-n.augment.Shift
	clear(dst)
	for line := range n.in.Channels * n.in.Height {
		y := line%n.in.Height + down
		if y < 0 || y >= n.in.Height {
			continue
		}
		row := dst[(line+down)*n.in.Width:][:n.in.Width]
		for x, v := range pixels[line*n.in.Width:][:n.in.Width] {
			if flip {
				x = n.in.Width - 1 - x
			}
			if x += right; x >= 0 && x < n.in.Width {
				row[x] = float32(v) * n.scale
			}
		}
	}
}

// forward returns the margins of the images loaded.
func (n *imageNet) forward(rows int, p *layer.Pass) []float32 { return n.stack.Forward(n.x, rows, p) }

func (n *imageNet) backward(dy []float32) { n.stack.Backward(dy, false) }

// The parts of a step's chance, beside the dropouts, which count from 0.
const augmentPart = 1 << 32

// builder puts a network together, layer by layer.
type builder struct {
	stack  layer.Stack
	shape  layer.Shape // of what comes out so far
	start  layer.Start
	folded bool
	layers uint64
}

func (b *builder) add(l layer.Layer) { b.stack, b.shape = append(b.stack, l), l.Out() }

// next returns the start of the next layer with weights.
func (b *builder) next() layer.Start {
	b.layers++
	return b.start.Split(b.layers)
}

func (b *builder) conv(name string, out int, w layer.Window) {
	b.add(layer.NewConv(name, b.shape, out, w, b.next()))
}

// normal adds a convolution with batch normalisation.
func (b *builder) normal(name string, out int, w layer.Window) {
	b.conv(name, out, w)
	if !b.folded {
		b.add(layer.NewBatchNorm(name+".norm", b.shape, b.start))
	}
}

func (b *builder) relu() { b.add(layer.NewReLU(b.shape)) }

func (b *builder) dense(name string, out int) {
	b.add(layer.NewDense(name, b.shape.Size(), out, b.next()))
}

// leNet is the network of the benchmarks: 16 and 32 filters of 5x5, pooled
// by 2, then 128 units. Pooling before ReLU gives what ReLU before pooling
// does, for a quarter of the work.
func (b *builder) leNet(dropout float32, classes int) {
	w := layer.Window{Size: 5, Stride: 1, Pad: 2}
	for _, c := range []struct {
		name string
		out  int
	}{{"conv1", 16}, {"conv2", 32}} {
		b.conv(c.name, c.out, w)
		b.add(layer.NewMaxPool(b.shape, 2))
		b.relu()
	}
	b.dense("dense1", 128)
	b.relu()
	b.add(layer.NewDropout(b.shape, dropout, 0))
	b.dense("dense2", classes)
}

// resNet is a stem and three residual blocks of 16, 32 and 64 filters, each
// but the first halving the image. Images above 64 pixels are halved by the
// stem too, those above 128 once more by a pool.
func (b *builder) resNet(dropout float32, classes int) {
	side := max(b.shape.Width, b.shape.Height)
	stem := layer.Window{Size: 3, Stride: 1, Pad: 1}
	if side > 64 {
		stem.Stride = 2
	}
	b.normal("stem", 16, stem)
	b.relu()
	if side > 128 {
		b.add(layer.NewMaxPool(b.shape, 2))
	}
	b.block("block1", 16, 1)
	b.block("block2", 32, 2)
	b.block("block3", 64, 2)
	b.add(layer.NewGlobalPool(b.shape))
	b.add(layer.NewDropout(b.shape, dropout, 0))
	b.dense("dense", classes)
}

// block adds a residual block of two convolutions of 3x3.
func (b *builder) block(name string, out, stride int) {
	body := &builder{shape: b.shape, start: b.next(), folded: b.folded}
	body.normal(name+".conv1", out, layer.Window{Size: 3, Stride: stride, Pad: 1})
	body.relu()
	body.normal(name+".conv2", out, layer.Window{Size: 3, Stride: 1, Pad: 1})
	var short layer.Layer // nil: not a Stack of nothing
	if stride != 1 || out != b.shape.Channels {
		s := &builder{shape: b.shape, start: b.next(), folded: b.folded}
		s.normal(name+".short", out, layer.Window{Size: 1, Stride: stride})
		short = s.stack
	}
	b.add(layer.NewResidual(body.stack, short))
	b.relu()
}
