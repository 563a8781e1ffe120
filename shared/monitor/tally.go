package monitor

import (
	"cmp"
	"slices"
)

// Bounds of what one record of counts lists; what goes beyond is only summed up.
const (
	maxCells = 5000 // about 200 kB
	maxNew   = 100  // labels, of 512 bytes at most
)

// Tally counts what feedback said of some answers of a version.
type Tally struct {
	Rows      int64 `json:"rows"`                // answers that were judged
	Correct   int64 `json:"correct,omitempty"`   // with the label that was answered
	Corrected int64 `json:"corrected,omitempty"` // times another judgement took the place of one

	// Cells are the confusion matrix, by true label, then answered one.
	Cells  []Cell `json:"cells,omitempty"`
	Beyond int64  `json:"beyond,omitempty"` // rows of cells that found no room
	// New are true labels the version does not have, in their order: it cannot
	// have been right about them.
	New       []NewLabel `json:"new,omitempty"`
	NewBeyond int64      `json:"new_beyond,omitempty"` // rows of labels that found no room

	// Sums of the deviations of a regression's answers from the true values:
	// absolute, squared and to the fourth power.
	Absolute float64 `json:"absolute,omitempty"`
	Squared  float64 `json:"squared,omitempty"`
	Fourth   float64 `json:"fourth,omitempty"`
}

// Cell counts the rows of one true and one answered label, by their places among
// the version's labels.
type Cell struct {
	True      int   `json:"t"` // from 0: labels the version does not have are in Tally.New
	Predicted int   `json:"p"` // from 0; -1 a label the version does not have
	Rows      int64 `json:"n"`
}

// NewLabel counts the rows of a true label the version does not have.
type NewLabel struct {
	Label string `json:"label"` // at most MaxLabel bytes
	Rows  int64  `json:"rows"`
}

// NewRows is how many rows have a label that the version does not have.
func (t *Tally) NewRows() int64 {
	n := t.NewBeyond
	for _, l := range t.New {
		n += l.Rows
	}
	return n
}

// count counts one judgement, or with by -1 takes it back.
func (t *Tally) count(v verdict, by int64) {
	t.Rows += by
	if v.regression {
		d := v.deviation
		t.Absolute += float64(by) * max(d, -d)
		t.Squared += float64(by) * d * d
		t.Fourth += float64(by) * d * d * d * d
		return
	}
	if v.correct() {
		t.Correct += by
	}
	if v.isNew() {
		t.addNew(NewLabel{v.label, by})
		return
	}
	t.addCell(Cell{v.truth, v.predicted, by})
}

// addCell counts in the confusion matrix.
func (t *Tally) addCell(c Cell) {
	order := func(a, b Cell) int { return cmp.Or(cmp.Compare(a.True, b.True), cmp.Compare(a.Predicted, b.Predicted)) }
	addTo(&t.Cells, maxCells, &t.Beyond, c, order, func(c *Cell) *int64 { return &c.Rows })
}

// addNew counts a label the version does not have.
func (t *Tally) addNew(l NewLabel) {
	order := func(a, b NewLabel) int { return cmp.Compare(a.Label, b.Label) }
	addTo(&t.New, maxNew, &t.NewBeyond, l, order, func(l *NewLabel) *int64 { return &l.Rows })
}

// addTo adds x's rows to its equal in a list that is in order; where there is
// none x is put there, or, when the list is full, its rows are counted beyond.
// One that is listed stays so, also with no rows left: a row that is taken back
// must be found where it was counted.
func addTo[T any](list *[]T, most int, beyond *int64, x T, order func(a, b T) int, rows func(*T) *int64) {
	at, found := slices.BinarySearchFunc(*list, x, order)
	switch {
	case found:
		*rows(&(*list)[at]) += *rows(&x)
	case len(*list) < most:
		*list = slices.Insert(*list, at, x)
	default:
		*beyond += *rows(&x)
	}
}

// Add adds the counts of another.
func (t *Tally) Add(o Tally) {
	t.Rows += o.Rows
	t.Correct += o.Correct
	t.Corrected += o.Corrected
	t.Beyond += o.Beyond
	t.NewBeyond += o.NewBeyond
	t.Absolute += o.Absolute
	t.Squared += o.Squared
	t.Fourth += o.Fourth
	for _, c := range o.Cells {
		t.addCell(c)
	}
	for _, l := range o.New {
		t.addNew(l)
	}
}
