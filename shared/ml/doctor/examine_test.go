package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"
	"unicode/utf8"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/doctor"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// topics are the words of made-up classes; each row takes some of one class and
// some that all share.
var topics = map[string][]string{
	"card":  {"card", "plastic", "delivery", "arrive", "post", "envelope"},
	"cash":  {"cash", "atm", "machine", "notes", "withdraw", "coins"},
	"rate":  {"rate", "exchange", "currency", "euro", "dollar", "convert"},
	"login": {"password", "login", "locked", "forgot", "account", "screen"},
}

// madeUp writes a CSV of n rows and returns it with the records of flipped labels.
func madeUp(n int, noise float64, seed uint64) (csv string, flipped map[int64]bool) {
	random := rand.New(rand.NewPCG(seed, 3))
	labels := []string{"card", "cash", "login", "rate"}
	shared := strings.Fields("my the is where how help please why not when can i")
	flipped = map[int64]bool{}
	var b strings.Builder
	b.WriteString("label,text\n")
	for i := range n {
		truth := random.IntN(len(labels))
		words := topics[labels[truth]]
		label := labels[truth]
		if random.Float64() < noise {
			label = labels[(truth+1+random.IntN(len(labels)-1))%len(labels)]
			flipped[int64(i+1)] = true
		}
		fmt.Fprintf(&b, "%s,", label)
		for range 3 {
			b.WriteString(words[random.IntN(len(words))] + " " + shared[random.IntN(len(shared))] + " ")
		}
		fmt.Fprintf(&b, "%d\n", i)
	}
	return b.String(), flipped
}

