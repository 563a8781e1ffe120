package training

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"godwit/shared/fault"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/cocoa"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
	"godwit/shared/registry"
)

// Engine rows is for texts whose matrix no function holds. Prepare deals the rows
// out to shards; a step for each shard counts, encodes and trains its own rows,
// and single steps between them put together what all shards need: Vocabulary the
// counts, Reduce the weights, round by round (package cocoa), Settle a fold's
// scores or a model. These states are gone through once for each phase:
//
//	search      one fold held out, along the path of C
//	evaluation  all training rows at the C that was chosen
//	served      all rows
//
// What a step leaves is named after attempt, phase and round, and made of
// nothing but what steps before it left, so that each may run twice.

const (
	// shardsAsked is into how many shards the rows of a job that asked for them go,
	// if memory asks for no more.
	shardsAsked = 4
	// shardLeast is how many rows to learn from a shard needs to be worth a function.
	shardLeast = 8
	// shardMost bounds the shards: Reduce reads a file of each in every round.
	shardMost = 1000
	// shardShare is the share of a function's memory for a shard's matrix and the
	// solver's copy of it: beside them it holds the weights of all common columns,
	// and what it found, as values and as the file that it writes.
	shardShare = .25
	// roundWork bounds a shard's round, in non-zeros times classes: minutes on one core.
	roundWork = 2e10
	// textEach is how many times its bytes a text takes while its terms are counted.
	textEach = 4
	// rowsMost bounds the rows of a job that asked for this engine, as MaxFileBytes
	// does their file: Prepare, which counts and encodes nothing, holds the texts and
	// what it knows of each row in memory once: 2.6 GiB for 2,500,000 rows of 750 MB.
	rowsMost = 2_500_000
	// widthShare is the share of a function's memory for what Reduce holds.
	widthShare = .75
	// sampled is on how many rows the non-zeros of all are estimated.
	sampled = 2000
)

// MaxFileBytes is the most of a file, after decompression, that any job reads: one
// of engine rows. Other jobs read what dataset.Options allows by default.
const MaxFileBytes = 768 << 20

// rowsPath are the costs that engine rows tries unless the caller names others:
// each begins where the one before it ended.
var rowsPath = []float64{.3, 1, 3}

// shards is what engine rows adds to a plan.
type shards struct {
	Count    int   `json:"count"`
	NonZeros int64 `json:"non_zeros"` // of all rows, estimated
	Fold     int   `json:"fold"`      // that is held out in the search
	// Balance is by what the rows of each class are weighed, for each phase in the
	// order of phases; nil when all count as they are.
	Balance [][]float32 `json:"balance,omitempty"`
}

// checkRows complains about what training by rows cannot do, if that is asked for.
func (s Settings) checkRows() error {
	if s.Engine != engineRows {
		return nil
	}
	return s.unfitForRows()
}

// unfitForRows complains about settings that training by rows cannot follow.
func (s Settings) unfitForRows() error {
	learner := s.learner()
	switch {
	case s.Task != "" && s.Task != registry.TextClassification:
		return bad("/engine", "rows divides texts alone: choose auto, one or classes for %s", s.Task)
	case learner != "" && learner != pipeline.SVM:
		return bad("/algorithm", "engine rows trains linear-svm alone: choose that or auto, or another engine")
	case s.Params.Solver == solverSGD:
		return bad("/params/solver", "engine rows has a solver of its own: leave it out, or choose another engine")
	case s.Params.HashBits > 0:
		return bad("/params/hash_bits", "engine rows keeps the terms: leave it out and choose params.min_docs to have fewer of them, or choose another engine")
	case len(s.Params.Features) > 1:
		return bad("/params/features", "engine rows trains on one kind of features: name word or union")
	case s.Search.Strategy == "halving":
		return bad("/search/strategy", "engine rows tries a path of C on one fold: choose grid")
	}
	return nil
}

