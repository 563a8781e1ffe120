package browser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// training is a small labelled file; even makes another one of the same labels.
func training(even bool) string {
	var b strings.Builder
	b.WriteString("text,label\n")
	for i := range 60 {
		if even && i%2 == 1 {
			continue
		}
		fmt.Fprintf(&b, "the kettle number %d boils water,kitchen\n", i)
		fmt.Fprintf(&b, "a lawn mower number %d cuts grass,garden\n", i)
		fmt.Fprintf(&b, "the pillow number %d is soft to sleep on,bedroom\n", i)
	}
	return b.String()
}

// A file becomes a model that answers; a second one takes its place and is rolled back.
func TestJourney(t *testing.T) {
	s := start(t, "local")
	p := open(t, s.API, "#/upload", desktop, "light")
	p.settled()

	upload(p, write(t, "rooms.csv", training(false)), "rooms")
	p.see("Events")
	p.until("the job to end", "document.querySelector('main .badge.succeeded')")
	p.see("promoted")
	p.shot("job")

	p.goTo("#/models/rooms/versions/1")
	p.press("Report")
	p.reported()
	p.shot("report")

	predictAsTyped(p)

	p.goTo("#/upload?model=rooms")
	upload(p, write(t, "rooms2.csv", training(true)), "")
	p.until("the second job to end", "location.hash.startsWith('#/jobs/') && document.querySelector('main .badge.succeeded')")

	p.goTo("#/models/rooms/versions/2")
	p.press("Promote")
	p.press("Promote")
	p.until("the dialog to close", "!document.querySelector('dialog')")
	p.goTo("#/models/rooms/serving")
	p.until("champion to point at 2", "document.querySelector('main table tbody tr').innerText.includes('version 2')")
	p.press("Roll back")
	p.press("Roll back")
	p.until("champion to point at 1", "document.querySelector('main table tbody tr').innerText.includes('version 1')")
	p.press("History")
	p.see("rolled back")
	p.shot("history")
	p.keys(kb.Escape)
	p.until("the dialog to close", "!document.querySelector('dialog')")

	routed(p)
	p.goTo("#/models/rooms/compare?base=1&candidate=2")
	p.see("On rows it has never seen")
	p.shot("compare")
}

// upload fills the form of the upload page; "" leaves the model's name alone.
func upload(p *page, file, model string) {
	p.t.Helper()
	p.choose(file)
	if model != "" {
		p.fill("Model", model)
	}
	p.press("Upload")
	p.until("the job's page", "location.hash.startsWith('#/jobs/')")
	p.settled()
}

// reported waits until the report is in its frame, which says so: it is of
// another origin, and nothing of the console can look into it.
func (p *page) reported() {
	p.t.Helper()
	p.until("the report in its frame", "document.querySelector('iframe.report:not([aria-busy])')")
}

// predictAsTyped asks the model and checks what shows.
func predictAsTyped(p *page) {
	p.t.Helper()
	p.goTo("#/play/rooms")
	p.run("type", chromedp.SendKeys(chromedp.CSS("textarea"), "𝒶 the kettle's boils"))
	p.until("the answer", "document.querySelector('.answer .label')?.innerText.startsWith('kitchen')")
	// Offsets count code points: the letter before lies outside the first plane.
	if got := eval[string](p, "[...document.querySelectorAll('.coloured .for')].map((e) => e.textContent).join('|')"); !strings.Contains(got, "kettle") {
		p.t.Errorf("coloured as speaking for kitchen: %q, want kettle among it", got)
	}
	if got := eval[string](p, "document.querySelector('.coloured').textContent"); got != "𝒶 the kettle's boils" {
		p.t.Errorf("coloured text = %q, want what was typed", got)
	}
	if got := p.terminal("."); !strings.Contains(got, `"label":"kitchen"`) {
		p.t.Errorf("the line for the terminal answers %.300q, want kitchen", got)
	}
	eval[bool](p, "{ const r = document.querySelector('input[type=range]'); r.value = 1; r.dispatchEvent(new Event('input', {bubbles: true})) }")
	p.see("It abstains.")
	p.shot("playground")
}

// routed divides the requests and takes the route back.
func routed(p *page) {
	p.t.Helper()
	p.press("Add a target")
	p.press("Add a target")
	p.until("two targets", "document.querySelectorAll('.line').length === 2")
	eval[bool](p, `(() => { const [, second] = document.querySelectorAll(".line select"); second.value = "versions/2"; return true; })()`)
	p.press("Save the route")
	p.press("Remove the route")
	p.see("No route: the champion serves alone.")
}

// A bad file says what is wrong, by line, and how to put it right.
func TestBadFile(t *testing.T) {
	s := start(t, "local")
	p := open(t, s.API, "#/upload", desktop, "light")
	p.settled()
	rows := "text,label\n" + strings.Repeat("a good row of text,one\nanother good row,two\n", 6) + "this one has no label,\nnor has this,\n\"an open quote,three\n"
	upload(p, write(t, "broken.csv", rows), "broken")
	p.until("the job to fail", "document.querySelector('main .badge.failed')")
	p.see("line 14")
	p.press("All findings, by line")
	p.until("the findings", "[...document.querySelectorAll('main tbody tr')].some((r) => r.cells[0].innerText === '14' && /label/.test(r.innerText))")
	p.see("Fix:")
	p.shot("issues")
}

// With keys on, a wrong one is refused in words and a right one lets in; a
// reload asks again, because the key is kept nowhere.
func TestKeys(t *testing.T) {
	s := start(t, "key")
	p := open(t, s.API, "#/keys", desktop, "light")
	p.see("Enter your API key")
	p.fill("API key", "gw_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	p.keys(kb.Enter)
	p.until("the refusal", "document.querySelector('[role=alert]')")
	p.shot("welcome")
	p.fill("API key", s.APIKey)
	p.keys(kb.Enter)
	p.see("Keys and usage")
	p.settled()

	p.press("New key")
	p.fill("Name", "a shop's till")
	p.press("Make the key")
	p.see("This is the only time the key is shown.")
	secret := eval[string](p, "document.querySelector('.secret code').textContent")
	if !strings.HasPrefix(secret, "gw_") {
		t.Errorf("the new key is %q", secret)
	}
	p.until("the key in the list", "document.querySelector('main tbody')?.innerText.includes(\"a shop's till\")")
	if kept := eval[string](p, "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"); kept != `[{},{},""]` {
		t.Errorf("the browser keeps %s, want nothing", kept)
	}
	p.run("reload", chromedp.Reload())
	p.see("Enter your API key")
}
