package monitor_test

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"godwit/shared/fault"
	"godwit/shared/monitor"
	"godwit/shared/registry"
)

func TestRecord(t *testing.T) {
	s := open()
	for _, step := range []struct {
		name  string
		label string
		want  monitor.Outcome
		rows  [4]int64 // rows, correct, corrected and of new labels afterwards
	}{
		{"right", "card", monitor.Outcome{Status: monitor.Recorded, Correct: true}, [4]int64{1, 1, 0, 0}},
		{"again", "card", monitor.Outcome{Status: monitor.Repeated, Correct: true}, [4]int64{1, 1, 0, 0}},
		{"wrong after all", "cash", monitor.Outcome{Status: monitor.Corrected}, [4]int64{1, 0, 1, 0}},
		{"a label it does not have", "loan", monitor.Outcome{Status: monitor.Corrected, NewLabel: true}, [4]int64{1, 0, 2, 1}},
		{"that again", "loan", monitor.Outcome{Status: monitor.Repeated, NewLabel: true}, [4]int64{1, 0, 2, 1}},
		{"right after all", "card", monitor.Outcome{Status: monitor.Corrected, Correct: true}, [4]int64{1, 1, 3, 0}},
	} {
		t.Run(step.name, func(t *testing.T) {
			if got := s.record(t, judge("pr_a", 0, step.label)); got[0] != step.want {
				t.Errorf("Record = %+v, want %+v", got[0], step.want)
			}
			sum := s.tally(t)
			if got := [4]int64{sum.Rows, sum.Correct, sum.Corrected, sum.NewRows()}; got != step.rows {
				t.Errorf("counts = %v, want %v", got, step.rows)
			}
		})
	}
	if n := len(s.objects(t)); n != 0 {
		t.Errorf("%d objects were stored without any input, want none", n)
	}
	if page, err := s.Queue(t.Context(), "acme", "intents", registry.PageRequest{Limit: 10}); err != nil || len(page.Items) != 0 {
		t.Errorf("Queue = %+v, %v; want nothing in it", page, err)
	}
}

// objects lists the keys of the uploads bucket.
func (s *stage) objects(t testing.TB) (keys []string) {
	t.Helper()
	found, _, err := s.uploads.List(t.Context(), "", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range found {
		keys = append(keys, o.Key)
	}
	return keys
}

// What was sent along survives a judgement that does not send it again.
func TestRecord_keepsWhatWasSent(t *testing.T) {
	s := open()
	j := with(judge("pr_a", 0, "cash"), `"where is my card"`)
	j.Comment = "by phone"
	s.record(t, j)
	s.record(t, judge("pr_a", 0, "rate"))
	s.record(t, judge("pr_a", 0, "card"))
	page, err := s.Queue(t.Context(), "acme", "intents", registry.PageRequest{Limit: 10})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("Queue = %+v, %v; want one entry", page, err)
	}
	e := page.Items[0]
	if string(e.Input) != `"where is my card"` || e.Comment != "by phone" || e.Label != "card" || !e.Correct || e.Predicted != "card" || e.Score != .75 {
		t.Errorf("entry = %+v, want the input, the comment and the newest label", e)
	}
	if got := s.record(t, with(judge("pr_a", 0, "card"), `"where is my cat"`)); got[0].Status != monitor.Repeated {
		t.Errorf("another input = %+v, want repeated", got[0])
	}
	page, err = s.Queue(t.Context(), "acme", "intents", registry.PageRequest{Limit: 10})
	if err != nil || len(page.Items) != 1 || string(page.Items[0].Input) != `"where is my cat"` {
		t.Errorf("Queue = %+v, %v; want the newest input", page, err)
	}
	if sum := s.tally(t); sum.Rows != 1 || sum.Corrected != 2 {
		t.Errorf("counts = %+v, want one row, twice corrected", sum)
	}
}

