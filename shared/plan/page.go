package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// The sizes planned for.
var (
	rowCounts = []float64{1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10}
	rates     = []float64{1, 10, 100, 1000, 10_000, 100_000}
)

// largeBatch is how many rows a request of many has.
const largeBatch = 100

// tables are the answers: what the command prints, and the middle of the page.
func tables(u Units, a Assumptions) string {
	var b strings.Builder
	b.WriteString("### Training, from the upload to the new champion\n\n")
	b.WriteString("Text, `algorithm: auto`: two kinds of features in five folds, the winner's neighbours in C, evaluation, refit.\n\n")
	b.WriteString("| rows | how | functions at a time | time | dollars | through S3 in rounds | first limit met |\n|---:|---|---:|---:|---:|---:|---|\n")
	for _, rows := range rowCounts {
		t := train(u, a, rows)
		most := math.Min(wordFits+unionFits, a.Instances)
		if t.shards > 1 {
			most = math.Min(math.Min(t.shards, shardMaps), a.Instances)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", count(rows), t.how, count(most), span(t.seconds), dollars(t.dollars()), size(t.moved), orNone(t.limit))
	}
	b.WriteString("\n### Batch prediction\n\nFiles of up to 1 GiB, all jobs at a time.\n\n| rows | files | time | dollars |\n|---:|---:|---:|---:|\n")
	for _, rows := range rowCounts {
		s, files := score(u, a, rows)
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", count(rows), count(files), span(s.seconds), dollars(s.dollars()))
	}
	b.WriteString("\n### Predictions over HTTP, day and night\n\n| a second | instances | there within | dollars a month | functions | gateway | logs and metrics | table | dollars a million | in requests of 100 | first limit met |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|\n")
	for _, rate := range rates {
		s := serve(u, a, rate, 1)
		fmt.Fprintf(&b, "| %s | %s | %s |%s", count(rate), count(s.instances), span(s.ramp), charges(s, serve(u, a, rate, largeBatch)))
	}
	b.WriteString("\n### What ONNX Runtime adds\n\nOnly to predictions by imported graphs that it runs (`OnnxRuntime=on`): a call of its function for each request, and the time that predict waits. While nobody asks for them it costs nothing.\n\n| a second | instances | dollars a month | calls | waiting | dollars a million | in requests of 100 | first limit met |\n|---:|---:|---:|---:|---:|---:|---:|---|\n")
	for _, rate := range rates {
		s := engine(a, rate, 1)
		fmt.Fprintf(&b, "| %s | %s |%s", count(rate), count(s.instances), charges(s, engine(a, rate, largeBatch)))
	}
	return b.String()
}

// charges writes the last cells of a row: what a month costs and of what, a million
// one by one and in large requests, and the limit that is met first.
func charges(s, large serving) string {
	var b strings.Builder
	fmt.Fprintf(&b, " %s |", dollars(s.month))
	for _, p := range s.parts {
		fmt.Fprintf(&b, " %s |", dollars(p.dollars))
	}
	fmt.Fprintf(&b, " %s | %s | %s |\n", dollars(s.million), dollars(large.million), orNone(s.limit))
	return b.String()
}

// file is one of those that are checked in.
type file struct {
	name string
	data []byte
}

// page writes the page and what belongs to it.
func page(u Units, a Assumptions) ([]file, error) {
	costs, err := json.MarshalIndent(u, "", "  ")
	if err != nil {
		return nil, err
	}
	figures, err := figures(u, a)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(head)
	for _, f := range figures {
		fmt.Fprintf(&b, "![%s](%s)\n\n", f.says, f.name)
	}
	b.WriteString(tables(u, a))
	fmt.Fprintf(&b, "\n## What a row costs\n\nMeasured by `make plan` on %s, %s, with %d rows of %s in %d classes.\n\n| work | unit cost |\n|---|---:|\n", u.When, u.Machine, u.Rows, u.Data, u.Classes)
	for _, row := range unitRowsOf(u) {
		fmt.Fprintf(&b, "| %s | %s |\n", row[0], row[1])
	}
	fmt.Fprintf(&b, "\nA run of %d rows took %s of what these costs foretell for reading, counting and one fit of each kind. Where it is far below 1, the processor's caches hold the smaller problem and not the larger one; the plan goes on from the larger.\n", u.CheckRows, number(u.CheckRatio))
	b.WriteString(assumed(a))
	fmt.Fprintf(&b, "\n## Prices and limits\n\nFor us-east-1, compared with their sources in %s, without free tiers. Lambda on arm64 is $%s a GB-second at first and falls with use; the HTTP API $1.00 a million, $0.90 beyond 300 million a month.\n\n| what | | | source |\n|---|---:|---|---|\n", looked, number(lambdaTiers[0].price))
	for _, list := range [][]fact{prices, limits} {
		for _, f := range list {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.name, number(f.value), f.unit, f.source)
		}
	}
	files := []file{{"PLAN.md", b.Bytes()}, {"units.json", append(costs, '\n')}}
	for _, f := range figures {
		files = append(files, f.file)
	}
	return files, nil
}

