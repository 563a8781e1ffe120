package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/shared/access"
	"godwit/shared/api"
	"godwit/shared/batch"
	"godwit/shared/blob"
	"godwit/shared/blob/memblob"
	"godwit/shared/jobs/memmachine"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
	"godwit/shared/monitor"
	"godwit/shared/registry"
	"godwit/shared/registry/memory"
	"godwit/shared/remote/remotetest"
	"godwit/shared/report"
	"godwit/shared/serving"
	"godwit/shared/training"
	"godwit/shared/usage"
)

// start is the time at which every stage begins.
var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// stage is the three functions' handlers on one set of memory stores, behind a
// router that sends a request where template.yaml does.
type stage struct {
	deps     api.Deps
	front    http.Handler
	registry *registry.Registry
	uploads  *memblob.Store
	models   *memblob.Store
	log      bytes.Buffer
	meter    meter
	skew     atomic.Int64 // nanoseconds the clock is ahead of start
}

func (s *stage) now() time.Time          { return start.Add(time.Duration(s.skew.Load())) }
func (s *stage) advance(d time.Duration) { s.skew.Add(int64(d)) }

// meter remembers what was observed.
type meter struct {
	mu   sync.Mutex
	seen []string
}

func (m *meter) Observe(_ context.Context, route string, status int, _ time.Duration, attrs ...slog.Attr) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = append(m.seen, fmt.Sprintf("%s %d %v", route, status, attrs))
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func newStage(t testing.TB) *stage {
	t.Helper()
	s := &stage{}
	store := memory.New(s.now)
	var tokens atomic.Int64
	newToken := func() string { return fmt.Sprintf("token%d", tokens.Add(1)) }
	s.registry = &registry.Registry{Store: store, Now: s.now, NewToken: newToken}
	s.uploads, s.models = memblob.New(s.now), memblob.New(s.now)
	secret := &serving.Secret{Store: store, Random: zeros{}}
	s.deps = api.Deps{
		Registry: s.registry,
		Training: &training.Service{Store: store, Registry: s.registry, Uploads: s.uploads, Machine: memmachine.New(), Now: s.now, NewToken: newToken},
		Batches:  &batch.Service{Store: store, Registry: s.registry, Uploads: s.uploads, Machine: memmachine.New(), Now: s.now, NewToken: newToken},
		Serving:  serving.New(serving.Options{Registry: s.registry, Models: s.models, Secret: secret, Now: s.now, Engine: remotetest.Engine(s.models)}),
		Keys:     &access.Keys{Store: store, Now: s.now, NewToken: newToken, Random: rand.Reader},
		Usage:    &usage.Gatherer{Store: store, Now: s.now},
		Press:    report.Press{},
		Monitor:  &monitor.Service{Store: store, Uploads: s.uploads, Now: s.now, NewToken: newToken},
		Uploads:  s.uploads, Models: s.models, Secret: secret, Now: s.now, NewToken: newToken,
		Log: slog.New(slog.NewJSONHandler(&s.log, nil)), Meter: &s.meter, Build: "test",
	}
	s.front = front(s.deps)
	return s
}

// front routes as the gateway does: the routes of a function of its own first,
// everything else to model-registry.
func front(d api.Deps) http.Handler {
	functions := map[api.Function]http.Handler{
		api.PredictFunction: api.Predict(d), api.TrainingFunction: api.Training(d), api.RegistryFunction: api.Registry(d),
	}
	mux := http.NewServeMux()
	for _, r := range api.Routes() {
		if r.Function != api.RegistryFunction {
			mux.Handle(r.Method+" "+r.Pattern, functions[r.Function])
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, pattern := mux.Handler(r); pattern != "" {
			h.ServeHTTP(w, r)
			return
		}
		functions[api.RegistryFunction].ServeHTTP(w, r)
	})
}

// call is one request of a test.
type call struct {
	method, path string
	body         any               // a string as it is, anything else as JSON, nil none
	header       map[string]string //
	tenant       string            // "" is acme
	scopes       string            // "" is admin
	nobody       bool              // no key
	badKey       bool
}

func (c call) request(t testing.TB) *http.Request {
	t.Helper()
	var body io.Reader
	switch b := c.body.(type) {
	case nil:
	case string:
		body = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(raw)
	}
	r := httptest.NewRequestWithContext(t.Context(), c.method, c.path, body)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
		if value == "-" {
			r.Header.Del(name)
		}
	}
	fields := map[string]any{"tenant": "acme", "key_id": "key_test", "scopes": "admin"}
	if c.tenant != "" {
		fields["tenant"] = c.tenant
	}
	if c.scopes != "" {
		fields["scopes"] = c.scopes
	}
	switch {
	case c.nobody:
		return r
	case c.badKey:
		fields = map[string]any{"error": "bad_key"}
	}
	return r.WithContext(access.With(r.Context(), access.FromAuthorizer(fields)))
}

