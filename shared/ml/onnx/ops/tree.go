package ops

import (
	"math"

	"godwit/shared/ml/onnx"
)

// forest is an ensemble of trees. Nodes of all trees lie in one list.
type forest struct {
	nodes   []treeNode
	roots   []int32
	votes   []vote
	outputs int
	base    []float32
	post    transform
}

// treeNode compares a column with a number, or is a leaf with votes.
type treeNode struct {
	column  int32
	value   float32
	mode    branch
	missing bool     // where not-a-number goes
	next    [2]int32 // if not, if so; of a leaf the first of its votes and the end
}

// vote adds a weight to an output.
type vote struct {
	output int32
	weight float32
}

// branch is a kind of node.
type branch uint8

const (
	leaf branch = iota
	lessOrEqual
	less
	greaterOrEqual
	greater
	isEqual
	isNotEqual
)

var branches = map[string]branch{"LEAF": leaf, "BRANCH_LEQ": lessOrEqual, "BRANCH_LT": less, "BRANCH_GTE": greaterOrEqual, "BRANCH_GT": greater, "BRANCH_EQ": isEqual, "BRANCH_NEQ": isNotEqual}

// numbers reads a list that may be a tensor of another precision.
func numbers(n *onnx.Node, name string) []float32 {
	if a := n.Attribute(name + "_as_tensor"); a != nil && a.Tensor != nil {
		return a.Tensor.Floats
	}
	return list(n, name).Floats
}

// nodeKey names a node of a tree.
type nodeKey struct{ tree, node int64 }

// forestOf reads the nodes, whose votes are in attributes that begin with kind.
func forestOf(n *onnx.Node, kind string, outputs int) (*forest, error) {
	post, err := transformOf(n)
	if err != nil {
		return nil, err
	}
	f := &forest{outputs: outputs, base: numbers(n, "base_values"), post: post}
	at, err := f.readNodes(n)
	if err != nil {
		return nil, err
	}
	if err := f.readVotes(n, kind, at); err != nil {
		return nil, err
	}
	return f, f.check()
}

// readNodes reads the nodes and returns where each is.
func (f *forest) readNodes(n *onnx.Node) (map[nodeKey]int32, error) {
	trees, ids := list(n, "nodes_treeids").Ints, list(n, "nodes_nodeids").Ints
	columns, values, modes := list(n, "nodes_featureids").Ints, numbers(n, "nodes_values"), list(n, "nodes_modes").Strings
	yes, no := list(n, "nodes_truenodeids").Ints, list(n, "nodes_falsenodeids").Ints
	missing := list(n, "nodes_missing_value_tracks_true").Ints
	count := len(trees)
	if count == 0 || len(ids) != count || len(columns) != count || len(values) != count || len(modes) != count || len(yes) != count || len(no) != count || missing != nil && len(missing) != count {
		return nil, onnx.Errorf(onnx.Corrupt, "the lists of nodes differ in length, or are empty")
	}
	at := make(map[nodeKey]int32, count)
	for i := range trees {
		key := nodeKey{trees[i], ids[i]}
		if _, twice := at[key]; twice {
			return nil, onnx.Errorf(onnx.Corrupt, "node %d of tree %d is there twice", ids[i], trees[i])
		}
		at[key] = int32(i)
		if i == 0 || trees[i] != trees[i-1] {
			f.roots = append(f.roots, int32(i))
		}
	}
	for i := range trees {
		mode, ok := branches[modes[i]]
		if !ok || columns[i] < 0 || columns[i] > math.MaxInt32 {
			return nil, onnx.Errorf(onnx.Unsupported, "node %d of tree %d: mode %q of column %d", ids[i], trees[i], modes[i], columns[i])
		}
		node := treeNode{column: int32(columns[i]), value: values[i], mode: mode, missing: missing != nil && missing[i] != 0}
		if mode != leaf {
			t, there := at[nodeKey{trees[i], yes[i]}]
			e, also := at[nodeKey{trees[i], no[i]}]
			if !there || !also {
				return nil, onnx.Errorf(onnx.Corrupt, "node %d of tree %d leads to none", ids[i], trees[i])
			}
			node.next = [2]int32{e, t}
		}
		f.nodes = append(f.nodes, node)
	}
	return at, nil
}