// head begins the page.
const head = `# From ten thousand rows to ten billion, from one prediction a second to 100,000

This page is written by ` + "`go run ./shared/plan -measure -write`" + ` and never by hand: a test works it out again from the frozen unit costs. The package comment says how; flags change what is assumed.

**Read it so.** Up to where one function holds the rows, times and dollars are measured unit costs put together as the state machine puts the steps together; ` + "`make plan`" + ` holds them against a run of a fifth the size. Beyond, training by rows goes on from rounds, their time and their bytes as ` + "`make bench-scale`" + ` measured them on 50,000 rows; that they hold for more is assumed. Where a limit is named one job does not go on, and the figures are arithmetic, not experience. Where one function ends depends on its memory: ` + "`-trainer-mb 10240`" + ` plans with the largest Lambda there is.

`

// unitRowsOf tells unit costs by name.
func unitRowsOf(u Units) [][2]string {
	micro := func(s float64) string { return number(s*1e6) + " µs" }
	return [][2]string{
		{"read and check a row of CSV", micro(u.Read)}, {"tokenise and count it, words and characters", micro(u.Count)},
		{"fit, a row and class, words", micro(u.FitWord)}, {"fit, a row and class, words and characters", micro(u.FitUnion)},
		{"predict a row", micro(u.Score)}, {"a row in CSV", size(u.RowBytes)}, {"its counts in work/", size(u.EncodedBytes)},
		{"a row in memory during a fit", size(u.HeldBytes)}, {"the model", size(u.ModelBytes)},
	}
}

// assumed tells what is taken for given.
func assumed(a Assumptions) string {
	var b strings.Builder
	b.WriteString("\n## What is assumed\n\n| what | value |\n|---|---:|\n")
	for _, row := range [][2]string{
		{"classes", number(a.Classes)}, {"speed of a Lambda core on arm64, the measuring machine's being 1 (not measured)", number(a.CoreSpeed)},
		{"memory of trainer, batch, predict (template.yaml)", fmt.Sprintf("%s, %s, %s MB", number(a.TrainerMB), number(a.BatchMB), number(a.PredictMB))},
		{"bytes a second between a function and S3", size(a.S3Rate)}, {"a step besides its work", span(a.StepSeconds)},
		{"memory taken over memory held", number(a.Gather)},
		{"rounds of training by rows, of which " + number(a.Passes) + " take a shard as long as a fit (`make bench-scale`)", number(a.Rounds)},
		{"share of the weights that a shard changes in a round (`make bench-scale`)", number(a.Change)},
		{"Runtime API, decoding and encoding of a prediction, on a whole core (goal held by `make bench`)", number(a.OverheadSeconds*1e6) + " µs"},
		{"log bytes of a prediction, function and gateway", number(a.LogBytes)},
		{"memory of the function with ONNX Runtime (template.yaml)", number(a.EngineMB) + " MB"},
		{"a row of a small graph by ONNX Runtime, on a whole core (`go test -bench . ./functions/onnxruntime`)", number(a.EngineRowSeconds*1e6) + " µs"},
		{"a function's call of another besides its work (not measured)", span(a.InvokeSeconds)},
	} {
		fmt.Fprintf(&b, "| %s | %s |\n", row[0], row[1])
	}
	return b.String()
}

// tellMeasured compares fresh unit costs with the frozen ones, and what they
// foretell with what a run of another size took.
func tellMeasured(out io.Writer, old, fresh Units) error {
	var b strings.Builder
	fmt.Fprintf(&b, "unit costs on %s, %d rows of %s\n", fresh.Machine, fresh.Rows, fresh.Data)
	was := unitRowsOf(old)
	for i, row := range unitRowsOf(fresh) {
		fmt.Fprintf(&b, "  %-44s %12s   frozen %12s\n", row[0], row[1], was[i][1])
	}
	fmt.Fprintf(&b, "read, count and one fit of each kind on %d rows: took over foretold, ratio %.2f\n\n", fresh.CheckRows, fresh.CheckRatio)
	_, err := io.WriteString(out, b.String())
	return err
}

func orNone(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// number writes three digits that count, without an exponent where that is short.
func number(v float64) string {
	if v != 0 && math.Abs(v) < 1e-3 {
		return strconv.FormatFloat(v, 'g', 6, 64)
	}
	if math.Abs(v) >= 1000 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// count writes a whole number by its power of ten from a million on.
func count(v float64) string {
	if e := math.Round(math.Log10(v)); v >= 1e6 && math.Pow(10, e) == v {
		return "10^" + strconv.Itoa(int(e))
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// scaled writes a value in the largest unit of which it is at least one.
func scaled(v float64, units []unit) string {
	for _, u := range units {
		if v >= u.least {
			return dollars(v/u.least) + " " + u.name
		}
	}
	last := units[len(units)-1]
	return dollars(v/last.least) + " " + last.name
}

// unit is a name for a multiple.
type unit struct {
	least float64
	name  string
}

// span writes seconds, size bytes and dollars money, with two digits that count.
func span(s float64) string {
	if s == 0 {
		return "at once"
	}
	return scaled(s, []unit{{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}, {1e-3, "ms"}})
}

func size(b float64) string {
	if b == 0 {
		return "-"
	}
	return scaled(b, []unit{{1e15, "PB"}, {1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "KB"}, {1, "B"}})
}

func dollars(v float64) string {
	if v >= 100 {
		digits := math.Pow(10, math.Floor(math.Log10(v))-1)
		return strconv.FormatFloat(math.Round(v/digits)*digits, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}
