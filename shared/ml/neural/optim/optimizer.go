package optim

import (
	"math"

	"godwit/shared/ml/neural/layer"
	"godwit/shared/ml/neural/parallel"
	"godwit/shared/ml/neural/vector"
)

// piece is how many numbers of a parameter a goroutine takes at a time: few
// enough that those of all replicas and moments stay in the second cache.
const piece = 1 << 13

// inertia is how much of the old value a running statistic keeps each step.
const inertia = 0.9

// Optimizer changes parameters. It serves one goroutine; Step has its own.
type Optimizer struct {
	set      Settings
	replicas [][]*layer.Param
	moments  []Moments
	work     []part
	total    int       // steps of the whole training
	at       [][]int32 // by parameter: before which step each row stands; nil of those that are not sparse
	merged   [][]int32 // by parameter: the rows that any replica touched
	seen     [][]bool  // by parameter: which rows are in merged
	rates    []float64 // by step, as far as any was asked for
	squares  []float64 // by part: the sum of its squared gradients
}

// Moments is what the optimiser remembers of a parameter: the running mean of
// its gradients, under SGD the velocity; and that of their squares, nil under
// SGD. Both are nil of a running statistic.
type Moments struct{ First, Second []float32 }

// part is the numbers from lo to hi of a parameter; all of them if it is sparse.
type part struct{ param, lo, hi int }

// New returns an optimiser for networks that share their weights. settings
// must have their defaults and pass Check; total is how many steps there will
// be; replicas are the Params of each, at least one, in the order in which
// gradients are added.
func New(s Settings, total int, replicas ...[]*layer.Param) *Optimizer {
	o := &Optimizer{set: s, total: total, replicas: replicas, at: make([][]int32, len(replicas[0]))}
	for i, p := range replicas[0] {
		n := len(p.Value)
		var m Moments
		if !p.Running {
			m.First = make([]float32, n)
			if s.Method != SGD {
				m.Second = make([]float32, n)
			}
		}
		o.moments = append(o.moments, m)
		o.merged, o.seen = append(o.merged, nil), append(o.seen, nil)
		if p.Rows != nil {
			o.seen[i] = make([]bool, p.Shape[0])
			o.at[i] = make([]int32, p.Shape[0])
			o.work = append(o.work, part{i, 0, n})
			continue
		}
		for lo := 0; lo < n; lo += piece {
			o.work = append(o.work, part{i, lo, min(lo+piece, n)})
		}
	}
	o.squares = make([]float64, len(o.work))
	return o
}

// Moments returns the memory of each parameter, in the order of Params. They
// may be written between steps, which is how a training goes on.
func (o *Optimizer) Moments() []Moments { return o.moments }

// Step changes the parameters by the sum of the replicas' gradients. step
// counts from 0; batch is how many rows of data it had, which running statistics
// are means over. workers goroutines compute, one if it is below 2.
func (o *Optimizer) Step(step, batch, workers int) {
	u := update{set: o.set, step: step, batch: batch, clip: 1}
	u.prepare(o.set.RateAt(step, o.total))
	if o.set.Clip == 0 {
		parallel.Each(len(o.work), workers, func(_, i int) {
			o.reduce(i)
			o.apply(i, u)
		})
		return
	}
	parallel.Each(len(o.work), workers, func(_, i int) { o.reduce(i) })
	total := 0.0
	for _, s := range o.squares {
		total += s
	}
	if norm := math.Sqrt(total); norm > o.set.Clip {
		u.clip = float32(o.set.Clip / norm)
	}
	parallel.Each(len(o.work), workers, func(_, i int) { o.apply(i, u) })
}

// reduce adds the gradients of a part up in the first replica and notes the
// sum of their squares.
func (o *Optimizer) reduce(i int) {
	w := o.work[i]
	first := o.replicas[0][w.param]
	if first.Rows != nil {
		o.merge(w.param)
	} else {
		for _, r := range o.replicas[1:] {
			vector.Add(first.Grad[w.lo:w.hi], r[w.param].Grad[w.lo:w.hi])
		}
	}
	if o.set.Clip == 0 || first.Running {
		return
	}
	o.squares[i] = 0
	o.ranges(w, func(lo, hi int) {
		for ; lo < hi; lo += 1024 {
			g := first.Grad[lo:min(lo+1024, hi)]
			o.squares[i] += float64(vector.Dot(g, g))
		}
	})
}

// merge adds up sparse gradients: the rows that any replica touched, in the
// order of the replicas and of their first touch.
func (o *Optimizer) merge(param int) {
	touched := o.merged[param][:0]
	first := o.replicas[0][param]
	for r, replica := range o.replicas {
		p := replica[param]
		for _, row := range *p.Rows {
			if !o.seen[param][row] {
				o.seen[param][row] = true
				touched = append(touched, row)
			}
			if r > 0 {
				lo, hi := span(p, row)
				vector.Add(first.Grad[lo:hi], p.Grad[lo:hi])
			}
		}
	}
	for _, row := range touched {
		o.seen[param][row] = false
	}
	o.merged[param] = touched
}

// span returns where a row of a parameter begins and ends.
func span(p *layer.Param, row int32) (lo, hi int) {
	width := len(p.Value) / p.Shape[0]
	return int(row) * width, (int(row) + 1) * width
}

// ranges calls f with what a part has gradients in.
func (o *Optimizer) ranges(w part, f func(lo, hi int)) {
	p := o.replicas[0][w.param]
	if p.Rows == nil {
		f(w.lo, w.hi)
		return
	}
	for _, row := range o.merged[w.param] {
		f(span(p, row))
	}
}

// apply changes the values of a part and sets its gradients to zero.
func (o *Optimizer) apply(i int, u update) {
	w := o.work[i]
	p, m := o.replicas[0][w.param], o.moments[w.param]
	o.ranges(w, func(lo, hi int) {
		u.apply(p, m, lo, hi)
		for _, r := range o.replicas {
			clear(r[w.param].Grad[lo:hi])
		}
	})
	if p.Rows != nil {
		for _, row := range o.merged[w.param] {
			o.at[w.param][row] = int32(u.step + 1)
		}
		for _, r := range o.replicas {
			*r[w.param].Rows = (*r[w.param].Rows)[:0]
		}
	}
}
