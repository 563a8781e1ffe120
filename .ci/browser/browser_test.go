// Package browser_test drives the console in a real browser against the local
// stage: what a person does with it, with mouse and keyboard, in both languages
// and colour schemes, and with hostile data.
//
// It is a module of its own, so that the product's go.mod does not hold a
// browser driver; .ci/browser/run builds the stage, brings axe-core and runs it.
// Screenshots stay in .build/browser. Any error on the browser's console fails
// the test it happens in.
package browser_test

import (
	"context"
	"encoding/json"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long one thing on a page may take on a busy machine.
const patience = 40 * time.Second

// Sizes of a desktop's and a phone's window.
var (
	desktop = [2]int64{1280, 860}
	phone   = [2]int64{390, 844}
)

// chromium starts one browser for all tests of the package.
var chromium = sync.OnceValues(func() (context.Context, error) {
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath("/usr/bin/chromium"), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("lang", "en"))
	ctx, _ := chromedp.NewExecAllocator(context.Background(), options...)
	browser, _ := chromedp.NewContext(ctx)
	return browser, chromedp.Do(browser)
})

// expected are answers that are no mistake, though the browser logs every one of
// 400 and above: status and end of the address.
var expected = [][2]string{
	{"404", "/route"},     // there is none: the champion serves
	{"401", "/v1/whoami"}, // a key is needed
}

// page is one tab.
type page struct {
	t   *testing.T
	ctx context.Context
	url string // of the stage

	mu       sync.Mutex
	problems []string // errors on the browser's console
}

// open opens a tab on the console of a stage, at a place such as #/models.
func open(t *testing.T, stage, place string, size [2]int64, scheme string) *page {
	t.Helper()
	browser, err := chromium()
	if err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	ctx, cancel := chromedp.NewContext(browser)
	p := &page{t: t, ctx: ctx, url: stage}
	messages := chromedp.Console(ctx)
	go p.listen(messages)
	t.Cleanup(func() {
		if t.Failed() {
			p.shot("failed-" + strings.ReplaceAll(t.Name(), "/", "-"))
		}
		cancel()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, problem := range p.problems {
			t.Errorf("on the browser's console: %s", problem)
		}
	})
	likes := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}
	p.run("open", chromedp.EmulateViewport(size[0], size[1]),
		chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, likes)
			return err
		}),
		chromedp.Navigate(stage+"/console"+place))
	return p
}

// listen notes what the browser complains about, until the tab is closed.
func (p *page) listen(messages iter.Seq2[chromedp.ConsoleMessage, error]) {
	for m, err := range messages {
		if err != nil {
			return
		}
		if (m.IsException() || m.Type == chromedp.ConsoleError) && !slices.ContainsFunc(expected, func(e [2]string) bool {
			return strings.Contains(m.Text, "status of "+e[0]) && strings.HasSuffix(m.URL, e[1])
		}) {
			p.mu.Lock()
			p.problems = append(p.problems, m.Text+" "+m.URL)
			p.mu.Unlock()
		}
	}
}

func (p *page) run(what string, actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
}

// eval evaluates an expression, which may be a promise, and returns its JSON.
func eval[T any](p *page, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("evaluate %.200s: %v", expression, err)
	}
	return out
}

// until waits for an expression to be true.
func (p *page) until(what, expression string) {
	p.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if eval[bool](p, "!!("+expression+")") {
			return
		}
	}
	p.t.Fatalf("%s: not within %v; the page says %q", what, patience, eval[string](p, "document.body.innerText.slice(0, 2000)"))
}

// see waits for a text on the page.
func (p *page) see(text string) {
	p.t.Helper()
	p.until("see "+text, "document.body.innerText.includes("+quoted(text)+")")
}

// goTo shows a place of the console and waits until it is drawn.
func (p *page) goTo(place string) {
	p.t.Helper()
	before := eval[string](p, "location.hash")
	eval[bool](p, "{ window.old = document.querySelector('h1'); location.hash = "+quoted(place)+"; true }")
	if before != place {
		p.until("leave "+before, "document.querySelector('h1') !== window.old")
	}
	p.settled()
}

// settled waits until the page is drawn and nothing on it is being waited for.
func (p *page) settled() {
	p.t.Helper()
	p.until("draw the page", "document.querySelector('main h1') && !document.querySelector('[aria-busy=true]')")
}

// press clicks what is called text: a button, a link or a summary, the topmost
// first when a dialog is open.
func (p *page) press(text string) {
	p.t.Helper()
	find := `[...(document.querySelector("dialog[open]") || document).querySelectorAll("button, a, summary, label.check")].find((e) => e.textContent.trim() === ` + quoted(text) + ` && !e.disabled)`
	p.until("find "+text, find)
	eval[bool](p, "("+find+").setAttribute('data-press', ''), true")
	p.run("press "+text, chromedp.Click(chromedp.CSS("[data-press]")))
	eval[bool](p, `(document.querySelectorAll("[data-press]").forEach((e) => e.removeAttribute("data-press")), true)`)
}

// fill types into the control with that label.
func (p *page) fill(label, text string) {
	p.t.Helper()
	find := `[...(document.querySelector("dialog[open]") || document).querySelectorAll("label")].find((l) => l.textContent.trim() === ` + quoted(label) + ` && l.htmlFor)`
	p.until("find the field "+label, find)
	id := eval[string](p, "("+find+").htmlFor")
	eval[bool](p, "{ document.getElementById("+quoted(id)+").value = ''; true }")
	p.run("fill "+label, chromedp.SendKeys(chromedp.CSS("#"+id), text))
}

// keys sends keys to whatever has the focus.
func (p *page) keys(names ...string) {
	p.t.Helper()
	for _, k := range names {
		p.run("key", chromedp.KeyEvent(k))
	}
}

// tabTo presses Tab until what is called text has the focus.
func (p *page) tabTo(text string) {
	p.t.Helper()
	for range 60 {
		p.keys(kb.Tab)
		if eval[string](p, "document.activeElement.textContent.trim()") == text {
			return
		}
	}
	p.t.Fatalf("the Tab key does not reach %q", text)
}

// terminal runs the line the page shows, as it is printed, in a folder and
// returns what it prints.
func (p *page) terminal(folder string) string {
	p.t.Helper()
	line := exec.CommandContext(p.ctx, "sh", "-c", eval[string](p, "document.querySelector('.curl code').textContent"))
	line.Dir = folder
	out, err := line.Output()
	if err != nil {
		p.t.Errorf("%s: %v", line, err)
	}
	return string(out)
}

// shot keeps a picture of the whole page.
func (p *page) shot(name string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.t.Fatalf("picture of %s: %v", name, err)
	}
	if err := os.WriteFile(filepath.Join(outFolder, name+".png"), picture, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// choose puts files into the file control of the page.
func (p *page) choose(files ...string) {
	p.t.Helper()
	p.run("choose "+strings.Join(files, " "), chromedp.SetUploadFiles(chromedp.CSS("#file"), files))
}

// noOverflow fails when the page is wider than its window.
func (p *page) noOverflow(name string) {
	p.t.Helper()
	if over := eval[int](p, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
		p.t.Errorf("%s is %d px wider than the window", name, over)
	}
}

// quoted is a text as JavaScript.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic("browser: " + err.Error()) // a string always encodes
	}
	return string(b)
}
