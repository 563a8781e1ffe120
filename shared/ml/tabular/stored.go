package tabular

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/text"
)

// FormatVersion is the version of the tensors that Tensors returns. EncoderOf
// reads it and every earlier one.
const FormatVersion = 1

// tensorColumns holds the encoder but for the words of free text; FORMAT.md
// describes it.
const tensorColumns = "table.columns"

// maxSpec bounds the bytes of that tensor, and so what parsing it takes. Levels are
// most of it: 16 MB are a hundred thousand of 160 bytes.
const maxSpec = 16 << 20

// spec is what tensorColumns holds, as JSON: small beside the words, and read by
// people who ask what a model looks at.
type spec struct {
	Version int      `json:"version"`
	Options Options  `json:"options"`
	Columns []column `json:"columns"`
}

// FormatError says why stored tensors make no encoder.
type FormatError struct {
	Column string // the column at fault, empty when it is not one
	Msg    string // what is wrong
	Err    error  // the cause, may be nil
}

// Error names the column and the fault.
func (e *FormatError) Error() string {
	s := "tabular: stored encoder"
	if e.Column != "" {
		s += fmt.Sprintf(", column %q", e.Column)
	}
	if s += ": " + e.Msg; e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// Tensors returns the encoder as tensors of an artifact. Those of the words
// alias it. Equal encoders give equal bytes.
func (e *Encoder) Tensors() []artifact.Tensor {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	// Finite numbers and strings into memory: cannot fail.
	_ = enc.Encode(spec{FormatVersion, e.options, e.columns})
	tensors := []artifact.Tensor{artifact.FromBytes(tensorColumns, nil, b.Bytes())}
	if e.text != nil {
		tensors = append(tensors, e.text.Tensors()...)
	}
	return tensors
}

// EncoderOf reads an encoder from the tensors of a file, whose words it
// aliases. It checks everything that Encode relies on: no bytes make it
// misbehave later. It fails with a *FormatError, one of text's errors, or an
// *artifact.Error, of kind future for a newer format.
func EncoderOf(f *artifact.File) (*Encoder, error) {
	t, ok := f.Tensor(tensorColumns)
	if !ok {
		return nil, &FormatError{Msg: "tensor " + tensorColumns + " is missing"}
	}
	raw, err := artifact.Bytes(t)
	if err != nil {
		return nil, &FormatError{Msg: "tensor " + tensorColumns, Err: err}
	}
	s, err := specOf(raw)
	if err != nil {
		return nil, err
	}
	e := &Encoder{options: s.Options, columns: s.Columns}
	for i := range e.columns {
		if err := e.columns[i].check(); err != nil {
			return nil, err
		}
	}
	if err := e.lay(); err != nil {
		return nil, &FormatError{Msg: "levels", Err: err}
	}
	if len(e.texts) > 0 {
		if e.text, err = text.VocabularyOf(f, s.Options.Text); err != nil {
			return nil, &FormatError{Column: e.columns[e.texts[0]].Name, Msg: "words", Err: err}
		}
	}
	return e, nil
}

// specOf parses and bounds the JSON. The version is judged first, so that a
// newer file is named as such, whatever else changed in it.
func specOf(raw []byte) (spec, error) {
	var s spec
	if len(raw) > maxSpec {
		return s, &FormatError{Msg: fmt.Sprintf("%d bytes of columns, at most %d", len(raw), maxSpec)}
	}
	if !utf8.Valid(raw) {
		return s, &FormatError{Msg: "columns are not UTF-8"}
	}
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(raw, &version); err != nil {
		return s, &FormatError{Msg: "columns are not JSON", Err: err}
	}
	switch v := version.Version; {
	case v > FormatVersion:
		return s, &artifact.Error{Kind: artifact.KindFuture,
			Msg: fmt.Sprintf("table encoder of format %d; this code reads %d", v, FormatVersion)}
	case v < 1:
		return s, &FormatError{Msg: fmt.Sprintf("version %d", v)}
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, &FormatError{Msg: "columns", Err: err}
	}
	if _, err := d.Token(); err != io.EOF {
		return s, &FormatError{Msg: "bytes after the columns"}
	}
	// Fit writes them filled in. Were they not, a later change of a default would
	// change what an old file means.
	if s.Options.withDefaults() != s.Options {
		return s, &FormatError{Msg: "options are left open"}
	}
	if err := s.Options.check(); err != nil {
		return s, &FormatError{Msg: "options", Err: err}
	}
	// All else about the columns is checked one by one, see column.check.
	if n := len(s.Columns); n == 0 || n > maxColumns {
		return s, &FormatError{Msg: fmt.Sprintf("%d columns, at most %d", n, maxColumns)}
	}
	return s, nil
}

// check reports what in a stored column Encode could stumble over.
func (c *column) check() error {
	fault := func(format string, args ...any) error {
		return &FormatError{Column: c.Name, Msg: fmt.Sprintf(format, args...)}
	}
	// A kind has features of its own only: name and encode walk over all of them.
	number, date, category := c.Kind == Number, c.Kind == Date, c.Kind == Category
	switch c.Kind {
	case Number, Category, Date:
	case Text, Identifier, Constant:
		if c.features() > 0 {
			return fault("%d features of a column that is %s", c.features(), c.Kind)
		}
	default:
		return fault("kind %q", c.Kind)
	}
	switch {
	case date && c.Scale == nil, category && c.Scale != nil:
		return fault("a scale is missing or too much")
	case len(c.Curves) != 0 && (len(c.Curves) != curves || !number || c.Scale == nil):
		return fault("%d curves", len(c.Curves))
	case len(c.Edges) >= maxBins || len(c.Edges) > 0 && (!number || c.Scale == nil):
		return fault("%d edges", len(c.Edges))
	case len(c.Levels) > maxLevels || (len(c.Levels) > 0 || c.Pooled) && !category:
		return fault("%d levels", len(c.Levels))
	case !date && len(c.Months)+len(c.Weekdays)+len(c.Hours) > 0:
		return fault("parts of a date")
	case !within(c.Months, 1, 12) || !within(c.Weekdays, 0, 6) || !within(c.Hours, 0, 23):
		return fault("months %v, weekdays %v, hours %v", c.Months, c.Weekdays, c.Hours)
	}
	for i, x := range c.Edges {
		if !finite(x) || i > 0 && x <= c.Edges[i-1] {
			return fault("edge %d is %v", i, x)
		}
	}
	scales := slices.Clone(c.Curves)
	if c.Scale != nil {
		scales = append(scales, *c.Scale)
	}
	for _, s := range scales {
		if !finite(s.Mean) || !finite(s.Default) || !finite(s.Deviation) || s.Deviation <= 0 {
			return fault("scale %+v", s)
		}
	}
	return nil
}

// within reports whether numbers ascend within bounds.
func within(v []int, low, high int) bool {
	for i, x := range v {
		if x < low || x > high || i > 0 && x <= v[i-1] {
			return false
		}
	}
	return true
}

// finite reports whether x is a number that can be computed with.
func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