// readVotes gives the leaves their votes.
func (f *forest) readVotes(n *onnx.Node, kind string, at map[nodeKey]int32) error {
	ids := list(n, kind+"_ids").Ints
	trees, nodes, weights := list(n, kind+"_treeids").Ints, list(n, kind+"_nodeids").Ints, numbers(n, kind+"_weights")
	if len(trees) != len(ids) || len(nodes) != len(ids) || len(weights) != len(ids) {
		return onnx.Errorf(onnx.Corrupt, "the lists of votes differ in length")
	}
	// Counted first, so that those of a leaf lie together in their order.
	end := make([]int32, len(f.nodes)+1)
	owner := make([]int32, len(ids))
	for i := range ids {
		j, there := at[nodeKey{trees[i], nodes[i]}]
		if !there || ids[i] < 0 || ids[i] >= int64(f.outputs) {
			return onnx.Errorf(onnx.Corrupt, "vote %d is of node %d of tree %d for output %d of %d", i, nodes[i], trees[i], ids[i], f.outputs)
		}
		owner[i] = j
		end[j+1]++
	}
	for j := range f.nodes {
		end[j+1] += end[j]
		if f.nodes[j].mode == leaf {
			f.nodes[j].next = [2]int32{end[j], end[j+1]}
		}
	}
	f.votes = make([]vote, len(ids))
	for i, j := range owner {
		f.votes[end[j]] = vote{int32(ids[i]), weights[i]}
		end[j]++
	}
	return nil
}

// check verifies that no node is reached twice, so that every walk ends.
func (f *forest) check() error {
	seen := make([]bool, len(f.nodes))
	for _, root := range f.roots {
		for open := []int32{root}; len(open) > 0; {
			i := open[len(open)-1]
			open = open[:len(open)-1]
			if seen[i] {
				return onnx.Errorf(onnx.Corrupt, "node %d is reached twice: no tree", i)
			}
			seen[i] = true
			if f.nodes[i].mode != leaf {
				open = append(open, f.nodes[i].next[0], f.nodes[i].next[1])
			}
		}
	}
	return nil
}

// so reports what a node says of a number.
func (t *treeNode) so(x float32) bool {
	if x != x && t.missing {
		return true
	}
	switch t.mode {
	case lessOrEqual:
		return x <= t.value
	case less:
		return x < t.value
	case greaterOrEqual:
		return x >= t.value
	case greater:
		return x > t.value
	case isEqual:
		return x == t.value
	}
	return x != t.value
}

// leafOf walks down a tree.
func (f *forest) leafOf(root int32, row []float32) (*treeNode, error) {
	for node := &f.nodes[root]; ; {
		if node.mode == leaf {
			return node, nil
		}
		if int(node.column) >= len(row) {
			return nil, badInput("%d columns, a tree asks for column %d", len(row), node.column)
		}
		next := node.next[0]
		if node.so(row[node.column]) {
			next = node.next[1]
		}
		node = &f.nodes[next]
	}
}

// each calls take with every vote for a row, tree by tree.
func (f *forest) each(r *Run, row []float32, take func(vote)) error {
	// A walk is about as long as the logarithm of the nodes, at worst all.
	if err := r.Spend(32 * len(f.roots)); err != nil {
		return err
	}
	for _, root := range f.roots {
		l, err := f.leafOf(root, row)
		if err != nil {
			return err
		}
		for _, v := range f.votes[l.next[0]:l.next[1]] {
			take(v)
		}
	}
	return nil
}

// treeRegressor adds up, or averages, or takes the extreme of the votes.
type treeRegressor struct {
	*forest
	merge   func(a, b float32) float32
	average bool
}

func makeTreeRegressor(n *onnx.Node, _ int64) (Kernel, error) {
	targets, how := intOf(n, "n_targets", 1), textOf(n, "aggregate_function", "SUM")
	if targets < 1 || targets > maxTargets {
		return nil, onnx.Errorf(onnx.Unsupported, "%d targets; 1 to %d are run", targets, maxTargets)
	}
	f, err := forestOf(n, "target", int(targets))
	if err != nil {
		return nil, err
	}
	merge, ok := map[string]func(a, b float32) float32{
		"SUM": func(a, b float32) float32 { return a + b }, "AVERAGE": func(a, b float32) float32 { return a + b },
		"MIN": func(a, b float32) float32 { return min(a, b) }, "MAX": func(a, b float32) float32 { return max(a, b) },
	}[how]
	if !ok || f.base != nil && len(f.base) != f.outputs {
		return nil, onnx.Errorf(onnx.Corrupt, "%d targets with %d base values, aggregated by %q", targets, len(f.base), how)
	}
	return treeRegressor{f, merge, how == "AVERAGE"}.run, nil
}

