package api

import "godwit/shared/access"

// health says that the function runs. It asks no dependency: a store that is
// down must not take the healthy functions out of service.
func health(x *exchange) error {
	return x.json(200, Health{Status: "ok", Build: x.Build})
}

// openAPI answers with the description of all functions' routes, built on the
// first call: most processes are never asked.
func openAPI(x *exchange) error {
	x.openAPIOnce.Do(func() { x.openAPI = Describe(Routes()) })
	return x.send(200, x.openAPI)
}

// callerOf is the wire form of a caller.
func callerOf(p access.Principal) Caller {
	c := Caller{Tenant: string(p.Tenant), KeyID: p.KeyID, Budget: budgetOf(p.Budget), Scopes: make([]string, len(p.Scopes))}
	for i, s := range p.Scopes {
		c.Scopes[i] = s.String()
	}
	return c
}
