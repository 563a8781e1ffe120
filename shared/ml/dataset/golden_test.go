package dataset_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/shared/ml/dataset"
)

var update = flag.Bool("update", false, "rewrite the expected parts of testdata")

// golden is what a golden file shows of a Set.
type golden struct {
	Source   dataset.Source  `json:"source"`
	Records  int64           `json:"records"`
	Rejected int64           `json:"rejected"`
	Labels   map[string]int  `json:"labels"`
	Counts   map[string]int  `json:"issue_counts"`
	Issues   []dataset.Issue `json:"issues"`
	Error    string          `json:"error,omitempty"`
}

// Golden files are named after the file they stand for, with .txt behind it:
// the input, a line of dashes, the expected findings as JSON.
func TestRead_golden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("golden files = %v, %v", files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			input, want, _ := strings.Cut(string(data), "----------\n")
			// Small fixtures cannot have a hundred good rows for each bad one.
			set, err := read(t, input, dataset.Options{Filename: name, MaxBadShare: .5})
			g := golden{Source: set.Source, Records: set.Records, Rejected: set.Rejected,
				Labels: map[string]int{}, Counts: set.IssueCounts, Issues: set.Issues}
			for i, label := range set.Labels {
				g.Labels[label] = set.Counts[i]
			}
			if e, ok := errors.AsType[*dataset.InputError](err); ok {
				g.Error = e.Message
			}
			var b strings.Builder
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			e.SetIndent("", " ")
			if err := e.Encode(g); err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(file, []byte(input+"----------\n"+b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if b.String() != want {
				t.Errorf("findings of %s =\n%s\nwant\n%s", name, b.String(), want)
			}
		})
	}
}
