package monitor_test

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"godwit/shared/blob/memblob"
	"godwit/shared/monitor"
	"godwit/shared/registry/memory"
)

// start is when every test begins.
var start = time.Date(2026, 3, 30, 9, 0, 0, 0, time.UTC)

// labels are those of every version here.
var labels = []string{"card", "cash", "rate"}

// stage is a Service on memory stores with a clock that tests move.
type stage struct {
	*monitor.Service
	store   *memory.Store
	uploads *memblob.Store
	skew    atomic.Int64
}

func (s *stage) now() time.Time          { return start.Add(time.Duration(s.skew.Load())) }
func (s *stage) advance(d time.Duration) { s.skew.Add(int64(d)) }

func open() *stage {
	s := &stage{}
	s.store, s.uploads = memory.New(s.now), memblob.New(s.now)
	var tokens atomic.Int64
	s.Service = &monitor.Service{Store: s.store, Uploads: s.uploads, Now: s.now, NewToken: func() string { return fmt.Sprint("token", tokens.Add(1)) }}
	return s
}

// judge is a judgement of an answer card of version 1, made at start.
func judge(prediction string, index int, label string) monitor.Judgement {
	return monitor.Judgement{
		Prediction: prediction, Index: index, Model: "intents", Version: 1, At: start, Labels: labels,
		Predicted: "card", Score: .75, Label: label, By: "key_test",
	}
}

// with returns a judgement that carries its input.
func with(j monitor.Judgement, input string) monitor.Judgement {
	j.Input = json.RawMessage(input)
	return j
}

// record wants the judgements recorded and returns what they came to.
func (s *stage) record(t testing.TB, js ...monitor.Judgement) []monitor.Outcome {
	t.Helper()
	out, err := s.Record(t.Context(), "acme", js)
	if err != nil {
		t.Fatalf("Record = %v", err)
	}
	return out
}

// tally adds up the days of version 1 around start.
func (s *stage) tally(t testing.TB) monitor.Tally {
	t.Helper()
	days, err := s.Days(t.Context(), "acme", "intents", 1, day("2026-01-01"), day("2026-12-31"))
	if err != nil {
		t.Fatalf("Days = %v", err)
	}
	var sum monitor.Tally
	for _, d := range days {
		sum.Add(d.Tally)
	}
	return sum
}

func day(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return d
}
