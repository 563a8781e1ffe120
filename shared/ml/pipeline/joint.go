package pipeline

import (
	"context"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/logistic"
)

// multinomial trains all classes of a lesson together, along a path of costs,
// and calls each for the problems of a block.
//
// The margins are the softmax's own. Two classes have one problem, whose margin
// m speaks as -m and m for both: half the difference of their weights, which
// leaves every probability as it is.
func (l learner) multinomial(ctx context.Context, r lesson, path []float64, block linear.Range, workers int, each func(linear.Solution) error) error {
	if err := l.multinomialFits(r); err != nil {
		return err
	}
	var first []float32 // of two classes: the weights of class 0
	var bias float32
	s := logistic.Regression{C: path, L1Ratio: l.l1, Epsilon: l.epsilon}
	return s.Multinomial(ctx, r.x, r.y, l.weights(r), r.classes, workers, func(sol linear.Solution) error {
		if r.classes != 2 {
			if sol.Class < block.From || sol.Class >= block.To {
				return nil
			}
			return each(sol)
		}
		if sol.Class == 0 {
			first, bias = append(first[:0], sol.Weight...), sol.Bias
			return nil
		}
		for j, w := range sol.Weight {
			first[j] = (w - first[j]) / 2
		}
		sol.Weight, sol.Bias = first, (sol.Bias-bias)/2
		return each(sol)
	})
}

// multinomialFits estimates the memory that training all classes together
// takes, from the room it is done in.
func (l learner) multinomialFits(r lesson) error {
	// Bytes for each class and column, and for each class and row, as the comment
	// of logistic.Regression.Multinomial has them.
	packed, each, row := r.x.Cols, 8, 8
	if l.l1 == 0 {
		// What a single row has alone is one column.
		packed, each, row = min(r.x.Cols, shared(r)+r.x.Rows), 56, 40
	}
	need := float64(r.classes) * (float64(each)*float64(packed) + float64(row)*float64(r.x.Rows))
	return checkMemory(need, r.classes, packed)
}

// shared counts the features that two rows have.
func shared(r lesson) int {
	rows, n := make([]uint8, r.x.Cols), 0 // of each column: 0, 1, or 2 for more
	for _, j := range r.x.Index {
		if rows[j] < 2 {
			if rows[j]++; rows[j] == 2 {
				n++
			}
		}
	}
	return n
}
