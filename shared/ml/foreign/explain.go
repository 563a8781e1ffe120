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
func (m *Model) Explain(in pipeline.Input, class int) pipeline.Explanation {
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
	if e.Margin, err = m.mark(ctx, in, class); err != nil {
		return e, err
	}
	if m.task == pipeline.TextClassification {
		err = m.tellWords(ctx, &e, in.Text, class)
	} else {
		err = m.tellColumns(ctx, &e, in.Cells, class)
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

// mark is the number that is explained.
func (m *Model) mark(ctx context.Context, in pipeline.Input, class int) (float64, error) {
	a, err := m.Ask(ctx, in)
	if err != nil || m.labels == nil {
		return a.Value, err
	}
	return float64(a.Scores[class]), nil
}

// tellColumns takes one column away at a time.
func (m *Model) tellColumns(ctx context.Context, e *pipeline.Explanation, cells map[string]string, class int) (err error) {
	e.Columns = []pipeline.ColumnWeight{}
	bare := m.expanded(cells) // in the end without every column looked at
	looked := 0
	for i := range m.inputs {
		for k, name := range m.inputs[i].columns {
			if looked++; looked > maxOccluded {
				break
			}
			without := m.expanded(cells)
			kept := without[name]
			without[name], bare[name] = m.blank(i), m.blank(i)
			got, err := m.mark(ctx, pipeline.Input{Cells: without}, class)
			if err != nil {
				return err
			}
			if w := e.Margin - got; w != 0 {
				e.Columns = append(e.Columns, pipeline.ColumnWeight{Column: m.inputs[i].columns[k], Value: kept, Weight: w})
			}
		}
	}
	e.Baseline, err = m.mark(ctx, pipeline.Input{Cells: bare}, class)
	return err
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

// tellWords takes one word away at a time.
func (m *Model) tellWords(ctx context.Context, e *pipeline.Explanation, doc string, class int) (err error) {
	for _, w := range words(doc) {
		// The spaces around a word stay, so that its neighbours do not become one.
		got, err := m.mark(ctx, pipeline.Input{Text: doc[:w.from] + doc[w.to:]}, class)
		if err != nil {
			return err
		}
		if lost := e.Margin - got; lost != 0 {
			start := utf8.RuneCountInString(doc[:w.from])
			e.Spans = append(e.Spans, pipeline.Span{Start: start, End: start + utf8.RuneCountInString(doc[w.from:w.to]), Text: doc[w.from:w.to], Weight: lost})
		}
	}
	e.Baseline, err = m.mark(ctx, pipeline.Input{}, class)
	return err
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
