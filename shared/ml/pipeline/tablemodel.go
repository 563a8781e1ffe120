package pipeline

import (
	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/tabular"
)

// TableModel is a fitted model of tables, a classifier or a regression. It does
// not change and is safe for concurrent use; every goroutine brings its own
// Scratch.
type TableModel struct {
	labels      []string // nil for a regression
	columns     []string
	settings    TableSettings
	calibration calibrate.Calibration
	conformal   calibrate.Conformal
	spread      calibrate.Spread // of a regression
	documents   int              // it was fitted on
	extra       map[string]string
	tokenizer   int // versions at the time of the fit
	unicode     string

	encoder *tabular.Encoder
	place   map[string]int // of each of columns
	lists
	// Targets may be of any size, so weights are not halved, and what a row
	// comes to is summed in double precision.
	weight  []float32
	bias    []float64 // by problem
	support []uint32  // rows of the fit that have each feature
}

// name notes the names of the columns and where they are.
func (m *TableModel) name() {
	m.place = map[string]int{}
	for i, c := range m.encoder.Columns() {
		m.columns = append(m.columns, c.Name)
		m.place[c.Name] = i
	}
}

// Labels returns the classes in the order of scores, nil for a regression. The
// slice is the model's and must not be changed.
func (m *TableModel) Labels() []string { return m.labels }

// Columns returns the names of the columns the model reads. The slice is the
// model's and must not be changed.
func (m *TableModel) Columns() []string { return m.columns }

// The types of a column's cells, for those who call the model.
const (
	NumberColumn   = "number"
	CategoryColumn = "category" // one of some names; others are taken too
	DateColumn     = "date"     // a date, a time of day, or both
	TextColumn     = "text"     // anything; also of columns that the model has no use for
)

// ColumnType returns what the cells of a column are, "" for a name of no column.
func (m *TableModel) ColumnType(name string) string {
	i, known := m.place[name]
	if !known {
		return ""
	}
	switch m.encoder.Kind(i) {
	case tabular.Number:
		return NumberColumn
	case tabular.Category:
		return CategoryColumn
	case tabular.Date:
		return DateColumn
	}
	return TextColumn
}

// Reads reports whether a cell can be read as what its column is, or says
// nothing, and so does the cell of a name of no column: see tabular.Encoder.Reads.
func (m *TableModel) Reads(name, cell string) bool {
	i, known := m.place[name]
	return !known || m.encoder.Reads(i, cell)
}

// DecimalComma reports whether the numbers of a column are written as 1.234,5.
func (m *TableModel) DecimalComma(name string) bool {
	i, known := m.place[name]
	return known && m.encoder.Comma(i)
}

// Written writes a number as the cells of a column are written, see
// tabular.Encoder.Written. The name must be one of Columns.
func (m *TableModel) Written(name string, v float64) string {
	return m.encoder.Written(m.place[name], v)
}

// Task returns TableClassification or TableRegression.
func (m *TableModel) Task() string {
	if m.labels == nil {
		return TableRegression
	}
	return TableClassification
}

// Algorithm returns LinearSVM, LogisticRegression or RidgeRegression.
func (m *TableModel) Algorithm() string { return algorithms[m.settings.Learner] }

// Settings returns what the model was fitted with, defaults filled in.
func (m *TableModel) Settings() TableSettings { return m.settings }

// Encoder returns what makes features of rows, to report the columns.
func (m *TableModel) Encoder() *tabular.Encoder { return m.encoder }

// Bytes returns about how much memory the model holds: for the columns, those
// of the encoder's tensors.
func (m *TableModel) Bytes() int64 {
	n := m.lists.bytes() + int64(len(m.weight))*4 + int64(len(m.bias))*8 + int64(len(m.support))*4
	for _, t := range m.encoder.Tensors() {
		n += int64(len(t.Data))
	}
	return n
}

