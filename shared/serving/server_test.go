package serving_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/serving"
)

var intents = registry.Reference{Model: "intents"}

func TestServer_Predict(t *testing.T) {
	s := newStage(t, nil)
	v := s.publish(t, tenant, "intents", train(t, "one"))
	req := ask("where is my card", "", strings.Repeat("x", serving.MaxText+1), "my cash")
	req.Inputs = append(req.Inputs, serving.Input{Bad: fault.New(fault.Invalid, "not a text").WithReason("wrong_type")})
	req.TopK, req.Explain, req.MinScore = 10, true, 1.01

	got, err := s.Predict(t.Context(), tenant, intents, req)
	if err != nil {
		t.Fatalf("Predict = %v", err)
	}
	if got.Model != "intents" || got.Version != 1 || got.Digest != v.Artifact.Digest || got.Variant != "champion" || got.Stale != "" {
		t.Errorf("Predict names %v %v %v %q stale %q, want intents 1 %v champion", got.Model, got.Version, got.Digest, got.Variant, got.Stale, v.Artifact.Digest)
	}
	for i, want := range []string{"card", "text_empty", "text_too_long", "cash", "wrong_type"} {
		r := got.Results[i]
		if r.Err != nil {
			if r.Err.Reason != want || r.Label != "" || r.Scores != nil {
				t.Errorf("result %d = %+v, want only the error %s", i, r, want)
			}
			continue
		}
		if r.Label != want || len(r.Scores) != 3 || !r.Abstained || r.Explanation == nil {
			t.Errorf("result %d = %+v, want %s with 3 scores, abstained and explained", i, r, want)
		}
		sum := 0.0
		for k, score := range r.Scores {
			sum += score.Score
			if k > 0 && score.Score > r.Scores[k-1].Score {
				t.Errorf("result %d: scores %v are not in descending order", i, r.Scores)
			}
		}
		if math.Abs(sum-1) > 1e-5 {
			t.Errorf("result %d: scores add up to %v, want 1", i, sum)
		}
	}
}

func TestServer_Predict_refusals(t *testing.T) {
	s := newStage(t, nil)
	s.publish(t, tenant, "intents", train(t, "one"))
	tests := []struct {
		name   string
		tenant registry.Tenant
		ref    registry.Reference
		req    serving.Request
		want   fault.Code
	}{
		{"no input", tenant, intents, serving.Request{}, fault.Invalid},
		{"too many", tenant, intents, ask(make([]string, serving.MaxInputs+1)...), fault.TooLarge},
		{"no such model", tenant, registry.Reference{Model: "other"}, ask("x"), fault.NotFound},
		{"no such version", tenant, registry.Reference{Model: "intents", Version: 9}, ask("x"), fault.NotFound},
		{"no such alias", tenant, registry.Reference{Model: "intents", Alias: "blue"}, ask("x"), fault.NotFound},
		{"another tenant's", "other", intents, ask("x"), fault.NotFound},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := s.Predict(t.Context(), tc.tenant, tc.ref, tc.req); fault.CodeOf(err) != tc.want {
				t.Errorf("Predict = %v, want %v", err, tc.want)
			}
		})
	}
}

// Invariant 23: a promotion is seen within its TTL, and the registry is asked once in it.
func TestServer_promotionWithinTTL(t *testing.T) {
	s := newStage(t, nil)
	s.publish(t, tenant, "intents", train(t, "one"))
	version := func() int {
		t.Helper()
		got, err := s.Predict(t.Context(), tenant, intents, ask("card"))
		if err != nil {
			t.Fatalf("Predict = %v", err)
		}
		return got.Version
	}
	if got := version(); got != 1 {
		t.Fatalf("version = %d, want 1", got)
	}
	s.publish(t, tenant, "intents", train(t, "two"))
	s.clock.advance(4 * time.Second)
	if got := version(); got != 1 || s.resolver.asked.Load() != 1 {
		t.Errorf("within the TTL: version %d after %d look-ups, want 1 after 1", got, s.resolver.asked.Load())
	}
	s.clock.advance(time.Second)
	if got := version(); got != 2 || s.resolver.asked.Load() != 2 {
		t.Errorf("after the TTL: version %d after %d look-ups, want 2 after 2", got, s.resolver.asked.Load())
	}
}

