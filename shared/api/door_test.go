package api_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/shared/api"
)

// Invariant 29: a list shows each item once.
func TestPages(t *testing.T) {
	s := newStage(t)
	var want []string
	for i := range 7 {
		name := fmt.Sprintf("model-%d", i)
		want = append(want, name)
		s.want(t, 201, call{method: "POST", path: "/v1/models", body: m{"name": name}})
	}
	for limit := 1; limit <= 8; limit++ {
		var got []string
		for token := ""; ; {
			page := s.want(t, 200, call{method: "GET", path: fmt.Sprintf("/v1/models?limit=%d&page_token=%s", limit, token)})
			for _, item := range page["items"].([]any) {
				got = append(got, item.(m)["name"].(string))
			}
			next, more := page["next_page_token"].(string)
			if !more {
				break
			}
			token = next
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: %v, want %v", limit, got, want)
		}
	}
	for _, limit := range []string{"0", "-1", "201", "x", "1.5"} {
		s.problem(t, 422, "invalid_limit", call{method: "GET", path: "/v1/models?limit=" + limit})
	}
}

// A key limited to some models gets whole pages of them, and tokens that do not
// tell the names in between.
func TestPages_limitedKey(t *testing.T) {
	s := newStage(t)
	for _, name := range []string{"aaa-merger", "intents", "intents-2", "secret-plan", "topics", "zzz"} {
		s.want(t, 201, call{method: "POST", path: "/v1/models", body: m{"name": name}})
	}
	const scopes = "predict:intents predict:topics"
	page := s.want(t, 200, call{method: "GET", path: "/v1/models?limit=1", scopes: scopes})
	if items := page["items"].([]any); len(items) != 1 || items[0].(m)["name"] != "intents" {
		t.Errorf("the first page holds %v, want intents", items)
	}
	token := page["next_page_token"].(string)
	if raw, err := base64.RawURLEncoding.DecodeString(token); err != nil || bytes.Contains(raw, []byte("intents")) {
		t.Errorf("the token reads %q, %v: it is to be read by nobody", raw, err)
	}
	page = s.want(t, 200, call{method: "GET", path: "/v1/models?limit=2&page_token=" + token, scopes: scopes})
	if items := page["items"].([]any); len(items) != 1 || items[0].(m)["name"] != "topics" || page["next_page_token"] != nil {
		t.Errorf("the last page holds %v, then %v, want topics and no more", items, page["next_page_token"])
	}
}

// A misspelt filter is refused by name instead of ignored.
func TestQuery_unknown(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	for _, path := range []string{"/v1/training-jobs?modle=zzz", "/v1/models?limit=1&Prefix=a", "/v1/models/intents?x=1", "/v1/models/intents/versions/1/report?language=zh"} {
		s.problem(t, 422, "unknown_parameter", call{method: "GET", path: path})
	}
	s.want(t, 200, call{method: "GET", path: "/v2/models/intents?x=1"})
}

// A page token works for its tenant, route, resource and filter alone.
func TestPages_tokens(t *testing.T) {
	s := newStage(t)
	for range 2 {
		s.publish(t, "acme", "intents")
		s.publish(t, "acme", "other")
		s.publish(t, "rival", "intents")
	}
	page := s.want(t, 200, call{method: "GET", path: "/v1/models/intents/versions?limit=1"})
	token := page["next_page_token"].(string)
	s.want(t, 200, call{method: "GET", path: "/v1/models/intents/versions?limit=2&page_token=" + token})
	for _, c := range []call{
		{method: "GET", path: "/v1/models/intents/versions?page_token=" + token, tenant: "rival"},
		{method: "GET", path: "/v1/models/other/versions?page_token=" + token},
		{method: "GET", path: "/v1/models?page_token=" + token},
		{method: "GET", path: "/v1/models/intents/versions?status=held&page_token=" + token},
		{method: "GET", path: "/v1/models/intents/versions?page_token=" + token[1:]},
		{method: "GET", path: "/v1/models/intents/versions?page_token=" + token + "A"},
		{method: "GET", path: "/v1/models/intents/versions?page_token=%00"},
		{method: "GET", path: "/v1/models/intents/versions?page_token=AAAA"},
	} {
		s.problem(t, 400, "bad_page_token", c)
	}
	for i := range token {
		for _, c := range "A_-z" {
			changed := token[:i] + string(c) + token[i+1:]
			if changed != token {
				s.problem(t, 400, "bad_page_token", call{method: "GET", path: "/v1/models/intents/versions?page_token=" + changed})
			}
		}
	}
}