// divide decides whether the rows are divided over functions and into how many
// shards, nil for not at all: when that is asked for, and when it is left to it
// and the matrix of all would not fit into the function's memory, by what a
// sample of the texts says of its non-zeros. why tells people.
func (s *Steps) divide(ctx context.Context, settings Settings, in *input, r *rows) (sh *shards, why string, err error) {
	asked := settings.Engine == engineRows
	open := settings.Engine == "" || settings.Engine == engineAuto
	if !asked && (!open || settings.unfitForRows() != nil || cmp.Or(settings.Params.Solver, solverAuto) != solverAuto || in.task != registry.TextClassification) {
		return nil, "", nil
	}
	memory := float64(cmp.Or(s.FunctionBytes, functionBytes))
	if !asked {
		all, err := nonZeros(ctx, in.set.Rows, featureNames(settings), s.Workers)
		if err != nil || float64(all)*matrixEach <= memory*matrixShare {
			return nil, "", err
		}
		why = fmt.Sprintf("engine rows: the matrix of about %d non-zeros would take %.0f MB, more than the %.0f MB there are for it; ", all, float64(all)*matrixEach/(1<<20), memory*matrixShare/(1<<20))
	}
	sh = &shards{}
	if r.Forward {
		sh.Fold = r.folds() - 1 // which learns from most
	}
	learn, _ := r.fold(sh.Fold)
	if sh.NonZeros, err = nonZeros(ctx, in.set.Rows, rowsFeatures(settings), s.Workers); err != nil {
		return nil, "", err
	}
	bytes := 0
	for i := range in.set.Rows {
		bytes += len(in.set.Rows[i].Text)
	}
	held := max(float64(sh.NonZeros)*matrixEach, float64(bytes)*textEach) / (memory * shardShare)
	need := int(math.Ceil(max(held, float64(sh.NonZeros)*float64(len(r.Labels))/roundWork)))
	most := max(1, min(len(learn)/shardLeast, shardMost))
	if !asked && need > most {
		return nil, "", nil // more than rows can be divided into: left to Settings.solver
	}
	sh.Count = min(max(shardsAsked, need), most)
	return sh, fmt.Sprintf("%s%d rows are divided over %d functions", why, r.len(), sh.Count), nil
}

// rowsFeatures are the features that engine rows trains on, one kind.
func rowsFeatures(s Settings) []string {
	if len(s.Params.Features) > 0 {
		return s.Params.Features[:1]
	}
	return featureNames(Settings{Task: registry.TextClassification})[:1]
}

// nonZeros estimates the (row, term) pairs of texts from evenly spaced ones.
func nonZeros(ctx context.Context, set []dataset.Row, features []string, workers int) (int64, error) {
	var recipes []text.Recipe
	for _, name := range features {
		if recipe, known := text.RecipeNamed(name); known {
			recipes = append(recipes, recipe)
		}
	}
	n := min(len(set), sampled)
	docs, here, all := make([]string, n), 0, 0
	for i := range docs {
		docs[i] = set[i*len(set)/n].Text
		here += len(docs[i])
	}
	for i := range set {
		all += len(set[i].Text)
	}
	corpus, err := text.Count(ctx, docs, recipes, workers, nil)
	if err != nil {
		return 0, fmt.Errorf("count a sample: %w", err)
	}
	return int64(float64(corpus.NonZeros()) * float64(all) / float64(max(here, 1))), nil
}

// openRows opens the search of engine rows: one task, whose fold all shards score
// together. A budget shortens the path.
func (p *plan) openRows() {
	v := p.variant(p.Features[0], pipeline.SVM)
	path, each := p.path(v), p.Work/float64(p.Folds)
	if b := p.Settings.Search.Budget; b > 0 && each > 0 {
		path = path[:min(len(path), max(int(b/each), 1))]
	}
	p.Spent = each * float64(len(path))
	p.Rungs = []rung{{Tasks: []task{{variant: v, Fold: p.Shards.Fold, C: path, Share: 1}}}}
}

// svm are the settings of a training at a cost, which all its steps share. rounds
// is after how many it stops whatever the gap.
func (p *plan) svm(c float64, rounds int) cocoa.SVM {
	return cocoa.SVM{Loss: linear.Loss(p.Rungs[0].Tasks[0].Loss), C: c, Seed: p.Settings.Seed, Tolerance: closedGap, Rounds: rounds}
}

// balance works out by what the rows of each class are weighed in each phase.
func (p *plan) balance(r *rows) {
	if p.Rungs[0].Tasks[0].Balance != pipeline.BalanceSqrt {
		return
	}
	roles := r.roles(p.Shards.Fold)
	class := make([]int32, len(r.Labels))
	for c := range class {
		class[c] = int32(c)
	}
	for _, phase := range phases {
		sum := make([]float32, len(class))
		for i, y := range r.Y {
			if phase.learns(roles[i]) {
				sum[y] += r.Weight[i]
			}
		}
		// One row for each class that weighs what all of its rows do.
		factor := linear.SquareRootBalanced(class, sum, len(class))
		for c := range factor {
			factor[c] /= max(sum[c], math.SmallestNonzeroFloat32)
		}
		p.Shards.Balance = append(p.Shards.Balance, factor)
	}
}

// twoClasses refuses rows to learn from that are of one class.
func (s *Steps) twoClasses(ctx context.Context, job Job, r *rows, fold int) error {
	learn, _ := r.fold(fold)
	for _, i := range learn {
		if r.Y[i] != r.Y[learn[0]] {
			return nil
		}
	}
	return s.refuse(ctx, job, fault.Wrap(fault.Invalid, pipeline.ErrOneClass, "there are too few different rows to learn from some and test on others"), nil)
}
