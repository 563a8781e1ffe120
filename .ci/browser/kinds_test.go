package browser_test

import (
	"fmt"
	"strings"
	"testing"
)

// A table's columns become a form, and its answers say which columns counted.
func TestTable(t *testing.T) {
	s := start(t, "local")
	p := open(t, s.API, "#/upload", desktop, "light")
	p.settled()
	var b strings.Builder
	b.WriteString("grams,colour,fruit\n")
	for i := range 60 {
		fmt.Fprintf(&b, "%d,yellow,banana\n%d,red,cherry\n", 110+i, 5+i%9)
	}
	upload(p, write(t, "fruit.csv", b.String()), "fruit")
	p.until("the job to end", "document.querySelector('main .badge.succeeded')")
	p.goTo("#/play/fruit")
	p.fill("grams", "120")
	p.fill("colour", "yellow")
	p.until("the answer", "document.querySelector('.answer .label')?.innerText.startsWith('banana')")
	p.until("what counted", "document.querySelector('.answer .weights')?.innerText.includes('grams')")
	p.shot("playground-table")
}

// A file of rows is scored, and the answers can be fetched.
func TestBatch(t *testing.T) {
	s := start(t, "local")
	p := open(t, s.API, "#/upload?model=messages", desktop, "light")
	p.settled()
	p.press("Train as soon as it is there")
	p.choose(write(t, "rows.csv", "text\nwhere is my parcel\nI want my money back\n"))
	p.press("Upload")
	p.until("the data set's page", "location.hash.startsWith('#/data/')")
	p.goTo("#/batch")
	p.press("Score a file")
	eval[bool](p, `(() => { const s = [...document.querySelectorAll("main select")].find((s) => [...s.options].some((o) => o.text.startsWith("rows.csv"))); s.value = [...s.options].find((o) => o.text.startsWith("rows.csv")).value; s.dispatchEvent(new Event("change")); return true })()`)
	p.press("Start")
	p.until("the batch job to end", "location.hash.startsWith('#/batch/') && document.querySelector('main .badge.succeeded')")
	p.see("results.jsonl")
	// A page of this origin may not read the models bucket; a link may be followed.
	if got := eval[string](p, "document.querySelector('.files a').href"); !strings.Contains(got, "X-Amz-Signature=") {
		t.Errorf("the results lie at %q, want a presigned address", got)
	}
	p.shot("batch")
}

// What a key may not do is not offered.
func TestScopes(t *testing.T) {
	s := start(t, "key")
	var key struct{ Secret string }
	if status := s.try("POST", "/v1/keys", `{"name":"only predicts","scopes":["predict"]}`, &key); status != 201 {
		t.Fatalf("POST /v1/keys = %d", status)
	}
	p := open(t, s.API, "#/models/messages/serving", desktop, "light")
	p.see("Enter your API key")
	p.fill("API key", key.Secret)
	p.press("Enter")
	p.see("Aliases")
	for _, text := range []string{"Roll back", "Save the route", "Upload data"} {
		if eval[bool](p, "[...document.querySelectorAll('button, a')].some((e) => e.textContent === "+quoted(text)+")") {
			t.Errorf("%s is offered to a key that may only predict", text)
		}
	}
	p.goTo("#/keys")
	p.see("You are here as only predicts, with predict.")
	p.goTo("#/play/messages")
	p.press("Forget the key")
	p.see("Enter your API key")
}

// Under its other name the stage's console may upload too.
func TestLocalhost(t *testing.T) {
	s := start(t, "local")
	p := open(t, strings.Replace(s.API, "127.0.0.1", "localhost", 1), "#/upload?model=messages", desktop, "light")
	p.settled()
	p.press("Train as soon as it is there")
	p.choose(write(t, "more.csv", "text,label\nwhere is my parcel,delivery_status\n"))
	p.press("Upload")
	p.until("the data set's page", "location.hash.startsWith('#/data/')")
}
