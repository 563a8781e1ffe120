package cocoa

import "godwit/shared/ml/linear"

// Weights is what all shards start a round from: for each problem the weights
// of the common columns, and what was known of the objectives when they were
// made. A round and Reduce leave it as it is.
type Weights struct {
	Rounds   int       // reduced so far, over all penalties of a path
	C        float64   // penalty they are trained for
	Problems []Problem // in the order of linear.Problems

	vector [][]float32 // for each problem: the common columns, and the bias feature
}

// Problem is how far the training of one class against the rest has come.
type Problem struct {
	Class  int     `json:"class"`  // the class that is positive
	Primal float64 `json:"primal"` // objective where the last reduced round started, an upper bound of the minimum
	Dual   float64 `json:"dual"`   // there too, a lower bound of the minimum but for the rounding of weights
	Bias   float64 `json:"bias"`   // weight of the bias feature, less what momentum adds
	Age    int     `json:"age"`    // rounds since momentum last began anew
	Kept   bool    `json:"kept"`   // whether the weights stayed as they were, and the last round's changes were left out
	Done   bool    `json:"done"`   // whether no further round changes it
}

// Start returns the weights that a training begins with, all zero. It fails with
// a *linear.InputError for settings that have no meaning.
func (s SVM) Start(classes int, l *Layout) (*Weights, error) {
	s = s.withDefaults()
	if err := s.check(); err != nil {
		return nil, err
	}
	if classes < 1 {
		return nil, linear.Invalid("%d classes", classes)
	}
	w := &Weights{C: s.C}
	for _, class := range linear.Problems(classes) {
		w.Problems = append(w.Problems, Problem{Class: int(class)})
		w.vector = append(w.vector, make([]float32, len(l.Common)+1))
	}
	return w, nil
}

// Next returns the weights as the beginning of training for a greater penalty,
// which starts where this one ended. It fails with a *linear.InputError when c
// is not greater.
func (w *Weights) Next(c float64) (*Weights, error) {
	if err := linear.CheckPath([]float64{w.C, c}); err != nil {
		return nil, err
	}
	n := &Weights{Rounds: w.Rounds, C: c, vector: w.vector}
	for _, p := range w.Problems {
		n.Problems = append(n.Problems, Problem{Class: p.Class, Bias: p.Bias, Kept: p.Kept})
	}
	return n, nil
}

// Common returns the weights of a problem for the columns of Layout.Common, and
// what to add to their product with a row. The weights must not be changed.
func (w *Weights) Common(problem int, bias float64) (weight []float32, add float32) {
	v := w.vector[problem]
	last := len(v) - 1
	return v[:last:last], float32(float64(v[last]) * bias)
}

// Primal returns the primal objective summed over the problems.
func (w *Weights) Primal() float64 { return w.total(func(p Problem) float64 { return p.Primal }) }

// Dual returns the dual objective summed over the problems.
func (w *Weights) Dual() float64 { return w.total(func(p Problem) float64 { return p.Dual }) }

// Gap returns how far above the minimum the primal objective of all problems may
// lie, as a share of it: 1 before anything is known, 0 when nothing is lost.
func (w *Weights) Gap() float64 {
	primal := w.Primal()
	if primal == 0 {
		return 1
	}
	return (primal - w.Dual()) / primal
}

func (w *Weights) total(of func(Problem) float64) float64 {
	sum := 0.0
	for _, p := range w.Problems {
		sum += of(p)
	}
	return sum
}

// Done reports whether no problem needs another round.
func (w *Weights) Done() bool {
	for _, p := range w.Problems {
		if !p.Done {
			return false
		}
	}
	return true
}

// Duals are the dual variables of a shard's rows, which stay with it from round
// to round. They do not change.
type Duals struct {
	rounds  int
	problem []dual
}

// dual is the dual variables of one problem that are not zero: where the last
// round started, what it found, and where the next one starts, ahead of that by
// the momentum.
type dual struct {
	row                 []int32 // ascending
	before, found, next []float64
}

// start returns the variables that belong to weights: those the last round found
// its way to, or those it started from when its changes were left out.
func (d dual) start(kept bool) []float64 {
	if kept {
		return d.before
	}
	return d.next
}

// Update is what one shard found in one round. It does not change.
type Update struct {
	shard, rounds int
	problem       []change
}

// change is what one shard found of one problem: where the round started the
// sums that the objectives are made of, and how they go on along its changes.
type change struct {
	column []int32   // common columns whose weights change, ascending
	weight []float32 // by how much
	sums   sums
}

// sums are what the objectives are made of, of one shard's rows and own columns.
type sums struct {
	loss   float64 // weighted and times C
	alpha  float64
	soft   float64 // of q*alpha^2
	square float64 // of w*w over the own columns

	pull, nextPull float64 // of s*alpha, where the round and where the next one starts
	yield          float64 // by how much pull falls when the bias rises by 1, were every row alone
}
