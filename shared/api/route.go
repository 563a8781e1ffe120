package api

import (
	"fmt"
	"strings"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// Routing says how the requests for a model's bare name are divided.
type Routing struct {
	Targets []RoutingTarget `json:"targets" doc:"who answers, at most 10"`
	Shadow  []RoutingShadow `json:"shadow,omitempty" doc:"who scores a part of the requests too, without answering, at most 3"`
	Sticky  *RoutingSticky  `json:"sticky,omitempty" doc:"what keeps a caller at one target; absent: every request is drawn by chance"`
}

// RoutingTarget answers its share of the requests.
type RoutingTarget struct {
	Ref    string `json:"ref" doc:"an alias, or versions/7" example:"@champion"`
	Weight int    `json:"weight" doc:"its share is the weight over the sum of all" min:"1" max:"1000000" example:"95"`
}

// RoutingShadow scores a part of the requests.
type RoutingShadow struct {
	Ref     string  `json:"ref" doc:"an alias, or versions/7" example:"versions/9"`
	Percent float64 `json:"percent" doc:"of the requests, above 0" min:"0" max:"100" example:"20"`
}

// RoutingSticky names what a caller is known by.
type RoutingSticky struct {
	By string `json:"by" doc:"a value of the request's context" example:"context.user"`
}

// ModelRoute is the route of a model.
type ModelRoute struct {
	Model string `json:"model" doc:"the model's name" example:"intents"`
	Routing
	Revision  int64     `json:"revision" doc:"the number in its ETag" example:"3"`
	UpdatedAt time.Time `json:"updated_at" doc:"when it last changed"`
	UpdatedBy string    `json:"updated_by" doc:"key that changed it" example:"key_bootstrap"`
}

// contextPrefix begins what a route may be sticky by. The prefix leaves room for
// other sources, such as the key that asks.
const contextPrefix = "context."

// getRoute answers with the route and its revision as the ETag; 304 when the
// caller holds that revision already.
func getRoute(x *exchange) error {
	r, err := x.Registry.Route(x.r.Context(), x.tenant(), x.ref.Model)
	if err != nil {
		return err
	}
	x.etag(r.Rev)
	if x.unchanged(r.Rev) {
		return nil
	}
	return x.json(200, modelRouteOf(r))
}

// putRoute replaces the route under the caller's condition.
func putRoute(x *exchange) error {
	rev, err := x.condition()
	if err != nil {
		return err
	}
	var in Routing
	if _, err := x.read(&in); err != nil {
		return err
	}
	// An absent model is absent, whatever is sent to it: without this look the
	// answer would be that its targets are unknown.
	if _, err := x.Registry.Model(x.r.Context(), x.tenant(), x.ref.Model); err != nil {
		return err
	}
	route, err := routingOf(in)
	if err != nil {
		return err
	}
	r, err := x.Registry.SetRoute(x.r.Context(), x.tenant(), x.ref.Model, route, rev, x.caller.KeyID)
	if err != nil {
		return err
	}
	x.etag(r.Rev)
	return x.json(200, modelRouteOf(r))
}

// deleteRoute removes the route under the caller's condition: @champion serves again.
func deleteRoute(x *exchange) error {
	rev, err := x.condition()
	if err != nil {
		return err
	}
	if err := x.Registry.DeleteRoute(x.r.Context(), x.tenant(), x.ref.Model, rev, x.caller.KeyID); err != nil {
		return err
	}
	return x.send(204, nil)
}

// routingOf turns the wire form into a route; its numbers are checked by the registry.
func routingOf(in Routing) (registry.Route, error) {
	var r registry.Route
	for i, t := range in.Targets {
		p, err := registry.ParsePick(t.Ref)
		if err != nil {
			return r, badRef(fmt.Sprintf("/targets/%d/ref", i), err)
		}
		r.Targets = append(r.Targets, registry.Target{Pick: p, Weight: t.Weight})
	}
	for i, s := range in.Shadow {
		p, err := registry.ParsePick(s.Ref)
		if err != nil {
			return r, badRef(fmt.Sprintf("/shadow/%d/ref", i), err)
		}
		r.Shadow = append(r.Shadow, registry.Shadow{Pick: p, Percent: s.Percent})
	}
	if in.Sticky == nil {
		return r, nil
	}
	name, ok := strings.CutPrefix(in.Sticky.By, contextPrefix)
	if !ok || !isContextName(name) {
		return r, invalid("/sticky/by", fmt.Sprintf("%sNAME, the name of 1 to %d letters, digits, dashes and underscores", contextPrefix, maxContextName))
	}
	r.Sticky = name
	return r, nil
}

// badRef is what is wrong with the ref at a place of the body.
func badRef(pointer string, err error) *fault.Error {
	return invalid(pointer, "@alias or versions/7: "+understood(err).Msg)
}

// modelRouteOf is the wire form of a route; the tenant is not part of it.
func modelRouteOf(r registry.Route) ModelRoute {
	out := ModelRoute{Model: string(r.Model), Revision: r.Rev, UpdatedAt: r.UpdatedAt, UpdatedBy: r.UpdatedBy}
	for _, t := range r.Targets {
		out.Targets = append(out.Targets, RoutingTarget{Ref: t.String(), Weight: t.Weight})
	}
	for _, s := range r.Shadow {
		out.Shadow = append(out.Shadow, RoutingShadow{Ref: s.String(), Percent: s.Percent})
	}
	if r.Sticky != "" {
		out.Sticky = &RoutingSticky{By: contextPrefix + r.Sticky}
	}
	return out
}
