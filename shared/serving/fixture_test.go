package serving_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/shared/blob"
	"godwit/shared/blob/memblob"
	"godwit/shared/fault"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
	"godwit/shared/registry"
	"godwit/shared/registry/memory"
	"godwit/shared/serving"
)

const tenant = registry.Tenant("acme")

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// stage is a Server on memory stores whose registry and bucket can fail.
type stage struct {
	*serving.Server
	registry *registry.Registry
	store    *memory.Store
	secret   *serving.Secret
	models   *flaky
	resolver *resolver
	clock    *clock
}

// resolver counts look-ups and can be down.
type resolver struct {
	*registry.Registry
	asked atomic.Int64
	down  atomic.Bool
}

func (r *resolver) Resolve(ctx context.Context, t registry.Tenant, ref registry.Reference) (registry.Version, string, error) {
	r.asked.Add(1)
	if r.down.Load() {
		return registry.Version{}, "", fault.New(fault.Unavailable, "down")
	}
	return r.Registry.Resolve(ctx, t, ref)
}

func (r *resolver) Default(ctx context.Context, t registry.Tenant, name registry.Name) (registry.Choice, error) {
	r.asked.Add(1)
	if r.down.Load() {
		return registry.Choice{}, fault.New(fault.Unavailable, "down")
	}
	return r.Registry.Default(ctx, t, name)
}

// flaky is a bucket that counts reads and can be down.
type flaky struct {
	*memblob.Store
	read atomic.Int64
	down atomic.Bool
}

func (f *flaky) Get(ctx context.Context, key string) (rc io.ReadCloser, info blob.Info, err error) {
	f.read.Add(1)
	if f.down.Load() {
		return nil, info, fault.New(fault.Unavailable, "down")
	}
	return f.Store.Get(ctx, key)
}

// zeros is an endless source of known "randomness".
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func newStage(t testing.TB, change func(*serving.Options)) *stage {
	t.Helper()
	c := &clock{at: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	store := memory.New(c.now)
	var tokens atomic.Int64
	reg := &registry.Registry{Store: store, Now: c.now, NewToken: func() string { return fmt.Sprintf("token-%d", tokens.Add(1)) }}
	s := &stage{registry: reg, store: store, models: &flaky{Store: memblob.New(c.now)}, resolver: &resolver{Registry: reg}, clock: c}
	s.secret = &serving.Secret{Store: store, Random: zeros{}}
	o := serving.Options{Registry: s.resolver, Models: s.models, Secret: s.secret, Now: c.now}
	if change != nil {
		change(&o)
	}
	s.Server = serving.New(o)
	return s
}

var trained sync.Map // seed text -> []byte: a model is trained once for all tests

// train returns the artifact of a small model; word makes models differ.
func train(t testing.TB, word string) []byte {
	t.Helper()
	if data, ok := trained.Load(word); ok {
		return data.([]byte)
	}
	var docs []string
	var y []int32
	labels := []string{"card", "cash", "rate"}
	for class, phrase := range []string{"where is my card", "the machine kept my cash", "what is the exchange rate"} {
		for i := range 12 {
			docs = append(docs, fmt.Sprintf("%s %s number%d", phrase, word, i%3))
			y = append(y, int32(class))
		}
	}
	corpus, err := text.Count(context.Background(), docs, []text.Recipe{text.Word()}, 1, nil)
	if err != nil {
		t.Fatalf("text.Count: %v", err)
	}
	rows := make([]int32, len(docs))
	for i := range rows {
		rows[i] = int32(i)
	}
	m, err := pipeline.Fit(context.Background(), pipeline.Data{Corpus: corpus, Y: y, Labels: labels}, rows, pipeline.Settings{Recipe: text.Word()}, 1, nil)
	if err != nil {
		t.Fatalf("pipeline.Fit: %v", err)
	}
	data, err := m.Encode(map[string]string{"dataset_sha256": fmt.Sprintf("%x", sha256.Sum256([]byte(word)))})
	if err != nil {
		t.Fatalf("Encode: %v", err)
	}
	trained.Store(word, data)
	return data
}

// publish stores data as the next version of a model and makes it champion.
func (s *stage) publish(t testing.TB, who registry.Tenant, name registry.Name, data []byte) registry.Version {
	t.Helper()
	ctx := context.Background() // an Example has no test to take one from
	if _, err := s.registry.EnsureModel(ctx, who, name); err != nil {
		t.Fatalf("EnsureModel: %v", err)
	}
	a := registry.Artifact{Digest: blob.DigestOf(data), Size: int64(len(data))}
	a.Key = fmt.Sprintf("artifacts/%s/%s/%s.safetensors", who, name, a.Digest.Hex())
	if _, err := s.models.Put(ctx, a.Key, bytes.NewReader(data), a.Size, blob.PutOptions{}); err != nil {
		t.Fatalf("Put: %v", err)
	}
	v, err := s.registry.Commit(ctx, who, registry.Commit{
		Token:   s.registry.NewToken(),
		Draft:   registry.Version{Model: name, Task: registry.TextClassification, Artifact: a, Evaluation: a, Labels: []string{"card", "cash", "rate"}, Gate: registry.Gate{Passed: true}},
		Promote: registry.Champion,
	})
	if err != nil {
		t.Fatalf("Commit: %v", err)
	}
	return v
}

func ask(texts ...string) serving.Request {
	var r serving.Request
	for _, s := range texts {
		r.Inputs = append(r.Inputs, serving.Input{Text: s})
	}
	return r
}
