package lineartest

import (
	"slices"
	"sync"

	"godwit/shared/ml/linear"
)

// Collect runs train, which hands its solutions out concurrently and lends
// their weights, on y as classes, and returns the outputs by class. Along a
// path the last solution of each class is kept.
func Collect(y []float64, train func(class []int32, each func(linear.Solution) error) error) ([]Output, error) {
	class := make([]int32, len(y))
	for i, v := range y {
		class[i] = int32(v)
	}
	all, err := Solutions(func(each func(linear.Solution) error) error { return train(class, each) })
	if err != nil {
		return nil, err
	}
	var out []Output
	for k, s := range all {
		if k+1 < len(all) && all[k+1].Class == s.Class {
			continue
		}
		weight := make([]float64, len(s.Weight))
		for j, w := range s.Weight {
			weight[j] = float64(w)
		}
		out = append(out, Output{Weight: weight, Bias: float64(s.Bias), Objective: s.Objective})
	}
	return out, nil
}

// Solutions runs train and returns copies of its solutions by class and then
// by step.
func Solutions(train func(each func(linear.Solution) error) error) ([]linear.Solution, error) {
	var mu sync.Mutex
	var all []linear.Solution
	err := train(func(s linear.Solution) error {
		s.Weight = slices.Clone(s.Weight)
		mu.Lock()
		defer mu.Unlock()
		all = append(all, s)
		return nil
	})
	slices.SortStableFunc(all, func(a, b linear.Solution) int {
		if a.Class != b.Class {
			return a.Class - b.Class
		}
		return a.Step - b.Step
	})
	return all, err
}