// Invariant 24: registry down, the loaded model keeps serving and says so.
func TestServer_registryDown(t *testing.T) {
	s := newStage(t, nil)
	s.publish(t, tenant, "intents", train(t, "one"))
	for _, step := range []struct {
		name  string
		down  bool
		stale string
		asked int64
	}{
		{"first", false, "", 1},
		{"down", true, serving.StaleRegistry, 2},
		{"back", false, "", 3},
	} {
		s.resolver.down.Store(step.down)
		got, err := s.Predict(t.Context(), tenant, intents, ask("card"))
		if err != nil || got.Version != 1 || got.Stale != step.stale || s.resolver.asked.Load() != step.asked {
			t.Errorf("%s: version %d stale %q after %d look-ups, %v; want 1 %q %d", step.name, got.Version, got.Stale, s.resolver.asked.Load(), err, step.stale, step.asked)
		}
		s.clock.advance(5 * time.Second)
	}
	s.resolver.down.Store(true)
	if _, err := s.Predict(t.Context(), tenant, registry.Reference{Model: "cold"}, ask("card")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a model never seen, registry down = %v, want unavailable", err)
	}
}

// Invariant 12: a wrong artifact is never served; the old model stays.
func TestServer_wrongArtifact(t *testing.T) {
	good, other := train(t, "one"), train(t, "two")
	tests := []struct {
		name   string
		stored []byte // under the new version's key
		reason string
	}{
		{"another model's bytes", good, "artifact_wrong"},
		{"cut short", other[:len(other)/2], "artifact_wrong"},
		{"one bit changed", flip(other), "artifact_wrong"},
		{"gone", nil, "artifact_missing"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := newStage(t, nil)
			s.publish(t, tenant, "intents", good)
			if _, err := s.Predict(t.Context(), tenant, intents, ask("card")); err != nil {
				t.Fatalf("Predict = %v", err)
			}
			v := s.publish(t, tenant, "intents", other)
			if err := s.models.Delete(t.Context(), v.Artifact.Key); err != nil {
				t.Fatal(err)
			}
			if tc.stored != nil {
				if _, err := s.models.Put(t.Context(), v.Artifact.Key, bytes.NewReader(tc.stored), int64(len(tc.stored)), blob.PutOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			s.clock.advance(time.Minute)
			reads := s.models.read.Load()
			for range 3 {
				got, err := s.Predict(t.Context(), tenant, intents, ask("card"))
				if err != nil || got.Version != 1 || got.Stale != serving.StaleArtifact {
					t.Errorf("by alias: version %d stale %q, %v; want 1 %q", got.Version, got.Stale, err, serving.StaleArtifact)
				}
			}
			if n := s.models.read.Load() - reads; n != 1 {
				t.Errorf("the broken artifact was read %d times, want once in a TTL", n)
			}
			_, err := s.Predict(t.Context(), tenant, registry.Reference{Model: "intents", Version: 2}, ask("card"))
			if e, ok := errors.AsType[*fault.Error](err); !ok || e.Code != fault.Internal || e.Reason != tc.reason {
				t.Errorf("by number = %v, want internal %s", err, tc.reason)
			}
		})
	}
}

func flip(data []byte) []byte {
	out := bytes.Clone(data)
	out[len(out)-1] ^= 1
	return out
}

// A bucket that does not answer is retryable and leaves no mark on the artifact.
func TestServer_bucketDown(t *testing.T) {
	s := newStage(t, nil)
	s.publish(t, tenant, "intents", train(t, "one"))
	s.models.down.Store(true)
	if _, err := s.Predict(t.Context(), tenant, intents, ask("card")); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("bucket down = %v, want unavailable", err)
	}
	s.models.down.Store(false)
	if _, err := s.Predict(t.Context(), tenant, intents, ask("card")); err != nil {
		t.Errorf("bucket back = %v, want an answer", err)
	}
}

