package dynamo_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"godwit/shared/dynamo"
	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/registry/registrytest"
	"godwit/shared/stagetest"
)

// TestStore_troubledLine runs the whole contract while the first attempt of
// every call goes wrong. Lost is the case that matters most: each write is
// performed twice, and must look as if it had been once.
func TestStore_troubledLine(t *testing.T) {
	for _, s := range services(t) {
		for _, tc := range []struct {
			name    string
			trouble stagetest.Trouble
		}{
			{"lost answer", stagetest.Lost},
			{"answer cut short", stagetest.Cut},
			{"answer with a wrong bit", stagetest.Flip},
		} {
			t.Run(s.name+" "+tc.name, func(t *testing.T) {
				registrytest.RunRepeated(t, func(tb testing.TB) registry.Store {
					return s.open(tb, &stagetest.Line{Base: s.transport, Plan: stagetest.EachFirst(tc.trouble)})
				})
			})
		}
	}
}

// TestStore_silence lets every attempt of a call go wrong: the caller learns
// that it may repeat, and the repeat with the same token finds what happened.
func TestStore_silence(t *testing.T) {
	for _, s := range services(t) {
		for _, tc := range []struct {
			name    string
			trouble stagetest.Trouble
		}{
			{"every answer lost", stagetest.Lost},
			{"every answer cut short", stagetest.Cut},
			{"no connection", stagetest.Reset},
			{"always throttled", stagetest.Throttle},
			{"always failing", stagetest.Error},
			{"every answer with a wrong bit", stagetest.Flip},
		} {
			t.Run(s.name+" "+tc.name, func(t *testing.T) {
				line := &stagetest.Line{Base: s.transport}
				silence(t, s.open(t, line), line, stagetest.Always(tc.trouble))
			})
		}
	}
}

func silence(t *testing.T, store *dynamo.Store, line *stagetest.Line, plan func(int, *http.Request) stagetest.Trouble) {
	ctx := t.Context()
	rec := func(sort, body string) registry.Record {
		return registry.Record{Key: registry.Key{Partition: "acme#X", Sort: sort}, Body: []byte(body)}
	}
	start := rec("old", `{}`)
	if err := store.Write(ctx, "start", registry.Write{Record: start}); err != nil {
		t.Fatalf("Write before the trouble = %v", err)
	}
	for _, tc := range []struct {
		name   string
		writes []registry.Write
	}{
		{"create", []registry.Write{{Record: rec("a", `{"n":1}`)}}},
		{"update", []registry.Write{{Record: rec("a", `{"n":2}`), IfRev: 1}}},
		{"unconditional", []registry.Write{{Record: rec("a", `{"n":3}`), IfRev: registry.AnyRev}}},
		{"transaction", []registry.Write{{Record: rec("a", `{"n":4}`), IfRev: 3}, {Record: rec("b", `{}`)}}},
		{"deletion", []registry.Write{{Op: registry.Delete, Record: start, IfRev: 1}}},
	} {
		line.Replan(plan)
		err := store.Write(ctx, tc.name, tc.writes...)
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s without an answer = %v, want %s", tc.name, err, fault.Unavailable)
		}
		if sent := line.Sent(); sent > 12 {
			t.Errorf("%s without an answer made %d requests, want a bound", tc.name, sent)
		}
		line.Replan(nil)
		for range 2 {
			if err := store.Write(ctx, tc.name, tc.writes...); err != nil {
				t.Errorf("%s repeated = %v, want success", tc.name, err)
			}
		}
	}
	got, err := store.GetMany(ctx, []registry.Key{rec("a", "").Key, rec("b", "").Key, start.Key})
	if err != nil || len(got) != 2 || got[0].Rev != 4 || string(got[0].Body) != `{"n":4}` || got[1].Rev != 1 {
		t.Errorf("after all = %+v, %v, want a at revision 4 and b at 1", got, err)
	}

	line.Replan(plan)
	_, getErr := store.Get(ctx, start.Key)
	_, manyErr := store.GetMany(ctx, []registry.Key{start.Key})
	_, _, queryErr := store.Query(ctx, registry.Query{Partition: "acme#X", Limit: 5})
	addErr := store.Add(ctx, start.Key, map[string]int64{"n": 1}, time.Time{})
	for name, err := range map[string]error{"Get": getErr, "GetMany": manyErr, "Query": queryErr, "Add": addErr} {
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s without an answer = %v, want %s", name, err, fault.Unavailable)
		}
	}
}

// TestStore_wrongTable checks that a mistake of the installation is neither
// repeated for ever nor taken for an absent record.
func TestStore_wrongTable(t *testing.T) {
	for _, s := range services(t) {
		t.Run(s.name, func(t *testing.T) {
			line := &stagetest.Line{Base: s.transport}
			client := stagetest.DynamoDB(stagetest.Config(s.url, s.accessKey, s.secretKey, line))
			store := dynamo.New(client, "no-such-table", time.Now)
			k := registry.Key{Partition: "acme#X", Sort: "a"}
			if _, err := store.Get(t.Context(), k); !fault.Is(err, fault.Internal) {
				t.Errorf("Get from an absent table = %v, want %s", err, fault.Internal)
			}
			err := store.Write(t.Context(), "t", registry.Write{Record: registry.Record{Key: k, Body: []byte(`{}`)}})
			if !fault.Is(err, fault.Internal) || line.Sent() != 2 {
				t.Errorf("Write to an absent table = %v after %d requests, want %s after 2", err, line.Sent(), fault.Internal)
			}
		})
	}
}

// TestStore_stalled lets the service say nothing at all: every call ends with its
// context, says so, and a write without an answer is found by its repeat.
func TestStore_stalled(t *testing.T) {
	for _, s := range services(t) {
		t.Run(s.name, func(t *testing.T) {
			line := &stagetest.Line{Base: s.transport}
			store := s.open(t, line)
			rec := registry.Record{Key: registry.Key{Partition: "acme#X", Sort: "a"}, Body: []byte(`{}`)}
			for name, call := range map[string]func(context.Context) error{
				"Get":     func(ctx context.Context) error { _, err := store.Get(ctx, rec.Key); return err },
				"GetMany": func(ctx context.Context) error { _, err := store.GetMany(ctx, []registry.Key{rec.Key}); return err },
				"Query": func(ctx context.Context) error {
					_, _, err := store.Query(ctx, registry.Query{Partition: "acme#X", Limit: 5})
					return err
				},
				"Write": func(ctx context.Context) error { return store.Write(ctx, "t", registry.Write{Record: rec}) },
				"Add":   func(ctx context.Context) error { return store.Add(ctx, rec.Key, map[string]int64{"n": 1}, time.Time{}) },
			} {
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				line.Replan(stagetest.Always(stagetest.Stall))
				if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s without an answer = %v, want %v", name, err, context.DeadlineExceeded)
				}
				cancel()
			}
			line.Replan(stagetest.EachFirst(stagetest.Lost))
			for range 2 {
				if err := store.Write(t.Context(), "t", registry.Write{Record: rec}); err != nil {
					t.Errorf("Write after the silence = %v, want success", err)
				}
			}
		})
	}
}
