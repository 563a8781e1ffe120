package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
)

// units returns the frozen unit costs.
func units(t *testing.T) Units {
	t.Helper()
	u, err := frozen()
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// The page, its figures and the frozen unit costs are what the program makes
// of the latter: `go run ./shared/plan -write` brings them together again.
func TestPage_isWritten(t *testing.T) {
	files, err := page(units(t), standard())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		got, err := os.ReadFile(f.name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, f.data) {
			t.Errorf("%s is not what the program writes: run `go run ./shared/plan -write`", f.name)
		}
	}
}

func TestPage_figuresAreXML(t *testing.T) {
	all, err := figures(units(t), standard())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		d := xml.NewDecoder(bytes.NewReader(f.data))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", f.name, err)
			}
		}
		if !strings.Contains(string(f.data), `xmlns="http://www.w3.org/2000/svg"`) {
			t.Errorf("%s has no namespace, so that nothing draws it", f.name)
		}
	}
}

func TestCharge(t *testing.T) {
	// By hand, from the published prices.
	tests := []struct {
		name  string
		tiers []tier
		units float64
		want  float64
	}{
		{"nothing", lambdaTiers, 0, 0},
		{"a million HTTP requests", gatewayTiers, 1e6, 1},
		{"beyond 300 million", gatewayTiers, 400e6, 300 + 90},
		{"a million predictions of 2 ms with 512 MB", lambdaTiers, 1e6 * .002 * .5, .0133334},
		{"all three prices of Lambda", lambdaTiers, 20e9, 7.5e9*.0000133334 + 11.25e9*.0000120001 + 1.25e9*.0000106667},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := charge(tc.tiers, tc.units); math.Abs(got-tc.want) > 1e-9*tc.want {
				t.Errorf("charge(%v) = %v, want %v", tc.units, got, tc.want)
			}
		})
	}
}

// One wave by hand: 250 tasks, 100 at a time, of 10 core seconds on one core.
func TestBill_wave(t *testing.T) {
	a := standard()
	a.CoreSpeed, a.S3Rate, a.StepSeconds = 1, 1e6, 1
	var b bill
	b.wave(a, coreMB.value, 10, 2e6, 250, 100)
	each := 1 + 10 + 2.0
	want := bill{seconds: 3 * each, gbs: 250 * each * coreMB.value / 1024, calls: 250, steps: 500, gets: 500, puts: 250}
	if b != want {
		t.Errorf("wave = %+v, want %+v", b, want)
	}
	var long bill
	long.wave(a, coreMB.value, 2000, 0, 1, 1)
	if long.calls != 3 { // 2,001 s, of which a call takes 840
		t.Errorf("a step of 2,001 s takes %v calls, want 3", long.calls)
	}
	var many bill
	many.wave(Assumptions{CoreSpeed: 1, S3Rate: 1, Instances: 5000}, coreMB.value, 0, 0, 3000, 10_000)
	if many.seconds != 20 { // the first thousand at once, two more after 10 s each
		t.Errorf("3,000 instances are there after %v s, want 20", many.seconds)
	}
}

// More rows never cost less or end earlier, and what does not fit is said.
func TestTrain(t *testing.T) {
	u, a := units(t), standard()
	var last training
	for _, rows := range rowCounts {
		got := train(u, a, rows)
		if got.seconds <= last.seconds || got.dollars() <= last.dollars() || got.shards < last.shards {
			t.Errorf("%v rows take %v s and %v dollars in %v shards, fewer took %+v", rows, got.seconds, got.dollars(), got.shards, last)
		}
		last = got
	}
	small := train(u, a, 1e4)
	if small.how != "one function a step" || small.moved != 0 || small.limit != "" {
		t.Errorf("10,000 rows: %+v, want one function and no rounds", small)
	}
	if last.how != "by rows" || last.limit == "" {
		t.Errorf("ten billion rows: %+v, want shards beyond a limit", last)
	}
	if got := train(u, a, 1e6); got.how != "by rows" || got.limit != "" || got.shards < shardsLeast || got.moved == 0 {
		t.Errorf("a million rows: %+v, want them by rows, within every limit", got)
	}
	for _, tc := range []struct {
		rows, classes, core float64
		want                string
	}{
		{1e7, 10, 1, "Prepare holds"}, {2e6, 1000, 1, "Reduce holds"}, {2e6, 10, 1e-3, "Prepare reads"},
	} {
		a := standard()
		a.Classes, a.CoreSpeed = tc.classes, tc.core
		if got := train(u, a, tc.rows); !strings.Contains(got.limit, tc.want) {
			t.Errorf("%+v meets %q, want a limit that says %q", tc, got.limit, tc.want)
		}
	}
}

