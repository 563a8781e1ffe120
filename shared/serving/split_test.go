package serving_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/serving"
)

// route sets the route of intents: targets as "ref weight", shadows as "~ref percent".
func (s *stage) route(t testing.TB, sticky string, parts ...string) {
	t.Helper()
	r := registry.Route{Sticky: sticky}
	for _, part := range parts {
		var ref string
		var n int
		if _, err := fmt.Sscan(part, &ref, &n); err != nil {
			t.Fatal(err)
		}
		ref, isShadow := strings.CutPrefix(ref, "~")
		p, err := registry.ParsePick(ref)
		if err != nil {
			t.Fatal(err)
		}
		if isShadow {
			r.Shadow = append(r.Shadow, registry.Shadow{Pick: p, Percent: float64(n)})
		} else {
			r.Targets = append(r.Targets, registry.Target{Pick: p, Weight: n})
		}
	}
	if _, err := s.registry.SetRoute(t.Context(), tenant, "intents", r, registry.AnyRev, "test"); err != nil {
		t.Fatalf("SetRoute = %v", err)
	}
	s.clock.advance(5 * time.Second) // beyond the TTL
}

// point sets an alias of intents.
func (s *stage) point(t testing.TB, alias registry.AliasName, version int) {
	t.Helper()
	if _, err := s.registry.SetAlias(t.Context(), tenant, "intents", alias, version, registry.AnyRev, "test"); err != nil {
		t.Fatalf("SetAlias = %v", err)
	}
	s.clock.advance(5 * time.Second)
}

// by asks for intents as one user; nobody without a name.
func (s *stage) by(t testing.TB, user string) serving.Response {
	t.Helper()
	req := ask("where is my card", "my cash")
	if user != "" {
		req.Context = map[string]string{"user": user}
	}
	got, err := s.Predict(t.Context(), tenant, intents, req)
	if err != nil {
		t.Fatalf("Predict for %q = %v", user, err)
	}
	return got
}

// routed is a stage whose model has version 1 as champion and 2 as challenger. Its
// shadows have all the time of a busy machine.
func routed(t testing.TB, change func(*serving.Options)) *stage {
	t.Helper()
	s := newStage(t, func(o *serving.Options) {
		o.ShadowTimeout, o.ShadowLoad = time.Hour, time.Hour
		if change != nil {
			change(o)
		}
	})
	s.publish(t, tenant, "intents", train(t, "one"))
	s.publish(t, tenant, "intents", train(t, "two"))
	s.point(t, registry.Champion, 1)
	s.point(t, "challenger", 2)
	return s
}

// A user is answered by one target, in every instance, and the answer names it.
func TestServer_route(t *testing.T) {
	s := routed(t, nil)
	s.route(t, "user", "@champion 70", "versions/2 30")
	other := serving.New(serving.Options{Registry: s.resolver, Models: s.models, Secret: &serving.Secret{Store: s.store, Random: zeros{}}, Now: s.clock.now})
	versions := map[string]int{"champion": 1, "versions/2": 2}
	seen := map[string]int{}
	for i := range 1000 {
		user := fmt.Sprint("user-", i)
		first := s.by(t, user)
		if first.Version != versions[first.Variant] || first.Stale != "" {
			t.Fatalf("%s: version %d as %q, stale %q", user, first.Version, first.Variant, first.Stale)
		}
		seen[first.Variant]++
		if i%10 != 0 {
			continue
		}
		again, err := other.Predict(t.Context(), tenant, intents, serving.Request{Inputs: ask("card").Inputs, Context: map[string]string{"user": user, "more": "x"}})
		if err != nil || again.Variant != first.Variant {
			t.Errorf("%s: another instance answers as %q, %v, want %q", user, again.Variant, err, first.Variant)
		}
	}
	if n := seen["versions/2"]; n < 250 || n > 350 { // 300 to be expected, three standard deviations are 43
		t.Errorf("of 1000 users %d were sent to 30 %%, want about 300", n)
	}
}

