package suite

import (
	"fmt"
	"strings"
)

// newKey makes a key, which is revoked at the end. It returns id and text.
func (s *session) newKey(what string, fields object) (id, secret string) {
	fields["name"] = s.prefix + " " + what
	a := s.do(call{method: "POST", path: "/v1/keys", body: fields, want: 201, what: "make a key: " + what}, has("/id", "/secret"), is("/status", "active"))
	s.made.keys = append(s.made.keys, a.text("/id"))
	if secret = a.text("/secret"); !strings.HasPrefix(secret, "gw_") {
		s.result("a key begins with gw_", fmt.Errorf("it does not"))
	}
	return a.text("/id"), secret
}

// keys makes keys, and revokes one early: that it is refused is seen at the end.
func (s *session) keys() {
	c := call{method: "POST", path: "/v1/keys", body: object{"name": s.prefix, "scopes": []string{"predict"}}, header: once(s.prefix), want: 201}
	first := s.do(c, has("/secret"), sent("Location", ""))
	s.made.keys = append(s.made.keys, first.text("/id"))
	c.what = "the same again does not show the secret twice"
	s.do(c, is("/id", first.at("/id")), lacks("/secret"))
	for _, bad := range []object{
		{"name": "", "scopes": []string{"predict"}}, {"name": "x", "scopes": []string{}}, {"name": "x", "scopes": []string{"root"}}, {"name": "x", "scopes": []string{"predict:"}},
		{"name": "x", "scopes": []string{"predict:../other"}}, {"name": "x\u202e", "scopes": []string{"predict"}}, {"name": "x", "scopes": []string{"predict"}, "expires_at": "2001-01-01T00:00:00Z"},
		{"name": "x", "scopes": []string{"predict"}, "budget": object{"predictions": -1}},
	} {
		s.do(call{method: "POST", path: "/v1/keys", body: bad, want: 422, what: fmt.Sprintf("a key with %v", bad)})
	}
	s.do(call{method: "POST", path: "/v1/keys", body: object{"name": "x", "scopes": []string{"predict"}, "tenant": "somebody"}, want: 400, what: "a key for another tenant"})
	s.do(call{method: "GET", path: "/v1/keys?limit=200", want: 200}, func(a *answer) error {
		if strings.Contains(string(a.raw), `"secret"`) {
			return fmt.Errorf("the list shows secrets")
		}
		return among(a, first.text("/id"))
	})
	id, secret := s.newKey("to be revoked", object{"scopes": []string{"predict"}})
	s.do(call{method: "GET", path: "/v1/whoami", key: secret, want: 200, what: "a new key is somebody"}, is("/key_id", id), is("/scopes/0", "predict"))
	s.do(call{method: "DELETE", path: "/v1/keys/" + id, want: 204})
	s.do(call{method: "DELETE", path: "/v1/keys/key_absent", want: 404})
	s.revokeds = append(s.revokeds, secret)
}

// revoked sees the key that was revoked at the beginning refused.
func (s *session) revoked() {
	for _, secret := range s.revokeds {
		s.eventually(call{method: "GET", path: "/v1/whoami", key: secret, want: 401, what: "a revoked key is refused"})
	}
}