// With returns the same model with another calibration and other prediction
// sets, as Predictor says; a regression returns itself.
func (m *TableModel) With(c calibrate.Calibration, f calibrate.Conformal) Predictor {
	if m.labels == nil {
		return m
	}
	other := *m
	other.calibration, other.conformal = c, f
	return &other
}

// Set appends to dst a prediction set, as Predictor says.
func (m *TableModel) Set(dst []int32, scores []float32, coverage float64) []int32 {
	return m.conformal.Set(dst, scores, coverage)
}

// WithSpread returns the same regression with other prediction intervals; a
// classifier returns itself.
func (m *TableModel) WithSpread(s calibrate.Spread) *TableModel {
	if m.labels != nil {
		return m
	}
	other := *m
	other.spread = s
	return &other
}

// Interval returns a prediction interval, as Predictor says.
func (m *TableModel) Interval(value, coverage float64) (low, high float64, ok bool) {
	return m.spread.Interval(value, coverage)
}

// margins returns the sum of each problem.
func (m *TableModel) margins(s *Scratch, in Input) []float64 {
	index, value := m.encoder.Encode(&s.table, m.encoder.Cells(&s.table, in.Cells))
	s.exact = resize(s.exact, len(m.bias))
	copy(s.exact, m.bias)
	for k, f := range index {
		for i := m.start[f]; i < m.start[f+1]; i++ {
			s.exact[m.class.at(i)] += float64(value[k]) * float64(m.weight[i])
		}
	}
	return s.exact
}

// Margins returns the signed distances of a row from the boundary of each
// class, as Model.Margins does; nil for a regression.
func (m *TableModel) Margins(s *Scratch, in Input) []float32 {
	if m.labels == nil {
		return nil
	}
	exact := m.margins(s, in)
	s.margins = resize(s.margins, len(m.labels))
	if len(exact) == 1 {
		margin := bounded(exact[0])
		s.margins[0], s.margins[1] = -margin, margin
		return s.margins
	}
	for c, x := range exact {
		s.margins[c] = bounded(x)
	}
	return s.margins
}

// maxMargin keeps the margins of absurd cells finite, and their differences.
const maxMargin = 1e30

// bounded returns x in single precision.
func bounded(x float64) float32 { return float32(min(max(x, -maxMargin), maxMargin)) }

// Scores returns the calibrated probability of each class, as Predictor says.
func (m *TableModel) Scores(s *Scratch, in Input) []float32 {
	margins := m.Margins(s, in)
	if margins == nil {
		return nil
	}
	s.scores = resize(s.scores, len(margins))
	m.calibration.Apply(s.scores, margins)
	return s.scores
}

// Value returns the number predicted, 0 when the model is a classifier.
func (m *TableModel) Value(s *Scratch, in Input) float64 {
	if m.labels != nil {
		return 0
	}
	return m.margins(s, in)[0]
}

// Explain returns how the margin of a class, or the number predicted, comes
// about: what each column added. Free text of several columns counts as the
// first of them.
func (m *TableModel) Explain(s *Scratch, in Input, class int) Explanation {
	problem, sign := sideOf(class, len(m.bias), len(m.labels))
	cells := m.encoder.Cells(&s.table, in.Cells)
	index, value := m.encoder.Encode(&s.table, cells)
	e := Explanation{Method: MethodLinear, Baseline: sign * m.bias[problem], Spans: []Span{}, Columns: []ColumnWeight{}}
	e.Margin = e.Baseline
	sums := m.encoder.Contributions(nil, index, value, func(f int32) float64 { return sign * m.weightOf(f, problem) })
	for c, w := range sums {
		e.Margin += w
		if w != 0 {
			e.Columns = append(e.Columns, ColumnWeight{m.columns[c], in.Cells[m.columns[c]], w})
		}
	}
	return e
}

// weightOf returns the weight of a feature for a problem, 0 when it has none.
func (m *TableModel) weightOf(feature int32, problem int) float64 {
	if i, there := m.find(feature, problem); there {
		return float64(m.weight[i])
	}
	return 0
}
