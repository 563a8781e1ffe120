package usage

import (
	"context"
	"strconv"
	"time"

	"godwit/shared/registry"
)

// Buckets is how many equal parts of [0,1] the scores are counted in.
const Buckets = 10

// Groups is how many counters the answered labels share: a version of more
// labels has several in each.
const Groups = 64

// Traffic is what a version answered, in one request or in some time.
type Traffic struct {
	Requests  int64 // answered, those it only shadowed not among them
	Rows      int64 // inputs in them
	Errors    int64 // inputs that could not be scored
	Abstained int64 // answers below the request's min_score
	// ScoreMicros is the sum of the scores of the answers in millionths: with
	// the number of scores it gives their mean. Scores counts them by bucket:
	// [0,0.1), [0.1,0.2) to [0.9,1]. A regression has none.
	ScoreMicros int64
	Scores      [Buckets]int64
	// Labels counts the answers by label: those whose place among the version's
	// labels leaves i when divided by Groups. A regression has none.
	Labels [Groups]int64

	ShadowRows   int64 // inputs it scored as a shadow, unseen by the caller
	ShadowAgreed int64 // of these, with the label that was answered
}

// counters are the names of the fields, in their order.
var counters = names()

// names returns the counters' names, in the order of Traffic.fields.
func names() [7 + Buckets + Groups]string {
	out := [7 + Buckets + Groups]string{"requests", "rows", "errors", "abstained", "score_micros", "shadow_rows", "shadow_agreed"}
	for i := range Buckets {
		out[7+i] = "score_" + strconv.Itoa(i)
	}
	for i := range Groups {
		out[7+Buckets+i] = "label_" + strconv.Itoa(i)
	}
	return out
}

// fields points at the fields, in the order of counters.
func (t *Traffic) fields() [len(counters)]*int64 {
	out := [len(counters)]*int64{&t.Requests, &t.Rows, &t.Errors, &t.Abstained, &t.ScoreMicros, &t.ShadowRows, &t.ShadowAgreed}
	for i := range t.Scores {
		out[7+i] = &t.Scores[i]
	}
	for i := range t.Labels {
		out[7+Buckets+i] = &t.Labels[i]
	}
	return out
}

// Add adds the counts of another.
func (t *Traffic) Add(o Traffic) {
	from := o.fields()
	for i, n := range t.fields() {
		*n += *from[i]
	}
}

// Answer counts one answer: the place of its label among the version's and its
// score, a number from 0 to 1.
func (t *Traffic) Answer(class int, score float64) {
	t.Labels[class%Groups]++
	// Rounding in a softmax may end a hair outside.
	score = min(max(score, 0), 1)
	t.ScoreMicros += int64(score*1e6 + .5)
	// A score of 1 belongs to the last bucket, which is closed.
	t.Scores[min(int(score*Buckets), Buckets-1)]++
}

// Answered counts what a version answered to one request.
func (g *Gatherer) Answered(t registry.Tenant, model registry.Name, version int, answer Traffic) {
	if g == nil {
		return
	}
	key := registry.TrafficKey(t, model, version, g.Now(), g.Shard)
	for i, n := range answer.fields() {
		g.Add(key, counters[i], *n)
	}
}

// TrafficDay is what one version answered on one day.
type TrafficDay struct {
	Date time.Time // midnight, UTC
	Traffic
}

// TrafficDays returns what a version answered from the first day to the last,
// as Date returns them, in order; a day without traffic is not there.
func TrafficDays(ctx context.Context, store registry.Store, t registry.Tenant, model registry.Name, version int, from, to time.Time) ([]TrafficDay, error) {
	var out []TrafficDay
	err := EachDay(ctx, store, registry.TrafficPartition(t, model), version, from, to, func(date time.Time, rec registry.Record) error {
		if len(out) == 0 || !out[len(out)-1].Date.Equal(date) {
			out = append(out, TrafficDay{Date: date})
		}
		for i, n := range out[len(out)-1].fields() {
			*n += rec.Counters[counters[i]]
		}
		return nil
	})
	return out, err
}

// EachDay calls do with every record of a version's days, from the first day to
// the last, as Date returns them: day by day, the shards of one after the other.
// partition holds records under the sort keys of registry.TrafficKey. It ends
// with the first error.
func EachDay(ctx context.Context, store registry.Store, partition string, version int, from, to time.Time, do func(date time.Time, rec registry.Record) error) error {
	q := registry.Query{Partition: partition, Prefix: registry.TrafficPrefix(version), Limit: maxQuery}
	// The day alone sorts before the shards of the day.
	q.After = q.Prefix + from.Format(time.DateOnly)
	for more := true; more; {
		var found []registry.Record
		var err error
		if found, more, err = store.Query(ctx, q); err != nil {
			return err
		}
		for _, rec := range found {
			q.After = rec.Key.Sort
			rest, _ := cutLast(rec.Key.Sort)
			_, day := cutLast(rest)
			date, err := time.Parse(time.DateOnly, day)
			if err != nil {
				continue
			}
			if date.After(to) {
				return nil
			}
			if err := do(date, rec); err != nil {
				return err
			}
		}
	}
	return nil
}