// maxTargets bounds the outputs of a forest.
const maxTargets = 1 << 16

// run makes [rows, targets].
func (t treeRegressor) run(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	x, rows, columns, err := table(r, in[0])
	if err != nil {
		return nil, err
	}
	out, err := r.floats(rows, t.outputs)
	if err != nil {
		return nil, err
	}
	voted := make([]bool, t.outputs)
	for i := range rows {
		row := out.Floats[i*t.outputs : (i+1)*t.outputs]
		clear(voted)
		err := t.each(r, x[i*columns:(i+1)*columns], func(v vote) {
			if !voted[v.output] {
				row[v.output] = v.weight
			} else {
				row[v.output] = t.merge(row[v.output], v.weight)
			}
			voted[v.output] = true
		})
		if err != nil {
			return nil, err
		}
		for k := range row {
			if t.average {
				row[k] /= float32(len(t.roots))
			}
			if t.base != nil {
				row[k] += t.base[k]
			}
		}
		t.post.apply(row)
	}
	return one(out, nil)
}

// makeTreeClassifier adds up the votes for each class.
func makeTreeClassifier(n *onnx.Node, _ int64) (Kernel, error) {
	l, err := labelsOf(n, "classlabels_int64s")
	if err != nil {
		return nil, err
	}
	f, err := forestOf(n, "class", l.len())
	if err != nil {
		return nil, err
	}
	if b := len(f.base); b != 0 && b != l.len() && !(b == 1 && l.len() == 2) {
		return nil, onnx.Errorf(onnx.Corrupt, "%d base values for %d classes", b, l.len())
	}
	if l.len() == 1 {
		return nil, onnx.Errorf(onnx.Unsupported, "a classifier of one class")
	}
	c := treeClassifier{f, l, true, true}
	for _, v := range f.votes {
		c.alone = c.alone && v.output == f.votes[0].output
		c.positive = c.positive && v.weight >= 0
	}
	return c.run, nil
}

// treeClassifier says how the scores of two classes are meant.
type treeClassifier struct {
	*forest
	labels
	alone    bool // all votes are for one class
	positive bool // no vote is below 0
}

// run makes the classes of rows and their scores [rows, classes].
func (c treeClassifier) run(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	x, rows, columns, err := table(r, in[0])
	if err != nil {
		return nil, err
	}
	out, err := r.floats(rows, c.outputs)
	if err != nil {
		return nil, err
	}
	places, err := r.index(rows)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		row := out.Floats[i*c.outputs : (i+1)*c.outputs]
		err := c.each(r, x[i*columns:(i+1)*columns], func(v vote) { row[v.output] += v.weight })
		if err != nil {
			return nil, err
		}
		places[i] = c.judge(row)
	}
	return c.answers(r, places, out)
}

// judge turns the sums of votes into scores, in place, and returns the class.
// Where all votes are for one of two classes, they are the score of the second:
// a share of 1 when none is below 0, else a margin. This is how gradient
// boosting and forests of two classes are written, and what ONNX Runtime makes
// of it. Where both have votes the larger sum wins, as the standard says; ONNX
// Runtime then takes the second whenever its sum is above 0.
func (c treeClassifier) judge(row []float32) int {
	if len(row) == 2 && c.alone {
		s := row[0] + row[1]
		if len(c.base) > 0 {
			s += c.base[len(c.base)-1]
		}
		if row[1] != 0 && len(c.base) == 0 {
			c.post.apply(row) // votes for the second by its own name
		} else {
			c.post.second(row, s, c.positive && len(c.base) != 2)
		}
		limit := float32(0)
		if c.positive {
			limit = .5
		}
		if s > limit {
			return 1
		}
		return 0
	}
	for k, b := range c.base {
		row[k] += b
	}
	best := first(row)
	c.post.apply(row)
	return best
}
