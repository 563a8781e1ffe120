package training_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"godwit/shared/blob"
	"godwit/shared/ml/linear"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/sparse"
	words "godwit/shared/ml/text"
	"godwit/shared/training"
)

// mapped are the steps of the states that map over shards.
var mapped = map[string]string{"Census": "census", "Encode": "encode", "Rounds": "round", "Judge": "judge"}

// reduced are the states after them, and their steps.
var reduced = map[string]string{"Census": "vocabulary", "Encode": "reduce", "Rounds": "reduce", "Judge": "settle"}

// rowsRun takes a job of engine rows from Prepare to Finish as training.asl.json
// has it: a Map over the shards in the list, then the one step that its turn goes
// to.
func (h *house) rowsRun(ctx context.Context, in training.StepInput, turn training.Turn) error {
	data, err := blob.ReadAll(ctx, h.models, turn.Items, 1<<20)
	if err != nil {
		return err
	}
	var items []struct{ Shard int }
	if err := json.Unmarshal(data, &items); err != nil {
		return err
	}
	if h.order != nil {
		h.order(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	}
	for turn.Next != "Finish" {
		in.Turn = turn
		for _, item := range items {
			in.Step, in.Shard = mapped[turn.Next], item.Shard
			if _, err := h.step(ctx, in); err != nil {
				return err
			}
			h.sharded++
		}
		in.Step, in.Shard = reduced[turn.Next], 0
		out, err := h.step(ctx, in)
		if err != nil {
			return err
		}
		turn = out.(training.Next).Turn
	}
	return nil
}

const byRows = `{"engine":"rows","params":{"c":[0.3,1,3],"features":["word"]},"search":{"folds":5}}`

// versionOf trains data and returns the version's digests, its report and the house.
func versionOf(t *testing.T, h *house, data, settings string) (string, training.Report) {
	t.Helper()
	v := h.trained(t, data, settings)
	return string(v.Artifact.Digest + " " + v.Evaluation.Digest), stored[training.Report](t, h, v.ReportKey)
}

// A job that is trained by rows comes to a version like any other, which tells how
// it was trained.
func TestSteps_RowsToAVersion(t *testing.T) {
	h := newHouse(t, 2)
	_, report := versionOf(t, h, csv(600, 31), byRows)
	d := report.Distributed
	if d == nil || d.Engine != "rows" || d.Shards != 4 || d.Rounds < 10 || d.Bytes < 10_000 || len(d.Costs) != 5 || d.Dollars == nil || !(d.Dollars.Rows > d.Dollars.Classes) {
		t.Fatalf("report tells of %+v, want rows in 4 shards and three costs, an evaluation and a served model", d)
	}
	for i, want := range []string{"search", "search", "search", "evaluation", "served"} {
		if c := d.Costs[i]; c.Phase != want || !(c.Gap >= 0 && c.Gap <= 1e-3) || c.Rounds < 1 || !(c.Primal > 0) {
			t.Errorf("cost %d = %+v, want one of %s whose gap is closed", i, c, want)
		}
	}
	if got := report.Test.Accuracy; got < .8 {
		t.Errorf("accuracy = %v, want at least .8 on words that mark their class", got)
	}
	if report.Warnings != nil || report.Pruning == nil || len(report.Search) != 3 {
		t.Errorf("warnings %v, pruning %v, %d candidates, want none, some, 3", report.Warnings, report.Pruning, len(report.Search))
	}
	h.checkEvents(t, h.only(t), 15)
	told := slices.ContainsFunc(h.events(t, h.only(t)), func(e training.Event) bool {
		return strings.HasPrefix(e.Message, "search by rows, C 0.3: round 1 of 4 shards") && e.Values["shards"] == 4 && e.Values["bytes"] > 0
	})
	if !told {
		t.Error("no event tells of the first round")
	}
}

// The objective of rows is that of one machine to a thousandth, which is trained
// here on all rows to a gap a hundred times smaller.
func TestSteps_RowsObjective(t *testing.T) {
	data := csv(1500, 32)
	_, report := versionOf(t, newHouse(t, 2), data, `{"engine":"rows","params":{"c":[1],"features":["word"]}}`)
	var docs []string
	var y []int32
	labels := []string{"delivery", "refund", "登录"}
	for line := range strings.Lines(data[strings.IndexByte(data, '\n')+1:]) {
		label, text, _ := strings.Cut(strings.TrimSpace(line), ",")
		docs, y = append(docs, text), append(y, int32(slices.Index(labels, label)))
	}
	corpus, err := words.Count(t.Context(), docs, []words.Recipe{words.Word()}, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]int32, len(docs))
	for i := range all {
		all[i] = int32(i)
	}
	x := corpus.Matrix(corpus.Vocabulary(all, words.Word()), all)
	least := 0.0
	svm := linear.SVM{Loss: linear.SquaredHinge, C: []float64{1}, Epsilon: 1e-3, Bias: 1}
	err = svm.OneVsRest(t.Context(), x, y, nil, len(labels), 1, func(sol linear.Solution) error {
		least += primal(x, y, sol)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	served := report.Distributed.Costs[2]
	if served.Phase != "served" || math.Abs(served.Primal/least-1) > 1e-3 {
		t.Errorf("objective %v of %s, of one machine %v: %.1e apart, want 1e-3", served.Primal, served.Phase, least, served.Primal/least-1)
	}
}

// primal is the objective of a class's weights at C = 1, by the squared hinge, the
// bias being a weight like others.
func primal(x *sparse.Matrix, y []int32, sol linear.Solution) float64 {
	sum := float64(sol.Bias) * float64(sol.Bias) / 2
	for _, w := range sol.Weight {
		sum += float64(w) * float64(w) / 2
	}
	for i := range y {
		side, margin := -1.0, float64(sol.Bias)
		if int(y[i]) == sol.Class {
			side = 1
		}
		index, value := x.Row(i)
		for k, j := range index {
			margin += float64(value[k]) * float64(sol.Weight[j])
		}
		slack := max(0, 1-side*margin)
		sum += slack * slack
	}
	return sum
}

// The model of rows is that of one function, as near as the gap says: its
// accuracy on a test set is the same to a tenth of a point.
func TestSteps_RowsAgainstOne(t *testing.T) {
	data, settings := csv(4000, 33), `{"engine":%q,"params":{"c":[1],"features":["word"]},"split":{"test":0.5}}`
	one, rows := newHouse(t, 2), newHouse(t, 2)
	v := one.trained(t, data, fmt.Sprintf(settings, "one"))
	w := rows.trained(t, data, fmt.Sprintf(settings, "rows"))
	if got, want := w.Test["accuracy"], v.Test["accuracy"]; math.Abs(got-want) > .001 {
		t.Errorf("accuracy %.4f by rows, %.4f by one function", got, want)
	}
	var a, b pipeline.Scratch
	m, n := one.model(t, v.Artifact), rows.model(t, w.Artifact)
	same := 0
	lines := strings.Split(strings.TrimSpace(data), "\n")[1:]
	for _, line := range lines {
		in := pipeline.Input{Text: line[strings.IndexByte(line, ',')+1:]}
		if slices.Index(m.Scores(&a, in), slices.Max(m.Scores(&a, in))) == slices.Index(n.Scores(&b, in), slices.Max(n.Scores(&b, in))) {
			same++
		}
	}
	if same < len(lines)*995/1000 {
		t.Errorf("%d of %d answers agree, want 99.5 %%", same, len(lines))
	}
}

// Whatever runs the shards, in which order, how often and on how many processors,
// the bytes are the same.
func TestSteps_RowsAreTheSameHoweverTheyAreRun(t *testing.T) {
	data := csv(300, 34)
	want, _ := versionOf(t, newHouse(t, 1), data, byRows)
	for _, tc := range []struct {
		name       string
		workers    int
		processors int
		twice      bool
		order      func(n int, swap func(i, j int))
	}{
		{name: "four workers", workers: 4, processors: 2},
		{name: "one processor", workers: 2, processors: 1},
		{name: "every step twice", workers: 1, processors: 2, twice: true},
		{name: "shards in other orders", workers: 2, processors: 2, order: rand.New(rand.NewPCG(1, 2)).Shuffle},
	} {
		t.Run(tc.name, func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(tc.processors))
			h := newHouse(t, tc.workers)
			h.twice, h.order = tc.twice, tc.order
			if got, _ := versionOf(t, h, data, byRows); got != want {
				t.Errorf("digests %s, want %s", got, want)
			}
		})
	}
}

