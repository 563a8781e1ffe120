package cell_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"godwit/shared/ml/dataset/cell"
)

func TestMissing(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want bool
	}{
		{"", true}, {" \t\u00a0\u3000", true}, {"NA", true}, {"n/a", true}, {"NaN", true}, {" null ", true}, {"None", true},
		{"?", true}, {"-", true}, {"—", true}, {"缺失", true}, {"#DIV/0!", true},
		{"0", false}, {"no", false}, {"nand", false}, {"a", false}, {"a long text that says something", false},
	} {
		if got := cell.Missing(tc.in); got != tc.want {
			t.Errorf("Missing(%q) = %v, want %v", tc.in, got, tc.want)
		}
	}
}

func TestCode(t *testing.T) {
	for in, want := range map[string]bool{"01234": true, " 00 ": true, "0": false, "0.5": false, "1234": false, "0x1": false, "": false} {
		if got := cell.Code(in); got != want {
			t.Errorf("Code(%q) = %v, want %v", in, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	const none = math.MaxFloat64
	for _, tc := range []struct {
		in           string
		point, comma float64
	}{
		{"0", 0, 0}, {"42", 42, 42}, {" -7 ", -7, -7}, {"+7", 7, 7}, {"− 7", -7, -7}, {"007", 7, 7},
		{"1.5", 1.5, none}, {"1,5", none, 1.5}, {".5", .5, none}, {",5", none, .5}, {"5.", 5, none},
		{"1,234", 1234, 1.234}, {"1.234", 1.234, 1234}, {"1,234.5", 1234.5, none}, {"1.234,5", none, 1234.5},
		{"1,234,567", 1234567, none}, {"1.234.567", none, 1234567}, {"12,34,567", 1234567, none}, {"1,23", none, 1.23},
		{"1 234 567.5", 1234567.5, none}, {"1\u202f234,5", none, 1234.5}, {"1'234.50", 1234.5, none}, {"1’234", 1234, 1234},
		{"1,234 567", none, none}, {",234", none, .234}, {"1234,567", none, 1234.567}, {"1,,234", none, none},
		{"1.5e3", 1500, none}, {"1,5E-3", none, .0015}, {"2e5", 2e5, 2e5}, {"1e", none, none}, {"1e+", none, none},
		{"12%", .12, .12}, {"12.5 %", .125, none}, {"12,5％", none, .125}, {"%", none, none},
		{"$1,200", 1200, 1.2}, {"-$5", -5, -5}, {"$-5", -5, -5}, {"5 €", 5, 5}, {"￥５００", 500, 500}, {"12元", 12, 12}, {"5$5", none, none}, {"$", none, none},
		{"(3.50)", -3.5, none}, {"($3)", -3, -3}, {"(-3)", none, none}, {"()", none, none}, {"((3))", none, none},
		{"１２．５", 12.5, none},
		{"", none, none}, {"-", none, none}, {".", none, none}, {"abc", none, none}, {"12a", none, none}, {"1.2.3", none, none}, {"5 6", none, none},
		{"inf", none, none}, {"NaN", none, none}, {"0x10", none, none}, {"1_000", none, none}, {"1e400", none, none}, {"1e200", none, none},
		{"2006-01-02", none, none}, {"12:30", none, none}, {"é5", none, none}, {"\xff5", none, none},
	} {
		for n, want := range []float64{tc.point, tc.comma} {
			got, ok := cell.Number(tc.in, cell.Notation(n))
			if ok != (want != none) || ok && math.Abs(got-want) > 1e-12*math.Abs(want) {
				t.Errorf("Number(%q, %d) = %v, %v, want %v", tc.in, n, got, ok, want)
			}
		}
	}
}

func TestWritten(t *testing.T) {
	for _, v := range []float64{0, -1, 1234.5, 1e21, 1.25e-9, 1.0 / 3} {
		for _, n := range []cell.Notation{cell.Point, cell.Comma} {
			s := cell.Written(v, n)
			if got, ok := cell.Number(s, n); !ok || got != v {
				t.Errorf("Number(Written(%v, %d)) = Number(%q) = %v, %v, want the same", v, n, s, got, ok)
			}
		}
	}
}

func TestDate(t *testing.T) {
	const month, day = cell.MonthFirst, cell.DayFirst
	for _, tc := range []struct {
		in    string
		order cell.Order
		want  string // RFC 3339 without zone, "" for none
	}{
		{"2006-01-02", month, "2006-01-02T00:00:00"}, {"2006/1/2", month, "2006-01-02T00:00:00"}, {"2006.01.02", day, "2006-01-02T00:00:00"},
		{"20060102", month, "2006-01-02T00:00:00"}, {"18000102", month, ""}, {"20061302", month, ""}, {"2006-01", month, "2006-01-01T00:00:00"},
		{"1/2/2006", month, "2006-01-02T00:00:00"}, {"1/2/2006", day, "2006-02-01T00:00:00"}, {"02.01.2006", day, "2006-01-02T00:00:00"},
		{"31/12/1999", month, ""}, {"31/12/1999", day, "1999-12-31T00:00:00"}, {"12/31/99", month, "1999-12-31T00:00:00"}, {"1/2/06", month, "2006-01-02T00:00:00"},
		{"2 Jan 2006", month, "2006-01-02T00:00:00"}, {"Jan 2, 2006", day, "2006-01-02T00:00:00"}, {"Monday, 2 January 2006", month, "2006-01-02T00:00:00"},
		{"02-Jan-06", month, "2006-01-02T00:00:00"}, {"Sept 2006", month, "2006-09-01T00:00:00"}, {"2006-Jan-02", month, "2006-01-02T00:00:00"},
		{"2006年1月2日", month, "2006-01-02T00:00:00"}, {"2006年1月", month, "2006-01-01T00:00:00"}, {"2006年1月2日 15:04", month, "2006-01-02T15:04:00"},
		{"2006-01-02T15:04:05Z", month, "2006-01-02T15:04:05"}, {"2006-01-02 15:04:05.25+08:00", month, "2006-01-02T15:04:05.25"},
		{"2006-01-02 15:04 -0700", month, "2006-01-02T15:04:00"}, {"1/2/2006 3:04 PM", month, "2006-01-02T15:04:00"}, {"1/2/2006, 12:04:05 am", month, "2006-01-02T00:04:05"},
		{"15:04", month, "1970-01-01T15:04:00"}, {"3:04 pm", month, "1970-01-01T15:04:00"},
		{"2006-02-30", month, ""}, {"2006-00-01", month, ""}, {"2006-1-2-3", month, ""}, {"2006-01/02", month, ""}, {"1.2.3", month, ""},
		{"25:00", month, ""}, {"12:60", month, ""}, {"13:00 PM", month, ""}, {"12:3", month, ""}, {"a12:30", month, ""}, {"2006-01-02 noon", month, ""},
		{"Jan", month, ""}, {"March on", month, ""}, {"Jan Feb 2006", month, ""}, {"2006", month, ""}, {"2006.5", month, ""}, {"12.30", month, ""}, {"", month, ""},
		{"192.168.10.1", month, ""}, {"Mon", month, ""}, {"2006-01-02 15:04 +8", month, ""}, {"123456789", month, ""},
	} {
		m, ok := cell.Date(tc.in, tc.order)
		got := ""
		if ok {
			got = m.Time.Format("2006-01-02T15:04:05.999999999")
		}
		if got != tc.want {
			t.Errorf("Date(%q, %d) = %q, want %q", tc.in, tc.order, got, tc.want)
		}
	}
}

func TestDate_parts(t *testing.T) {
	for _, tc := range []struct {
		in          string
		date, clock bool
	}{{"2006-01-02", true, false}, {"15:04", false, true}, {"2006-01-02 00:00", true, true}} {
		if m, _ := cell.Date(tc.in, cell.MonthFirst); m.HasDate != tc.date || m.Clock != tc.clock {
			t.Errorf("Date(%q) = %+v, want date %v, clock %v", tc.in, m, tc.date, tc.clock)
		}
	}
}

// Cells are read by the million: nothing may allocate.
func TestAllocations(t *testing.T) {
	for _, in := range []string{"1,234.5", "-$12.50", "１２．５", "not a number", "2006-01-02 15:04:05+08:00", "2006年1月2日", "2 January 2006", "NA"} {
		if n := testing.AllocsPerRun(10, func() {
			cell.Missing(in)
			cell.Number(in, cell.Point)
			cell.Date(in, cell.DayFirst)
		}); n != 0 {
			t.Errorf("reading %q allocates %v times, want 0", in, n)
		}
	}
}

func FuzzCell(f *testing.F) {
	for _, s := range []string{"1.234,5", "(3%)", "2006-01-02T15:04:05+08:00", "2 Jan 2006 3:04 pm", "2006年1月2日", "￥５", "1e309", "::", "-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, n := range []cell.Notation{cell.Point, cell.Comma} {
			v, ok := cell.Number(s, n)
			if !ok {
				continue
			}
			if again, ok := cell.Number(cell.Written(v, n), n); math.IsNaN(v) || math.IsInf(v, 0) || !ok || again != v {
				t.Errorf("Number(%q) = %v, written and read again %v", s, v, again)
			}
		}
		for _, o := range []cell.Order{cell.MonthFirst, cell.DayFirst} {
			if m, ok := cell.Date(s, o); ok && (m.Time.Year() < 1000 || m.Time.Year() > 3000 || m.Time.Location() != time.UTC) {
				t.Errorf("Date(%q) = %v, want a year from 1000 to 3000 in UTC", s, m.Time)
			}
		}
		if cell.Missing(s) && cell.Code(s) {
			t.Errorf("%q is both missing and a code", s)
		}
	})
}

func Example() {
	for _, s := range []string{"1.234,50 €", "12,5 %"} {
		v, ok := cell.Number(s, cell.Comma)
		fmt.Println(v, ok)
	}
	m, ok := cell.Date("2 Jan 2006, 3:04 pm", cell.DayFirst)
	fmt.Println(m.Time.Format(time.DateTime), ok)
	// Output:
	// 1234.5 true
	// 0.125 true
	// 2006-01-02 15:04:00 true
}
