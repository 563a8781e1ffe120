package serving

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"godwit/shared/fault"
	"godwit/shared/ml/pipeline"
)

// textColumn is the one column a model of texts takes.
const textColumn = "text"

// accept turns an input into what the slot's model reads, or says why it
// cannot: a column nobody knows is a mistake, one that is missing is empty.
func (s *slot) accept(in Input) (pipeline.Input, *fault.Error) {
	switch {
	case in.Bad != nil:
		return pipeline.Input{}, in.Bad
	case s.shape != nil:
		return s.acceptImage(in)
	case in.Pixels != nil:
		return pipeline.Input{}, fault.New(fault.Invalid, "an input is a text or an object; arrays are pixels, and this model takes no images").WithReason("wrong_type")
	case s.singles(in) != "":
		return pipeline.Input{}, fault.New(fault.Invalid, "column %s holds a text, a number, true, false or null: one value and no list", quoted(s.singles(in))).WithReason("wrong_columns")
	case s.columns != nil:
		return s.acceptRow(in)
	case in.Columns == nil:
		return acceptText(in.Text)
	}
	text, found := in.Columns[textColumn]
	if !found || len(in.Columns) != 1 {
		return pipeline.Input{}, fault.New(fault.Invalid, "this model takes a text, or an object with the field %q and no other", textColumn).WithReason("wrong_columns")
	}
	return acceptText(text)
}

// singles returns a column that was sent as a list and takes one value, "" when
// there is none.
func (s *slot) singles(in Input) string {
	for _, name := range in.Lists {
		if !slices.Contains(s.wholes, name) {
			return name
		}
	}
	return ""
}

// acceptText checks a text.
func acceptText(text string) (pipeline.Input, *fault.Error) {
	if strings.TrimSpace(text) == "" {
		return pipeline.Input{}, fault.New(fault.Invalid, "the text is empty").WithReason("text_empty")
	}
	if !utf8.ValidString(text) {
		return pipeline.Input{}, fault.New(fault.Invalid, "the text is not UTF-8").WithReason("encoding_invalid")
	}
	if len(text) > MaxText {
		return pipeline.Input{}, fault.New(fault.TooLarge, "the text has %d bytes, the limit is %d", len(text), MaxText).WithReason("text_too_long")
	}
	return pipeline.Input{Text: text}, nil
}

// acceptRow checks a row of a table. Of several mistakes the one in the column
// that comes first by name is told, so that the same input gets the same answer.
func (s *slot) acceptRow(in Input) (pipeline.Input, *fault.Error) {
	if in.Columns == nil {
		return pipeline.Input{}, fault.New(fault.Invalid, "this model takes an object of named columns: %s", s.columnList()).WithReason("wrong_columns")
	}
	unknown, long, any, valid := "", "", false, true
	var isUnknown, isLong bool
	for name, cell := range in.Columns {
		if _, known := s.columns[name]; !known {
			if !isUnknown || name < unknown {
				unknown, isUnknown = name, true
			}
			continue
		}
		if len(cell) > MaxText && (!isLong || name < long) {
			long, isLong = name, true
		}
		any = any || strings.TrimSpace(cell) != ""
		valid = valid && utf8.ValidString(cell)
	}
	switch {
	case isUnknown:
		return pipeline.Input{}, fault.New(fault.Invalid, "the model has no column %s; it reads %s", quoted(unknown), s.columnList()).WithReason("unknown_column")
	case isLong:
		return pipeline.Input{}, fault.New(fault.TooLarge, "column %s has %d bytes, the limit is %d", quoted(long), len(in.Columns[long]), MaxText).WithReason("text_too_long")
	case !valid:
		return pipeline.Input{}, fault.New(fault.Invalid, "a column is not UTF-8").WithReason("encoding_invalid")
	case !any:
		return pipeline.Input{}, fault.New(fault.Invalid, "every column is empty; the model reads %s", s.columnList()).WithReason("row_empty")
	}
	return s.acceptCells(in)
}

// maxListed is how many columns a message names.
const maxListed = 20

// columnList names the model's columns for a message.
func (s *slot) columnList() string {
	all := s.model.Columns()
	names := make([]string, 0, maxListed)
	for _, c := range all[:min(len(all), maxListed)] {
		names = append(names, quoted(c))
	}
	list := strings.Join(names, ", ")
	if rest := len(all) - len(names); rest > 0 {
		list += fmt.Sprintf(" and %d more", rest)
	}
	return list
}

// quoted is a name for a message, cut where it is too long to read.
func quoted(name string) string {
	const most = 64 // code points
	if utf8.RuneCountInString(name) > most {
		name = string([]rune(name)[:most]) + "..."
	}
	return fmt.Sprintf("%q", name)
}
