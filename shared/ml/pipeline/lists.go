package pipeline

import (
	"math"
	"slices"

	"godwit/shared/ml/artifact"
)

// column is what is left of the weights of one problem. Those of texts are
// rounded to half precision, which single precision holds as it is.
type column struct {
	feature []int32   // each once, ascending
	weight  []float32 // of each feature, never 0
}

// lists says which problems use each feature: those of feature f are at the
// places start[f] to start[f+1] of class, ascending. The weights are beside
// them, in a slice of the model's own precision. By feature and not by problem,
// for a prediction has a few dozen features and asks of each what it says to all
// problems: one run of memory each.
type lists struct {
	start []uint32 // one more than features
	class classList
}

// gather turns weights by problem into weights by feature, in the precision
// that as gives.
func gather[W any](features int, columns []column, as func(float32) W) (lists, []W) {
	l := lists{start: make([]uint32, features+1)}
	for _, p := range columns {
		for _, f := range p.feature {
			l.start[f+1]++
		}
	}
	for f := range features {
		l.start[f+1] += l.start[f]
	}
	total := int(l.start[features])
	weight := make([]W, total)
	l.class = newClassList(len(columns), total)
	// next[f] is where the next weight of feature f goes; filling problem by
	// problem leaves every list ascending.
	next := slices.Clone(l.start)
	for c, p := range columns {
		for k, f := range p.feature {
			at := next[f]
			next[f]++
			weight[at] = as(p.weight[k])
			l.class.set(at, c)
		}
	}
	return l, weight
}

// find returns the place of a feature's weight for a problem, and whether it
// has one. It looks at all of a feature's problems, which is for explanations;
// predictions go by classList.add.
func (l *lists) find(feature int32, problem int) (uint32, bool) {
	for i := l.start[feature]; i < l.start[feature+1]; i++ {
		if l.class.at(i) == problem {
			return i, true
		}
	}
	return 0, false
}

// bytes returns the memory of the lists.
func (l *lists) bytes() int64 { return int64(len(l.start))*4 + l.class.bytes() }

// tensors returns the lists for a file.
func (l *lists) tensors() []artifact.Tensor {
	class := artifact.FromBytes(tensorClass, nil, l.class.narrow)
	if l.class.wide != nil {
		class = artifact.FromUint16s(tensorClass, nil, l.class.wide)
	}
	return []artifact.Tensor{artifact.FromUint32s(tensorStart, nil, l.start), class}
}

// listsOf reads the lists of so many features, problems and weights, and
// verifies offsets and problem numbers.
func listsOf(f *artifact.File, features, problems, weights int) (l lists, err error) {
	if l.start, err = artifact.Elements(f, tensorStart, artifact.Uint32s); err != nil {
		return l, err
	}
	l.class.problems = problems
	if problems <= 1<<8 {
		l.class.narrow, err = artifact.Elements(f, tensorClass, artifact.Bytes)
	} else {
		l.class.wide, err = artifact.Elements(f, tensorClass, artifact.Uint16s)
	}
	if err != nil {
		return l, err
	}
	if got := len(l.class.narrow) + len(l.class.wide); got != weights {
		return l, corrupt(nil, "%d problem numbers for %d weights", got, weights)
	}
	if features < 0 || len(l.start)-1 != features || l.start[0] != 0 || int64(l.start[features]) != int64(weights) {
		return l, corrupt(nil, "%d offsets of weights for %d features", len(l.start), features)
	}
	// Rising offsets with the right ends are within bounds, all of them.
	if !slices.IsSorted(l.start) {
		return l, corrupt(nil, "offsets of weights fall")
	}
	for f := range features {
		last := -1
		for i := l.start[f]; i < l.start[f+1]; i++ {
			c := l.class.at(i)
			if c <= last || c >= problems {
				return l, corrupt(nil, "feature %d: problem %d of %d after %d", f, c, problems, last)
			}
			last = c
		}
	}
	return l, nil
}

// finite reports whether x is neither infinite nor not a number.
func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