// Invariant 27: the same key and body gives the same answer for 24 hours.
func TestIdempotency(t *testing.T) {
	s := newStage(t)
	body := m{"model": "intents", "filename": "a.csv", "size": 3, "sha256": strings.Repeat("0", 64)}
	create := call{method: "POST", path: "/v1/datasets", body: body, header: m2("Idempotency-Key", "one")}
	first := s.want(t, 201, create)
	s.advance(time.Hour)
	again := s.want(t, 201, create)
	if again["id"] != first["id"] {
		t.Errorf("repeated = %v, want the id %v", again["id"], first["id"])
	}
	other := create
	other.body = m{"model": "intents", "filename": "b.csv", "size": 3, "sha256": strings.Repeat("0", 64)}
	s.problem(t, 422, "idempotency_key_reused", other)
	rival := create
	rival.tenant = "rival"
	if got := s.want(t, 201, rival); got["id"] == first["id"] {
		t.Errorf("another tenant's key gives the same data set %v", got["id"])
	}
	s.advance(25 * time.Hour)
	if got := s.want(t, 201, create); got["id"] == first["id"] {
		t.Errorf("after 24 hours the key gives the old data set")
	}
	for _, bad := range []string{strings.Repeat("x", 256), "a b", "\u00e9"} {
		create.header = m2("Idempotency-Key", bad)
		s.problem(t, 400, "bad_idempotency_key", create)
	}
}

// A request that was refused may be corrected under the same key.
func TestIdempotency_afterRefusal(t *testing.T) {
	s := newStage(t)
	w := s.do(t, call{method: "POST", path: "/v1/datasets", body: m{"model": "intents", "filename": "a.csv", "size": 3, "sha256": strings.Repeat("0", 64)}})
	id := strings.TrimPrefix(w.Header().Get("Location"), "/v1/datasets/")
	job := call{method: "POST", path: "/v1/training-jobs", body: m{"model": "intents", "dataset": id}, header: m2("Idempotency-Key", "k")}
	s.problem(t, 409, "dataset_awaiting_upload", job)
	s.put(t, s.uploads, "datasets/acme/"+id+"/a.csv", "abc")
	first := s.want(t, 202, job)
	if again := s.want(t, 202, job); again["id"] != first["id"] {
		t.Errorf("repeated = %v, want the job %v", again["id"], first["id"])
	}
	s.want(t, 201, call{method: "POST", path: "/v1/models", body: m{"name": "new"}, header: m2("Idempotency-Key", "k")})
	s.want(t, 201, call{method: "POST", path: "/v1/models", body: m{"name": "new"}, header: m2("Idempotency-Key", "k")})
}

// Sixteen at once under one key make one job; each is told so, or to wait.
func TestIdempotency_race(t *testing.T) {
	s := newStage(t)
	w := s.do(t, call{method: "POST", path: "/v1/datasets", body: m{"model": "intents", "filename": "a.csv", "size": 3, "sha256": strings.Repeat("0", 64)}})
	id := strings.TrimPrefix(w.Header().Get("Location"), "/v1/datasets/")
	s.put(t, s.uploads, "datasets/acme/"+id+"/a.csv", "abc")
	answers := race(16, func(int) *httptest.ResponseRecorder {
		return s.do(t, call{method: "POST", path: "/v1/training-jobs", body: m{"model": "intents", "dataset": id}, header: m2("Idempotency-Key", "k")})
	})
	ids := map[string]bool{}
	for _, w := range answers {
		switch w.Code {
		case 202:
			ids[w.Header().Get("Location")] = true
		case 409:
		default:
			t.Errorf("answer = %d %s, want 202 or 409", w.Code, w.Body)
		}
	}
	jobs := s.want(t, 200, call{method: "GET", path: "/v1/training-jobs"})["items"].([]any)
	if len(ids) != 1 || len(jobs) != 1 {
		t.Errorf("%d jobs were answered and %d made, want 1", len(ids), len(jobs))
	}
}