// Rows of every kind that a job may have come to a version.
func TestSteps_RowsOfEveryKind(t *testing.T) {
	for _, tc := range []struct {
		name, data, settings string
		check                func(training.Report) string
	}{
		{"two classes", twoClasses(200), `{"engine":"rows","params":{"c":[1]}}`, nil},
		{"hinge", csv(200, 35), `{"engine":"rows","params":{"c":[1],"loss":"hinge"}}`, nil},
		{"union features, a floor", csv(200, 35), `{"engine":"rows","params":{"c":[1],"features":["union"],"min_docs":2}}`, func(r training.Report) string {
			if r.Chosen.Recipe != "union" || r.Chosen.MinDocs != 2 {
				return fmt.Sprintf("chosen %+v", r.Chosen)
			}
			return ""
		}},
		{"balanced", csv(200, 35), `{"engine":"rows","params":{"c":[1],"class_weight":"sqrt"}}`, func(r training.Report) string {
			if r.Chosen.Balance != "sqrt" {
				return fmt.Sprintf("chosen %+v", r.Chosen)
			}
			return ""
		}},
		{"without a refit", csv(200, 35), `{"engine":"rows","params":{"c":[1]},"split":{"refit":false}}`, func(r training.Report) string {
			if n := len(r.Distributed.Costs); n != 2 || r.Sizes["artifact"] != r.Sizes["evaluation"] {
				return fmt.Sprintf("%d fits, sizes %v", n, r.Sizes)
			}
			return ""
		}},
		{"by time", timed(200), `{"engine":"rows","params":{"c":[1]},"split":{"by":"time"}}`, func(r training.Report) string {
			if r.Folding != "forward" || r.Split != "time" {
				return r.Folding + " " + r.Split
			}
			return ""
		}},
		{"a budget", csv(200, 35), `{"engine":"rows","search":{"budget":1}}`, func(r training.Report) string {
			if n := len(r.Search); n != 1 {
				return fmt.Sprintf("%d candidates", n)
			}
			return ""
		}},
		{"few rows", csv(24, 35), `{"engine":"rows","params":{"c":[1]}}`, func(r training.Report) string {
			if n := r.Distributed.Shards; n != 2 {
				return fmt.Sprintf("%d shards", n)
			}
			return ""
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 2)
			_, report := versionOf(t, h, tc.data, tc.settings)
			if report.Distributed == nil || report.Warnings != nil || report.Test.Accuracy < .7 {
				t.Errorf("distributed %+v, warnings %v, accuracy %v", report.Distributed, report.Warnings, report.Test.Accuracy)
			}
			if tc.check != nil {
				if wrong := tc.check(report); wrong != "" {
					t.Error(wrong)
				}
			}
		})
	}
}

// twoClasses are rows of which one problem is made.
func twoClasses(rows int) string {
	var b strings.Builder
	b.WriteString("label,text\n")
	for i := range rows {
		fmt.Fprintf(&b, "%s,word%d and %s number %d\n", []string{"no", "yes"}[i%2], i%7, []string{"red wine", "green tea"}[i%2], i)
	}
	return b.String()
}

// timed are such rows with a column of days.
func timed(rows int) string {
	lines := strings.Split(strings.TrimSpace(twoClasses(rows)), "\n")
	lines[0] += ",date"
	for i := range lines[1:] {
		lines[i+1] += fmt.Sprintf(",2026-%02d-%02d", 1+i/28%12, 1+i%28)
	}
	return strings.Join(lines, "\n")
}
