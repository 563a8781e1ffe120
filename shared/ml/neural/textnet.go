package neural

import (
	"slices"

	"godwit/shared/ml/neural/layer"
	"godwit/shared/ml/neural/recurrent"
)

// textNet is a network that takes tokens: embedding, one or two recurrent
// layers, one vector of each text, and a dense layer.
type textNet struct {
	embedding *recurrent.Embedding
	drop      *layer.Dropout // of the embedding
	ways      []way
	head      layer.Stack
	width     int // of what the ways give together
	most      int // tokens of a text that are read

	batch  [][]int32
	packed recurrent.Packed
	pooled []float32 // texts x width
	sum    []float32 // derivatives by the embeddings
}

// way is a recurrent layer in one direction, with its pool.
type way struct {
	layer *recurrent.Recurrent
	pool  *recurrent.Pool
}

// newTextNet returns the network of the settings.
func newTextNet(s Settings, vocabulary, classes int, start layer.Start) *textNet {
	t := s.Text
	n := &textNet{
		embedding: recurrent.NewEmbedding("embedding", vocabulary, t.Width, start.Split(0)),
		drop:      layer.NewDropout(layer.Vector(t.Width), float32(s.Dropout), 0),
		most:      t.Tokens,
	}
	for i, name := range []string{"forward", "backward"} {
		if i == 1 && t.OneWay {
			break
		}
		r := recurrent.New(name, t.Cell, t.Width, t.Units, i == 1, start.Split(uint64(1+i)))
		n.ways = append(n.ways, way{r, recurrent.NewPool(t.Pooling, r)})
		n.width += t.Units
	}
	n.head = layer.Stack{
		layer.NewDropout(layer.Vector(n.width), float32(s.Dropout), 1),
		layer.NewDense("dense", n.width, classes, start.Split(3)),
	}
	return n
}

func (n *textNet) params() []*layer.Param {
	all := []*layer.Param{n.embedding.Weight}
	for _, w := range n.ways {
		all = append(all, w.layer.Params()...)
	}
	return append(all, n.head.Params()...)
}

func (n *textNet) replica(learn bool) network {
	r := &textNet{
		embedding: n.embedding.Replica(learn),
		drop:      n.drop.Replica(learn).(*layer.Dropout),
		head:      n.head.Replica(learn).(layer.Stack),
		width:     n.width, most: n.most,
	}
	for _, w := range n.ways {
		l := w.layer.Replica(learn)
		r.ways = append(r.ways, way{l, w.pool.Replica()})
	}
	return r
}

// add puts a text into the batch, as far as it is read.
func (n *textNet) add(tokens []int32) { n.batch = append(n.batch, tokens[:min(len(tokens), n.most)]) }

// forward returns the margins of the texts in the batch.
func (n *textNet) forward(p *layer.Pass) []float32 {
	n.packed.Pack(n.batch)
	x := n.drop.Forward(n.embedding.Forward(n.packed.Tokens), n.packed.Rows(), p)
	size := len(n.batch) * n.width
	n.pooled = slices.Grow(n.pooled[:0], size)[:size]
	at := 0
	for _, w := range n.ways {
		w.pool.Forward(n.pooled, w.layer.Forward(x, &n.packed), &n.packed, n.width, at)
		at += w.layer.Units()
	}
	return n.head.Forward(n.pooled, len(n.batch), p)
}

func (n *textNet) backward(dy []float32) {
	dy = n.head.Backward(dy, true)
	at := 0
	for i, w := range n.ways {
		dx := w.layer.Backward(w.pool.Backward(dy, n.width, at))
		at += w.layer.Units()
		if i == 0 {
			n.sum = append(n.sum[:0], dx...)
			continue
		}
		for j, v := range dx {
			n.sum[j] += v
		}
	}
	n.embedding.Backward(n.drop.Backward(n.sum, true))
}
