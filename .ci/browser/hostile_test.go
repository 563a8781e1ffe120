package browser_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// hostile are labels that try to be more than text.
var hostile = []string{
	`<script>window.pwned=1</script><img src=x onerror="window.pwned=2">`,
	"مرحبا (بالعالم) 123 <b>",             // the service refuses labels with invisible controls such as U+202E
	"long " + strings.Repeat("label", 90), // the service takes labels of up to 512 bytes
	`"><svg onload=window.pwned=3>{{constructor}}${1}`,
}

// Labels, file names and texts are shown as text, whatever they hold.
func TestHostile(t *testing.T) {
	s := start(t, "local")
	var b strings.Builder
	w := csv.NewWriter(&b)
	words := []string{"apple tree orchard", "river boat sailing", "mountain climbing rope", "violin concert music"}
	rows := [][]string{{"text", "label"}}
	for i := range 30 {
		for n, label := range hostile {
			rows = append(rows, []string{words[n] + " " + strings.Repeat("x", i+1) + " <b>bold</b>", label})
		}
	}
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	p := open(t, s.API, "#/upload", desktop, "light")
	p.settled()
	upload(p, write(t, "<img src=x onerror=window.pwned=4>.csv", b.String()), "hostile")
	p.until("the job to end", "document.querySelector('main .badge.succeeded, main .badge.failed')")
	p.see("version 1")
	set := eval[string](p, "[...document.querySelectorAll('main .facts a')].find((a) => a.hash.startsWith('#/data/')).hash")

	for _, place := range []string{set, "#/data", "#/models/hostile/versions/1", "#/models/hostile/serving", "#/models/hostile/monitor"} {
		p.goTo(place)
		eval[bool](p, "(document.querySelectorAll('main details').forEach((d) => { d.open = true; }), true)")
		p.shot("hostile-" + nameOf(place))
		p.noOverflow(place)
	}
	p.goTo("#/models/hostile/versions/1")
	if got := eval[[]string](p, "[...document.querySelectorAll('.drives summary')].map((e) => e.textContent)"); len(got) != len(hostile) || !strings.Contains(strings.Join(got, "\n"), hostile[0]) {
		t.Errorf("classes = %q, want the labels to the letter", got)
	}
	p.press("Report")
	p.reported()
	p.shot("hostile-report")

	p.goTo("#/play/hostile")
	text := `<script>window.pwned=5</script> ` + "\u202e" + strings.Repeat("apple tree ", 900)
	eval[bool](p, "{ const a = document.querySelector('textarea'); a.value = "+quoted(text)+"; a.dispatchEvent(new Event('input', {bubbles: true})) }")
	p.until("the answer", "document.querySelector('.coloured')")
	if got := eval[string](p, "document.querySelector('.coloured').textContent"); got != text {
		t.Errorf("the text shows as %q", got[:min(len(got), 200)])
	}
	if got := eval[string](p, "document.querySelector('.curl code').textContent"); !strings.Contains(got, `\u202e`) || strings.Contains(got, "\u202e") {
		t.Error("the line for the terminal turns itself around; want U+202E written out")
	}
	p.noOverflow("the playground")
	p.shot("hostile-play")
	if eval[bool](p, "window.pwned !== undefined || document.querySelector('main script, main img[src=x], main b') !== null") {
		t.Error("a label or a text became markup")
	}
	p.run("size", chromedp.EmulateViewport(phone[0], phone[1]))
	p.noOverflow("the playground on a phone")
	p.shot("hostile-play-phone")
}
