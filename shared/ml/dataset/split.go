package dataset

import (
	"encoding/binary"
	"math"
	"slices"
)

// SplitOptions tell Split how much to hold out. The zero value holds out a tenth.
type SplitOptions struct {
	Test float64 // expected share of distinct contents held out, up to 0.9; 0: 0.1; negative: none
	Salt string  // chooses other rows; the same salt keeps the choice as data grow
	// Newest holds out the newest rows, by their Time, whatever the file marks
	// as test. Rows of one GroupKey stay together and are as old as the oldest
	// of them, so that what is held out was never seen before. Keys with a row
	// without a time are learned from, and so is the oldest key of a class that
	// would have nothing left. Test is then the share of rows, and the Salt
	// chooses among rows of the same time.
	Newest bool
}

// How rows were chosen, as Split reports it.
const (
	ByColumn = "column" // by the file's own split column
	ByHash   = "hash"   // by the hash of each row's content
	ByTime   = "time"   // the newest rows
)

// minHeld is the number of rows from which a class is sure of its share.
const minHeld = 10

// Split divides rows into those to learn from and those held out, as ascending
// indices. Rows whose label is not in labels are in neither.
//
// When a row is marked test, how is ByColumn: test rows are held out and all
// others, validation too, are learned from. Otherwise how is ByHash:
//
// A row is held out when the hash of the salt and its GroupKey is below Test of
// the whole range: a property of the row alone, so it stays where it is
// whatever rows come or go, and rows of one key are always on one side, also
// when their labels differ. Two repairs make the split stratified. A class of
// ten rows or more with less than its share below the threshold holds out its
// keys with the lowest hashes until it has it. And a class with nothing left
// learns from the key with its highest; this one comes last and wins. So when
// rows are added,
//
//   - a row below the threshold stays held out, unless every row of some class
//     is below it (tiny classes, or one whose only texts are held-out ones);
//   - rows that the first repair held out may return to training;
//   - every class has a row to learn from, always.
//
// A class holds out its share, rounded, or a little more: the rows below the
// threshold vary about it with a standard deviation of sqrt(Test (1-Test) rows).
func Split(rows []Row, labels []string, o SplitOptions) (train, test []int32, how string) {
	class, classes := classesOf(rows, labels)
	return split(rows, class, classes, func(i int) uint64 { return GroupKey(rows[i]) }, o)
}

// Split divides the rows of a table as the function Split does those of a Set,
// by GroupKey. The rows of a regression are one class: the threshold decides,
// and the repairs see to it that there is a row on either side of ten.
func (t *TableSet) Split(o SplitOptions) (train, test []int32, how string) {
	class, classes := classesOf(t.Rows, t.Labels)
	if t.Task == Regression {
		class, classes = make([]int32, len(t.Rows)), 1
	}
	return split(t.Rows, class, classes, t.GroupKey, o)
}

// classesOf returns the index into labels of each row's label, -1 for a label
// that is not there.
func classesOf(rows []Row, labels []string) (class []int32, classes int) {
	index := make(map[string]int32, len(labels))
	for i, label := range labels {
		index[label] = int32(i)
	}
	class = make([]int32, len(rows))
	for i := range rows {
		c, known := index[rows[i].Label]
		if !known {
			c = -1
		}
		class[i] = c
	}
	return class, len(labels)
}

// split is Split for rows of any kind: class is -1 for a row on neither side,
// and key tells which rows must not be parted.
func split(rows []Row, class []int32, classes int, key func(int) uint64, o SplitOptions) (train, test []int32, how string) {
	marked := false
	for i := range rows {
		marked = marked || rows[i].Split == "test"
	}
	held, how := func(i int) bool { return rows[i].Split == "test" }, ByColumn
	switch {
	case o.Newest:
		held, how = heldByTime(rows, class, classes, key, o), ByTime
	case !marked:
		held, how = heldByHash(class, classes, key, o), ByHash
	}
	for i := range rows {
		switch {
		case class[i] < 0:
		case held(i):
			test = append(test, int32(i))
		default:
			train = append(train, int32(i))
		}
	}
	return train, test, how
}

// heldByHash decides each row by its hash. Hash and key are one to one but for
// chance collisions, so the hash stands for the key.
func heldByHash(class []int32, classes int, keyOf func(int) uint64, o SplitOptions) func(int) bool {
	share := shareOf(o.Test)
	threshold := uint64(share*(1<<53)) << 11 // 2^53 steps are exact in a float64
	hashes := make([]uint64, len(class))
	of := make([][]uint64, classes) // hashes of each class's rows
	salt := hash64([]byte(o.Salt), 0)
	for i := range hashes {
		var key [8]byte
		binary.LittleEndian.PutUint64(key[:], keyOf(i))
		hashes[i] = hash64(key[:], salt)
		if c := class[i]; c >= 0 {
			of[c] = append(of[c], hashes[i])
		}
	}
	for _, h := range of {
		slices.Sort(h)
	}
	added, removed := map[uint64]bool{}, map[uint64]bool{}
	held := func(h uint64) bool { return (h < threshold || added[h]) && !removed[h] }
	for _, h := range of {
		addShare(h, share, added)
	}
	for _, h := range of {
		if len(h) > 0 && !slices.ContainsFunc(h, func(h uint64) bool { return !held(h) }) {
			removed[h[len(h)-1]] = true
		}
	}
	return func(i int) bool { return held(hashes[i]) }
}

// addShare holds out the lowest of a class's ascending hashes until its share
// of rows is reached, but never the highest one. Those below the threshold are
// the lowest, so they count.
func addShare(h []uint64, share float64, added map[uint64]bool) {
	if len(h) < minHeld {
		return
	}
	for i := range int(math.Round(share * float64(len(h)))) {
		if h[i] == h[len(h)-1] {
			return
		}
		added[h[i]] = true
	}
}

// shareOf returns the share to hold out.
func shareOf(test float64) float64 {
	if test == 0 {
		test = .1
	}
	return min(max(test, 0), .9)
}
