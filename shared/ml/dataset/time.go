package dataset

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"godwit/shared/ml/dataset/cell"
)

// timeNames are known names of a column that says when a row came about, the
// likelier first: what is said of a later change comes last.
var timeNames = []string{
	"timestamp", "datetime", "time", "date", "created_at", "created", "createdat", "created at", "creation_date", "create_time",
	"received_at", "sent_at", "event_time", "order_date", "published_at", "published", "时间", "日期", "创建时间", "时间戳", "发布时间",
	"updated_at", "modified_at", "更新时间",
}

const (
	// mostlyTimes is the share of a column's cells, of those that are there, that
	// must be times for the column to be noticed.
	mostlyTimes = .9
	// leastEpoch is the least number noticed as a time: seconds from 1970 to
	// 1973. Less is as often a duration. A column that was named may hold any.
	leastEpoch = 1e8
)

// assignTime finds the column of times: the one that was named, else one with a
// known name whose cells are times. It may be a feature too, but nothing else.
// The error is unfit, and there is none unless times are wanted.
func (p *plan) assignTime(s sample, o Options) error {
	columns := p.source.Columns
	p.time = -1
	free := func(c int) bool {
		return !slices.Contains(p.text, c) && !slices.Contains([]int{-1, p.label, p.id, p.split, p.weight, p.group}, c)
	}
	switch {
	case o.TimeColumn != "":
		c := indexOf(columns, o.TimeColumn)
		if c < 0 {
			return unfit{fmt.Sprintf("there is no column %q; there are: %s", o.TimeColumn, excerpt([]byte(strings.Join(columns, ", "))))}
		}
		if !free(c) {
			return unfit{fmt.Sprintf("column %q cannot say when a row came about: it is used for something else", o.TimeColumn)}
		}
		p.time = c
	case p.source.Header || p.source.Format == formatJSONL:
		for _, name := range timeNames {
			if c := indexOf(columns, name); free(c) && looksTimed(s, c) {
				p.time = c
				break
			}
		}
	}
	if p.time >= 0 {
		p.source.TimeColumn = columns[p.time]
	} else if o.Times {
		return unfit{fmt.Sprintf("no column of times was found among: %s; name it", excerpt([]byte(strings.Join(columns, ", "))))}
	}
	return nil
}

// looksTimed reports whether a column of the sample holds times.
func looksTimed(s sample, c int) bool {
	if c >= s.columns {
		return false
	}
	cells := make([]string, 0, len(s.rows))
	for _, row := range s.rows {
		if !cell.Missing(row[c]) {
			cells = append(cells, row[c])
		}
	}
	read := timeReader(len(cells), func(i int) string { return cells[i] })
	times := 0
	for _, text := range cells {
		_, ok := read(text)
		number, plain := cell.Number(text, cell.Point)
		_, date := cell.Date(text, cell.MonthFirst)
		if ok && (!plain || date || number >= leastEpoch) {
			times++
		}
	}
	return times > 0 && float64(times) >= mostlyTimes*float64(len(cells))
}

// timeReader returns how the n cells of a column are read as times, as numbers
// that rise with it: as dates, the day or the month first, or as numbers, such
// as seconds since 1970, whichever reads the most of them. A time of day alone
// is none. An offset from UTC is not applied, see cell.Moment.
func timeReader(n int, at func(int) string) func(string) (float64, bool) {
	date := func(o cell.Order) func(string) (float64, bool) {
		return func(s string) (float64, bool) {
			m, ok := cell.Date(s, o)
			return float64(m.Time.Unix()) + float64(m.Time.Nanosecond())*1e-9, ok && m.HasDate
		}
	}
	number := func(s string) (float64, bool) { return cell.Number(s, cell.Point) }
	best, most := date(cell.MonthFirst), -1
	for _, read := range []func(string) (float64, bool){best, date(cell.DayFirst), number} {
		count := 0
		for i := range n {
			if _, ok := read(at(i)); ok {
				count++
			}
		}
		if count > most {
			best, most = read, count
		}
	}
	return best
}

// moment is what a split by time knows of the rows of one key.
type moment struct {
	first float64 // time of the oldest row; -Inf when a row has none
	order uint64  // among equals: a property of the key, so that row order is none
	rows  int
}

// compareAge puts older keys first.
func compareAge(a, b moment) int {
	return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.order, b.order))
}

// heldByTime decides each row by the time its key came up first: see
// SplitOptions.Newest.
func heldByTime(rows []Row, class []int32, classes int, keyOf func(int) uint64, o SplitOptions) func(int) bool {
	moments, of, total := momentsOf(rows, class, keyOf, o.Salt)
	newest := make([]int, len(moments))
	for i := range newest {
		newest[i] = i
	}
	slices.SortFunc(newest, func(a, b int) int { return compareAge(moments[b], moments[a]) })
	want := int(math.Round(shareOf(o.Test) * float64(total)))
	held, taken := make([]bool, len(moments)), 0
	for _, k := range newest {
		if taken >= want || math.IsInf(moments[k].first, -1) {
			break
		}
		// One key of very many rows must not take all there is to learn from.
		if n := moments[k].rows; taken+n <= max(want, total/2) {
			held[k], taken = true, taken+n
		}
	}
	oldest := make([]int, classes) // key of each class, -1 where a row is learned from
	for c := range oldest {
		oldest[c] = -1
	}
	learned := make([]bool, classes)
	for i, c := range class {
		if c < 0 {
			continue
		}
		if k := of[i]; !held[k] {
			learned[c] = true
		} else if oldest[c] < 0 || compareAge(moments[k], moments[oldest[c]]) < 0 {
			oldest[c] = k
		}
	}
	for c, k := range oldest {
		if !learned[c] && k >= 0 {
			held[k] = false
		}
	}
	return func(i int) bool { return held[of[i]] }
}

// momentsOf returns what is known of each key, the place of each row's key, and
// the number of rows that count.
func momentsOf(rows []Row, class []int32, keyOf func(int) uint64, salt string) (moments []moment, of []int, total int) {
	read := timeReader(len(rows), func(i int) string { return rows[i].Time })
	seed := hash64([]byte(salt), 0)
	places := map[uint64]int{}
	of = make([]int, len(rows))
	for i := range rows {
		key := keyOf(i)
		k, known := places[key]
		if !known {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], key)
			k = len(moments)
			places[key], moments = k, append(moments, moment{first: math.Inf(1), order: hash64(b[:], seed)})
		}
		of[i] = k
		if class[i] < 0 {
			continue
		}
		at, ok := read(rows[i].Time)
		if !ok {
			at = math.Inf(-1)
		}
		moments[k].first = min(moments[k].first, at)
		moments[k].rows++
		total++
	}
	return moments, of, total
}
