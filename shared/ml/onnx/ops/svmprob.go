package ops

import (
	"math"

	"godwit/shared/ml/onnx"
)

// platt turns the decisions between each two classes into probabilities of the
// classes: a sigmoid 1/(1 + exp(a·d + b)) for each decision d (Platt, 1999), and
// of these pairs the shares that fit them best.
type platt struct{ a, b []float32 }

// plattOf reads the sigmoids of so many decisions; without any it is empty.
func plattOf(n *onnx.Node, decisions int) (platt, error) {
	p := platt{list(n, "prob_a").Floats, list(n, "prob_b").Floats}
	if len(p.a) != len(p.b) || len(p.a) > 0 && len(p.a) < decisions {
		return p, onnx.Errorf(onnx.Corrupt, "prob_a lists %d numbers and prob_b %d for %d decisions", len(p.a), len(p.b), decisions)
	}
	return p, nil
}

// work is what the shares of so many classes take at most, and bytes what they hold.
func (p platt) work(classes int) int {
	return min(len(p.a), 1) * mostTurns(classes) * classes * classes
}
func (p platt) bytes(classes int) int { return min(len(p.a), 1) * 16 * classes * classes }

// shares writes the probability of each class to out, of the decisions between
// class 0 and 1, 0 and 2, and so on.
func (p platt) shares(decisions, out []float32) {
	classes := len(out)
	const least = 1e-7 // no pair is that certain
	pairs := make([]float64, classes*classes)
	d := 0
	for i := range classes {
		for j := i + 1; j < classes; j++ {
			first := 1 / (1 + math.Exp(float64(decisions[d]*p.a[d])+float64(p.b[d])))
			first = min(max(first, least), 1-least)
			pairs[i*classes+j], pairs[j*classes+i] = first, 1-first
			d++
		}
	}
	for i, v := range couple(pairs, classes) {
		out[i] = float32(v)
	}
}

// mostTurns bounds the loop of couple, which seldom needs ten turns.
func mostTurns(classes int) int { return max(100, classes) }

// couple returns the shares p of n classes that minimise the sum of
// (r_ji p_i - r_ij p_j)² over all pairs, r_ij being pairs[i·n+j]: the second
// method of Wu, Lin and Weng, "Probability Estimates for Multi-class
// Classification by Pairwise Coupling" (JMLR 2004), algorithm 2, with the bounds
// that libsvm gives its loop, on which the last digits depend.
func couple(pairs []float64, n int) []float64 {
	q := make([]float64, n*n)
	for i := range n {
		for j := range n {
			if j != i {
				back := pairs[j*n+i]
				q[i*n+i] += float64(back * back)
				q[i*n+j] = float64(-back * pairs[i*n+j])
			}
		}
	}
	p, qp := make([]float64, n), make([]float64, n)
	for i := range p {
		p[i] = 1 / float64(n)
	}
	for range mostTurns(n) {
		whole, off := 0., 0.
		for i := range p {
			qp[i] = 0
			for j, v := range p {
				qp[i] += float64(q[i*n+j] * v)
			}
			whole += float64(p[i] * qp[i])
		}
		for _, v := range qp {
			off = max(off, math.Abs(v-whole))
		}
		if off < .005/float64(n) {
			break
		}
		for i := range p {
			step := (whole - qp[i]) / q[i*n+i]
			grown := 1 + step
			p[i] += step
			whole = (whole + float64(step*(float64(step*q[i*n+i])+2*qp[i]))) / grown / grown
			for j := range p {
				qp[j] = (qp[j] + float64(step*q[i*n+j])) / grown
				p[j] /= grown
			}
		}
	}
	return p
}
