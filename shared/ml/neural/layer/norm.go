package layer

import (
	"math"

	"godwit/shared/ml/neural/vector"
)

// batchNormEpsilon is added to variances, as PyTorch does by default.
const batchNormEpsilon = 1e-5

// BatchNorm scales each channel to mean 0 and variance 1 and then by learned
// numbers: y = scale·(x - mean)/√(variance + 1e-5) + shift (Ioffe and Szegedy,
// "Batch normalization", ICML 2015). In training mean and variance are those of
// the rows the replica has, so of a shard of the batch: "ghost" batch
// normalisation (Hoffer, Hubara, Soudry, "Train longer, generalize better",
// NIPS 2017), which needs no word between goroutines. Else they are running
// means over the batches of training.
type BatchNorm struct {
	Scale, Shift   *Param // channels
	Mean, Variance *Param // channels, running

	in      Shape
	n       int
	batch   bool      // the last Forward took the batch's statistics
	hat     []float32 // x at mean 0 and variance 1
	inverse []float32 // 1/√(variance + epsilon), by channel
	y, dx   []float32
}

// NewBatchNorm returns a layer that begins with scale 1 and shift 0.
func NewBatchNorm(name string, in Shape, start Start) *BatchNorm {
	b := &BatchNorm{
		Scale: start.Param(name+".scale", in.Channels), Shift: start.Param(name+".shift", in.Channels),
		Mean: start.Param(name+".mean", in.Channels), Variance: start.Param(name+".variance", in.Channels),
		in: in, inverse: make([]float32, in.Channels),
	}
	b.Mean.Running, b.Variance.Running = true, true
	fill(b.Scale.Value, 1)
	fill(b.Variance.Value, 1)
	return b
}

// Out returns the shape of the input.
func (b *BatchNorm) Out() Shape { return b.in }

// Params returns scale and shift and the two running means.
func (b *BatchNorm) Params() []*Param { return []*Param{b.Scale, b.Shift, b.Mean, b.Variance} }

// Replica returns the layer for another goroutine.
func (b *BatchNorm) Replica(learn bool) Layer {
	return &BatchNorm{
		Scale: b.Scale.Replica(learn), Shift: b.Shift.Replica(learn),
		Mean: b.Mean.Replica(learn), Variance: b.Variance.Replica(learn),
		in: b.in, inverse: make([]float32, b.in.Channels),
	}
}

// Forward returns y. In training it also leaves the statistics of the rows in
// the Grad of the running means.
func (b *BatchNorm) Forward(x []float32, n int, p *Pass) []float32 {
	b.n, b.batch = n, p.Train
	b.y, b.hat = grow(b.y, len(x)), grow(b.hat, len(x))
	for c := range b.in.Channels {
		mean, variance := b.Mean.Value[c], b.Variance.Value[c]
		if p.Train {
			mean, variance = b.measure(x, c)
		}
		b.inverse[c] = float32(1 / math.Sqrt(float64(variance)+batchNormEpsilon))
		inverse, scale, shift := b.inverse[c], b.Scale.Value[c], b.Shift.Value[c]
		for i := range n {
			hat, y := b.plane(b.hat, i, c), b.plane(b.y, i, c)
			for j, v := range b.plane(x, i, c) {
				h := (v - mean) * inverse
				hat[j] = h
				y[j] = scale*h + shift
			}
		}
	}
	return b.y
}

// measure returns the mean and variance of a channel over the rows and adds
// them to the statistics.
func (b *BatchNorm) measure(x []float32, c int) (mean, variance float32) {
	count := float64(b.n * b.in.plane())
	total, squares := 0.0, 0.0
	for i := range b.n {
		total += float64(vector.Sum(b.plane(x, i, c)))
	}
	m := float32(total / count)
	for i := range b.n {
		part := float32(0)
		for _, v := range b.plane(x, i, c) {
			part += (v - m) * (v - m)
		}
		squares += float64(part)
	}
	if b.Mean.Grad != nil {
		// The running variance estimates that of all rows, hence the -1.
		b.Mean.Grad[c] += m * float32(b.n)
		b.Variance.Grad[c] += float32(squares/max(count-1, 1)) * float32(b.n)
	}
	return m, float32(squares / count)
}

// Backward adds dscale = Σ dy·hat and dshift = Σ dy and returns, with m the
// numbers of a channel,
//
//	dx = scale/√(variance+ε) · (dy - dshift/m - hat·dscale/m)
//
// where the last two are left out if the statistics were not the rows' own.
func (b *BatchNorm) Backward(dy []float32, input bool) []float32 {
	b.dx = grow(b.dx, len(dy))
	count := float32(b.n * b.in.plane())
	for c := range b.in.Channels {
		shift, scale := float32(0), float32(0)
		for i := range b.n {
			d := b.plane(dy, i, c)
			shift += vector.Sum(d)
			scale += vector.Dot(d, b.plane(b.hat, i, c))
		}
		if b.Scale.Grad != nil {
			b.Scale.Grad[c] += scale
			b.Shift.Grad[c] += shift
		}
		if !input {
			continue
		}
		if !b.batch {
			scale, shift = 0, 0
		}
		factor := b.Scale.Value[c] * b.inverse[c]
		scale, shift = scale/count, shift/count
		for i := range b.n {
			dx, hat := b.plane(b.dx, i, c), b.plane(b.hat, i, c)
			for j, v := range b.plane(dy, i, c) {
				dx[j] = factor * (v - shift - hat[j]*scale)
			}
		}
	}
	if !input {
		return nil
	}
	return b.dx
}

// plane returns channel c of row i.
func (b *BatchNorm) plane(x []float32, i, c int) []float32 {
	return x[(i*b.in.Channels+c)*b.in.plane():][:b.in.plane()]
}

// Fold returns a convolution that does what c and then b do when not training,
// named as c: W' = W·f and b' = (b - mean)·f + shift, f = scale/√(variance + ε).
func (b *BatchNorm) Fold(c *Conv) *Conv {
	folded := c.Replica(false).(*Conv)
	folded.Weight.Value = append([]float32(nil), c.Weight.Value...)
	folded.Bias.Value = append([]float32(nil), c.Bias.Value...)
	for o := range b.in.Channels {
		f := b.Scale.Value[o] * float32(1/math.Sqrt(float64(b.Variance.Value[o])+batchNormEpsilon))
		for k := range folded.inputs() {
			folded.Weight.Value[k*b.in.Channels+o] *= f
		}
		folded.Bias.Value[o] = (c.Bias.Value[o]-b.Mean.Value[o])*f + b.Shift.Value[o]
	}
	return folded
}
