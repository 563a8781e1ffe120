package training

import (
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/tune"
)

// plan is what Prepare decides and Select continues: which candidates are
// scored in which rung. It lives in the job's work folder.
type plan struct {
	Settings Settings       `json:"settings"` // resolved
	Labels   []string       `json:"labels"`
	Counts   []int          `json:"counts"` // rows per label
	Rows     Rows           `json:"rows"`
	Split    string         `json:"split"` // how rows were held out: "column" or "hash"
	Source   dataset.Source `json:"source"`
	Issues   map[string]int `json:"issues"` // findings per code
	SHA256   string         `json:"sha256"` // of the raw data
	Rungs    []rung         `json:"rungs"`
	Scores   []tune.Score   `json:"scores"`         // every candidate searched so far
	Best     *chosen        `json:"best,omitempty"` // set by the last Select
	Parent   int            `json:"parent,omitempty"`
}

// rung is one round of the search: tasks that run side by side.
type rung struct {
	Tasks []task `json:"tasks"`
}

// task is the work of one function: one recipe on one fold, along a path of C.
type task struct {
	Recipe string    `json:"recipe"`
	Loss   string    `json:"loss"`
	Fold   int       `json:"fold"`
	C      []float64 `json:"c"`
}

// chosen is the candidate that won.
type chosen struct {
	tune.Candidate
	Rung int `json:"rung"` // whose tasks hold its out-of-fold margins
}

// scored is what a task found.
type scored struct {
	Rung   int       `json:"rung"`
	Task   int       `json:"task"`
	Rows   int       `json:"rows"`   // held out in the fold
	Values []float64 `json:"values"` // of the metric, one per C
	Terms  int64     `json:"terms"`  // size of the vocabulary
}

// wantedC are the regularisation strengths `auto` tries: one first, and its
// neighbours for the recipe that won. They are the middle of the range in
// which a linear SVM on unit-length TF-IDF rows changes at all.
var firstC, neighbourC = []float64{1}, []float64{.3, 3}

// recipeNames are the features the search compares, small ones first.
func recipeNames(s Settings) []string {
	if len(s.Params.Features) > 0 {
		return s.Params.Features
	}
	return []string{"word", "union"}
}

// firstRung lists the tasks of rung 0.
func firstRung(s Settings, recipes []string, folds int) rung {
	path := s.Params.C
	if len(path) == 0 {
		path = firstC
	}
	var r rung
	for _, name := range recipes {
		for f := range folds {
			r.Tasks = append(r.Tasks, task{Recipe: name, Loss: s.Params.Loss, Fold: f, C: path})
		}
	}
	return r
}

// nextRung lists the tasks that follow rung 0, or none when the search is over:
// a caller who gave the path of C gets exactly that path.
func nextRung(s Settings, last int, best tune.Candidate, folds int) rung {
	if last > 0 || len(s.Params.C) > 0 {
		return rung{}
	}
	var r rung
	for f := range folds {
		r.Tasks = append(r.Tasks, task{Recipe: best.Recipe, Loss: best.Loss, Fold: f, C: neighbourC})
	}
	return r
}

func (r rung) numbers() []int {
	n := make([]int, len(r.Tasks))
	for i := range n {
		n[i] = i
	}
	return n
}
