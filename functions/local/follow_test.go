package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"godwit/functions/local/stage"
)

// trainingAPI serves one job that appears at the second look and ends with
// status at the fourth. Its steps come in pages of one.
func trainingAPI(t *testing.T, status string) *client {
	t.Helper()
	var looks atomic.Int32
	answer := func(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/training-jobs", func(w http.ResponseWriter, r *http.Request) {
		items := []any{}
		if looks.Add(1) > 1 {
			items = append(items, map[string]any{"id": "tj_1", "status": "queued"})
		}
		answer(w, map[string]any{"items": items})
	})
	mux.HandleFunc("GET /v1/training-jobs/tj_1", func(w http.ResponseWriter, r *http.Request) {
		job := map[string]any{"id": "tj_1", "status": "running", "version": nil}
		if looks.Add(1) > 3 {
			job["status"] = status
			job["version"] = 1
			job["error"] = map[string]any{"message": "every row has the same label"}
			job["result"] = map[string]any{"promotion": "promoted", "metrics": map[string]any{"accuracy": .9}}
		}
		answer(w, job)
	})
	mux.HandleFunc("GET /v1/training-jobs/tj_1/events", func(w http.ResponseWriter, r *http.Request) {
		n := 0
		fmt.Sscan(r.FormValue("page_token"), &n)
		page := map[string]any{"items": []any{map[string]any{"seq": n, "phase": fmt.Sprint("step", n), "progress": float64(n) / 2}}}
		if n < 2 {
			page["next_page_token"] = fmt.Sprint(n + 1)
		}
		answer(w, page)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return newClient(stage.Ready{API: server.URL, APIKey: "gw_x"})
}

func TestFollow(t *testing.T) {
	for _, tc := range []struct{ status, wantErr string }{
		{"succeeded", ""},
		{"failed", "every row has the same label"},
		{"cancelled", "tj_1"},
	} {
		t.Run(tc.status, func(t *testing.T) {
			var phases []string
			got, err := follow(t.Context(), trainingAPI(t, tc.status), "messages", func(s step) { phases = append(phases, s.Phase) })
			if tc.wantErr == "" && (err != nil || got.Version != 1 || got.Result.Metrics["accuracy"] != .9) {
				t.Errorf("follow = %+v, %v, want version 1 with its metrics", got, err)
			}
			if tc.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tc.wantErr)) {
				t.Errorf("follow = %v, want an error with %q", err, tc.wantErr)
			}
			if want := []string{"step0", "step1", "step2"}; !slices.Equal(phases, want) {
				t.Errorf("steps shown = %v, want %v: each once", phases, want)
			}
		})
	}
}

func TestFollow_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	_, err := follow(ctx, trainingAPI(t, "running"), "messages", func(step) { cancel(enough) })
	if !errors.Is(err, enough) {
		t.Errorf("follow = %v, want %v", err, enough)
	}
}

func TestClient_SaysWhatTheAPISays(t *testing.T) {
	for _, tc := range []struct{ name, body, want string }{
		{"a problem", `{"detail":"no such model"}`, "GET /x: status 404: no such model"},
		{"the gateway", `{"message":"Not Found"}`, "GET /x: status 404: Not Found"},
		{"something else", "oops\n", "GET /x: status 404: oops"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusNotFound)
				fmt.Fprint(w, tc.body)
			}))
			defer server.Close()
			err := newClient(stage.Ready{API: server.URL}).get(t.Context(), "/x", &struct{}{})
			if err == nil || err.Error() != tc.want {
				t.Errorf("get = %v, want %s", err, tc.want)
			}
		})
	}
}
