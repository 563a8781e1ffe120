package monitor_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/shared/fault"
	"godwit/shared/monitor"
	"godwit/shared/registry"
)

// ids are the predictions of a queue, read in pages of limit.
func (s *stage) ids(t *testing.T, limit int) (ids []string) {
	t.Helper()
	for p := (registry.PageRequest{Limit: limit}); ; {
		page, err := s.Queue(t.Context(), "acme", "intents", p)
		if err != nil {
			t.Fatalf("Queue = %v", err)
		}
		for _, e := range page.Items {
			ids = append(ids, e.Prediction)
		}
		if p.After = page.Next; p.After == "" {
			return ids
		}
	}
}

func TestQueue_order(t *testing.T) {
	s := open()
	for _, e := range []struct {
		prediction, label string
		score             float64
	}{
		{"right and unsure", "card", .4}, {"wrong and unsure", "cash", .5}, {"right and sure", "card", 1},
		{"wrong and sure", "cash", .97}, {"new and surest", "loan", .99}, {"right, less sure", "card", .39999},
	} {
		j := with(judge(e.prediction, 0, e.label), `"text"`)
		j.Score = e.score
		s.record(t, j)
	}
	comment := judge("a comment alone", 0, "cash")
	comment.Comment, comment.Score = "the customer called", .3
	s.record(t, comment, judge("neither", 0, "cash"))
	want := []string{"new and surest", "wrong and sure", "wrong and unsure", "a comment alone", "right, less sure", "right and unsure", "right and sure"}
	for _, limit := range []int{1, 2, 200} {
		if got := s.ids(t, limit); !slices.Equal(got, want) {
			t.Errorf("in pages of %d the queue is %q, want %q", limit, got, want)
		}
	}
	s.advance(399 * 24 * time.Hour)
	if got := s.ids(t, 200); len(got) != len(want) {
		t.Errorf("after 399 days the queue is %q, want all", got)
	}
	s.advance(2 * 24 * time.Hour)
	if got := s.ids(t, 200); len(got) != 0 {
		t.Errorf("after 401 days the queue is %q, want nothing", got)
	}
}

// Answers of a regression come by how far they were off.
func TestQueue_regression(t *testing.T) {
	s := open()
	for _, actual := range []float64{7, -90, 5.5, 20} {
		s.record(t, monitor.Judgement{
			Prediction: fmt.Sprint(actual), Model: "intents", Version: 1, At: start, Value: 5, Actual: actual, Input: []byte(`{"grams":"130"}`),
		})
	}
	if got, want := s.ids(t, 3), []string{"-90", "20", "7", "5.5"}; !slices.Equal(got, want) {
		t.Errorf("queue = %q, want %q", got, want)
	}
	if got, err := s.Examples(t.Context(), "acme", "intents", 10); err != nil || len(got) != 0 {
		t.Errorf("Examples = %v, %v; want none of a regression", got, err)
	}
}

func TestQueue_cursors(t *testing.T) {
	s := open()
	for _, after := range []string{strings.Repeat("x", 301), "\xff"} {
		if _, err := s.Queue(t.Context(), "acme", "intents", registry.PageRequest{Limit: 1, After: after}); !fault.Is(err, fault.Malformed) {
			t.Errorf("Queue after %q = %v, want malformed", after, err)
		}
	}
}

// An input that is gone leaves its entry in the queue, and nothing to train on.
func TestQueue_inputGone(t *testing.T) {
	s := open()
	s.record(t, with(judge("pr_a", 0, "cash"), `"text"`))
	for _, key := range s.objects(t) {
		if !strings.HasPrefix(key, "feedback/acme/intents/2026-03-30/") || !strings.HasSuffix(key, ".jsonl") {
			t.Errorf("the example is at %s", key)
		}
		if err := s.uploads.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	page, err := s.Queue(t.Context(), "acme", "intents", registry.PageRequest{Limit: 10})
	if err != nil || len(page.Items) != 1 || page.Items[0].Input != nil || page.Items[0].Label != "cash" {
		t.Errorf("Queue = %+v, %v; want the entry without its input", page, err)
	}
	if got, err := s.Examples(t.Context(), "acme", "intents", 10); err != nil || len(got) != 0 {
		t.Errorf("Examples = %v, %v; want none", got, err)
	}
}

// Examples come by the time of their predictions; of too many the most urgent stay.
func TestExamples(t *testing.T) {
	s := open()
	for i, label := range []string{"card", "cash", "card", "loan"} {
		j := with(judge(fmt.Sprint("pr_", i), 0, label), fmt.Sprintf(`"text %d"`, i))
		j.At = start.Add(-time.Duration(i) * time.Hour)
		s.record(t, j)
	}
	s.record(t, judge("pr_9", 0, "cash"))
	read := func(limit int) (out []string) {
		examples, err := s.Examples(t.Context(), "acme", "intents", limit)
		if err != nil {
			t.Fatalf("Examples = %v", err)
		}
		for _, e := range examples {
			out = append(out, fmt.Sprintf("%s %s %s", e.ID, e.Input, e.Label))
		}
		return out
	}
	all := []string{`pr_3/0 "text 3" loan`, `pr_2/0 "text 2" card`, `pr_1/0 "text 1" cash`, `pr_0/0 "text 0" card`}
	if got := read(10); !slices.Equal(got, all) {
		t.Errorf("Examples = %q, want %q", got, all)
	}
	if got, want := read(2), []string{all[0], all[2]}; !slices.Equal(got, want) {
		t.Errorf("the two most urgent = %q, want %q", got, want)
	}
	s.record(t, judge("pr_0", 0, "rate"))
	if got := read(10); got[3] != `pr_0/0 "text 0" rate` {
		t.Errorf("after a correction %q, want the newest label", got[3])
	}
}

func ExampleService_Record() {
	s, ctx := open(), context.Background()
	for _, label := range []string{"card", "card", "cash"} {
		out, err := s.Record(ctx, "acme", []monitor.Judgement{judge("pr_a", 0, label)})
		fmt.Println(out[0].Status, out[0].Correct, err)
	}
	// Output:
	// recorded true <nil>
	// repeated true <nil>
	// corrected false <nil>
}

// A deleted model's queue goes with the inputs it names; another's stays.
func TestForget(t *testing.T) {
	s := open()
	var js []monitor.Judgement
	for i := range 205 { // more than a page
		js = append(js, with(judge("pr_a", i, "cash"), `"text"`))
	}
	comment := judge("pr_b", 0, "cash")
	comment.Comment = "the customer called"
	other := with(judge("pr_c", 0, "cash"), `"text"`)
	other.Model = "other"
	s.record(t, append(js, comment, other)...)
	for range 2 { // again after it is done is no error
		if err := s.Forget(t.Context(), "acme", "intents"); err != nil {
			t.Fatalf("Forget = %v", err)
		}
	}
	if got := s.ids(t, 200); len(got) != 0 {
		t.Errorf("queue = %q, want nothing", got)
	}
	if keys := s.objects(t); len(keys) != 1 || !strings.HasPrefix(keys[0], "feedback/acme/other/") {
		t.Errorf("objects = %q, want the other model's", keys)
	}
	if page, err := s.Queue(t.Context(), "acme", "other", registry.PageRequest{Limit: 9}); err != nil || len(page.Items) != 1 || page.Items[0].Input == nil {
		t.Errorf("the other model's queue = %+v, %v; want its example", page, err)
	}
}
