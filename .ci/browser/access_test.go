package browser_test

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// places are all pages of the console on a stage with the sample's model.
func places(s *stage) []string {
	var jobs, sets struct{ Items []struct{ ID string } }
	s.try("GET", "/v1/training-jobs?model=messages", "", &jobs)
	s.try("GET", "/v1/datasets", "", &sets)
	all := []string{
		"#/models", "#/new", "#/models/messages", "#/models/messages/serving", "#/models/messages/monitor", "#/models/messages/versions/1",
		"#/models/messages/versions/1/report",
		"#/models/messages/compare?base=1&candidate=1", "#/play/messages", "#/data", "#/upload", "#/train", "#/jobs", "#/batch", "#/keys", "#/nowhere",
	}
	for _, j := range jobs.Items {
		all = append(all, "#/jobs/"+j.ID)
	}
	for _, d := range sets.Items[max(0, len(sets.Items)-1):] {
		all = append(all, "#/data/"+d.ID)
	}
	return all
}

// nameOf is a place as the name of a picture, without ids.
func nameOf(place string) string {
	for _, id := range []string{"ds_", "tj_"} {
		if before, _, found := strings.Cut(place, id); found {
			place = before + "one"
		}
	}
	return strings.NewReplacer("#/", "", "/", "-", "?", "-", "=", "-", "&", "-").Replace(place)
}

// No page violates a rule of axe-core, light or dark, wide or narrow, in either language.
func TestAccessibility(t *testing.T) {
	s := start(t, "local")
	axe, err := os.ReadFile(or(os.Getenv("AXE"), "../../.build/browser/node_modules/axe-core/axe.min.js"))
	if err != nil {
		t.Fatalf("axe-core: %v (.ci/browser/run installs it)", err)
	}
	s.try("POST", "/v1/models/messages/predict", `{"inputs":["where is my parcel","refund please"]}`, nil)
	for _, tc := range []struct {
		name, scheme, language string
		size                   [2]int64
	}{
		{"light", "light", "English", desktop},
		{"dark", "dark", "English", desktop},
		{"phone", "light", "中文", phone},
		{"phone-dark", "dark", "English", phone},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := open(t, s.API, "", tc.size, tc.scheme)
			p.settled()
			p.press(tc.language)
			p.settled()
			eval[bool](p, string(axe)+";true")
			for _, place := range places(s) {
				p.goTo(place)
				p.fillPage(place)
				p.check(place, tc.name)
				p.noOverflow(place)
				p.shot(tc.name + "-" + nameOf(place))
			}
		})
	}
}

// fillPage opens what is folded and asks what can be asked, so that it is seen.
func (p *page) fillPage(place string) {
	p.t.Helper()
	if strings.HasPrefix(place, "#/play") {
		p.run("type", chromedp.SendKeys(chromedp.CSS("textarea"), "I want my money back, the parcel never arrived"))
		eval[bool](p, "{ const c = [...document.querySelectorAll('.controls select')].pop(); c.value = '0.95'; c.dispatchEvent(new Event('input', {bubbles: true})); }")
		p.until("the answer", "document.querySelector('.answer .set')")
	}
	eval[bool](p, "(document.querySelectorAll('main details').forEach((d) => { d.open = true; }), true)")
	p.settled()
}

// check runs axe-core.
func (p *page) check(place, mode string) {
	p.t.Helper()
	const rules = `axe.run(document, {resultTypes: ["violations"], iframes: false}).then((r) => r.violations.map((v) => v.id + ": " + v.help + " | " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + " " + (n.any[0]?.message || "")).join(" | ")))`
	for _, violation := range eval[[]string](p, rules) {
		p.t.Errorf("%s, %s: %s", place, mode, violation)
	}
}

// Everything can be reached by keyboard, the focus goes to what is new, and a
// screen reader is told.
func TestKeyboard(t *testing.T) {
	s := start(t, "local")
	p := open(t, s.API, "", desktop, "light")
	p.settled()
	p.keys(kb.Tab)
	if got := eval[string](p, "document.activeElement.id"); got != "skip" {
		t.Errorf("the first Tab reaches %q, want the link to the content", got)
	}
	p.keys(kb.Enter)
	if got := eval[string](p, "document.activeElement.tagName"); got != "H1" {
		t.Errorf("after the link to the content the focus is on %s, want the title", got)
	}
	p.tabTo("messages")
	p.keys(kb.Enter)
	p.until("the model's page with the focus on its title", "location.hash === '#/models/messages' && document.activeElement.tagName === 'H1'")
	p.goTo("#/models/messages/serving")
	p.tabTo("History")
	p.keys(kb.Enter)
	p.until("the dialog", "document.querySelector('dialog[open]')?.contains(document.activeElement)")
	p.keys(kb.Escape)
	p.until("the focus to come back", "!document.querySelector('dialog') && document.activeElement.textContent === 'History'")
	if got := eval[string](p, "getComputedStyle(document.activeElement).outlineStyle"); got != "solid" {
		t.Errorf("the focus shows as an outline %q, want solid", got)
	}
}

// The other language is spoken everywhere, and said to be.
func TestLanguage(t *testing.T) {
	s := start(t, "local")
	p := open(t, s.API, "", desktop, "light")
	p.settled()
	p.press("中文")
	p.settled()
	if got := eval[string](p, "document.documentElement.lang + ' ' + document.querySelector('h1').innerText"); got != "zh 模型" {
		t.Errorf("language and title = %q, want zh 模型", got)
	}
	for _, place := range places(s) {
		p.goTo(place)
		if got := eval[string](p, "document.querySelector('h1').innerText"); got == "" {
			t.Errorf("%s has no title in Chinese", place)
		}
	}
	p.press("English")
	p.settled()
	if got := eval[string](p, "document.documentElement.lang"); got != "en" {
		t.Errorf("language = %q, want en", got)
	}
}