// Concurrent first requests read the artifact once.
func TestServer_loadsOnce(t *testing.T) {
	s := newStage(t, nil)
	s.publish(t, tenant, "intents", train(t, "one"))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := s.Predict(t.Context(), tenant, intents, ask("where is my card")); err != nil {
				t.Errorf("Predict = %v", err)
			}
		})
	}
	wg.Wait()
	if s.models.read.Load() != 1 || s.resolver.asked.Load() != 1 {
		t.Errorf("%d reads and %d look-ups, want 1 and 1", s.models.read.Load(), s.resolver.asked.Load())
	}
}

// The byte bound holds: of three models in a cache for one, each change of
// model reads again, and a model asked twice in a row is read once.
func TestServer_cacheBound(t *testing.T) {
	s := newStage(t, func(o *serving.Options) { o.CacheBytes = 1 })
	for i, word := range []string{"one", "two"} {
		s.publish(t, tenant, registry.Name([]string{"a", "b"}[i]), train(t, word))
	}
	for i, step := range []struct {
		model registry.Name
		reads int64
	}{{"a", 1}, {"a", 1}, {"b", 2}, {"a", 3}, {"a", 3}} {
		if _, err := s.Predict(t.Context(), tenant, registry.Reference{Model: step.model}, ask("card")); err != nil {
			t.Fatalf("Predict = %v", err)
		}
		if got := s.models.read.Load(); got != step.reads {
			t.Errorf("step %d: %d reads, want %d", i, got, step.reads)
		}
	}
}

// One model under several references is held once; equal bytes of two tenants are held apart.
func TestServer_cacheKeys(t *testing.T) {
	s := newStage(t, nil)
	s.publish(t, tenant, "intents", train(t, "one"))
	s.publish(t, "other", "intents", train(t, "one"))
	for _, ref := range []registry.Reference{intents, {Model: "intents", Alias: registry.Champion}, {Model: "intents", Version: 1}} {
		if _, err := s.Predict(t.Context(), tenant, ref, ask("card")); err != nil {
			t.Fatalf("Predict(%v) = %v", ref, err)
		}
	}
	if got := s.models.read.Load(); got != 1 {
		t.Errorf("three references: %d reads, want 1", got)
	}
	if _, err := s.Predict(t.Context(), "other", intents, ask("card")); err != nil || s.models.read.Load() != 2 {
		t.Errorf("another tenant: %d reads, %v; want 2", s.models.read.Load(), err)
	}
}

// Readers see the old version or the new, never a mix, and never an error.
func TestServer_concurrentPromotion(t *testing.T) {
	s := newStage(t, func(o *serving.Options) { o.CacheBytes, o.TTL = 1, time.Nanosecond })
	first := s.publish(t, tenant, "intents", train(t, "one"))
	second := s.publish(t, tenant, "intents", train(t, "two"))
	digests := map[int]blob.Digest{1: first.Artifact.Digest, 2: second.Artifact.Digest}
	var readers, writer sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	writer.Go(func() {
		for v := 1; ctx.Err() == nil; v = 3 - v {
			if _, err := s.registry.SetAlias(t.Context(), tenant, "intents", registry.Champion, v, registry.AnyRev, "test"); err != nil {
				t.Errorf("SetAlias = %v", err)
			}
			s.clock.advance(time.Second)
		}
	})
	for range 4 {
		readers.Go(func() {
			for range 50 {
				got, err := s.Predict(t.Context(), tenant, intents, ask("my card"))
				if err != nil || got.Digest != digests[got.Version] {
					t.Errorf("Predict = version %d digest %v, %v", got.Version, got.Digest, err)
				}
			}
		})
	}
	readers.Wait()
	stop()
	writer.Wait()
}