// Without a sticky value, or without the caller saying it, chance decides.
func TestServer_route_chance(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	s := routed(t, func(o *serving.Options) { o.Chance = random.Float64 })
	for _, sticky := range []string{"", "user"} {
		s.route(t, sticky, "@champion 1", "@challenger 1")
		seen := map[string]int{}
		for range 400 {
			seen[s.by(t, "").Variant]++
		}
		if n := seen["challenger"]; n < 140 || n > 260 || n+seen["champion"] != 400 {
			t.Errorf("sticky %q: %v, want about 200 of each", sticky, seen)
		}
	}
}

// A reference that names its version or alias goes past the route.
func TestServer_route_bypassed(t *testing.T) {
	s := routed(t, nil)
	s.route(t, "", "@challenger 1", "~@champion 100")
	for _, tc := range []struct {
		ref     registry.Reference
		version int
		variant string
	}{
		{intents, 2, "challenger"},
		{registry.Reference{Model: "intents", Alias: registry.Champion}, 1, "champion"},
		{registry.Reference{Model: "intents", Version: 1}, 1, "versions/1"},
	} {
		got, err := s.Predict(t.Context(), tenant, tc.ref, ask("card"))
		if err != nil || got.Version != tc.version || got.Variant != tc.variant || (len(got.Shadows) > 0) != (tc.ref == intents) {
			t.Errorf("%v: version %d as %q with %d shadows, %v, want %d as %q", tc.ref, got.Version, got.Variant, len(got.Shadows), err, tc.version, tc.variant)
		}
	}
	if err := s.registry.DeleteRoute(t.Context(), tenant, "intents", registry.AnyRev, "test"); err != nil {
		t.Fatal(err)
	}
	if got := s.by(t, ""); got.Variant != "challenger" {
		t.Errorf("within the TTL of the route the variant is %q, want challenger", got.Variant)
	}
	s.clock.advance(5 * time.Second)
	if got := s.by(t, ""); got.Variant != "champion" {
		t.Errorf("without the route the variant is %q, want champion", got.Variant)
	}
}

// Registry down, the known route goes on dividing the requests, and says so.
func TestServer_route_registryDown(t *testing.T) {
	s := routed(t, nil)
	s.route(t, "user", "@champion 1", "@challenger 1")
	want := map[string]string{}
	for i := range 20 {
		user := fmt.Sprint("user-", i)
		want[user] = s.by(t, user).Variant
	}
	s.resolver.down.Store(true)
	s.clock.advance(time.Minute)
	for user, variant := range want {
		if got := s.by(t, user); got.Variant != variant || got.Stale != serving.StaleRegistry {
			t.Errorf("%s: %q, stale %q, want %q as before, and %q", user, got.Variant, got.Stale, variant, serving.StaleRegistry)
		}
	}
}

// A target that cannot be loaded: its last good version, else the heaviest that can.
func TestServer_route_brokenTarget(t *testing.T) {
	s := routed(t, nil)
	third := s.publish(t, tenant, "intents", train(t, "three")) // champion now
	s.point(t, registry.Champion, 1)
	if err := s.models.Delete(t.Context(), third.Artifact.Key); err != nil {
		t.Fatal(err)
	}
	s.route(t, "", "versions/3 98", "@champion 1", "@challenger 2")
	got := s.by(t, "")
	if got.Variant != "challenger" || got.Version != 2 || got.Stale != serving.StaleTarget {
		t.Errorf("first target broken: version %d as %q, stale %q, want the heaviest of the rest, and %q", got.Version, got.Variant, got.Stale, serving.StaleTarget)
	}
	s.route(t, "", "@challenger 98", "@champion 1")
	if got := s.by(t, ""); got.Version != 2 || got.Stale != "" {
		t.Errorf("before it breaks: version %d, stale %q, want 2", got.Version, got.Stale)
	}
	s.point(t, "challenger", 3)
	if got := s.by(t, ""); got.Version != 2 || got.Variant != "challenger" || got.Stale != serving.StaleArtifact {
		t.Errorf("after it broke: version %d as %q, stale %q, want the last good one of the target, and %q", got.Version, got.Variant, got.Stale, serving.StaleArtifact)
	}
	s.route(t, "", "versions/3 1")
	if _, err := s.Predict(t.Context(), tenant, intents, ask("card")); !fault.Is(err, fault.Internal) {
		t.Errorf("no target loads = %v, want %s", err, fault.Internal)
	}
}

