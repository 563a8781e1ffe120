package main

import (
	"strings"
	"testing"
)

func TestContest_Best(t *testing.T) {
	for _, tc := range []struct {
		metric string
		want   string
	}{{accuracyScore, "b"}, {rmseError, "c"}} {
		c := contest{metric: tc.metric, rivals: []rival{{name: "a", score: .5}, {name: "b", score: .7}, {name: "c", score: .2}}}
		if got := c.best().name; got != tc.want {
			t.Errorf("best by %s = %s, want %s", tc.metric, got, tc.want)
		}
	}
}

func TestOutcome_Verdict(t *testing.T) {
	text := contest{metric: accuracyScore, text: true, f1: .8, rivals: []rival{{name: "word", score: .9}}}
	table := contest{metric: rmseError, rivals: []rival{{name: "ridge", score: 10}}}
	for _, tc := range []struct {
		name string
		outcome
		want string
	}{
		{"better", outcome{contest: text, rows: 1000, ours: .95, macroF1: .9}, "meets"},
		{"two rows behind", outcome{contest: text, rows: 100, ours: .8801, macroF1: .9}, "meets"},
		{"three rows behind", outcome{contest: text, rows: 100, ours: .87, macroF1: .9}, "falls short"},
		{"half a standard error behind", outcome{contest: text, rows: 100, ours: .8501, error: .1, macroF1: .9}, "meets"},
		{"all that can be wrong", outcome{contest: text, rows: 1000, ours: .8, macroF1: .7, ece: .06}, "falls short, macro-F1 under its aim, ECE over 0.05"},
		{"numbers, less is better", outcome{contest: table, rows: 100, ours: 9}, "meets"},
		{"numbers, half a standard error more", outcome{contest: table, rows: 100, ours: 10.4, error: 1}, "meets"},
		{"numbers, more than that", outcome{contest: table, rows: 2, ours: 10.6, error: 1, ece: 1}, "falls short"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.verdict(); got != tc.want {
				t.Errorf("verdict = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestOutcome_ScoreValues(t *testing.T) {
	var o outcome
	// By hand: squared errors 0, 4, 4, 0, so that RMSE is the root of 2; their
	// standard deviation is 2, that of their mean 1, of its root 1/(2 RMSE).
	if err := o.scoreValues([]string{"1", "2", "3", "4"}, []float64{1, 4, 1, 4}); err != nil {
		t.Fatal(err)
	}
	if gap(o.ours, 1.4142136) > 1e-6 || gap(o.error, .35355339) > 1e-6 || gap(o.r2, -.6) > 1e-9 {
		t.Errorf("RMSE %g +- %g, R2 %g, want 1.4142 +- 0.3536 and -0.6", o.ours, o.error, o.r2)
	}
	if err := o.scoreValues([]string{"many"}, []float64{1}); err == nil {
		t.Error("scoreValues of a word = nil, want an error")
	}
}

func TestWriteOutcomes(t *testing.T) {
	text := contest{set: "mail", metric: accuracyScore, text: true, rivals: []rival{{name: "word", score: .9}}}
	table := contest{set: "houses", metric: rmseError, rivals: []rival{{name: "ridge", score: 1000}}}
	ours := func(c contest, v float64) outcome { return outcome{contest: c, rows: 1000, ours: v} }
	for _, tc := range []struct {
		name     string
		outcomes []outcome
		want     []string // in the last line
	}{
		{"two sets of texts", []outcome{ours(text, .92), ours(text, .91), ours(table, 900)}, []string{"mean of 2 text sets", "0.9150", "0.9000 best columns", "+0.0150", "meets"}},
		{"worse on average", []outcome{ours(text, .90), ours(text, .89)}, []string{"mean of 2 text sets", "-0.0050", "falls short"}},
		{"one set alone has no mean", []outcome{ours(text, .92), ours(table, 900)}, []string{"houses", "900", "1000 ridge", "+100", "meets"}},
		{"a set that is not there", []outcome{{contest: text, lacking: "no data set mail"}}, []string{"mail", "not measured: no data set mail"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out strings.Builder
			if err := writeOutcomes(&out, tc.outcomes); err != nil {
				t.Fatal(err)
			}
			for _, want := range tc.want {
				if last := lastLine(out.String()); !strings.Contains(last, want) {
					t.Errorf("last line %q, want %q in it", last, want)
				}
			}
		})
	}
}

func TestTableScore(t *testing.T) {
	took := usage{Output: `RESULT {"rows":[{"set":"iris","model":"logreg","acc":0.96},{"set":"wine","model":"ols","rmse":0.8},{"set":"wine","model":"ridge1","rmse":0.7}]}`}
	for _, tc := range []struct {
		set, model string
		want       float64
		wantErr    bool
	}{{"iris", "logreg", .96, false}, {"wine", "ridge1", .7, false}, {"wine", "logreg", 0, true}} {
		if got, err := tableScore(took, tc.set, tc.model); got != tc.want || (err != nil) != tc.wantErr {
			t.Errorf("tableScore(%s, %s) = %g, %v, want %g", tc.set, tc.model, got, err, tc.want)
		}
	}
}