// Invariant 7: of sixteen promotions from one revision one wins, with one history entry.
func TestAliases_race(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.publish(t, "acme", "intents")
	answers := race(16, func(i int) *httptest.ResponseRecorder {
		return s.do(t, call{method: "PUT", path: "/v1/models/intents/aliases/blue", body: m{"version": i%2 + 1}, header: m2("If-None-Match", "*")})
	})
	won := 0
	for _, w := range answers {
		if w.Code == 200 {
			won++
		} else if w.Code != 412 {
			t.Errorf("answer = %d %s, want 200 or 412", w.Code, w.Body)
		}
	}
	history := s.want(t, 200, call{method: "GET", path: "/v1/models/intents/aliases/blue/history"})["items"].([]any)
	if won != 1 || len(history) != 1 {
		t.Errorf("%d won with %d history entries, want 1 and 1", won, len(history))
	}
}

func race(n int, do func(i int) *httptest.ResponseRecorder) []*httptest.ResponseRecorder {
	out := make([]*httptest.ResponseRecorder, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { out[i] = do(i) })
	}
	wg.Wait()
	return out
}

// FuzzDecode: the strict decoder takes nothing encoding/json would not, and
// what it takes means the same to both.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"name":"a"}`, `{"name":"a","tags":{"k":"v"},"training":{"params":{"c":[0.3,1e2]}}}`, `{"name":"\ud83d\ude00\u0000"}`, `{"name":1}`, `[`, `{"name":"a"}{}`, "\xff", `{"a":{"a":{"a":1}}}`,
	} {
		f.Add([]byte(seed))
	}
	s := newStage(f)
	h := api.Registry(s.deps)
	f.Fuzz(func(t *testing.T, body []byte) {
		c := call{method: "POST", path: "/v1/models", body: string(body)}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, c.request(t))
		validate(t, c, w)
		if w.Code == http.StatusInternalServerError {
			t.Fatalf("body %q = 500 %s", body, w.Body)
		}
		if w.Code != http.StatusBadRequest && !json.Valid(body) && len(body) <= 1<<20 {
			t.Fatalf("body %q = %d, but it is not JSON", body, w.Code)
		}
		if w.Code == http.StatusCreated {
			var in api.NewModel
			if err := json.Unmarshal(body, &in); err != nil || !strings.Contains(w.Body.String(), `"name":"`+in.Name+`"`) {
				t.Fatalf("body %q made %s", body, w.Body)
			}
		}
	})
}

// FuzzPredict: no body makes the predict function fail on its side.
func FuzzPredict(f *testing.F) {
	for _, seed := range []string{
		`{"inputs":"x"}`, `{"inputs":["x",{"text":"y"},7],"parameters":{"top_k":3,"explain":true,"min_score":0.5}}`, `{"inputs":[[[]]]}`, `{"inputs":"\ud800"}`, `{"parameters":{}}`,
		`{"inputs":{"grams":1e2,"ripe":true,"x":null},"parameters":{"coverage":0.9}}`, `{"inputs":[{"grams":"","a":{}}]}`,
		`{"inputs":"x","context":{"user":"7","plan":"pro"}}`, `{"context":{"user":"\ud800"},"inputs":"x"}`,
	} {
		f.Add([]byte(seed))
	}
	s := newStage(f)
	s.publish(f, "acme", "intents")
	s.publishTable(f, "kind")
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, path := range []string{"/v1/models/intents/predict", "/v1/models/fruit/explain"} {
			w := s.do(t, call{method: "POST", path: path, body: string(body)})
			if w.Code >= 500 || w.Code == 200 && !json.Valid(body) {
				t.Fatalf("%s: body %q = %d %s", path, body, w.Code, w.Body)
			}
		}
	})
}
