package cell

import (
	"strings"
	"time"
)

// Order says which of the day and the month comes first where both are
// numbers and the year comes last.
type Order uint8

// The orders.
const (
	MonthFirst Order = iota // 12/31/2006
	DayFirst                // 31/12/2006
)

// Moment is a date, a time of day, or both.
type Moment struct {
	// Time is the moment in UTC as it was written: an offset is not applied,
	// for the hour on the wall says more about people than the one in Greenwich.
	// Without a date it lies on 1 January 1970.
	Time           time.Time
	HasDate, Clock bool // which parts were written
}

// Date reads a date, a time of day, or both:
//
//	2006-01-02, 2006/1/2, 2006.01.02, 20060102, 2006-01, 2006年1月2日
//	02.01.2006, 1/2/2006, 1/2/06 (day or month first: see Order)
//	2 Jan 2006, Jan 2, 2006, Monday, 2 January 2006, 02-Jan-06, Jan 2006
//	any of these with 15:04, 15:04:05.999 or 3:04 PM behind it, after a space
//	or a T, with or without Z, UTC or an offset; and these alone
//
// Years go from 1000 to 2999; years of two digits lie between 1970 and 2069.
// It is false for anything else and for days that no calendar has.
func Date(s string, o Order) (Moment, bool) {
	s = Trim(s)
	if len(s) < 4 || len(s) > longest {
		return Moment{}, false
	}
	day, clock := s, ""
	if i := strings.IndexByte(s, ':'); i >= 0 {
		// The hour's digits stand before the first colon.
		for i > 0 && isDigit(s[i-1]) {
			i--
		}
		day, clock = s[:i], s[i:]
		if i > 0 && day[i-1] != ' ' && day[i-1] != 'T' && day[i-1] != 't' {
			return Moment{}, false
		}
		day = strings.TrimRight(day, " Tt,")
	}
	m := Moment{HasDate: day != "", Clock: clock != ""}
	var ok bool
	seconds := 0.0
	if m.Clock {
		if seconds, ok = clockOf(clock); !ok {
			return Moment{}, false
		}
	}
	y, mon, d := 1970, 1, 1
	if m.HasDate {
		if y, mon, d, ok = dayOf(day, o); !ok {
			return Moment{}, false
		}
	}
	m.Time = time.Date(y, time.Month(mon), d, 0, 0, 0, 0, time.UTC)
	// time.Date takes 30 February for 2 March.
	if m.Time.Day() != d || int(m.Time.Month()) != mon || y < 1000 || y > 2999 {
		return Moment{}, false
	}
	m.Time = m.Time.Add(time.Duration(seconds * float64(time.Second)))
	return m, true
}

// clockOf reads a time of day as seconds after midnight.
func clockOf(s string) (float64, bool) {
	hour, s, ok := number(s, 1, 2)
	if !ok || len(s) == 0 || s[0] != ':' {
		return 0, false
	}
	minute, s, ok := number(s[1:], 2, 2)
	if !ok || minute > 59 {
		return 0, false
	}
	seconds := float64(hour*3600 + minute*60)
	if len(s) > 0 && s[0] == ':' {
		var second int
		if second, s, ok = number(s[1:], 2, 2); !ok || second > 60 {
			return 0, false
		}
		seconds += float64(second)
		if len(s) > 1 && (s[0] == '.' || s[0] == ',') && isDigit(s[1]) {
			unit := .1
			for s = s[1:]; len(s) > 0 && isDigit(s[0]); s = s[1:] {
				seconds += unit * float64(s[0]-'0')
				unit /= 10
			}
		}
	}
	s = strings.TrimLeft(s, " ")
	if len(s) >= 2 && (s[1]|0x20 == 'm') && (s[0]|0x20 == 'a' || s[0]|0x20 == 'p') {
		if hour < 1 || hour > 12 {
			return 0, false
		}
		half := 0
		if s[0]|0x20 == 'p' {
			half = 12
		}
		seconds += float64((hour%12 + half - hour) * 3600)
		hour, s = 0, strings.TrimLeft(s[2:], " ")
	}
	return seconds, hour < 24 && zone(s)
}

// zone reports whether s is nothing, Z, UTC, GMT, or an offset such as +08:00.
func zone(s string) bool {
	switch s {
	case "", "Z", "z", "UTC", "GMT":
		return true
	}
	if s[0] != '+' && s[0] != '-' {
		return false
	}
	s = s[1:]
	if len(s) == 5 && s[2] == ':' {
		return allDigits(s[:2]) && allDigits(s[3:])
	}
	return (len(s) == 2 || len(s) == 4) && allDigits(s)
}

// number reads between least and most digits from the beginning of s.
func number(s string, least, most int) (v int, rest string, ok bool) {
	n := 0
	for n < len(s) && n < most && isDigit(s[n]) {
		v = 10*v + int(s[n]-'0')
		n++
	}
	return v, s[n:], n >= least && (n == len(s) || !isDigit(s[n]))
}

