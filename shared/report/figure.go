package report

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// count writes a whole number with its thousands apart, by the thin space that
// every language reads alike.
func count[T int | int64](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// percent writes a share in tenths of a percent.
func percent(share float64) string {
	return strconv.FormatFloat(share*100, 'f', 1, 64) + "\u202f%"
}

// decimal writes a small number with three decimals.
func decimal(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }

// figure writes a number of any size with four digits that count.
func figure(v float64) string {
	if a := math.Abs(v); a >= 1e4 && a < 1e15 {
		return count(int64(math.Round(v)))
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// between writes the ends of an interval.
func between(low, high string) string { return low + " – " + high }

// size writes a size in units of 1,024 bytes.
func size(n int64) string {
	switch {
	case n == 0:
		return ""
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}

// moment writes a time to the minute, in UTC; the zero time as nothing.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}
