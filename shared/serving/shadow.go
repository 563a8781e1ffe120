package serving

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"sync"
	"time"

	"godwit/shared/registry"
)

// reloadAfter is how long a shadow's model that could not be loaded, or did not
// stay in memory, is left alone: loading it may delay an answer.
const reloadAfter = time.Minute

// shadows are the bounds of scoring beside the answer.
type shadows struct {
	now           func() time.Time
	timeout, load time.Duration

	mu    sync.Mutex
	tried map[artifactKey]time.Time // when a model's load was last begun
}

// shadowRun is one version that scores a request beside the one that answers.
type shadowRun struct {
	Shadow
	results []Result // nil when it was not done in time
}

// shadow lets the shadows of the route that led to u score the inputs, each its
// percentage of the requests, beside the caller. The function it returns waits
// for them, at most as long as their timeout, and compares them with the
// answer's results, nil where there is no answer; it must be called, and may be
// again. Nothing of a shadow is an error of the request: one that cannot be loaded
// or is too slow is left out, one that panicked says so in its Err.
func (s *Server) shadow(ctx context.Context, t registry.Tenant, u use, who assignment, inputs []Input) func([]Result) []Shadow {
	if u.split == nil || len(u.split.Shadow) == 0 {
		return func([]Result) []Shadow { return nil }
	}
	return s.startShadows(ctx, t, u, who, inputs)
}

// startShadows is shadow for a route that has some: apart, so that a request
// without a route pays for nothing.
func (s *Server) startShadows(ctx context.Context, t registry.Tenant, u use, who assignment, inputs []Input) func([]Result) []Shadow {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	runs := make([]shadowRun, len(u.split.Shadow))
	for i, sh := range u.split.Shadow {
		if who.draw(u.split.Sticky, "shadow "+sh.String())*100 >= sh.Percent {
			continue
		}
		wg.Go(func() {
			runs[i] = s.runShadow(ctx, t, sh.Of(u.split.Model), u.version.Number, inputs)
		})
	}
	return func(answer []Result) []Shadow {
		if answer == nil {
			cancel() // there is nothing to compare with
		}
		wg.Wait()
		cancel()
		var out []Shadow
		for _, run := range runs {
			if answer == nil || run.results == nil && run.Err == nil {
				continue
			}
			if run.Err == nil {
				run.compare(answer)
			}
			out = append(out, run.Shadow)
		}
		return out
	}
}

// runShadow scores the inputs with what ref means, unless that is the version that
// answers.
func (s *Server) runShadow(ctx context.Context, t registry.Tenant, ref registry.Reference, serves int, inputs []Input) (run shadowRun) {
	// A panic would end the process, not the request, and a shadow may do neither.
	defer func() {
		if p := recover(); p != nil {
			run.results, run.Err = nil, fmt.Errorf("shadow %s panicked: %v\n%s", ref, p, debug.Stack())
		}
	}()
	short, cancel := context.WithTimeout(ctx, s.shadows.timeout)
	defer cancel()
	to, err := s.routes.resolve(short, routeKey{t, ref})
	if err != nil || to.version.Number == serves {
		return shadowRun{}
	}
	run = shadowRun{Shadow: Shadow{Version: to.version.Number, Variant: to.variant}}
	key := artifactKey{t, to.version.Artifact.Digest}
	from := s.cache.held(key)
	if from == nil {
		if !s.shadows.begin(key) || !s.cache.fits(to.version.Artifact.Size) {
			return shadowRun{}
		}
		var done context.CancelFunc
		short, done = context.WithTimeout(ctx, s.shadows.load)
		defer done()
		if from, err = s.cache.acquire(short, t, to.version.Artifact); err != nil {
			return shadowRun{}
		}
	}
	defer s.cache.release(from)
	if run.results, err = s.score(short, from, Request{Inputs: inputs}); err != nil {
		return shadowRun{}
	}
	return run
}

// begin reports whether the model under key may be loaded for a shadow now.
func (s *shadows) begin(key artifactKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if at, tried := s.tried[key]; tried && now.Sub(at) < reloadAfter {
		return false
	}
	if len(s.tried) >= maxRoutes {
		clear(s.tried)
	}
	s.tried[key] = now
	return true
}

// fits reports whether a model of an artifact of this size can be expected to
// find room beside those that are held: a shadow drives no model out.
func (c *cache) fits(size int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used+size <= c.limit
}

// compare counts where the shadow says what the answer says.
func (b *shadowRun) compare(answer []Result) {
	for i := range answer {
		mine, theirs := &b.results[i], &answer[i]
		if mine.Err != nil || theirs.Err != nil {
			continue
		}
		b.Rows++
		if mine.Label == theirs.Label && math.Abs(mine.Value-theirs.Value) <= max(math.Abs(mine.Value), math.Abs(theirs.Value))/100 {
			b.Agree++
		}
	}
}