func TestServer_shadow(t *testing.T) {
	s := routed(t, nil)
	s.publish(t, tenant, "intents", train(t, "three"))
	s.point(t, registry.Champion, 1)
	s.route(t, "user", "@champion 1", "~@challenger 100", "~versions/3 30", "~versions/1 100")
	plain, err := s.Predict(t.Context(), tenant, registry.Reference{Model: "intents", Version: 1}, ask("where is my card", "my cash"))
	if err != nil {
		t.Fatal(err)
	}
	sampled := 0
	for i := range 300 {
		got := s.by(t, fmt.Sprint("user-", i))
		if got.Version != 1 || got.Variant != "champion" || fmt.Sprint(got.Results) != fmt.Sprint(plain.Results) {
			t.Fatalf("the answer is %+v, want version 1's as without shadows", got)
		}
		for _, sh := range got.Shadows {
			if sh.Rows != 2 || sh.Agree != 2 || sh.Variant != map[int]string{2: "challenger", 3: "versions/3"}[sh.Version] {
				t.Errorf("shadow %+v, want 2 rows that agree, of version 2 or 3", sh)
			}
			if sh.Version == 3 {
				sampled++
			}
		}
		if len(got.Shadows) == 0 || got.Shadows[0].Version != 2 {
			t.Errorf("shadows %+v, want version 2 always", got.Shadows)
		}
		if again := s.by(t, fmt.Sprint("user-", i)); len(again.Shadows) != len(got.Shadows) {
			t.Errorf("the same user is shadowed by %d and by %d, want the same", len(got.Shadows), len(again.Shadows))
		}
	}
	if sampled < 60 || sampled > 120 { // 90 to be expected, three standard deviations are 24
		t.Errorf("a shadow of 30 %% scored %d of 300 requests, want about 90", sampled)
	}
}

// Elements that cannot be scored are in no count.
func TestServer_shadow_badInput(t *testing.T) {
	s := routed(t, nil)
	s.route(t, "", "@champion 1", "~@challenger 100")
	got, err := s.Predict(t.Context(), tenant, intents, ask("my cash", "", "my card"))
	if err != nil || len(got.Shadows) != 1 || got.Shadows[0].Rows != 2 {
		t.Errorf("shadows %+v, %v, want one with 2 rows of 3", got.Shadows, err)
	}
}

// hanging is a bucket that never answers about one key until its caller gives up.
type hanging struct {
	blob.Store
	key   string
	mu    sync.Mutex
	asked int
}

func (h *hanging) Get(ctx context.Context, key string) (io.ReadCloser, blob.Info, error) {
	if key != h.key {
		return h.Store.Get(ctx, key)
	}
	h.mu.Lock()
	h.asked++
	h.mu.Unlock()
	<-ctx.Done()
	return nil, blob.Info{}, ctx.Err()
}

// A shadow that cannot be loaded in time delays at most one answer a minute, by
// its bound, and changes none.
func TestServer_shadow_slow(t *testing.T) {
	var bucket *hanging
	s := routed(t, func(o *serving.Options) {
		bucket = &hanging{Store: o.Models}
		o.Models, o.ShadowLoad = bucket, 20*time.Millisecond
	})
	v, err := s.registry.Version(t.Context(), tenant, "intents", 2)
	if err != nil {
		t.Fatal(err)
	}
	bucket.key = v.Artifact.Key
	s.route(t, "", "@champion 1", "~@challenger 100")
	for round, want := range []int{1, 1, 2} {
		if got := s.by(t, ""); got.Version != 1 || got.Stale != "" || len(got.Shadows) != 0 || bucket.asked != want {
			t.Errorf("round %d: version %d, stale %q, %d shadows after %d loads, want version 1 without, after %d", round, got.Version, got.Stale, len(got.Shadows), bucket.asked, want)
		}
		if round == 1 {
			s.clock.advance(time.Minute)
		}
	}
}

