package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/linear"
	"godwit/shared/ml/metric"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
	"godwit/shared/ml/tune"
)

// The search of grid: scikit-learn's, as the peer's script does it.
const gridFolds = 5

var gridPath = []float64{.1, .3, 1, 3, 10}

// summary is what csv2model and grid say about a run.
type summary struct {
	Rows     int     `json:"rows"`
	Classes  int     `json:"classes"`
	Terms    int     `json:"terms"`
	Bytes    int     `json:"bytes"` // of the model's file
	C        float64 `json:"c"`
	Accuracy float64 `json:"acc"`     // on the test file
	ReadS    float64 `json:"read_s"`  // seconds of each step
	CountS   float64 `json:"count_s"` //
	SearchS  float64 `json:"search_s"`
	FitS     float64 `json:"fit_s"`
	TestS    float64 `json:"test_s"`
}

// job is a csv2model or grid under way.
type job struct {
	recipe    text.Recipe
	test, out string
	set       *dataset.Set
	data      pipeline.Data
	summary   summary
	since     time.Time
}

// csvToModel reads a labelled file, fits a model with C = 1, writes it and
// scores a test file: what the peer's script does, as one process.
func csvToModel(ctx context.Context, args []string, out, notes io.Writer) error {
	j, err := begin(ctx, "csv2model", args, notes)
	if err != nil {
		return err
	}
	return j.finish(ctx, 1, out)
}

// grid does the same with the best of five C in a 5-fold cross-validation.
func grid(ctx context.Context, args []string, out, notes io.Writer) error {
	j, err := begin(ctx, "grid", args, notes)
	if err != nil {
		return err
	}
	best, err := j.search(ctx)
	if err != nil {
		return err
	}
	return j.finish(ctx, best, out)
}

// begin reads the command line and the data and counts every document.
func begin(ctx context.Context, name string, args []string, notes io.Writer) (*job, error) {
	j := &job{since: time.Now()}
	flags := flagsOf(name, "FILE", notes)
	recipe := flags.String("recipe", "word", "features: word or union")
	flags.StringVar(&j.test, "test", "", "file to score")
	flags.StringVar(&j.out, "out", "", "where the model goes; empty: nowhere")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	var ok bool
	if j.recipe, ok = text.RecipeNamed(*recipe); !ok {
		return nil, fmt.Errorf("unknown recipe %q", *recipe)
	}
	f, err := os.Open(flags.Arg(0))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if j.set, err = dataset.Read(ctx, f, dataset.Options{Filename: filepath.Base(flags.Arg(0))}); err != nil {
		return nil, err
	}
	j.summary.ReadS = j.lap()
	docs := make([]string, len(j.set.Rows))
	j.data = pipeline.Data{Y: make([]int32, len(docs)), Labels: j.set.Labels}
	for i, row := range j.set.Rows {
		class, _ := slices.BinarySearch(j.set.Labels, row.Label)
		docs[i], j.data.Y[i] = row.Text, int32(class)
	}
	j.data.Corpus, err = text.Count(ctx, docs, []text.Recipe{j.recipe}, runtime.GOMAXPROCS(0), nil)
	j.summary.Rows, j.summary.Classes = len(docs), len(j.set.Labels)
	j.summary.CountS = j.lap()
	return j, err
}

// lap returns the seconds since the last call.
func (j *job) lap() float64 {
	last := j.since
	j.since = time.Now()
	return j.since.Sub(last).Seconds()
}

// search returns the C with the best mean accuracy over the folds.
func (j *job) search(ctx context.Context) (float64, error) {
	group := make([]uint64, len(j.set.Rows))
	for i, row := range j.set.Rows {
		group[i] = dataset.GroupKey(row)
	}
	fold := tune.Folds(j.data.Y, group, gridFolds, 0)
	values := make([][]float64, len(gridPath))
	for f := range gridFolds {
		var train, held []int32
		for i := range fold {
			if int(fold[i]) == f {
				held = append(held, int32(i))
			} else {
				train = append(train, int32(i))
			}
		}
		margins, err := pipeline.Margins(ctx, j.data, train, held, pipeline.Settings{Recipe: j.recipe}, gridPath, runtime.GOMAXPROCS(0))
		if err != nil {
			return 0, err
		}
		for c := range gridPath {
			truth, predicted := make([]int32, len(held)), make([]int32, len(held))
			for i, row := range held {
				truth[i], predicted[i] = j.data.Y[row], top(margins[c][i*j.summary.Classes:][:j.summary.Classes])
			}
			values[c] = append(values[c], metric.Accuracy(truth, predicted))
		}
	}
	scores := make([]tune.Score, len(gridPath))
	for c := range gridPath {
		scores[c] = tune.NewScore(tune.Candidate{Recipe: j.recipe.Name, Loss: string(linear.SquaredHinge), C: gridPath[c]}, values[c], int64(j.data.Corpus.Terms()))
	}
	j.summary.SearchS = j.lap()
	return gridPath[tune.Best(scores)], nil
}

// finish fits on all rows, writes the model, scores the test file and prints
// the summary.
func (j *job) finish(ctx context.Context, c float64, out io.Writer) error {
	rows := make([]int32, len(j.data.Y))
	for i := range rows {
		rows[i] = int32(i)
	}
	m, err := pipeline.Fit(ctx, j.data, rows, pipeline.Settings{Recipe: j.recipe, C: c}, runtime.GOMAXPROCS(0), nil)
	if err != nil {
		return err
	}
	file, err := m.Encode(map[string]string{"dataset_sha256": j.set.SHA256})
	if err != nil {
		return err
	}
	if j.out != "" {
		if err := os.WriteFile(j.out, file, 0o644); err != nil {
			return err
		}
	}
	j.summary.C, j.summary.Terms, j.summary.Bytes, j.summary.FitS = c, m.Features(), len(file), j.lap()
	if j.test != "" {
		if err := j.score(m); err != nil {
			return err
		}
	}
	data, err := json.Marshal(j.summary)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "RESULT %s\n", data)
	return err
}

// score takes the accuracy on the test file.
func (j *job) score(m *pipeline.Model) error {
	examples, err := readExamples(j.test)
	if err != nil {
		return err
	}
	var scratch pipeline.Scratch
	right := 0
	for _, e := range examples {
		if m.Labels()[top(m.Margins(&scratch, e.Text))] == e.Label {
			right++
		}
	}
	j.summary.Accuracy, j.summary.TestS = float64(right)/float64(len(examples)), j.lap()
	return nil
}

// top returns the place of the largest value.
func top(values []float32) int32 {
	best := 0
	for i, v := range values {
		if v > values[best] {
			best = i
		}
	}
	return int32(best)
}
