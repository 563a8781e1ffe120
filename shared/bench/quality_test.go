package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// makeSets writes a folder of sets under the names of published ones: texts, whose
// test rows are every eighth of those to train on, and, for a number, a table whose
// target is twice its first column.
func makeSets(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	put := func(set, part, text string) {
		path := filepath.Join(folder, set, part+".csv")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	messages, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	put("trec", "train", string(messages))
	var some strings.Builder
	for i, line := range strings.SplitAfter(string(messages), "\n") {
		if i%8 == 0 { // the header is the first of them
			some.WriteString(line)
		}
	}
	put("trec", "test", some.String())
	for _, part := range []string{"train", "test"} {
		var table strings.Builder
		table.WriteString("size,colour,price\n")
		for i := range 200 {
			fmt.Fprintf(&table, "%d,%s,%d\n", i*i%997, []string{"red", "white"}[i%2], 2*(i*i%997))
		}
		put("wine_quality", part, table.String())
	}
	return folder
}

func TestQuality(t *testing.T) {
	data, work := makeSets(t), t.TempDir()
	for _, tc := range []struct {
		set  string
		want []string // in the last line
	}{
		{"trec", []string{"accuracy", "1.0000 (aim 0.888)", "0.8960 fastText", "meets", " svm C="}}, // rows it was fitted on
		{"wine_quality", []string{"RMSE", "R2 1.0000", "0.7486 ridge", " ridge C="}},
		{"iris", []string{"not measured: no data set iris"}},
	} {
		t.Run(tc.set, func(t *testing.T) {
			out, err := call(t, "quality", "-data", data, "-work", work, "-peers", t.TempDir(), "-fresh", "-set", tc.set)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tc.want {
				if last := lastLine(out); !strings.Contains(last, want) {
					t.Errorf("last line %q, want %q in it", last, want)
				}
			}
		})
	}
	for _, args := range [][]string{{"-set", "none"}, {"none"}, {"-none"}} {
		if out, err := call(t, append([]string{"quality", "-work", work}, args...)...); err == nil {
			t.Errorf("quality %q = %q, want an error", args, out)
		}
	}
}

// What a file turns out to be decides the metric: a contest of classes cannot
// be held over numbers.
func TestCompete_AnotherTask(t *testing.T) {
	b := &bench{sets: makeSets(t), notes: io.Discard}
	_, err := b.compete(t.Context(), contest{set: "wine_quality", metric: accuracyScore, rivals: []rival{{name: "logistic", score: .8}}}, 1)
	if err == nil || !strings.Contains(err.Error(), "table-regression") {
		t.Errorf("compete = %v, want what the file was taken for", err)
	}
}
