package suite

import (
	"fmt"
	"strings"
)

// maintenance tells the service what was true, and reads what it makes of it.
func (s *session) maintenance() {
	path := "/v1/models/" + s.model
	p := s.do(call{method: "POST", path: path + "/predict", body: object{"inputs": []string{question, "my money back for the lamp"}}, want: 200, what: "answers to be judged"})
	id := p.text("/id")
	judge := func(what string, body any, want int, also ...expect) *answer {
		return s.do(call{method: "POST", path: "/v1/feedback", body: body, want: want, what: "feedback: " + what}, also...)
	}
	right := object{"prediction": id, "label": "delivery"}
	judge("right", right, 200, is("/recorded", 1), is("/items/0/correct", true), is("/items/0/model", s.model), is("/items/0/version", p.at("/version")))
	judge("said twice", right, 200, is("/repeated", 1), is("/recorded", 0))
	judge("corrected", object{"prediction": id, "label": "refund"}, 200, is("/corrected", 1), is("/items/0/correct", false))
	judge("an array, with a label the model lacks and the input", []object{right, {"prediction": id, "index": 1, "label": "complaint", "comment": "loud " + Canary, "input": "my money back for the lamp " + Canary}}, 200,
		many("/items", 2), is("/corrected", 1), is("/recorded", 1), is("/items/1/new_label", true))
	judge("an index that is none", object{"prediction": id, "index": 2, "label": "refund"}, 422)
	judge("no label", object{"prediction": id}, 422)
	judge("one answer twice", []object{right, right}, 422)
	judge("no judgement", []object{}, 422)
	judge("a bidi character in a label", object{"prediction": id, "label": "a\u202eb"}, 422)
	for _, token := range []string{"", "x", "pr_", id[:len(id)-1], id + "A", "pr_" + strings.Repeat("A", len(id)), bent(id, 4), bent(id, len(id)/2), bent(id, len(id)-3)} {
		judge("the token "+token[:min(len(token), 12)], object{"prediction": token, "label": "refund"}, 400)
	}
	s.eventually(call{method: "GET", path: path + "/monitor", want: 200}, has("/versions/0/days/0/day", "/versions/0/accuracy"), func(a *answer) error {
		judged, right := 0.0, 0.0
		for i := range a.list("/versions") {
			judged += a.number(fmt.Sprintf("/versions/%d/total/feedback", i))
			right += a.number(fmt.Sprintf("/versions/%d/total/correct", i))
		}
		if judged != 2 || right != 1 {
			return fmt.Errorf("%v answers are judged and %v right, want 2 and 1", judged, right)
		}
		return nil
	})
	for _, bad := range []string{"from=yesterday", "from=2026-03-02&to=2026-03-01", "version=x"} {
		s.do(call{method: "GET", path: path + "/monitor?" + bad, want: 422})
	}
	s.do(call{method: "GET", path: path + "/review-queue", want: 200}, has("/items/0/source"), is("/items/0/label", "complaint"), is("/items/0/comment", "loud "+Canary))
}

// bent is a token with one character changed.
func bent(token string, at int) string {
	other := byte('A')
	if token[at] == other {
		other = 'B'
	}
	return token[:at] + string(other) + token[at+1:]
}