// field is a part of a date: a number of some digits, or a month by name.
type field struct {
	value, digits int // digits 0: a name
	after         rune
}

// dayOf reads a date without a time.
func dayOf(s string, o Order) (y, m, d int, ok bool) {
	var fields [4]field
	n, ok := cutFields(&fields, s)
	if !ok {
		return 0, 0, 0, false
	}
	f := fields[:n]
	named := -1
	for i := range f {
		if f[i].digits == 0 {
			if named >= 0 {
				return 0, 0, 0, false
			}
			named = i
		}
	}
	switch {
	case named >= 0:
		return namedMonth(f, named)
	case n == 1 && f[0].digits == 8:
		v := f[0].value
		y, m, d = v/10000, v/100%100, v%100
		return y, m, d, y >= 1900 && y <= 2099
	case n == 2 && f[0].digits == 4 && f[0].after != '.' && f[0].after != ' ':
		return f[0].value, f[1].value, 1, true
	case n == 3 && f[0].after == f[1].after || n == 3 && f[0].after == '年':
		return numbered(f, o)
	}
	return 0, 0, 0, false
}

// numbered orders three numbers.
func numbered(f []field, o Order) (y, m, d int, ok bool) {
	a, b, c := f[0], f[1], f[2]
	switch {
	case a.digits == 4 && b.digits <= 2 && c.digits <= 2:
		return a.value, b.value, c.value, true
	case a.digits <= 2 && b.digits <= 2 && (c.digits == 4 || c.digits == 2):
		if o == DayFirst {
			a, b = b, a
		}
		return fullYear(c), a.value, b.value, true
	}
	return 0, 0, 0, false
}

// namedMonth orders fields of which one is a month's name.
func namedMonth(f []field, at int) (y, m, d int, ok bool) {
	m = f[at].value
	switch {
	case len(f) == 2 && at == 0 && f[1].digits == 4: // Jan 2006
		return f[1].value, m, 1, true
	case len(f) == 3 && at == 0 && f[1].digits <= 2: // Jan 2, 2006
		return fullYear(f[2]), m, f[1].value, f[2].digits == 4
	case len(f) == 3 && at == 1 && f[0].digits <= 2: // 2 Jan 2006, 02-Jan-06
		return fullYear(f[2]), m, f[0].value, f[2].digits == 4 || f[2].digits == 2
	case len(f) == 3 && at == 1 && f[0].digits == 4: // 2006-Jan-02
		return f[0].value, m, f[2].value, f[2].digits <= 2
	}
	return 0, 0, 0, false
}

// fullYear adds the century to a year of two digits.
func fullYear(f field) int {
	switch {
	case f.digits > 2:
		return f.value
	case f.value < 70:
		return 2000 + f.value
	}
	return 1900 + f.value
}

// cutFields cuts a date into at most four fields; names of weekdays are dropped.
func cutFields(f *[4]field, s string) (n int, ok bool) {
	for s != "" {
		if n == len(f) {
			return 0, false
		}
		var part field
		switch c := s[0]; {
		case isDigit(c):
			before := len(s)
			if part.value, s, ok = number(s, 1, 8); !ok {
				return 0, false
			}
			part.digits = before - len(s)
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			i := 0
			for i < len(s) && s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z' {
				i++
			}
			weekday := false
			if part.value, weekday = nameOf(s[:i]); part.value == 0 && !weekday {
				return 0, false
			}
			if s = strings.TrimLeft(s[i:], "., "); weekday {
				continue
			}
		default:
			return 0, false
		}
		part.after, s = separator(s)
		f[n] = part
		n++
	}
	return n, n > 0
}

// separator takes what parts two fields off the beginning of s.
func separator(s string) (rune, string) {
	for _, mark := range []string{"年", "月", "日", "号"} {
		if rest, found := strings.CutPrefix(s, mark); found {
			r := []rune(mark)[0]
			if r == '月' {
				r = '年' // one style: 2006年1月2日
			}
			return r, strings.TrimLeft(rest, " ")
		}
	}
	if s == "" || s[0] != '-' && s[0] != '/' && s[0] != '.' && s[0] != ' ' && s[0] != ',' {
		return 0, s
	}
	return rune(s[0]), strings.TrimLeft(s[1:], " ")
}

// nameOf returns the number of the month a word names, or whether it names a
// weekday: in full, or by its first three letters.
func nameOf(word string) (month int, weekday bool) {
	if len(word) < 3 {
		return 0, false
	}
	if strings.EqualFold(word, "sept") {
		return 9, false
	}
	same := func(name string) bool {
		return strings.EqualFold(word, name) || len(word) == 3 && strings.EqualFold(word, name[:3])
	}
	for m := time.January; m <= time.December; m++ {
		if same(m.String()) {
			return int(m), false
		}
	}
	for d := time.Sunday; d <= time.Saturday; d++ {
		if same(d.String()) {
			return 0, true
		}
	}
	return 0, false
}
