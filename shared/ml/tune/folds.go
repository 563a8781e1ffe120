package tune

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
)

// MaxFolds is the greatest number of folds, whose numbers are bytes: of a million
// rows they are a megabyte.
const MaxFolds = 255

// Folds assigns each row a fold in [0, k). Rows of equal group share a fold; a
// nil group means that every row is its own. y holds the class of each row, 0
// or more. The same arguments give the same folds, and the order of the rows
// matters only through ties.
//
// The rule follows scikit-learn's StratifiedGroupKFold: groups of several rows
// are taken from the one that weighs most to the least, in random order among
// equals, and each goes where it keeps the share of every class most equal
// over the folds, the fold with the fewest rows winning ties; single rows then
// even out each class. When every row is its own group, each class differs by
// at most one row between folds, and so do the folds in size.
//
// It panics for k outside [1, MaxFolds], a length of group that is neither 0
// nor that of y, or a negative class, which are the caller's mistakes. Folds
// stay empty when there are fewer groups than folds.
func Folds(y []int32, group []uint64, k int, seed uint64) []uint8 {
	if k < 1 || k > MaxFolds {
		panic(fmt.Sprintf("tune: %d folds, want 1 to %d", k, MaxFolds))
	}
	if len(group) != 0 && len(group) != len(y) {
		panic(fmt.Sprintf("tune: %d groups for %d rows", len(group), len(y)))
	}
	random := rand.New(rand.NewPCG(seed, 0))
	fold := make([]uint8, len(y))
	d := newDeal(y, k)
	singles, bundles := bundle(y, group)
	// Bundles first: single rows can then even out whatever bundles left.
	random.Shuffle(len(bundles), func(i, j int) { bundles[i], bundles[j] = bundles[j], bundles[i] })
	slices.SortStableFunc(bundles, func(a, b []int32) int {
		return cmp.Compare(d.unevenness(b), d.unevenness(a))
	})
	for _, rows := range bundles {
		d.assign(rows, fold)
	}
	random.Shuffle(len(singles), func(i, j int) { singles[i], singles[j] = singles[j], singles[i] })
	// Class by class: within one, the folds fill in turn.
	slices.SortStableFunc(singles, func(a, b int32) int { return cmp.Compare(y[a], y[b]) })
	for _, i := range singles {
		f := d.lightest(y[i])
		fold[i] = uint8(f)
		d.put(i, f)
	}
	return fold
}

// bundle separates the rows that are alone in their group from the groups of
// several rows, both in the order of first rows.
func bundle(y []int32, group []uint64) (singles []int32, bundles [][]int32) {
	order := make([]int32, len(y))
	for i := range order {
		order[i] = int32(i)
	}
	if len(group) == 0 {
		return order, nil
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(group[a], group[b]) })
	for len(order) > 0 {
		n := 1
		for n < len(order) && group[order[n]] == group[order[0]] {
			n++
		}
		if n == 1 {
			singles = append(singles, order[0])
		} else {
			bundles = append(bundles, order[:n:n])
		}
		order = order[n:]
	}
	slices.Sort(singles)
	slices.SortFunc(bundles, func(a, b []int32) int { return cmp.Compare(a[0], b[0]) })
	return singles, bundles
}

// deal keeps the counts of a deal of rows to k folds.
type deal struct {
	y     []int32
	k     int
	total []int   // rows of each class in all
	count [][]int // rows dealt by [class][fold]
	size  []int   // rows dealt by fold
}

func newDeal(y []int32, k int) *deal {
	classes := int32(0)
	for _, class := range y {
		classes = max(classes, class+1)
	}
	d := &deal{y: y, k: k, total: make([]int, classes), count: make([][]int, classes), size: make([]int, k)}
	for _, class := range y {
		d.total[class]++
	}
	for class := range d.count {
		d.count[class] = make([]int, k)
	}
	return d
}

// put records that row i goes to fold f.
func (d *deal) put(i int32, f int) {
	d.count[d.y[i]][f]++
	d.size[f]++
}

// unevenness returns the sum of squares of a bundle's class counts, which
// orders bundles by how much harm a late placement does.
func (d *deal) unevenness(rows []int32) int {
	sum := 0
	for _, t := range tallies(d.y, rows) {
		sum += t.rows * t.rows
	}
	return sum
}

// lightest returns the fold with the fewest rows of a class, among those the
// one with the fewest rows, among those the first.
func (d *deal) lightest(class int32) int {
	best := 0
	for f := 1; f < d.k; f++ {
		c, least := d.count[class][f], d.count[class][best]
		if c < least || c == least && d.size[f] < d.size[best] {
			best = f
		}
	}
	return best
}

// assign puts a bundle into the fold where it adds least to the unevenness of
// its classes. Minimising sum over folds of (count/total)^2 for each class,
// which is its variance up to constants, needs only what one fold changes.
func (d *deal) assign(rows []int32, fold []uint8) {
	parts := tallies(d.y, rows)
	best, least := 0, 0.0
	for f := range d.k {
		harm := 0.0
		for _, p := range parts {
			before := float64(d.count[p.class][f])
			after := before + float64(p.rows)
			total := float64(d.total[p.class])
			harm += (after*after - before*before) / (total * total)
		}
		if f == 0 || harm < least || harm == least && d.size[f] < d.size[best] {
			best, least = f, harm
		}
	}
	for _, i := range rows {
		fold[i] = uint8(best)
		d.put(i, best)
	}
}

// part is how many rows of a class a bundle has.
type part struct {
	class int32
	rows  int
}

// tallies counts a bundle's rows by class, classes ascending.
func tallies(y, rows []int32) []part {
	classes := make([]int32, len(rows))
	for n, i := range rows {
		classes[n] = y[i]
	}
	slices.Sort(classes)
	var parts []part
	for _, class := range classes {
		if n := len(parts); n > 0 && parts[n-1].class == class {
			parts[n-1].rows++
			continue
		}
		parts = append(parts, part{class, 1})
	}
	return parts
}