func TestSecret_Prediction(t *testing.T) {
	s := newStage(t, nil)
	s.publish(t, tenant, "intents", train(t, "one"))
	s.publish(t, "other", "intents", train(t, "one"))
	got, err := s.Predict(t.Context(), tenant, intents, ask("where is my card", "", "my cash"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.secret.Prediction(t.Context(), tenant, got.ID)
	if err != nil {
		t.Fatalf("Prediction(%q) = %v", got.ID, err)
	}
	if p.Tenant != tenant || p.Model != "intents" || p.Version != 1 || !p.At.Equal(s.clock.now()) || len(p.Answers) != 3 {
		t.Errorf("Prediction = %+v", p)
	}
	for i, want := range []string{"card", "", "cash"} {
		if p.Answers[i].Label != want || math.Abs(p.Answers[i].Score-got.Results[i].Score) > 1e-4 {
			t.Errorf("answer %d = %+v, want %s %v", i, p.Answers[i], want, got.Results[i].Score)
		}
	}
	if _, err := s.secret.Prediction(t.Context(), "other", got.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("another tenant's id = %v, want not found", err)
	}
	for i := range got.ID {
		changed := []byte(got.ID)
		changed[i] ^= 1
		if _, err := s.secret.Prediction(t.Context(), tenant, string(changed)); !fault.Is(err, fault.NotFound) {
			t.Errorf("byte %d changed = %v, want not found", i, err)
		}
	}
}

// Equal requests in one second are different predictions: feedback on one must
// not pass for a repetition of feedback on the other.
func TestServer_Predict_idsDiffer(t *testing.T) {
	s := newStage(t, func(o *serving.Options) { o.Secret.Random = rand.Reader })
	s.publish(t, tenant, "intents", train(t, "one"))
	seen := make(map[string]bool)
	for range 100 {
		got, err := s.Predict(t.Context(), tenant, intents, ask("where is my card"))
		if err != nil {
			t.Fatal(err)
		}
		if seen[got.ID] {
			t.Fatalf("the id %s was given out twice", got.ID)
		}
		seen[got.ID] = true
	}
}

// Ids of the formats without a nonce, given out before, still take feedback.
func TestSecret_Prediction_olderFormats(t *testing.T) {
	s := newStage(t, nil)
	signer, err := s.secret.Signer(t.Context(), "prediction")
	if err != nil {
		t.Fatal(err)
	}
	const head = "\x04acme\x07intents\x03\x80\xa0\x8c\xcd\x06\x01" // tenant, model, version 3, seconds, one answer
	for _, tc := range []struct {
		name, payload string
		want          serving.Prediction
	}{
		{"label", "\x01" + head + "\x04card\xff\xff", serving.Prediction{Answers: []serving.Answer{{Label: "card", Score: 1}}}},
		{"value", "\x02" + head + "\x00\x00\x00\x00\x00\x00\xf8\x3f", serving.Prediction{Regression: true, Answers: []serving.Answer{{Value: 1.5}}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.want.Tenant, tc.want.Model, tc.want.Version, tc.want.At = "acme", "intents", 3, time.Unix(0x69a31000, 0).UTC()
			got, err := s.secret.Prediction(t.Context(), "acme", "pr_"+signer.Seal("", []byte(tc.payload)))
			if err != nil || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("Prediction = %+v, %v, want %+v", got, err, tc.want)
			}
		})
	}
}

// Two functions that start at once share one secret.
func TestSecret_madeOnce(t *testing.T) {
	s := newStage(t, nil)
	var wg sync.WaitGroup
	tokens := make([]string, 8)
	for i := range tokens {
		wg.Go(func() {
			secret := &serving.Secret{Store: s.store, Random: strings.NewReader(strings.Repeat(string(rune('a'+i)), 32))}
			signer, err := secret.Signer(t.Context(), "test")
			if err != nil {
				t.Errorf("Signer = %v", err)
				return
			}
			tokens[i] = signer.Seal("bound", []byte("payload"))
		})
	}
	wg.Wait()
	for i, token := range tokens {
		if token != tokens[0] {
			t.Errorf("token %d = %q, want %q: all share one secret", i, token, tokens[0])
		}
	}
}

// What a cipher sealed is read by nobody else, and opens under its bound alone.
func FuzzCipher_Open(f *testing.F) {
	s := newStage(f, nil)
	cipher, err := s.secret.Cipher(f.Context(), "test")
	if err != nil {
		f.Fatal(err)
	}
	other, err := s.secret.Cipher(f.Context(), "another")
	if err != nil {
		f.Fatal(err)
	}
	f.Add("acme", "secret-plan", "AAAA")
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, bound, payload, token string) {
		sealed := cipher.Seal(bound, []byte(payload))
		if again := cipher.Seal(bound, []byte(payload)); again != sealed {
			t.Errorf("Seal = %s, then %s", sealed, again)
		}
		if got, err := cipher.Open(bound, sealed); err != nil || string(got) != payload {
			t.Errorf("Open = %q, %v, want %q", got, err, payload)
		}
		if _, err := cipher.Open(bound+"x", sealed); !fault.Is(err, fault.Malformed) {
			t.Errorf("Open with another bound = %v, want malformed", err)
		}
		if _, err := other.Open(bound, sealed); !fault.Is(err, fault.Malformed) {
			t.Errorf("Open by another purpose's cipher = %v, want malformed", err)
		}
		if got, err := cipher.Open(bound, token); err == nil && cipher.Seal(bound, got) != token {
			t.Errorf("Open(%q) = %q, which was sealed otherwise", token, got)
		}
	})
}

