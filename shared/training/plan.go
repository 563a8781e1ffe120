package training

import (
	"slices"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tune"
	"godwit/shared/registry"
)

// plan is what Prepare decides and Select continues: which candidates are
// scored in which rung. It lives in the job's work folder.
type plan struct {
	Settings Settings       `json:"settings"`         // resolved
	Reason   string         `json:"reason,omitempty"` // for the task, when it was found out
	Labels   []string       `json:"labels"`
	Counts   []int          `json:"counts"` // rows per label
	Rows     Rows           `json:"rows"`
	Split    string         `json:"split"` // how rows were held out: "column", "hash" or "time"
	Source   dataset.Source `json:"source"`
	Issues   map[string]int `json:"issues"` // findings per code
	SHA256   string         `json:"sha256"` // of the raw data
	Features []string       `json:"features"`
	Folds    int            `json:"folds"`
	Forward  bool           `json:"forward,omitempty"` // whether they go forward in time
	Work     float64        `json:"work"`              // units of one candidate on all folds
	Spent    float64        `json:"spent"`             // units of the rungs so far
	// NetworkWork is the units of one epoch of a network over the training rows, 0
	// when none is tried; Side the longer one of images, in pixels.
	NetworkWork float64      `json:"network_work,omitempty"`
	Side        int          `json:"side,omitempty"`
	Halving     []tune.Rung  `json:"halving"`        // the rounds to come and gone; nil for a grid
	Rungs       []rung       `json:"rungs"`          // opened so far
	Scores      []tune.Score `json:"scores"`         // every candidate searched so far
	Best        *chosen      `json:"best,omitempty"` // set by the last Select
	Parent      int          `json:"parent,omitempty"`
	Shards      *shards      `json:"shards,omitempty"` // of engine rows
}

// rung is one round of the search: tasks that run side by side.
type rung struct {
	Tasks []task `json:"tasks"`
}

// variant is a candidate without its C: what one task walks the path of C for.
type variant struct {
	Recipe   string `json:"recipe"` // of features; for tables the shape of numbers
	Learner  string `json:"learner"`
	Loss     string `json:"loss,omitempty"`
	Balance  string `json:"balance,omitempty"`
	MinDocs  int    `json:"min_docs,omitempty"`
	HashBits int    `json:"hash_bits,omitempty"`

	MultiClass string       `json:"multi_class,omitempty"`
	Descent    tune.Descent `json:"descent,omitzero"`
}

// at returns the candidate of the variant with that C.
func (v variant) at(c float64) tune.Candidate {
	return tune.Candidate{
		Recipe: v.Recipe, Learner: v.Learner, Loss: v.Loss, Balance: v.Balance, MinDocs: v.MinDocs, HashBits: v.HashBits,
		MultiClass: v.MultiClass, Descent: v.Descent, C: c,
	}
}

func variantOf(c tune.Candidate) variant {
	return variant{
		Recipe: c.Recipe, Learner: c.Learner, Loss: c.Loss, Balance: c.Balance, MinDocs: c.MinDocs, HashBits: c.HashBits,
		MultiClass: c.MultiClass, Descent: c.Descent,
	}
}

// task is the work of one function: one variant on one fold, along a path of C.
type task struct {
	variant
	Fold  int       `json:"fold"`
	C     []float64 `json:"c"`     // ascending
	Share float64   `json:"share"` // of the fold's training rows to learn from
}

// chosen is the candidate that won.
type chosen struct {
	tune.Candidate
	Rung int `json:"rung"` // whose tasks hold its out-of-fold margins
	// Pruning is how far its weights are pruned and what comes of it, nil for a
	// table, which is not pruned.
	Pruning *pipeline.Pruning `json:"pruning,omitempty"`
	Terms   int64             `json:"terms"` // of the model whose pruning was measured
}

// at returns the place of the candidate in the path of a task, -1 when the task
// is not one of its own.
func (c *chosen) at(t task) int {
	if t.variant != variantOf(c.Candidate) {
		return -1
	}
	return slices.Index(t.C, c.C)
}

// scored is what a task found.
type scored struct {
	Terms   int64                `json:"terms"`             // size of the model, of the fold that measures it
	Epochs  []Epoch              `json:"epochs,omitempty"`  // of a network
	Values  []tally              `json:"values"`            // one per C
	Pruning [][]pipeline.Pruning `json:"pruning,omitempty"` // one ladder per C, of the fold that measures it
}

func (r rung) numbers() []int {
	n := make([]int, len(r.Tasks))
	for i := range n {
		n[i] = i
	}
	return n
}

// regression reports whether numbers are predicted.
func (p *plan) regression() bool { return p.Settings.Task == registry.TableRegression }

// table reports whether rows are cells rather than texts.
func (p *plan) table() bool {
	return p.Settings.Task == registry.TableClassification || p.Settings.Task == registry.TableRegression
}

// images reports whether rows are images.
func (p *plan) images() bool { return p.Settings.Task == registry.ImageClassification }

// network reports whether the candidate that won is a network.
func (p *plan) network() bool { return variantOf(p.Best.Candidate).isNetwork() }

// imbalance is the ratio of the largest to the smallest class, 1 for numbers.
func (p *plan) imbalance() float64 {
	if len(p.Counts) == 0 {
		return 1
	}
	return float64(slices.Max(p.Counts)) / float64(max(1, slices.Min(p.Counts)))
}

// score returns the score of a candidate, or a zero one.
func (p *plan) score(c tune.Candidate) tune.Score {
	best := tune.Score{}
	for _, s := range p.Scores {
		if s.Candidate == c && s.Share >= best.Share {
			best = s
		}
	}
	return best
}