// Training by rows moves more bytes with more rounds, and takes longer.
func TestTrain_rounds(t *testing.T) {
	u, a := units(t), standard()
	few := train(u, a, 1e8)
	a.Rounds *= 2
	many := train(u, a, 1e8)
	if many.moved != 2*few.moved || many.seconds <= few.seconds || many.dollars() <= few.dollars() {
		t.Errorf("twice the rounds: %+v after %+v", many, few)
	}
}

func TestScore(t *testing.T) {
	u, a := units(t), standard()
	last := 0.0
	for _, rows := range rowCounts {
		b, files := score(u, a, rows)
		if b.dollars() <= last || files != math.Max(1, math.Ceil(rows*u.RowBytes/fileBytes)) {
			t.Errorf("%v rows: %v dollars in %v files", rows, b.dollars(), files)
		}
		last = b.dollars()
	}
}

func TestServe(t *testing.T) {
	u, a := units(t), standard()
	const tolerance = .02
	one := serve(u, a, 1e6/month, 1) // a million in a month
	if got := one.parts[0].dollars; math.Abs(got-.2133334) > tolerance {
		t.Errorf("a million predictions cost %v in functions, want .21: .20 for requests and 1,000 GB-seconds", got)
	}
	if got := one.parts[1].dollars; got != 1 {
		t.Errorf("and %v at the gateway, want 1", got)
	}
	sum := 0.0
	for _, p := range one.parts {
		sum += p.dollars
	}
	if math.Abs(sum-one.month) > 1e-9 {
		t.Errorf("the parts add up to %v, the month costs %v", sum, one.month)
	}
	tests := []struct {
		name       string
		rate, rows float64
		instances  float64
		want       string
	}{
		{"a thousand a second", 1000, 1, 1000, ""},
		{"beyond the gateway", 20_000, 1, 1000, "API Gateway's rate"},
		{"a small account", 20_000, 1, 10, "instances of the account"},
		{"in large requests", 20_000, 100, 1000, ""},
		{"in too large ones", 1e6, 1e6, 1000, "bytes of a call"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a.Instances = tc.instances
			if got := serve(u, a, tc.rate, tc.rows); got.limit != tc.want {
				t.Errorf("serve = %+v, want the limit %q", got, tc.want)
			}
		})
	}
}

// A call of ONNX Runtime's function by hand: 166 µs of one core and a millisecond
// are billed as 2 ms of 2 GB, and predict waits 10 ms longer than that with .5 GB.
func TestEngine(t *testing.T) {
	a := standard()
	million := engine(a, 1e6/month, 1)
	for i, want := range []float64{.2 + 1e6*.002*2*.0000133334, 1e6 * .012 * .5 * .0000133334} {
		if got := million.parts[i].dollars; math.Abs(got-want) > 1e-9 {
			t.Errorf("a million rows one by one cost %v for %s, want %v", got, million.parts[i].name, want)
		}
	}
	if got := million.parts[0].dollars + million.parts[1].dollars; got != million.month || math.Abs(got-million.million) > 1e-9 {
		t.Errorf("the parts add up to %v, the month costs %v, a million %v", got, million.month, million.million)
	}
	if got := engine(a, 0, 1); got.month != 0 || got.instances != 0 {
		t.Errorf("while nobody asks: %+v, want nothing", got)
	}
	if many := engine(a, 1e6/month, 100); many.million*50 > million.million {
		t.Errorf("a million rows in hundreds cost %v, one by one %v", many.million, million.million)
	}
	// Two calls of at most 1,024 rows.
	if got := engine(a, 1025, 1025); math.Abs(got.parts[0].dollars/month-2*lambdaRequest.value-.019*2*.0000133334) > 1e-9 {
		t.Errorf("1,025 rows cost %v, want two calls of 19 ms together", got.parts[0].dollars/month)
	}
	if got := engine(a, 100_000, 1).limit; got != "instances of the account" {
		t.Errorf("100,000 calls a second meet %q", got)
	}
	a.EngineMB *= 2
	if got := engine(a, 1, 128); got.instances != 1 || got.month <= engine(standard(), 1, 128).month {
		t.Errorf("more memory than one thread can use: %+v, want it dearer", got)
	}
}