// Counts belong to the day of the prediction, and end with their records.
func TestRecord_days(t *testing.T) {
	s := open()
	late := judge("pr_late", 0, "cash")
	late.At = start.Add(15 * time.Hour) // the 31st
	s.record(t, judge("pr_a", 0, "card"), judge("pr_a", 1, "card"), late)
	s.advance(40 * 24 * time.Hour)
	s.record(t, judge("pr_b", 0, "rate"))
	days, err := s.Days(t.Context(), "acme", "intents", 1, day("2026-03-30"), day("2026-03-31"))
	if err != nil || len(days) != 2 || days[0].Rows != 3 || days[0].Correct != 2 || !days[1].Date.Equal(day("2026-03-31")) || days[1].Rows != 1 {
		t.Errorf("Days = %+v, %v; want three rows and one", days, err)
	}
	want := []monitor.Cell{{True: 0, Predicted: 0, Rows: 2}, {True: 2, Predicted: 0, Rows: 1}}
	if !slices.Equal(days[0].Cells, want) {
		t.Errorf("cells = %v, want %v", days[0].Cells, want)
	}
	for _, other := range [][2]string{{"2026-03-29", "2026-03-29"}, {"2026-04-01", "2026-04-30"}} {
		if days, err := s.Days(t.Context(), "acme", "intents", 1, day(other[0]), day(other[1])); err != nil || len(days) != 0 {
			t.Errorf("Days from %s to %s = %+v, %v; want none", other[0], other[1], days, err)
		}
	}
	if days, err := s.Days(t.Context(), "rival", "intents", 1, day("2026-03-30"), day("2026-03-31")); err != nil || len(days) != 0 {
		t.Errorf("another tenant's Days = %+v, %v; want none", days, err)
	}
	s.advance(365 * 24 * time.Hour)
	if sum := s.tally(t); sum.Rows != 0 {
		t.Errorf("after 405 days %+v is left, want nothing", sum)
	}
}

func TestRecord_regression(t *testing.T) {
	s := open()
	number := func(prediction string, value, actual float64) monitor.Judgement {
		return monitor.Judgement{Prediction: prediction, Model: "intents", Version: 1, At: start, Value: value, Actual: actual, By: "key_test"}
	}
	out := s.record(t, number("pr_a", 3, 1), number("pr_b", 1, 2))
	if out[0].Deviation != 2 || out[1].Deviation != -1 || out[0].Correct || out[0].NewLabel {
		t.Errorf("Record = %+v, want deviations of 2 and -1", out)
	}
	if out := s.record(t, number("pr_a", 3, 0)); out[0].Status != monitor.Corrected || out[0].Deviation != 3 {
		t.Errorf("Record = %+v, want a corrected deviation of 3", out)
	}
	s.record(t, number("pr_c", 1e300, -1e300))
	s.record(t, number("pr_c", 5, 5))
	sum := s.tally(t)
	// By hand: |3|+|-1|, 9+1, 81+1; the absurd one leaves at most what its size rounds away.
	if sum.Rows != 3 || sum.Cells != nil || math.IsInf(sum.Fourth, 0) || math.IsNaN(sum.Fourth) {
		t.Errorf("counts = %+v, want three rows with finite sums", sum)
	}
}

// TestRecord_model holds the counts against a recount of who said what last,
// whatever is repeated or corrected, in whatever batches.
func TestRecord_model(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := open()
		last, corrected := map[string]string{}, int64(0)
		for range rapid.IntRange(1, 12).Draw(rt, "calls") {
			var js []monitor.Judgement
			seen := map[string]bool{}
			for range rapid.IntRange(1, 70).Draw(rt, "judgements") {
				j := judge(fmt.Sprint("pr_", rapid.IntRange(0, 3).Draw(rt, "prediction")), rapid.IntRange(0, 50).Draw(rt, "index"),
					rapid.SampledFrom([]string{"card", "cash", "rate", "loan", "fee"}).Draw(rt, "label"))
				key := fmt.Sprint(j.Prediction, j.Index)
				if seen[key] {
					continue
				}
				seen[key] = true
				if rapid.Bool().Draw(rt, "with input") {
					j = with(j, `"text"`)
				}
				js = append(js, j)
			}
			out, err := s.Record(context.Background(), "acme", js)
			if err != nil {
				rt.Fatalf("Record = %v", err)
			}
			for i, j := range js {
				key := fmt.Sprint(j.Prediction, j.Index)
				want := monitor.Recorded
				if before, known := last[key]; known && before == j.Label {
					want = monitor.Repeated
				} else if known {
					want = monitor.Corrected
					corrected++
				}
				if out[i].Status != want {
					rt.Fatalf("judgement %d = %s, want %s", i, out[i].Status, want)
				}
				last[key] = j.Label
			}
		}
		want := recount(last)
		want.Corrected = corrected
		if got := dense(s.tally(t)); !reflect.DeepEqual(got, want) {
			rt.Fatalf("counts = %+v, want %+v", got, want)
		}
	})
}

