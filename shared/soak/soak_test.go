package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Every bucket holds what is counted into it, to within 1/32.
func TestHistogram_buckets(t *testing.T) {
	for _, us := range []uint64{0, 1, 31, 32, 33, 63, 64, 65, 1000, 12345, 1 << 30, 1<<63 - 1, 1 << 63} {
		b := bucketOf(us)
		if top := upper(b); top < us || float64(top-us) > float64(us)/32 {
			t.Errorf("%d us is counted in bucket %d up to %d, want within 1/32", us, b, top)
		}
		if b > 0 && upper(b-1) >= us {
			t.Errorf("%d us is counted in bucket %d, the one below ends at %d", us, b, upper(b-1))
		}
	}
}

func TestHistogram_quantile(t *testing.T) {
	var h histogram
	if got := h.quantile(.5); got != 0 {
		t.Errorf("quantile of nothing = %v, want 0", got)
	}
	h.add(-time.Second)
	for ms := 1; ms <= 999; ms++ {
		h.add(time.Duration(ms) * time.Millisecond)
	}
	for _, tc := range []struct {
		q    float64
		want time.Duration
	}{{0, 0}, {.5, 499 * time.Millisecond}, {.99, 989 * time.Millisecond}, {1, 999 * time.Millisecond}} {
		if got := h.quantile(tc.q); got < tc.want || got > tc.want+tc.want/32 {
			t.Errorf("quantile(%g) = %v, want %v to within 1/32", tc.q, got, tc.want)
		}
	}
}

func TestProcess_growth(t *testing.T) {
	for _, tc := range []struct {
		name      string
		seconds   int
		perSecond float64 // bytes
		steep, ok bool
	}{
		{"flat", 60, 0, false, true},
		{"a leak", 60, 1 << 20, true, true},
		{"shrinking", 60, -1 << 16, false, true},
		{"short", 20, 1 << 20, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := &process{}
			for s := range tc.seconds + 1 {
				p.weights = append(p.weights, weight{time.Duration(s) * time.Second, 40<<20 + tc.perSecond*float64(s)})
			}
			rate, steep, ok := p.growth()
			if off := rate - 60*tc.perSecond; steep != tc.steep || ok != tc.ok || ok && (off > 1 || off < -1) {
				t.Errorf("growth = %f, %v, %v, want %f, %v, %v", rate, steep, ok, 60*tc.perSecond, tc.steep, tc.ok)
			}
		})
	}
}

func TestChampion_may(t *testing.T) {
	at := func(s int) time.Time { return time.Date(2026, 11, 23, 12, 0, s, 0, time.UTC) }
	var c champion
	c.end(c.begin(1, 1, at(0)), answer{status: 200}, at(0))
	c.end(c.begin(2, 2, at(10)), answer{status: 200}, at(11))
	c.end(c.begin(3, 2, at(10)), answer{status: 412}, at(11)) // refused
	c.begin(4, 3, at(20))                                     // never answered
	for _, tc := range []struct {
		name     string
		version  int
		from, to int
		want     bool
	}{
		{"the first", 1, 1, 2, true},
		{"not yet", 2, 1, 2, false},
		{"while it moves", 2, 9, 10, true},
		{"the old one, remembered", 1, 15, 16, true},
		{"the old one, too late", 1, 20, 21, false},
		{"the new one", 2, 20, 21, true},
		{"refused", 3, 12, 13, false},
		{"it may have been made", 4, 20, 21, true},
		{"nobody knows, so the one before may stay", 2, 50, 51, true},
	} {
		if got := c.may(tc.version, at(tc.from), at(tc.to)); got != tc.want {
			t.Errorf("%s: may(%d, %d, %d) = %v, want %v", tc.name, tc.version, tc.from, tc.to, got, tc.want)
		}
	}
	if got := c.acknowledged(); len(got) != 2 || got[1].version != 2 {
		t.Errorf("acknowledged = %+v, want the moves to 1 and 2", got)
	}
}