func FuzzSigner_Open(f *testing.F) {
	s := newStage(f, nil)
	signer, err := (&serving.Secret{Store: s.store, Random: zeros{}}).Signer(f.Context(), "test")
	if err != nil {
		f.Fatal(err)
	}
	good := signer.Seal("bound", []byte("payload"))
	f.Add("bound", good)
	f.Add("other", good)
	f.Add("", "")
	f.Fuzz(func(t *testing.T, bound, token string) {
		payload, err := signer.Open(bound, token)
		if err == nil && (signer.Seal(bound, payload) != token || token != good) {
			t.Errorf("Open(%q, %q) = %q, which was never sealed", bound, token, payload)
		}
	})
}

func TestServer_Warm(t *testing.T) {
	s := newStage(t, nil)
	if err := s.Warm(t.Context()); err != nil {
		t.Errorf("Warm = %v", err)
	}
}

// A warm prediction of one text allocates what it returns: results, scores,
// order, and the id with its payload.
func TestServer_Predict_allocations(t *testing.T) {
	s := newStage(t, nil)
	s.publish(t, tenant, "intents", train(t, "one"))
	req := ask("where is my card")
	ctx := t.Context()
	// The least of many runs: under the race detector a sync.Pool drops things at random.
	least := math.Inf(1)
	for range 50 {
		least = min(least, testing.AllocsPerRun(1, func() {
			if _, err := s.Predict(ctx, tenant, intents, req); err != nil {
				t.Fatal(err)
			}
		}))
	}
	if least > 8 {
		t.Errorf("%v allocations, want at most 8", least)
	}
}

func BenchmarkServer_Predict(b *testing.B) {
	s := newStage(b, nil)
	s.publish(b, tenant, "text", train(b, "one"))
	s.publish(b, tenant, "table", encoded(b, trainTable(b, fruit("kind"), 100)))
	row := []serving.Input{{Columns: map[string]string{"grams": "130", "colour": "green"}}}
	for _, bc := range []struct {
		name  string
		model registry.Name
		req   serving.Request
	}{
		{"text", "text", ask("where is my card, I ordered it two weeks ago and it has not arrived")},
		{"row", "table", serving.Request{Inputs: row}},
		{"row with set", "table", serving.Request{Inputs: row, Coverage: .9}},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Predict(b.Context(), tenant, registry.Reference{Model: bc.model}, bc.req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
