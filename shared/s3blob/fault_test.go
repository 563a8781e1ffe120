package s3blob_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"godwit/shared/blob"
	"godwit/shared/blob/blobtest"
	"godwit/shared/fault"
	"godwit/shared/stagetest"
)

// TestStore_troubledLine runs the whole contract while the first attempt of
// every call goes wrong. Under Lost each write is performed twice, and must
// look as if it had been once.
func TestStore_troubledLine(t *testing.T) {
	for _, s := range services(t) {
		for _, tc := range []struct {
			name    string
			trouble stagetest.Trouble
		}{
			{"lost answer", stagetest.Lost},
			{"throttled", stagetest.Throttle},
			{"reset", stagetest.Reset},
			{"answer cut short", stagetest.Cut},
		} {
			t.Run(s.name+" "+tc.name, func(t *testing.T) {
				blobtest.Run(t, func(tb testing.TB) blob.Store {
					return s.open(tb, &stagetest.Line{Base: s.transport, Plan: begun(stagetest.EachFirst(tc.trouble))})
				})
			})
		}
	}
}

// begun is a plan that spares what goes on with a body that broke off, which is
// not the first attempt for who reads it.
func begun(plan func(int, *http.Request) stagetest.Trouble) func(int, *http.Request) stagetest.Trouble {
	return func(n int, req *http.Request) stagetest.Trouble {
		if req.Header.Get("Range") != "" {
			return stagetest.None
		}
		return plan(n, req)
	}
}

// TestStore_silence lets every attempt of a call go wrong.
func TestStore_silence(t *testing.T) {
	for _, s := range services(t) {
		for _, tc := range []struct {
			name    string
			trouble stagetest.Trouble
		}{
			{"every answer lost", stagetest.Lost},
			{"no connection", stagetest.Reset},
			{"always throttled", stagetest.Throttle},
			{"always failing", stagetest.Error},
		} {
			t.Run(s.name+" "+tc.name, func(t *testing.T) {
				line := &stagetest.Line{Base: s.transport, Plan: stagetest.Always(tc.trouble)}
				store := s.open(t, line)
				_, _, err := store.Get(t.Context(), "k")
				calls := map[string]error{"Get": err}
				_, calls["Stat"] = store.Stat(t.Context(), "k")
				_, calls["Put"] = store.Put(t.Context(), "k", strings.NewReader("x"), 1, blob.PutOptions{IfAbsent: true})
				calls["Delete"] = store.Delete(t.Context(), "k")
				_, _, calls["List"] = store.List(t.Context(), "", "", 1)
				for name, err := range calls {
					if !fault.Is(err, fault.Unavailable) && !(name == "Put" && tc.trouble == stagetest.Lost && fault.Is(err, fault.PreconditionFailed)) {
						t.Errorf("%s without an answer = %v, want %s", name, err, fault.Unavailable)
					}
				}
				if sent := line.Sent(); sent > 20 {
					t.Errorf("5 calls without an answer made %d requests, want a bound", sent)
				}
			})
		}
	}
}

// TestStore_putLost takes the answers of conditional writes away: the caller
// must learn who won, also when the bytes were there before.
func TestStore_putLost(t *testing.T) {
	for _, s := range services(t) {
		t.Run(s.name, func(t *testing.T) {
			line := &stagetest.Line{Base: s.transport}
			store := s.open(t, line)
			put := func(key, text string) error {
				_, err := store.Put(t.Context(), key, strings.NewReader(text), int64(len(text)), blob.PutOptions{IfAbsent: true})
				return err
			}
			for _, n := range []int{1, 2} {
				line.Replan(stagetest.First(n, stagetest.Lost))
				key := strings.Repeat("k", n)
				if err := put(key, "mine"); err != nil {
					t.Errorf("Put with %d answers lost = %v, want success", n, err)
				}
				line.Replan(stagetest.First(n, stagetest.Lost))
				if err := put(key, "other"); !fault.Is(err, fault.PreconditionFailed) {
					t.Errorf("Put of other bytes with %d answers lost = %v, want %s", n, err, fault.PreconditionFailed)
				}
				line.Replan(nil)
				if err := put(key, "mine"); !fault.Is(err, fault.PreconditionFailed) {
					t.Errorf("Put of the same bytes, all answers there = %v, want %s", err, fault.PreconditionFailed)
				}
			}
		})
	}
}

const wrongBit = "wrong bit" // only a checksum tells

