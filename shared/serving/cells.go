package serving

import (
	"maps"
	"strconv"

	"godwit/shared/fault"
	"godwit/shared/ml/pipeline"
)

// acceptCells checks that the cells of a row, whose columns are all known, can
// be read as what their columns are: to take "thirty" for a missing age would
// answer a question that nobody asked.
func (s *slot) acceptCells(in Input) (pipeline.Input, *fault.Error) {
	if s.table == nil {
		return pipeline.Input{Cells: in.Columns}, nil
	}
	cells := s.written(in)
	wrong, isWrong := "", false
	for name, cell := range cells {
		// Of several the first by name, so that the same input gets the same answer.
		if !s.table.Reads(name, cell) && (!isWrong || name < wrong) {
			wrong, isWrong = name, true
		}
	}
	if !isWrong {
		return pipeline.Input{Cells: cells}, nil
	}
	wants := "a number, such as " + s.table.Written(wrong, 12.5)
	if s.table.ColumnType(wrong) == pipeline.DateColumn {
		wants = "a date or a time, such as 2026-03-01"
	}
	return pipeline.Input{}, fault.New(fault.Invalid, "column %s takes %s; %s is none: leave it empty where it is missing",
		quoted(wrong), wants, quoted(cells[wrong])).WithReason("wrong_type")
}

// written returns the cells with the numbers of programs as their columns are
// written: 3.125 must not be read as three thousand. in is not changed, for
// another version may read it too.
func (s *slot) written(in Input) map[string]string {
	cells, copied := in.Columns, false
	for _, name := range in.Numbers {
		v, err := strconv.ParseFloat(cells[name], 64)
		if err != nil || !s.table.DecimalComma(name) {
			continue
		}
		if !copied {
			cells, copied = maps.Clone(cells), true
		}
		cells[name] = s.table.Written(name, v)
	}
	return cells
}
