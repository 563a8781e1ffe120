package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMeasure(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	u, err := measure(t.Context(), []string{childVar + "=result"}, self)
	if err != nil || u.Wall <= 0 || u.At.IsZero() {
		t.Fatalf("measure = %+v, %v, want a time", u, err)
	}
	var got summary
	if err := u.result(&got); err != nil || got.Accuracy != .5 {
		t.Errorf("result = %+v, %v, want an accuracy of .5", got, err)
	}
	_, err = measure(t.Context(), []string{childVar + "=broken"}, self)
	if failure, ok := errors.AsType[*exitError](err); !ok || failure.said != "ModuleNotFoundError: No module named 'sklearn'" {
		t.Errorf("measure of a failing program = %v, want its last line", err)
	}
	if _, err := measure(t.Context(), nil, "no-such-program-here"); !notFound(err) {
		t.Errorf("measure of a missing program = %v, want that it is not found", err)
	}
	if err := (usage{Output: "nothing"}).result(&got); err == nil {
		t.Error("result of an output without RESULT = nil, want an error")
	}
}

func TestRemembered(t *testing.T) {
	b := &bench{work: t.TempDir(), notes: io.Discard}
	if err := os.Mkdir(filepath.Join(b.work, "peers"), 0o755); err != nil {
		t.Fatal(err)
	}
	ran := 0
	run := func() (usage, error) { ran++; return usage{User: float64(ran), Wall: enough}, nil }
	for _, tc := range []struct {
		name  string
		fresh bool
		want  float64
	}{{"the first time", false, 1}, {"again", false, 1}, {"fresh", true, 2}, {"afterwards", false, 2}} {
		b.fresh = tc.fresh
		if u, err := b.remembered("a peer", run); err != nil || u.User != tc.want {
			t.Errorf("%s: %v, %v, want %v", tc.name, u.User, err, tc.want)
		}
	}
	failed := errors.New("failed")
	if _, err := b.remembered("another", func() (usage, error) { return usage{}, failed }); !errors.Is(err, failed) {
		t.Errorf("remembered = %v, want the failure", err)
	}
	if u, err := b.remembered("another", run); err != nil || u.User != 3 {
		t.Errorf("after a failure: %v, %v, want a new run", u.User, err)
	}
}

func TestLeast(t *testing.T) {
	took := []usage{{User: 2, Wall: 3, Peak: 5, Output: "a"}, {User: 1, Wall: 4, Peak: 7, Output: "b"}, {User: 3, Wall: 2, Peak: 6, Output: "c"}}
	next := 0
	got, err := least(func() (usage, error) { next++; return took[next-1], nil })
	if want := (usage{User: 1, Wall: 2, Peak: 7, Output: "c"}); err != nil || got != want {
		t.Errorf("least = %+v, %v, want %+v", got, err, want)
	}
	next = 0
	if _, err := least(func() (usage, error) { next++; return usage{Wall: enough}, nil }); err != nil || next != 1 {
		t.Errorf("a long program ran %d times, %v, want once", next, err)
	}
}

func TestSandbox(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	box := sandbox{bootstrap: self, env: []string{childVar + "=function"}}
	all, err := box.many(t.Context(), 3, nil, nil, nil)
	if err != nil || all.least <= 0 || all.least > all.poll || all.answer != 0 {
		t.Errorf("polls = %+v, %v, want times and no answer", all, err)
	}
	seen := 0
	all, err = box.many(t.Context(), 3, []byte(`{"a":1}`), nil, func(body []byte) error {
		seen++
		if string(body) != `{"a":1}` {
			t.Errorf("answer = %s, want the event", body)
		}
		return nil
	})
	if err != nil || seen != 3 || all.answer < all.least {
		t.Errorf("answers = %+v, %v (%d seen), want 3 after the poll", all, err, seen)
	}
	box.env = append(box.env, "FAIL=1")
	if _, err := box.start(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "no settings") {
		t.Errorf("start of a function that fails = %v, want its reason", err)
	}
}

func TestMedian(t *testing.T) {
	if got := median([]float64{3, 1, 2}); got != 2 {
		t.Errorf("median = %v, want 2", got)
	}
	if got := median(nil); got != 0 {
		t.Errorf("median of nothing = %v, want 0", got)
	}
}

func TestSizes(t *testing.T) {
	file, zipped, err := sizes(writeFile(t, "bootstrap", strings.Repeat("godwit", 10_000)))
	if err != nil || file != 60_000 || zipped <= 0 || zipped > 1_000 {
		t.Errorf("sizes = %d, %d, %v, want 60000 and far less", file, zipped, err)
	}
}
