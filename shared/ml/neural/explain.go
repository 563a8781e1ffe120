package neural

import (
	"math"

	"godwit/shared/ml/text"
)

// Explanation splits the margin of a class over the tokens of a text:
// Baseline, the weights of all tokens and Rest add up to Margin, but for
// rounding. A recurrent network is not a sum, so Rest is not zero: it is what
// tokens do together and none does alone.
type Explanation struct {
	Baseline float64 // the margin of a text without tokens
	Margin   float64
	Tokens   []TokenWeight // in their order; those beyond what the network reads are left out
	Rest     float64
}

// TokenWeight is a token of a text, and by how much the margin is larger with
// it than without it.
type TokenWeight struct {
	Start, End int // code points of the document, End excluded
	Weight     float64
}

// occluded is how many variants of an input are answered at a time: it bounds
// the memory, which grows with the square of a text's length otherwise.
const occluded = 16

// Explain returns how the margin of a class comes about, by leaving out each
// token in turn (occlusion; Li, Monroe, Jurafsky, "Understanding neural networks
// through representation erasure", 2016). class must be a place in Labels.
func (m Text) Explain(s *Scratch, document string, class int) Explanation {
	net := s.network(m.Model).(*textNet)
	var e Explanation
	s.text.Sequence(document, func(_ []byte, at text.Extent) {
		if len(e.Tokens) < net.most {
			e.Tokens = append(e.Tokens, TokenWeight{Start: at.Start, End: at.End})
		}
	})
	s.tokens = m.vocabulary.Tokens(s.tokens[:0], &s.text, document, net.most)
	variants := [][]int32{{Unknown}, s.tokens}
	for i := range e.Tokens {
		without := append(append([]int32{}, s.tokens[:i]...), s.tokens[i+1:]...)
		if len(without) == 0 {
			without = append(without, Unknown)
		}
		variants = append(variants, without)
	}
	margins := net.marginsOf(variants, class, len(m.Labels()))
	e.Baseline, e.Margin = margins[0], margins[1]
	e.Rest = e.Margin - e.Baseline
	for i := range e.Tokens {
		e.Tokens[i].Weight = e.Margin - margins[2+i]
		e.Rest -= e.Tokens[i].Weight
	}
	return e
}

// marginsOf returns the margin of a class for each of many texts.
func (n *textNet) marginsOf(texts [][]int32, class, classes int) []float64 {
	var out []float64
	for len(texts) > 0 {
		n.batch = append(n.batch[:0], texts[:min(occluded, len(texts))]...)
		texts = texts[len(n.batch):]
		margins := n.forward(&plain)
		for i := range n.batch {
			out = append(out, float64(margins[i*classes+class]))
		}
	}
	return out
}

// Saliency returns how much the margin of a class depends on each pixel of an
// image: the largest absolute derivative over its channels, per unit of full
// colour (Simonyan, Vedaldi, Zisserman, "Deep inside convolutional networks",
// 2014). The numbers run line by line and are the caller's. pixels must be one
// image, class a place in Labels.
func (m Image) Saliency(s *Scratch, pixels []uint8, class int) []float32 {
	dy := make([]float32, len(m.Margins(s, pixels)))
	dy[class] = 1
	dx := s.network(m.Model).(*imageNet).stack.Backward(dy, true)
	plane := m.manifest.Width * m.manifest.Height
	heat := make([]float32, plane)
	for i, d := range dx {
		heat[i%plane] = max(heat[i%plane], float32(math.Abs(float64(d))))
	}
	return heat
}

// Occlusion returns by how much the margin of a class falls when a square of
// patch x patch pixels is painted with the image's mean colour, for each pixel
// the mean over the squares that hold it, which lie half a patch apart (Zeiler
// and Fergus, "Visualizing and understanding convolutional networks", 2014). The
// numbers run line by line and are the caller's. pixels must be one image, class
// a place in Labels, patch at least 1.
func (m Image) Occlusion(s *Scratch, pixels []uint8, class, patch int) []float32 {
	width, height, classes := m.manifest.Width, m.manifest.Height, len(m.Labels())
	var corners [][2]int
	for y := 0; y < height; y += max(patch/2, 1) {
		for x := 0; x < width; x += max(patch/2, 1) {
			corners = append(corners, [2]int{x, y})
		}
	}
	whole := m.Margins(s, pixels)[class]
	mean := means(pixels, width*height)
	heat, seen := make([]float32, width*height), make([]float32, width*height)
	for len(corners) > 0 {
		now := corners[:min(occluded, len(corners))]
		corners = corners[len(now):]
		var painted []uint8
		for _, c := range now {
			at := len(painted)
			painted = append(painted, pixels...)
			m.square(c, patch, func(i int) {
				for ch, v := range mean {
					painted[at+ch*width*height+i] = v
				}
			})
		}
		margins := m.Margins(s, painted)
		for k, c := range now {
			m.square(c, patch, func(i int) {
				heat[i] += whole - margins[k*classes+class]
				seen[i]++
			})
		}
	}
	for i, n := range seen {
		heat[i] /= n
	}
	return heat
}

// square calls f for each pixel of a square that lies in the image.
func (m Image) square(corner [2]int, patch int, f func(pixel int)) {
	for y := corner[1]; y < min(corner[1]+patch, m.manifest.Height); y++ {
		for x := corner[0]; x < min(corner[0]+patch, m.manifest.Width); x++ {
			f(y*m.manifest.Width + x)
		}
	}
}

// means returns the mean of each channel.
func means(pixels []uint8, plane int) []uint8 {
	out := make([]uint8, len(pixels)/plane)
	for c := range out {
		sum := 0
		for _, v := range pixels[c*plane:][:plane] {
			sum += int(v)
		}
		out[c] = uint8(sum / plane)
	}
	return out
}
