package monitor_test

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/monitor"
	"godwit/shared/registry"
)

// unsure is a table whose calls fail as fails says: before they do anything, or
// when they are done and only the answer is lost.
type unsure struct {
	registry.Store
	fails func() (before, after bool)
}

var errDown = fault.New(fault.Unavailable, "down")

// answer runs do unless it fails before, and loses its answer when it fails after.
func (u *unsure) answer(do func() error) error {
	before, after := u.fails()
	if before {
		return errDown
	}
	if err := do(); err != nil || !after {
		return err
	}
	return errDown
}

func (u *unsure) Write(ctx context.Context, token string, writes ...registry.Write) error {
	return u.answer(func() error { return u.Store.Write(ctx, token, writes...) })
}

func (u *unsure) GetMany(ctx context.Context, keys []registry.Key) (out []registry.Record, err error) {
	err = u.answer(func() error { out, err = u.Store.GetMany(ctx, keys); return err })
	return out, err
}

func (u *unsure) Query(ctx context.Context, q registry.Query) (out []registry.Record, more bool, err error) {
	err = u.answer(func() error { out, more, err = u.Store.Query(ctx, q); return err })
	return out, more, err
}

// bucket is a bucket that fails as its table does.
type bucket struct {
	blob.Store
	*unsure
}

func (b bucket) Get(ctx context.Context, key string) (body io.ReadCloser, info blob.Info, err error) {
	err = b.answer(func() error { body, info, err = b.Store.Get(ctx, key); return err })
	return body, info, err
}

func (b bucket) Put(ctx context.Context, key string, body io.ReadSeeker, size int64, o blob.PutOptions) (info blob.Info, err error) {
	err = b.answer(func() error { info, err = b.Store.Put(ctx, key, body, size, o); return err })
	return info, err
}

func (b bucket) Delete(ctx context.Context, key string) error {
	return b.answer(func() error { return b.Store.Delete(ctx, key) })
}

// Whatever fails and is sent again until it is answered, the counts and the
// queue are those of what was said last.
func TestRecord_failures(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := open()
		plan := rapid.SliceOfN(rapid.IntRange(0, 5), 200, 200).Draw(rt, "failures")
		next := 0
		down := &unsure{s.store, func() (bool, bool) {
			if next >= len(plan) {
				return false, false
			}
			next++
			return plan[next-1] == 0, plan[next-1] == 1
		}}
		shaky := *s.Service
		shaky.Store, shaky.Uploads = down, bucket{s.uploads, down}
		last := map[string]string{}
		for range 12 {
			j := with(judge("pr_a", rapid.IntRange(0, 4).Draw(rt, "index"), rapid.SampledFrom([]string{"card", "cash", "loan"}).Draw(rt, "label")), `"text"`)
			for {
				_, err := shaky.Record(context.Background(), "acme", []monitor.Judgement{j})
				if err == nil {
					break
				}
				if !fault.Is(err, fault.Unavailable) {
					rt.Fatalf("Record = %v, want unavailable", err)
				}
			}
			last[fmt.Sprint(j.Index)] = j.Label
		}
		got := dense(s.tally(t))
		got.Corrected = 0
		if want := recount(last); !reflect.DeepEqual(got, want) {
			rt.Fatalf("counts = %+v, want %+v", got, want)
		}
		page, err := s.Queue(context.Background(), "acme", "intents", registry.PageRequest{Limit: 200})
		if err != nil || len(page.Items) != len(last) {
			rt.Fatalf("Queue = %d entries, %v; want %d", len(page.Items), err, len(last))
		}
		for _, e := range page.Items {
			if last[fmt.Sprint(e.Index)] != e.Label || e.Input == nil {
				rt.Fatalf("entry %+v, want the label %s with its input", e, last[fmt.Sprint(e.Index)])
			}
		}
	})
}

// Every failure of the stores comes out as it is, wherever it happens.
func TestService_unavailable(t *testing.T) {
	s := open()
	s.record(t, with(judge("pr_a", 0, "cash"), `"text"`))
	for _, tc := range []struct {
		name string
		do   func(*monitor.Service) error
	}{
		{"Record", func(s *monitor.Service) error {
			_, err := s.Record(t.Context(), "acme", []monitor.Judgement{with(judge("pr_b", 0, "card"), `"text"`)})
			return err
		}},
		{"Queue", func(s *monitor.Service) error {
			_, err := s.Queue(t.Context(), "acme", "intents", registry.PageRequest{Limit: 9})
			return err
		}},
		{"Examples", func(s *monitor.Service) error {
			_, err := s.Examples(t.Context(), "acme", "intents", 9)
			return err
		}},
		{"Days", func(s *monitor.Service) error {
			_, err := s.Days(t.Context(), "acme", "intents", 1, day("2026-03-01"), day("2026-03-31"))
			return err
		}},
		{"Forget", func(s *monitor.Service) error { return s.Forget(t.Context(), "acme", "intents") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for failing := int64(0); ; failing++ {
				var calls atomic.Int64
				down := &unsure{s.store, func() (bool, bool) { return calls.Add(1) == failing+1, false }}
				shaky := *s.Service
				shaky.Store, shaky.Uploads = down, bucket{s.uploads, down}
				err := tc.do(&shaky)
				if calls.Load() <= failing {
					return // all its calls have failed in turn
				}
				if !fault.Is(err, fault.Unavailable) {
					t.Fatalf("with call %d failing %v, want unavailable", failing, err)
				}
			}
		})
	}
}