// breakingBucket panics over one key.
type breakingBucket struct {
	blob.Store
	key string
}

func (b *breakingBucket) Get(ctx context.Context, key string) (io.ReadCloser, blob.Info, error) {
	if key == b.key {
		panic("the bucket broke")
	}
	return b.Store.Get(ctx, key)
}

// breakingRegistry panics over one alias.
type breakingRegistry struct {
	serving.Resolver
	alias registry.AliasName
}

func (b *breakingRegistry) Resolve(ctx context.Context, t registry.Tenant, ref registry.Reference) (registry.Version, string, error) {
	if ref.Alias == b.alias {
		panic("the registry broke")
	}
	return b.Resolver.Resolve(ctx, t, ref)
}

// A shadow that panics changes no answer, and is told of each time.
func TestServer_shadow_panics(t *testing.T) {
	for _, tc := range []struct {
		name     string
		breaking func(s *stage, bucket *breakingBucket, records *breakingRegistry)
		version  int
		again    int // shadows told of at once afterwards
	}{
		{"while it is looked up", func(_ *stage, _ *breakingBucket, r *breakingRegistry) { r.alias = "challenger" }, 0, 1},
		// Its load is not tried again for a minute.
		{"while it is loaded", func(s *stage, b *breakingBucket, _ *breakingRegistry) {
			v, err := s.registry.Version(t.Context(), tenant, "intents", 2)
			if err != nil {
				t.Fatal(err)
			}
			b.key = v.Artifact.Key
		}, 2, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bucket, records := &breakingBucket{}, &breakingRegistry{}
			s := routed(t, func(o *serving.Options) {
				bucket.Store, records.Resolver = o.Models, o.Registry
				o.Models, o.Registry = bucket, records
			})
			s.route(t, "", "@champion 1", "~@challenger 100")
			tc.breaking(s, bucket, records)
			for _, want := range []int{1, tc.again} {
				got := s.by(t, "")
				if got.Version != 1 || got.Stale != "" || len(got.Results) != 2 || len(got.Shadows) != want {
					t.Fatalf("version %d, stale %q, %d results, shadows %+v, want version 1's two and %d that failed", got.Version, got.Stale, len(got.Results), got.Shadows, want)
				}
				for _, sh := range got.Shadows {
					if sh.Version != tc.version || sh.Rows != 0 || sh.Err == nil || !strings.Contains(sh.Err.Error(), "shadow intents@challenger panicked: the ") || !strings.Contains(sh.Err.Error(), "split_test.go") {
						t.Errorf("shadow %+v, want one of version %d that says what broke and where", sh, tc.version)
					}
				}
			}
		})
	}
}

// A shadow drives the model that answers out of no memory.
func TestServer_shadow_noRoom(t *testing.T) {
	s := routed(t, func(o *serving.Options) { o.CacheBytes = 1 })
	s.route(t, "", "@champion 1", "~@challenger 100")
	for range 3 {
		if got := s.by(t, ""); got.Version != 1 || len(got.Shadows) != 0 || s.models.read.Load() != 1 {
			t.Errorf("version %d, %d shadows after %d reads, want version 1 alone, read once", got.Version, len(got.Shadows), s.models.read.Load())
		}
	}
}

// BenchmarkServer_Predict_route is a request by the route, alone and with a
// shadow of every request.
func BenchmarkServer_Predict_route(b *testing.B) {
	req := ask("where is my card, I ordered it two weeks ago and it has not arrived")
	req.Context = map[string]string{"user": "user-1"}
	for _, bc := range []struct {
		name  string
		parts []string
	}{
		{"split", []string{"@champion 95", "@challenger 5"}},
		{"shadowed", []string{"versions/1 1", "~versions/2 100"}},
	} {
		b.Run(bc.name, func(b *testing.B) {
			s := routed(b, nil)
			s.route(b, "user", bc.parts...)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Predict(b.Context(), tenant, intents, req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