// recount counts the newest label of each answer, all of which were card.
func recount(last map[string]string) monitor.Tally {
	var want monitor.Tally
	rows := map[string]int64{}
	for _, label := range last {
		rows[label]++
		want.Rows++
	}
	want.Correct = rows["card"]
	for i, label := range labels {
		if rows[label] > 0 {
			want.Cells = append(want.Cells, monitor.Cell{True: i, Rows: rows[label]})
		}
	}
	for _, label := range []string{"fee", "loan"} {
		if rows[label] > 0 {
			want.New = append(want.New, monitor.NewLabel{Label: label, Rows: rows[label]})
		}
	}
	return want
}

// dense is a tally without the cells and labels that have no rows left.
func dense(t monitor.Tally) monitor.Tally {
	cells, fresh := t.Cells, t.New
	t.Cells, t.New = nil, nil
	for _, c := range cells {
		if c.Rows != 0 {
			t.Cells = append(t.Cells, c)
		}
	}
	for _, l := range fresh {
		if l.Rows != 0 {
			t.New = append(t.New, l)
		}
	}
	return t
}

// Sixteen callers at once who say different things of the same answers: one
// judgement of each counts, one entry of each is in the queue, and both agree.
func TestRecord_concurrent(t *testing.T) {
	s := open()
	const callers, answers = 16, 40
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			var js []monitor.Judgement
			for i := range answers {
				js = append(js, with(judge("pr_a", (i+caller)%answers, labels[(i*caller)%3]), fmt.Sprintf(`"text %d"`, caller)))
			}
			if _, err := s.Record(t.Context(), "acme", js); err != nil {
				t.Errorf("Record = %v", err)
			}
		})
	}
	wg.Wait()
	page, err := s.Queue(t.Context(), "acme", "intents", registry.PageRequest{Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]string{}
	for _, e := range page.Items {
		last[fmt.Sprint(e.Prediction, e.Index)] = e.Label
		if e.Input == nil {
			t.Errorf("entry %+v lost its input", e)
		}
	}
	if len(last) != answers || len(page.Items) != answers {
		t.Errorf("%d entries of %d answers, want %d", len(page.Items), len(last), answers)
	}
	got, want := dense(s.tally(t)), recount(last)
	got.Corrected = 0 // as many as the callers happened to meet
	if !reflect.DeepEqual(got, want) {
		t.Errorf("counts = %+v, want those of the queue, %+v", got, want)
	}
}

func TestJudgement_Check(t *testing.T) {
	for _, tc := range []struct {
		name, label string
		known       []string
		refused     bool
	}{
		{"known", "card", labels, false},
		{"new", "loan", labels, false},
		{"another case", "Card", labels, true},
		{"white space", " card ", labels, true},
		{"of a regression", "Card", nil, false},
		{"two labels that differ by case", "Card", []string{"Card", "card"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			j := judge("pr_a", 0, tc.label)
			j.Labels = tc.known
			if err := j.Check(); fault.Is(err, fault.Invalid) != tc.refused {
				t.Errorf("Check of %q = %v, want refused %v", tc.label, err, tc.refused)
			}
		})
	}
}

// What finds no room in the list of cells or labels is summed up, and taken back
// from where it was counted.
func TestTally_bounds(t *testing.T) {
	var all monitor.Tally
	for i := range 6000 {
		all.Add(monitor.Tally{Rows: 1, Cells: []monitor.Cell{{True: i, Rows: 1}}})
	}
	for i := range 150 {
		all.Add(monitor.Tally{Rows: 1, New: []monitor.NewLabel{{Label: fmt.Sprint(i), Rows: 1}}})
	}
	if len(all.Cells) != 5000 || all.Beyond != 1000 || len(all.New) != 100 || all.NewBeyond != 50 || all.NewRows() != 150 {
		t.Errorf("%d cells, %d beyond, %d labels, %d beyond; want 5000, 1000, 100, 50", len(all.Cells), all.Beyond, len(all.New), all.NewBeyond)
	}
	for i := range 6000 {
		all.Add(monitor.Tally{Rows: -1, Cells: []monitor.Cell{{True: i, Rows: -1}}})
	}
	if rest := dense(all); len(rest.Cells) != 0 || rest.Beyond != 0 || rest.Rows != 150 {
		t.Errorf("all cells taken back leave %+v, want none", rest)
	}
}
