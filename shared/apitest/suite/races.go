package suite

import (
	"fmt"
	"sync"
)

// racers is how many requests are made at once.
const racers = 16

// race makes calls at the same moment and returns the answers; one that did not
// come has status 0.
func (s *session) race(calls func(i int) call) []*answer {
	answers := make([]*answer, racers)
	var ready, done sync.WaitGroup
	ready.Add(racers)
	for i := range racers {
		done.Go(func() {
			c := calls(i)
			ready.Done()
			ready.Wait()
			a, err := s.send(c)
			if err != nil {
				a = &answer{raw: []byte(err.Error())}
			} else if err := s.page.holds(c, a); err != nil {
				a = &answer{raw: fmt.Appendf(nil, "%d %s: %v", a.status, a.raw, err)}
			}
			answers[i] = a
		})
	}
	done.Wait()
	return answers
}

// winners wants exactly one answer of status won and all others of lost.
func winners(answers []*answer, won int, lost ...int) error {
	count := map[int]int{}
	for _, a := range answers {
		count[a.status]++
		if a.status == 0 {
			return fmt.Errorf("an answer is missing: %.300s", a.raw)
		}
	}
	others := 0
	for _, status := range lost {
		others += count[status]
	}
	if count[won] != 1 || others != racers-1 {
		return fmt.Errorf("answers by status are %v, want one %d and the rest among %v", count, won, lost)
	}
	return nil
}

// races are sixteen at once about one thing: one wins, and what is written down
// is whole.
func (s *session) races() {
	base := "/v1/models/" + s.model
	alias := base + "/aliases/raced"
	point := func(condition, value string) func(int) call {
		return func(i int) call {
			return call{method: "PUT", path: alias, body: object{"version": s.versions[i%2]}, header: header(condition, value)}
		}
	}
	s.result("sixteen make an alias: one does", winners(s.race(point("If-None-Match", "*")), 200, 412))
	for round := range 3 {
		tag := s.do(call{method: "GET", path: alias, want: 200, what: "the alias that is raced for"}).header.Get("ETag")
		s.result(fmt.Sprintf("sixteen move an alias: one does (%d)", round), winners(s.race(point("If-Match", tag)), 200, 412))
	}
	s.do(call{method: "GET", path: alias + "/history", want: 200, what: "the history is whole"}, many("/items", 4), func(a *answer) error {
		for i := range 4 {
			at := fmt.Sprintf("/items/%d/", i)
			if a.number(at+"revision") != float64(4-i) || i < 3 && a.at(at+"from") != a.at(fmt.Sprintf("/items/%d/to", i+1)) {
				return fmt.Errorf("entry %d does not follow the one before", i)
			}
		}
		return nil
	})
	now := s.do(call{method: "GET", path: alias, want: 200, what: "the alias to be rolled back"})
	tag, to := now.header.Get("ETag"), s.versions[0]
	if now.number("/version") == float64(to) {
		to = s.versions[1]
	}
	s.result("sixteen roll back: one does", winners(s.race(func(int) call {
		return call{method: "POST", path: alias + "/rollback", body: object{"to": to}, header: header("If-Match", tag)}
	}), 200, 412))
	route := func(i int) call {
		return call{method: "PUT", path: base + "/route", header: header("If-None-Match", "*"),
			body: object{"targets": []object{{"ref": "@champion", "weight": i + 1}}}}
	}
	s.do(call{method: "GET", path: base + "/route", want: 404, what: "no route before the race"})
	s.result("sixteen make a route: one does", winners(s.race(route), 200, 412))
	made := s.do(call{method: "GET", path: base + "/route", want: 200, what: "the route of the race"})
	s.do(call{method: "DELETE", path: base + "/route", header: header("If-Match", made.header.Get("ETag")), want: 204, what: "remove the route of the race"})
	s.raceToCreate()
}

// raceToCreate makes one thing sixteen times at once.
func (s *session) raceToCreate() {
	name := s.newModel("raced")
	create := func(key string) func(int) call {
		return func(int) call {
			c := call{method: "POST", path: "/v1/models", body: object{"name": name}}
			if key != "" {
				c.header = once(key)
			}
			return c
		}
	}
	s.result("sixteen register a model: one does", winners(s.race(create("")), 201, 409))
	body := object{"name": s.prefix + " raced", "scopes": []string{"predict"}}
	answers := s.race(func(int) call {
		return call{method: "POST", path: "/v1/keys", body: body, header: once(s.prefix + "-raced")}
	})
	ids, secrets := map[string]bool{}, 0
	for _, a := range answers {
		switch {
		case a.status == 201:
			ids[a.text("/id")] = true
			if a.text("/secret") != "" {
				secrets++
			}
		case a.status != 409:
			s.result("sixteen under one Idempotency-Key", fmt.Errorf("%d %.300s, want 201 or 409", a.status, a.raw))
		}
	}
	for id := range ids {
		s.made.keys = append(s.made.keys, id)
	}
	var err error
	if len(ids) != 1 || secrets != 1 {
		err = fmt.Errorf("%d keys were made and %d secrets shown, want one each", len(ids), secrets)
	}
	s.result("sixteen under one Idempotency-Key make one key", err)
}