func TestLoad_judge(t *testing.T) {
	l := &load{champion: &champion{}, references: map[int]reference{
		1: {"sha256:one", map[string]string{"hello": `[{"label":"a"}]`}}, 2: {"sha256:two", map[string]string{"hello": `[{"label":"b"}]`}},
	}}
	now := time.Now()
	l.champion.end(l.champion.begin(1, 1, now.Add(-time.Hour)), answer{status: 200}, now.Add(-time.Hour))
	for _, tc := range []struct {
		name, body, want string
	}{
		{"right", `{"version":1,"digest":"sha256:one","results":[{"label":"a"}]}`, ""},
		{"another label", `{"version":1,"digest":"sha256:one","results":[{"label":"b"}]}`, "before"},
		{"another digest", `{"version":1,"digest":"sha256:two","results":[{"label":"a"}]}`, "its own is"},
		{"an unknown version", `{"version":3,"digest":"sha256:one","results":[]}`, "nowhere promoted"},
		{"not the champion", `{"version":2,"digest":"sha256:two","results":[{"label":"b"}]}`, "had not been the champion"},
		{"not the champion, and says so", `{"version":2,"digest":"sha256:two","stale":"registry_unavailable","results":[{"label":"b"}]}`, ""},
		{"no JSON", `oops`, "not JSON"},
	} {
		got := l.judge("hello", []byte(tc.body), now, now)
		if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
			t.Errorf("%s: judge = %q, want %q", tc.name, got, tc.want)
		}
	}
}

// serve answers lists of data sets and of an alias's history.
func serve(t *testing.T, answers map[string]any) *client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if out, ok := answers[r.Method+" "+r.URL.Path+r.URL.Query().Get("page_token")]; ok {
			if err := json.NewEncoder(w).Encode(out); err != nil {
				t.Error(err)
			}
			return
		}
		w.WriteHeader(503)
	}))
	t.Cleanup(s.Close)
	return newClient(s.URL, "key")
}

func TestCreated_lost(t *testing.T) {
	set := func(n int) map[string]any {
		return map[string]any{"id": fmt.Sprint("ds_", n), "filename": fmt.Sprintf("soak-%d.csv", n)}
	}
	list := map[string]any{
		"GET /v1/datasets":     map[string]any{"items": []any{set(0), set(1)}, "next_page_token": "more"},
		"GET /v1/datasetsmore": map[string]any{"items": []any{set(1), set(3)}},
	}
	made := created{"soak-0.csv": "ds_0", "soak-1.csv": "ds_1", "soak-2.csv": "ds_2"}
	lost, err := made.lost(t.Context(), serve(t, list))
	if err != nil || len(lost) != 2 || !strings.Contains(lost[0], "soak-1") || !strings.Contains(lost[1], "soak-2") {
		t.Errorf("lost = %q, %v, want the one that is there twice and the one that is not", lost, err)
	}
}

func TestChampion_lost(t *testing.T) {
	path := "GET /v1/models/messages/aliases/champion/history"
	api := serve(t, map[string]any{path: map[string]any{"items": []any{map[string]int{"revision": 1, "to": 1}, map[string]int{"revision": 2, "to": 2}}}})
	var c champion
	for i, v := range []int{1, 2, 1} {
		c.end(c.begin(v, int64(i+1), time.Now()), answer{status: 200}, time.Now())
	}
	if lost, err := c.lost(t.Context(), api); err != nil || len(lost) != 1 || !strings.Contains(lost[0], "revision 3") {
		t.Errorf("lost = %q, %v, want revision 3", lost, err)
	}
}

func TestRun_refuses(t *testing.T) {
	for _, args := range [][]string{{"-duration", "2h"}, {"-rate", "0"}, {"-rate", "1e9"}, {"-duration", "1ms"}, {"extra"}, {"-unknown"}} {
		if err := run(context.Background(), args); err == nil {
			t.Errorf("run(%q) = nil, want a refusal", args)
		}
	}
}

// A stage that was not built is said to be so.
func TestStage_missing(t *testing.T) {
	s := &stage{root: t.TempDir(), folder: t.TempDir()}
	if err := s.start(t.Context()); err == nil || !strings.Contains(err.Error(), "make stage") {
		t.Errorf("start = %v, want how to build the stage", err)
	}
	if err := s.stop(); err != nil {
		t.Errorf("stop of a stage that never was = %v, want nothing", err)
	}
}
