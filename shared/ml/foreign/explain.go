package foreign

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"godwit/shared/ml/onnx"
	"godwit/shared/ml/pipeline"
)

// maxOccluded bounds the runs of one explanation: so many columns, or words,
// from the first on, are looked at.
const maxOccluded = 64

// Explain is Tell without an end to wait for; where it fails nothing is told.
func (m *Model) Explain(_ *pipeline.Scratch, in pipeline.Input, class int) pipeline.Explanation {
	e, err := m.Tell(context.Background(), in, class)
	if err != nil {
		return pipeline.Explanation{Method: pipeline.MethodOcclusion, Spans: []pipeline.Span{}}
	}
	return e
}

// Tell explains the score of a class, or the number of a regression, by what is
// lost when one column, or one word, is taken away: the weight is the answer
// less the one without it. Zeiler and Fergus, "Visualizing and Understanding
// Convolutional Networks", ECCV 2014, do so with parts of images. Baseline is
// the answer when all that are looked at are gone, and Rest what they do together
// and none does alone. Columns that hold a list are left out, and so is all
// beyond the first 64. The errors are Ask's.
func (m *Model) Tell(ctx context.Context, in pipeline.Input, class int) (pipeline.Explanation, error) {
	e := pipeline.Explanation{Method: pipeline.MethodOcclusion, Spans: []pipeline.Span{}}
	var err error
	if m.task == pipeline.TextClassification {
		err = m.tellWords(ctx, &e, in.Text, class)
	} else {
		err = m.tellColumns(ctx, &e, in.Cells, class)
	}
	if err != nil {
		return e, err
	}
	e.Rest = e.Margin - e.Baseline
	for _, part := range e.Spans {
		e.Rest -= part.Weight
	}
	for _, part := range e.Columns {
		e.Rest -= part.Weight
	}
	return e, err
}

// marks are the numbers that are explained, one of each row.
func (m *Model) marks(ctx context.Context, rows []pipeline.Input, class int) ([]float64, error) {
	replies, err := m.AskAll(ctx, rows)
	if err != nil {
		return nil, err
	}
	marks := make([]float64, len(replies))
	for i, a := range replies {
		if a.Err != nil {
			return nil, a.Err
		}
		if marks[i] = a.Value; m.labels != nil {
			marks[i] = float64(a.Scores[class])
		}
	}
	return marks, nil
}

// tellColumns takes one column away at a time. All rows are asked for together:
// the whole one, the one without any, and those without one.
func (m *Model) tellColumns(ctx context.Context, e *pipeline.Explanation, cells map[string]string, class int) error {
	e.Columns = []pipeline.ColumnWeight{}
	bare := m.expanded(cells) // in the end without every column looked at
	rows := []pipeline.Input{{Cells: cells}, {Cells: bare}}
	var looked []pipeline.ColumnWeight
	for i := range m.inputs {
		for _, name := range m.inputs[i].columns {
			if len(looked) == maxOccluded {
				break
			}
			without := m.expanded(cells)
			looked = append(looked, pipeline.ColumnWeight{Column: name, Value: without[name]})
			without[name], bare[name] = m.blank(i), m.blank(i)
			rows = append(rows, pipeline.Input{Cells: without})
		}
	}
	marks, err := m.marks(ctx, rows, class)
	if err != nil {
		return err
	}
	e.Margin, e.Baseline = marks[0], marks[1]
	for k, c := range looked {
		if c.Weight = e.Margin - marks[k+2]; c.Weight != 0 {
			e.Columns = append(e.Columns, c)
		}
	}
	return nil
}

// expanded is a copy of a row in which lists that stand for several columns are
// those columns.
func (m *Model) expanded(cells map[string]string) map[string]string {
	out := make(map[string]string, len(cells))
	for name, content := range cells {
		out[name] = content
	}
	for i := range m.inputs {
		in := &m.inputs[i]
		list, there := cells[in.port.Name]
		if in.size == 1 || in.columns == nil || !there {
			continue
		}
		delete(out, in.port.Name)
		// The whole row has been answered, so that the list is one of numbers.
		for k, part := range strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune("[], \t\r\n", r) }) {
			out[in.columns[min(k, len(in.columns)-1)]] = part
		}
	}
	return out
}

// blank is what a column of an input is when it is taken away: empty where the
// graph knows of empty cells, else nothing of its kind.
func (m *Model) blank(i int) string {
	in := &m.inputs[i]
	switch {
	case m.domain != "" || in.port.Type.Storage() == onnx.Strings:
		return ""
	case in.form == truth:
		return "false"
	}
	return "0"
}

// tellWords takes one word away at a time, as tellColumns does columns.
func (m *Model) tellWords(ctx context.Context, e *pipeline.Explanation, doc string, class int) error {
	rows := []pipeline.Input{{Text: doc}, {}}
	looked := words(doc)
	for _, w := range looked {
		// The spaces around a word stay, so that its neighbours do not become one.
		rows = append(rows, pipeline.Input{Text: doc[:w.from] + doc[w.to:]})
	}
	marks, err := m.marks(ctx, rows, class)
	if err != nil {
		return err
	}
	e.Margin, e.Baseline = marks[0], marks[1]
	for k, w := range looked {
		if lost := e.Margin - marks[k+2]; lost != 0 {
			start := utf8.RuneCountInString(doc[:w.from])
			e.Spans = append(e.Spans, pipeline.Span{Start: start, End: start + utf8.RuneCountInString(doc[w.from:w.to]), Text: doc[w.from:w.to], Weight: lost})
		}
	}
	return nil
}

// extent is a word's place, in bytes.
type extent struct{ from, to int }

// words returns the first words of a text: what spaces part, and each character
// of the scripts that are written without.
func words(doc string) []extent {
	var found []extent
	from := -1
	end := func(at int) {
		if from >= 0 {
			found = append(found, extent{from, at})
		}
		from = -1
	}
	for i, r := range doc {
		switch {
		case len(found) >= maxOccluded:
			return found[:maxOccluded]
		case unicode.IsSpace(r):
			end(i)
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai):
			end(i)
			found = append(found, extent{i, i + utf8.RuneLen(r)})
		case from < 0:
			from = i
		}
	}
	end(len(doc))
	return found[:min(len(found), maxOccluded)]
}