func examine(t testing.TB, data string, o doctor.Options) *doctor.Report {
	t.Helper()
	r, err := doctor.Examine(context.Background(), strings.NewReader(data), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestExamine_findsFlippedLabels flips a twentieth of the labels: the list, as
// long as there are flips, holds nine in ten of them.
func TestExamine_findsFlippedLabels(t *testing.T) {
	data, flipped := madeUp(2000, .05, 1)
	r := examine(t, data, doctor.Options{Workers: 2})
	found := 0
	for _, e := range r.LabelErrors[:min(len(r.LabelErrors), len(flipped))] {
		if flipped[e.Record] {
			found++
		}
	}
	if share := float64(found) / float64(len(flipped)); share < .9 {
		t.Errorf("%d of %d flipped labels are among the first suspects, %d are listed", found, len(flipped), len(r.LabelErrors))
	}
	if r.WrongLabels < len(flipped)*8/10 || r.WrongLabels > len(flipped)*12/10 || r.IssueCounts[doctor.ProbableLabelError] != r.WrongLabels {
		t.Errorf("%d wrong labels estimated, %v counted, want about %d", r.WrongLabels, r.IssueCounts, len(flipped))
	}
	if r.Quality.Accuracy < .9 || r.Quality.Folds != 5 || r.Quality.Baseline > .5 {
		t.Errorf("quality is %+v", *r.Quality)
	}
	clean, _ := madeUp(2000, 0, 1)
	if r := examine(t, clean, doctor.Options{}); r.WrongLabels > 2 || len(r.LabelErrors) > r.WrongLabels {
		t.Errorf("clean data: %d wrong labels, %d listed", r.WrongLabels, len(r.LabelErrors))
	}
}

func TestExamine_options(t *testing.T) {
	data, _ := madeUp(400, .1, 2)
	var stages []string
	base := examine(t, data, doctor.Options{Progress: func(s string) { stages = append(stages, s) }})
	if len(stages) != 2+5 || stages[0] != "reading" || stages[6] != "checking labels, part 5 of 5" {
		t.Errorf("stages are %q", stages)
	}
	if again := examine(t, data, doctor.Options{Workers: 3}); !reflect.DeepEqual(again, base) {
		t.Error("three workers give another report than one")
	}
	if got := examine(t, data, doctor.Options{Suspects: 3, Folds: 2}); len(got.LabelErrors) != 3 || got.Quality.Folds != 2 || got.WrongLabels < 3 {
		t.Errorf("%d label errors and %d folds, want 3 and 2", len(got.LabelErrors), got.Quality.Folds)
	}
	if got := examine(t, data, doctor.Options{Suspects: -1}); len(got.LabelErrors) != 0 || got.WrongLabels == 0 {
		t.Errorf("%d label errors listed of %d, want none listed", len(got.LabelErrors), got.WrongLabels)
	}
}

func TestExamine_fails(t *testing.T) {
	cause := errors.New("line cut")
	if _, err := doctor.Examine(context.Background(), iotest.ErrReader(cause), doctor.Options{}); !errors.Is(err, cause) {
		t.Errorf("Examine() fails with %v, want %v", err, cause)
	}
	data, _ := madeUp(300, 0, 3)
	ctx, cancel := context.WithCancel(context.Background())
	o := doctor.Options{Progress: func(stage string) {
		if strings.HasPrefix(stage, "checking") {
			cancel()
		}
	}}
	if _, err := doctor.Examine(ctx, strings.NewReader(data), o); !errors.Is(err, context.Canceled) {
		t.Errorf("Examine() fails with %v, want %v", err, context.Canceled)
	}
}

// TestReport_WriteText compares what is printed with the golden files: the data,
// a line of dashes, the report.
func TestReport_WriteText(t *testing.T) {
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(files) == 0 {
		t.Fatalf("golden files: %v, %v", files, err)
	}
	const dashes = "\n----------\n"
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			data, want, found := strings.Cut(string(content), dashes)
			if !found {
				t.Fatalf("%s has no line of dashes", name)
			}
			var b bytes.Buffer
			if err := examine(t, data, doctor.Options{}).WriteText(&b); err != nil {
				t.Fatal(err)
			}
			if b.String() == want {
				return
			}
			if *update {
				if err := os.WriteFile(name, []byte(data+dashes+b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			t.Errorf("report is\n%s\nwant\n%s", b.String(), want)
		})
	}
}

func TestReport_WriteText_fails(t *testing.T) {
	if err := (&doctor.Report{}).WriteText(brokenWriter{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("WriteText() fails with %v, want %v", err, io.ErrShortWrite)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// TestReport_json holds the names that callers read, and that no list is null.
func TestReport_json(t *testing.T) {
	for _, data := range []string{"", "text,label\nx,a\n"} {
		encoded, err := json.Marshal(examine(t, data, doctor.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"trainable":false`, `"reasons":["`, `"issues":[`, `"label_errors":[]`, `"confusions":[]`, `"notes":[]`, `"languages":[`, `"time_columns":[]`, `"classes":[`} {
			if !strings.Contains(string(encoded), want) {
				t.Errorf("report of %q is %s, want %s in it", data, encoded, want)
			}
		}
	}
	one, err := json.Marshal(doctor.LabelError{Issue: dataset.Issue{Code: doctor.ProbableLabelError, Line: 3}, Given: "a", Likely: "b", Margin: -.5})
	want := `{"code":"probable_label_error","severity":"","line":3,"message":"","fix":"","given_label":"a","likely_label":"b","confidence":0,"margin":-0.5}`
	if err != nil || string(one) != want {
		t.Errorf("label error is %s, %v, want %s", one, err, want)
	}
}

// FuzzExamine holds that no bytes panic, that what is printed is harmless and
// that excerpts are short.
func FuzzExamine(f *testing.F) {
	data, _ := madeUp(30, .2, 4)
	f.Add([]byte(data))
	f.Add([]byte("text,label\n\x1b[31mred,a\x07\nyellow\u202e,a\x07\nblue,b\nblack,b\n"))
	f.Add([]byte("{\"text\":\"我\",\"label\":\"信用卡信用卡\"}\n{\"text\":\"你\",\"label\":\"信用卡信用卡\"}\n{\"text\":\"他\",\"label\":\"e\\u0301\"}\n{\"text\":\"她\",\"label\":\"e\\u0301\"}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := doctor.Examine(context.Background(), bytes.NewReader(data), doctor.Options{Read: dataset.Options{MaxBytes: 1 << 16}})
		if err != nil {
			t.Fatalf("Examine() fails with %v", err)
		}
		var b bytes.Buffer
		if err := r.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		for _, c := range b.String() {
			if c != '\n' && !unicode.IsGraphic(c) {
				t.Errorf("the report has %U:\n%s", c, b.String())
				break
			}
		}
		for _, e := range r.LabelErrors {
			if utf8.RuneCountInString(e.Excerpt) > 80 {
				t.Errorf("excerpt of %d code points", utf8.RuneCountInString(e.Excerpt))
			}
		}
	})
}

func ExampleExamine() {
	file := strings.NewReader("text,label\n" +
		"where is my card,card\nmy card has not come,card\ni lost my card,card\na new card please,card\n" +
		"no cash came out,cash\nthe machine kept cash,cash\ncash is missing,cash\nthe cash was short,cash\n" +
		"so where is my card,cash\n")
	report, err := doctor.Examine(context.Background(), file, doctor.Options{Folds: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("can be trained:", report.Trainable)
	first := report.LabelErrors[0]
	fmt.Printf("line %d: %s, rather %s\n", first.Line, first.Given, first.Likely)
	// Output:
	// can be trained: true
	// line 10: cash, rather card
}

func BenchmarkExamine(b *testing.B) {
	data, _ := madeUp(5000, .05, 5)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		examine(b, data, doctor.Options{Workers: 2})
	}
}
