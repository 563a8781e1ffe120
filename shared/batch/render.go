package batch

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"godwit/shared/fault"
	"godwit/shared/serving"
	"godwit/shared/strictjson"
)

// lines writes rows of one job's results and errors.
type lines struct {
	job        Job
	render     Render
	regression bool
	top        int // scores of each row, of a classification
}

func newLines(job Job, render Render, regression bool, labels int) *lines {
	return &lines{job: job, render: render, regression: regression, top: min(max(job.Parameters.TopK, 1), labels)}
}

// appendResult appends the line of a row that was scored.
func (l *lines) appendResult(b []byte, in *row, r *serving.Result) []byte {
	if l.job.Format == CSV {
		return appendRecord(b, l.cells(in, r))
	}
	b = l.appendHead(b, in)
	// The answer is an object with at least one field: its brace is the comma.
	comma := len(b)
	b = l.render(b, r, l.regression)
	b[comma] = ','
	return append(b, '\n')
}

// appendError appends the line of a row that was not.
func (l *lines) appendError(b []byte, in *row, why *fault.Error) []byte {
	code := why.Reason
	if code == "" {
		code = string(why.Code)
	}
	if l.job.Format == CSV {
		return appendRecord(b, []string{number(in.Record), number(in.Line), safe(in.ID), number(int64(l.job.Version)), code, safe(why.Msg)})
	}
	b = strictjson.AppendText(append(l.appendHead(b, in), `,"code":`...), code)
	b = strictjson.AppendText(append(b, `,"message":`...), why.Msg)
	return append(b, '}', '\n')
}

// appendHead appends the beginning of an object, up to where a comma follows.
func (l *lines) appendHead(b []byte, in *row) []byte {
	b = append(b, `{"record":`...)
	b = strconv.AppendInt(b, in.Record, 10)
	b = append(b, `,"line":`...)
	b = strconv.AppendInt(b, in.Line, 10)
	if in.ID != "" {
		b = strictjson.AppendText(append(b, `,"id":`...), in.ID)
	}
	b = append(b, `,"version":`...)
	return strconv.AppendInt(b, int64(l.job.Version), 10)
}

// header returns the line that begins a file, empty for JSON lines.
func (l *lines) header(results bool) []byte {
	if l.job.Format != CSV {
		return nil
	}
	cells := []string{"record", "line", "id", "version"}
	switch {
	case !results:
		cells = append(cells, "code", "message")
	case l.regression:
		cells = append(cells, "value")
		if l.job.Parameters.Coverage > 0 {
			cells = append(cells, "low", "high")
		}
	default:
		cells = append(cells, "label", "score", "abstained")
		for i := 2; i <= l.top; i++ {
			cells = append(cells, fmt.Sprintf("label_%d", i), fmt.Sprintf("score_%d", i))
		}
		if l.job.Parameters.Coverage > 0 {
			cells = append(cells, "set")
		}
	}
	return appendRecord(nil, cells)
}

// cells are a result as header names them.
func (l *lines) cells(in *row, r *serving.Result) []string {
	cells := []string{number(in.Record), number(in.Line), safe(in.ID), number(int64(l.job.Version))}
	if l.regression {
		return append(cells, l.value(r)...)
	}
	score := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 32) }
	cells = append(cells, safe(r.Label), score(r.Score), strconv.FormatBool(r.Abstained))
	for _, s := range r.Scores[1:] {
		cells = append(cells, safe(s.Label), score(s.Score))
	}
	if l.job.Parameters.Coverage > 0 {
		set, _ := json.Marshal(r.Set) // strings only: cannot fail
		cells = append(cells, string(set))
	}
	return cells
}

// value is the answer of a regression, with its interval where one was asked
// for; a model that was not calibrated for intervals has none.
func (l *lines) value(r *serving.Result) []string {
	exact := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	cells := []string{exact(r.Value)}
	switch {
	case l.job.Parameters.Coverage == 0:
	case r.Interval == nil:
		cells = append(cells, "", "")
	default:
		cells = append(cells, exact(r.Interval[0]), exact(r.Interval[1]))
	}
	return cells
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// safe keeps a spreadsheet from running a text as a formula: CSV injection, as
// OWASP describes it. A number with its sign, an id of -3 say, is no formula and
// must come back as it was.
func safe(cell string) string {
	if cell == "" {
		return ""
	}
	switch cell[0] {
	case '+', '-':
		if signed(cell) {
			return cell
		}
		return "'" + cell
	case '=', '@', '\t', '\r':
		return "'" + cell
	}
	return cell
}

// signed reports whether a cell is a sign and a decimal number. ParseFloat alone
// would take names too, such as Inf.
func signed(cell string) bool {
	_, err := strconv.ParseFloat(cell, 64)
	return (err == nil || errors.Is(err, strconv.ErrRange)) && strings.Trim(cell, "+-.0123456789eE") == ""
}

// appendRecord appends one record of CSV (RFC 4180, but that a line ends in LF
// alone). encoding/csv would allocate a buffer of 4 KB for each.
func appendRecord(b []byte, cells []string) []byte {
	for i, cell := range cells {
		if i > 0 {
			b = append(b, ',')
		}
		if !strings.ContainsAny(cell, "\",\r\n") && !strings.HasPrefix(cell, " ") {
			b = append(b, cell...)
			continue
		}
		b = append(b, '"')
		b = append(b, strings.ReplaceAll(cell, `"`, `""`)...)
		b = append(b, '"')
	}
	return append(b, '\n')
}

// sound makes an answer that is no number an error of its row: JSON has no word
// for it, and one row must not lose the file.
func sound(r *serving.Result) {
	bad := math.IsNaN(r.Value) || math.IsInf(r.Value, 0)
	for _, s := range r.Scores {
		bad = bad || math.IsNaN(s.Score) || math.IsInf(s.Score, 0)
	}
	if r.Err == nil && bad {
		*r = serving.Result{Err: fault.New(fault.Internal, "the model's answer is not a number").WithReason("not_a_number")}
	}
}