func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), nil, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"10^10", "100000", "dollars a month", "What ONNX Runtime adds"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the tables do not hold %q", want)
		}
	}
	var quick bytes.Buffer
	if err := run(t.Context(), []string{"-core", "2"}, &quick, io.Discard); err != nil || bytes.Equal(quick.Bytes(), out.Bytes()) {
		t.Errorf("a core twice as fast changes nothing, %v", err)
	}
	dir := t.TempDir()
	if err := run(t.Context(), []string{"-write", "-dir", dir}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 4 {
		t.Errorf("-write made %v, %v, want page, unit costs and two figures", entries, err)
	}
	if err := run(t.Context(), []string{"-nothing"}, io.Discard, io.Discard); err == nil {
		t.Error("an unknown flag is taken")
	}
}

// What is measured on a few rows is sound, and is told beside the frozen costs.
func TestTake(t *testing.T) {
	t.Chdir("../..") // where the sample is found
	rows, name, err := load(t.Context(), t.TempDir())
	if err != nil || len(rows) < unitRows || !strings.Contains(name, "sample") {
		t.Fatalf("load = %d rows of %q, %v, want the sample many times over", len(rows), name, err)
	}
	u, err := take(t.Context(), rows[:800])
	if err != nil {
		t.Fatal(err)
	}
	u.Read = math.Max(u.Read, 1e-9) // a clock may be too coarse for so few rows
	u.Count, u.FitWord, u.FitUnion, u.Score = u.Read, u.Read, u.Read, u.Read
	if err := u.sound(); err != nil || u.Rows != 800 {
		t.Errorf("take = %+v, %v", u, err)
	}
	var told bytes.Buffer
	if u.CheckRatio = u.against(u); u.CheckRatio != 1 {
		t.Errorf("a run held against itself takes %v of what is foretold", u.CheckRatio)
	}
	if err := tellMeasured(&told, units(t), u); err != nil || !strings.Contains(told.String(), "ratio 1.00") {
		t.Errorf("told %q, %v", told.String(), err)
	}
}

func TestParseUnits_Refusals(t *testing.T) {
	good := string(frozenUnits)
	tests := []struct{ name, data, want string }{
		{"no JSON", "x", "unit costs"},
		{"an unknown cost", strings.Replace(good, `"read_s"`, `"reads"`, 1), "reads"},
		{"nothing for reading", regexp.MustCompile(`"read_s": [^,]+`).ReplaceAllString(good, `"read_s": 0`), "read_s"},
		{"none", "{}", "make plan"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := parseUnits([]byte(tc.data)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("parseUnits = %v, want an error with %q", err, tc.want)
			}
		})
	}
}

func FuzzParseUnits(f *testing.F) {
	f.Add(frozenUnits)
	f.Add([]byte(`{"read_s":1e999}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		u, err := parseUnits(data)
		if err != nil {
			return
		}
		if err := u.sound(); err != nil {
			t.Errorf("parseUnits took %s, which is not sound: %v", data, err)
		}
	})
}

func TestWords(t *testing.T) {
	tests := []struct{ name, got, want string }{
		{"milliseconds", span(.5), "500 ms"}, {"seconds", span(22), "22 s"}, {"minutes", span(600), "10 min"}, {"hours", span(9000), "2.5 h"},
		{"days", span(200_000), "2.3 d"}, {"no time", span(0), "at once"}, {"bytes", size(180), "180 B"}, {"terabytes", size(5.74e12), "5.7 TB"},
		{"no bytes", size(0), "-"}, {"cents", dollars(.0018), "0.0018"}, {"thousands", dollars(41_234), "41000"},
		{"a power of ten", count(1e7), "10^7"}, {"a hundred thousand", count(1e5), "100000"}, {"no power", count(1671), "1671"},
		{"tiny", number(1.25e-7), "1.25e-07"}, {"whole", number(10_000), "10000"}, {"part", number(.023), "0.023"},
	}
	for _, tc := range tests {
		if tc.got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, tc.got, tc.want)
		}
	}
}