// limitedKeys asks with keys that may not do everything.
func (s *session) limitedKeys() {
	_, one := s.newKey("for one model", object{"scopes": []string{"predict:" + s.model}})
	_, other := s.newKey("for another model", object{"scopes": []string{"predict:" + s.prefix + "-shop"}})
	s.stranger = other
	_, train := s.newKey("for training", object{"scopes": []string{"train"}})
	path := "/v1/models/" + s.model
	for _, c := range []call{
		{method: "POST", path: path + "/predict", body: object{"inputs": question}, key: one, want: 200},
		{method: "GET", path: path, key: one, want: 200},
		{method: "POST", path: "/invocations", body: question, header: header("Content-Type", "text/plain"), key: one, want: 200, what: "invoke the key's only model"},
		{method: "POST", path: path + "/predict", body: object{"inputs": question}, key: other, want: 403},
		{method: "GET", path: path, key: other, want: 403},
		{method: "GET", path: "/v1/training-jobs/" + s.job, key: other, want: 403, what: "a job of a model that is not the key's"},
		{method: "GET", path: "/v1/datasets/" + s.dataset, key: other, want: 403, what: "a data set of a model that is not the key's"},
		{method: "POST", path: path + "/predict", body: object{"inputs": question}, key: train, want: 403},
		{method: "POST", path: "/v1/models", body: object{"name": s.prefix + "-no"}, key: train, want: 403},
		{method: "POST", path: "/v1/datasets", body: object{"model": s.model, "filename": "a", "size": 1, "sha256": strings.Repeat("0", 64)}, key: one, want: 403},
		{method: "PATCH", path: path, body: object{"description": "x"}, header: header("If-Match", "*"), key: one, want: 403},
		{method: "DELETE", path: path, key: train, want: 403},
		{method: "PUT", path: path + "/aliases/champion", body: object{"version": 1}, header: header("If-Match", "*"), key: one, want: 403},
		{method: "PUT", path: path + "/route", body: object{"targets": []object{{"ref": "@champion", "weight": 1}}}, header: header("If-None-Match", "*"), key: one, want: 403},
		{method: "GET", path: "/v1/keys", key: one, want: 403},
		{method: "POST", path: "/v1/keys", body: object{"name": "x", "scopes": []string{"admin"}}, key: train, want: 403},
		{method: "POST", path: "/v2/models/" + s.model + "/infer", body: object{"inputs": []object{{"name": "text", "shape": []int{1}, "datatype": "BYTES", "data": []string{"x"}}}}, key: other, want: 403},
		{method: "POST", path: "/hf/models/" + s.model, body: object{"inputs": "x"}, key: other, want: 403},
		{method: "POST", path: "/v1/batch-jobs", body: object{"model": s.model, "input": object{"dataset": s.dataset}}, key: other, want: 403},
	} {
		if c.what == "" {
			c.what = fmt.Sprintf("a key that may not: %s %s", c.method, c.path)
		}
		s.do(c)
	}
	s.do(call{method: "GET", path: "/v1/models?limit=200", key: other, want: 200, what: "a list shows what the key may see"}, func(a *answer) error {
		if strings.Contains(string(a.raw), s.model) {
			return fmt.Errorf("it shows %s", s.model)
		}
		return nil
	})
	s.budget()
}

// budget uses a key up. Budgets are approximate: some requests more may pass.
func (s *session) budget() {
	_, key := s.newKey("with a budget", object{"scopes": []string{"predict"}, "budget": object{"predictions": 3}})
	s.eventually(call{method: "POST", path: "/v1/models/" + s.model + "/predict", body: object{"inputs": question}, key: key, want: 429, what: "a key that has used up its budget"}, is("/code", "budget_exceeded"), sent("Retry-After", ""))
	s.do(call{method: "GET", path: "/v1/whoami", key: key, want: 200, what: "its holder sees the budget"}, is("/budget/predictions", 3))
}

// usage reads what was counted.
func (s *session) usage() {
	s.eventually(call{method: "GET", path: "/v1/usage", want: 200}, has("/items/0/day", "/items/0/key_id"), func(a *answer) error {
		for i := range a.list("/items") {
			if a.number(fmt.Sprintf("/items/%d/predictions", i)) > 0 {
				return nil
			}
		}
		return fmt.Errorf("no prediction was counted")
	})
	for _, bad := range []string{"from=yesterday", "to=2026-02-30", "from=2026-03-02&to=2026-03-01", "from=2020-01-01"} {
		s.do(call{method: "GET", path: "/v1/usage?" + bad, want: 422})
	}
}
