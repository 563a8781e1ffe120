// Package usage counts: what each API key used, and what each version of a
// model answered.
//
// A write for each prediction would cost more than the prediction, and a
// function is frozen between requests, so nothing can be written behind them.
// A Gatherer therefore adds up in memory and writes at the end of a request
// that comes ten seconds or more after the last write (FlushIfDue), and when
// the function is told to end (Flush). Each process writes to one of a few
// shards of every counter, so that many at once do not queue for one record;
// readers add the shards up (Days, TrafficDays).
//
// The counts are approximate, and say so to those who ask: what is in the
// memory of a function that dies is lost, and a write whose answer was lost is
// made again. What a budget is held to (Gatherer.Spent) is as approximate. Days
// are UTC's.
//
// The package decides nothing: who may see a count, and what happens over a
// budget, is the door's business.
package usage

import (
	"strings"
	"time"

	"godwit/shared/registry"
)

// Shards is how many records share the counts of one key or version on one day.
const Shards = 4

// kept is how long a record is kept after it was last added to.
const kept = 400 * 24 * time.Hour

// maxQuery is how many records are read at once.
const maxQuery = registry.MaxQuery

// The counters of a key on a day.
const (
	predictions     = "predictions"
	rows            = "rows"
	trainingSeconds = "training_seconds"
)

// Totals are what a key used in some time.
type Totals struct {
	Predictions     int64 // requests that were answered
	Rows            int64 // inputs in them, those that could not be scored included
	TrainingSeconds int64 // from the start of a job to its success
}

// add adds the counters of one record.
func (t *Totals) add(counters map[string]int64) {
	t.Predictions += counters[predictions]
	t.Rows += counters[rows]
	t.TrainingSeconds += counters[trainingSeconds]
}

// Date returns the day of a moment: its midnight in UTC.
func Date(at time.Time) time.Time { return at.UTC().Truncate(24 * time.Hour) }

// month returns the first day of a day's month.
func month(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// NextMonth returns when the month of at ends and its budgets begin anew.
func NextMonth(at time.Time) time.Time { return month(at.UTC()).AddDate(0, 1, 0) }

// cutLast splits s at its last "#".
func cutLast(s string) (before, after string) {
	i := strings.LastIndexByte(s, '#')
	return s[:max(i, 0)], s[i+1:]
}
