package world_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/anishathalye/porcupine"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// move is one operation on an alias or a route: a read, or a change under a
// revision.
type move struct {
	read  bool
	value int   // the alias's version, the weight of the route's target
	ifRev int64 // revision it must have
}

// pointer is an alias or a route as a register with compare-and-set, by revision.
type pointer struct {
	rev   int64
	value int
}

// register is such a register, from one state on.
func register(first pointer) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return first },
		Step: func(state, input, output any) (bool, any) {
			at, in, out := state.(pointer), input.(move), output.(answer)
			if in.read {
				return out.verdict != done || out.rev == at.rev && out.value == at.value, at
			}
			if in.ifRev != at.rev {
				return out.verdict != done, at
			}
			next := pointer{at.rev + 1, in.value}
			return out.verdict == unknown || out.verdict == done && out.rev == next.rev && out.value == next.value, next
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) },
	}
}

// moves reads one time in three, and otherwise changes what was read last.
func moves(client, i int, known int64) any {
	return move{read: (i+client)%3 == 0, value: 1 + (client+i)%raceMany, ifRev: known}
}

// aliasTrial is about who promotes.
var aliasTrial = trial{
	name: "alias", model: register(pointer{1, 1}), ask: moves, kinds: []verdict{done, refused},
	act: func(ctx context.Context, r *registry.Registry, input any) answer {
		m := input.(move)
		var a registry.Alias
		var err error
		if m.read {
			a, err = r.Alias(ctx, raceOwner, raceModel, registry.Champion)
		} else {
			a, err = r.SetAlias(ctx, raceOwner, raceModel, registry.Champion, m.value, m.ifRev, "key")
		}
		return judged(a.Rev, a.Version, err)
	},
}

// routeTrial is about who divides the requests. There is no route at first.
var routeTrial = trial{
	name: "route", model: register(pointer{}), ask: moves, kinds: []verdict{done, refused},
	act: func(ctx context.Context, r *registry.Registry, input any) answer {
		m := input.(move)
		var route registry.Route
		var err error
		if m.read {
			route, err = r.Route(ctx, raceOwner, raceModel)
			if fault.Is(err, fault.NotFound) {
				return answer{verdict: done}
			}
		} else {
			want := registry.Route{Targets: []registry.Target{{Pick: registry.Pick{Version: 1}, Weight: m.value}}}
			route, err = r.SetRoute(ctx, raceOwner, raceModel, want, m.ifRev, "key")
		}
		if err != nil {
			return judged(0, 0, err)
		}
		return judged(route.Rev, route.Targets[0].Weight, nil)
	},
}

// judged is what a client makes of the end of an operation.
func judged(rev int64, value int, err error) answer {
	switch {
	case err == nil:
		return answer{done, rev, value}
	case fault.Is(err, fault.PreconditionFailed):
		return answer{verdict: refused}
	}
	return answer{verdict: unknown}
}

// turnover is one operation on a model: a read of its champion, a promotion, or
// the deletion of a version.
type turnover struct {
	kind    string // read, promote, delete
	version int
}

// shelf is a model as it must look: which version is the champion, and which are
// deleted, a bit for each.
type shelf struct {
	champion int
	deleted  uint
}

// deletionTrial is about versions that are promoted and deleted at the same time:
// of both only one may be made. Whatever the revisions, so that most do something.
var deletionTrial = trial{
	name: "deletion", kinds: []verdict{done, refused},
	model: porcupine.Model{
		Init: func() any { return shelf{champion: 1} },
		Step: func(state, input, output any) (bool, any) {
			at, in, out := state.(shelf), input.(turnover), output.(answer)
			bit := uint(1) << in.version
			next, free := at, at.deleted&bit == 0
			switch in.kind {
			case "read":
				return out.verdict != done || out.value == at.champion, at
			case "promote":
				next.champion = in.version
			case "delete":
				free = free && at.champion != in.version
				next.deleted |= bit
			}
			if !free {
				return out.verdict != done, at
			}
			return out.verdict != refused, next
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) },
	},
	ask: func(client, i int, _ int64) any {
		// All are about the same few versions at a time, and go on to the next.
		v := 1 + (i/8+(i+client)%3)%raceMany
		switch (i + 2*client) % 5 {
		case 0:
			return turnover{"delete", v}
		case 1:
			return turnover{"read", 0}
		}
		return turnover{"promote", v}
	},
	act: func(ctx context.Context, r *registry.Registry, input any) answer {
		in := input.(turnover)
		var a registry.Alias
		var err error
		switch in.kind {
		case "read":
			a, err = r.Alias(ctx, raceOwner, raceModel, registry.Champion)
		case "promote":
			a, err = r.SetAlias(ctx, raceOwner, raceModel, registry.Champion, in.version, registry.AnyRev, "key")
		case "delete":
			err = r.DeleteVersion(ctx, raceOwner, raceModel, in.version, registry.AnyRev)
		}
		f, _ := errors.AsType[*fault.Error](err)
		switch {
		case err == nil:
			return answer{done, a.Rev, a.Version}
		case f != nil && (f.Code == fault.NotFound || f.Code == fault.Invalid || f.Reason == "version_in_use"):
			return answer{verdict: refused}
		}
		return answer{verdict: unknown}
	},
}