// TestStore_damagedBody damages what Get brings. A body that breaks off is
// continued; one that arrives wrong, or keeps breaking, is an error and never
// a clean end.
func TestStore_damagedBody(t *testing.T) {
	text := strings.Repeat("0123456789", 10_000)
	for _, s := range services(t) {
		for _, tc := range []struct {
			name string
			plan func(int, *http.Request) stagetest.Trouble
			want fault.Code // empty: the whole text
		}{
			{"cut once", stagetest.First(1, stagetest.Cut), ""},
			{"cut three times", stagetest.First(3, stagetest.Cut), ""},
			{"cut four times", stagetest.First(4, stagetest.Cut), fault.Unavailable},
			{"always cut", stagetest.Always(stagetest.Cut), fault.Unavailable},
			{wrongBit, stagetest.First(1, stagetest.Flip), fault.Unavailable},
			{"cut, then no connection", after(1, stagetest.Cut, stagetest.Reset), fault.Unavailable},
		} {
			if tc.name == wrongBit && !s.checksums {
				continue
			}
			t.Run(s.name+" "+tc.name, func(t *testing.T) {
				line := &stagetest.Line{Base: s.transport}
				store := s.open(t, line)
				if _, err := store.Put(t.Context(), "k", strings.NewReader(text), int64(len(text)), blob.PutOptions{}); err != nil {
					t.Fatalf("Put = %v", err)
				}
				line.Replan(tc.plan)
				body, info, err := store.Get(t.Context(), "k")
				if err != nil || info.Size != int64(len(text)) {
					t.Fatalf("Get = %+v, %v, want the object's head", info, err)
				}
				defer body.Close()
				data, err := io.ReadAll(body)
				if tc.want == "" && (err != nil || string(data) != text) {
					t.Errorf("reading = %d bytes, %v, want all %d", len(data), err, len(text))
				}
				if tc.want != "" && (!fault.Is(err, tc.want) || errors.Is(err, io.EOF)) {
					t.Errorf("reading = %d bytes, %v, want %s", len(data), err, tc.want)
				}
				line.Replan(tc.plan)
				if data, err := blob.ReadAll(t.Context(), store, "k", 1<<20); (tc.want == "") != (err == nil && string(data) == text) || tc.want != "" && !fault.Is(err, tc.want) {
					t.Errorf("ReadAll = %d bytes, %v, want %q", len(data), err, tc.want)
				}
				if _, again := body.Read(make([]byte, 1)); tc.want != "" && again == nil {
					t.Errorf("reading on after %v succeeds, want the error again", err)
				}
			})
		}
	}
}

// after is a plan of n troubles of one kind, then another for ever.
func after(n int, first, then stagetest.Trouble) func(int, *http.Request) stagetest.Trouble {
	return func(i int, _ *http.Request) stagetest.Trouble {
		if i <= n {
			return first
		}
		return then
	}
}

// TestStore_replacedWhileReading checks that a body is never continued with
// bytes of another object.
func TestStore_replacedWhileReading(t *testing.T) {
	for _, s := range services(t) {
		t.Run(s.name, func(t *testing.T) {
			line := &stagetest.Line{Base: s.transport}
			store := s.open(t, line)
			put := func(text string) {
				t.Helper()
				if _, err := store.Put(t.Context(), "k", strings.NewReader(text), int64(len(text)), blob.PutOptions{}); err != nil {
					t.Fatalf("Put = %v", err)
				}
			}
			old := strings.Repeat("a", 50_000)
			put(old)
			line.Replan(stagetest.First(1, stagetest.Cut))
			body, _, err := store.Get(t.Context(), "k")
			if err != nil {
				t.Fatalf("Get = %v", err)
			}
			defer body.Close()
			put(strings.Repeat("b", 50_000))
			data, err := io.ReadAll(body)
			if err != nil || string(data) != old {
				t.Errorf("reading = %d bytes (%d of the new object), %v, want the old object", len(data), strings.Count(string(data), "b"), err)
			}
		})
	}
}

// TestStore_wrongBucket checks that a mistake of the installation is not taken
// for an absent object.
func TestStore_wrongBucket(t *testing.T) {
	for _, s := range services(t) {
		t.Run(s.name, func(t *testing.T) {
			store := s.at(s.transport, "no-such-bucket")
			if _, _, err := store.Get(t.Context(), "k"); !fault.Is(err, fault.Internal) {
				t.Errorf("Get from an absent bucket = %v, want %s", err, fault.Internal)
			}
			if _, err := store.Put(t.Context(), "k", strings.NewReader("x"), 1, blob.PutOptions{}); !fault.Is(err, fault.Internal) {
				t.Errorf("Put to an absent bucket = %v, want %s", err, fault.Internal)
			}
		})
	}
}

// TestStore_stalled lets the service say nothing at all: every call ends with its
// context and says so, also the reading of a body.
func TestStore_stalled(t *testing.T) {
	for _, s := range services(t) {
		t.Run(s.name, func(t *testing.T) {
			line := &stagetest.Line{Base: s.transport}
			store := s.open(t, line)
			text := strings.Repeat("0123456789", 1000)
			if _, err := store.Put(t.Context(), "k", strings.NewReader(text), int64(len(text)), blob.PutOptions{}); err != nil {
				t.Fatal(err)
			}
			for name, call := range map[string]func(context.Context) error{
				"Get":    func(ctx context.Context) error { _, _, err := store.Get(ctx, "k"); return err },
				"Stat":   func(ctx context.Context) error { _, err := store.Stat(ctx, "k"); return err },
				"Delete": func(ctx context.Context) error { return store.Delete(ctx, "k") },
				"List":   func(ctx context.Context) error { _, _, err := store.List(ctx, "", "", 1); return err },
				"Put": func(ctx context.Context) error {
					_, err := store.Put(ctx, "k", strings.NewReader("x"), 1, blob.PutOptions{})
					return err
				},
			} {
				stalls(t, line, name, stagetest.Always(stagetest.Stall), call)
			}
			stalls(t, line, "reading a body that is cut and goes on never", after(1, stagetest.Cut, stagetest.Stall), func(ctx context.Context) error {
				_, err := blob.ReadAll(ctx, store, "k", 1<<20)
				return err
			})
		})
	}
}

// stalls makes a call under a short deadline and wants it to end with that.
func stalls(t *testing.T, line *stagetest.Line, name string, plan func(int, *http.Request) stagetest.Trouble, call func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	line.Replan(plan)
	if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%s without an answer = %v, want %v", name, err, context.DeadlineExceeded)
	}
	line.Replan(nil)
}