// do makes the call, holds the answer against the served OpenAPI and returns it.
func (s *stage) do(t testing.TB, c call) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	s.front.ServeHTTP(w, c.request(t))
	validate(t, c, w)
	return w
}

// get makes the call, wants the status and decodes the answer.
func (s *stage) want(t testing.TB, status int, c call) map[string]any {
	t.Helper()
	w := s.do(t, c)
	if w.Code != status {
		t.Fatalf("%s %s = %d %s, want %d", c.method, c.path, w.Code, w.Body, status)
	}
	var out map[string]any
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatalf("%s %s: body %q: %v", c.method, c.path, w.Body, err)
		}
	}
	return out
}

// problem wants a problem of this status and code.
func (s *stage) problem(t testing.TB, status int, code string, c call) map[string]any {
	t.Helper()
	p := s.want(t, status, c)
	if p["code"] != code || p["error"] != p["detail"] || p["detail"] == "" {
		t.Errorf("%s %s = %v, want code %s and error = detail", c.method, c.path, p, code)
	}
	return p
}

// artifact is a small trained model, made once for all tests.
var artifact = sync.OnceValues(func() ([]byte, error) {
	var docs []string
	var y []int32
	for class, phrase := range []string{"where is my card", "the machine kept my cash", "what is the exchange rate"} {
		for i := range 12 {
			docs = append(docs, fmt.Sprintf("%s number%d", phrase, i%3))
			y = append(y, int32(class))
		}
	}
	corpus, err := text.Count(context.Background(), docs, []text.Recipe{text.Word()}, 1, nil)
	if err != nil {
		return nil, err
	}
	rows := make([]int32, len(docs))
	for i := range rows {
		rows[i] = int32(i)
	}
	d := pipeline.Data{Corpus: corpus, Y: y, Labels: []string{"card", "cash", "rate"}}
	m, err := pipeline.Fit(context.Background(), d, rows, pipeline.Settings{Recipe: text.Word()}, 1, nil)
	if err != nil {
		return nil, err
	}
	return m.Encode(nil)
})

// publish registers a version of the small model and promotes it.
func (s *stage) publish(t testing.TB, who registry.Tenant, name registry.Name) registry.Version {
	t.Helper()
	data, err := artifact()
	if err != nil {
		t.Fatal(err)
	}
	return s.publishModel(t, who, name, data)
}

// publishModel registers a version of any model and promotes it.
func (s *stage) publishModel(t testing.TB, who registry.Tenant, name registry.Name, data []byte) registry.Version {
	t.Helper()
	ctx := t.Context()
	if _, err := s.registry.EnsureModel(ctx, who, name); err != nil {
		t.Fatal(err)
	}
	a := registry.Artifact{Digest: blob.DigestOf(data), Size: int64(len(data))}
	a.Key = fmt.Sprintf("artifacts/%s/%s/%s.safetensors", who, name, a.Digest.Hex())
	report := fmt.Sprintf("reports/%s/%s/report.json", who, name)
	s.put(t, s.models, a.Key, string(data))
	s.put(t, s.models, report, `{"rows":36}`)
	v, err := s.registry.Commit(ctx, who, registry.Commit{
		Token: s.registry.NewToken(),
		Draft: registry.Version{
			Model: name, Task: registry.TextClassification, Algorithm: "linear-svm", Runtime: runtimeOf(t, data), Artifact: a, Evaluation: a, ReportKey: report,
			Labels: []string{"card", "cash", "rate"}, Test: map[string]float64{"accuracy": .9, "accuracy_low": .8, "accuracy_high": .95}, Gate: registry.Gate{Passed: true, Promotion: "promoted"},
			Signature: json.RawMessage(`{"inputs":[{"name":"text","type":"string"}]}`), Settings: json.RawMessage(`{}`),
			Lineage: registry.Lineage{Source: "inbox/x", DatasetSHA256: a.Digest, DataTime: start, Job: "tj_1", Code: "test"},
		},
		Promote: registry.Champion, By: "tj_1",
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (s *stage) put(t testing.TB, store blob.Store, key, data string) {
	t.Helper()
	if _, err := store.Put(t.Context(), key, strings.NewReader(data), int64(len(data)), blob.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}
