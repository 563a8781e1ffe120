package serving

import (
	"cmp"
	"context"
	"slices"

	"godwit/shared/ml/xxh64"
	"godwit/shared/registry"
)

// assignment draws the numbers that divide one request among a route's targets
// and shadows. The zero value draws 0.
type assignment struct {
	tenant  registry.Tenant
	model   registry.Name
	context map[string]string
	chance  func() float64
}

// assign returns the assignment of a request with this context.
func (s *Server) assign(t registry.Tenant, model registry.Name, context map[string]string) assignment {
	return assignment{tenant: t, model: model, context: context, chance: s.chance}
}

// draw returns a number in [0,1) for one purpose: of a known sticky value by its
// hash, else by chance.
//
// The hash is XXH64 of tenant, model, purpose and value, each ended by a zero
// byte, and the number its upper 53 bits over 2^53. The route's revision is no
// part of it, so changing a weight moves only the requests whose number lies
// between the old border and the new, and anybody who knows the value can say
// where its requests go.
func (a assignment) draw(sticky, purpose string) float64 {
	value, known := a.context[sticky]
	if !known || value == "" {
		if a.chance == nil {
			return 0
		}
		return a.chance()
	}
	var room [256]byte
	b := room[:0]
	for _, part := range [...]string{string(a.tenant), string(a.model), purpose, value} {
		b = append(append(b, part...), 0)
	}
	return float64(xxh64.Sum(b, 0)>>11) / (1 << 53)
}

// pick returns the target in whose part of [0,1) u lies; the parts follow one
// another in the order of the targets, each as long as its share of all weights.
func pick(targets []registry.Target, u float64) int {
	total := 0
	for _, t := range targets {
		total += t.Weight
	}
	at, border := u*float64(total), 0
	for i, t := range targets {
		if border += t.Weight; at < float64(border) {
			return i
		}
	}
	return len(targets) - 1
}

// follow takes the target a route assigns or, when nothing of it can be had, the
// heaviest one that can, and then the use says so.
func (s *Server) follow(ctx context.Context, t registry.Tenant, route *registry.Route, who assignment) (use, error) {
	chosen := pick(route.Targets, who.draw(route.Sticky, "target"))
	got, err := s.take(ctx, t, route.Targets[chosen].Of(route.Model))
	if err == nil || len(route.Targets) == 1 {
		return got, err
	}
	others := slices.Delete(slices.Clone(route.Targets), chosen, chosen+1)
	slices.SortStableFunc(others, func(a, b registry.Target) int { return cmp.Compare(b.Weight, a.Weight) })
	for _, other := range others {
		if ctx.Err() != nil {
			break
		}
		if got, otherErr := s.take(ctx, t, other.Of(route.Model)); otherErr == nil {
			got.stale = StaleTarget
			return got, nil
		}
	}
	return use{}, err
}
