package training

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"godwit/shared/fault"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/weights"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tabular"
	"godwit/shared/registry"
)

// The metrics a gate may name, by the direction in which they are better.
var (
	rising  = []string{"accuracy", "macro_f1", "micro_f1", "weighted_f1", "precision", "recall", "f1", "r2"}
	falling = []string{"rmse", "mae", "loss", "ece"}
)

// bad returns the error for one field of the settings.
func bad(pointer, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	return fault.New(fault.Invalid, "%s: %s", pointer, text).WithDetails(fault.Detail{Pointer: pointer, Text: text})
}

// oneOf complains unless value is one of the choices or empty.
func oneOf(pointer, value string, choices ...string) error {
	if value == "" || slices.Contains(choices, value) {
		return nil
	}
	return bad(pointer, "choose one of %v", choices)
}

// check returns the first thing that is wrong with the settings, by field.
func (s Settings) check() error {
	for _, part := range []func() error{s.checkChoices, s.checkTask, s.checkParams, s.checkSearch, s.checkGate} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

func (s Settings) checkChoices() error {
	for _, err := range []error{
		oneOf("/task", string(s.Task), string(registry.TextClassification), string(registry.TableClassification), string(registry.TableRegression), string(registry.ImageClassification)),
		oneOf("/algorithm", s.Algorithm, "auto", pipeline.LinearSVM, pipeline.LogisticRegression, pipeline.RidgeRegression, pipeline.CNN, pipeline.RNN),
		oneOf("/params/learner", s.Params.Learner, pipeline.SVM, pipeline.Logistic, pipeline.Ridge, pipeline.CNN, pipeline.RNN),
		oneOf("/params/loss", s.Params.Loss, "squared_hinge", "hinge"),
		oneOf("/params/class_weight", s.Params.ClassWeight, "none", pipeline.BalanceSqrt),
		oneOf("/split/by", s.Split.By, dataset.ByTime),
		oneOf("/search/strategy", s.Search.Strategy, "grid", "halving"),
		oneOf("/engine", s.Engine, engineAuto, engineOne, engineClasses, engineRows),
		oneOf("/metric", s.Metric, "accuracy", "macro_f1", "rmse"),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkTask holds the task against what was asked beside it.
func (s Settings) checkTask() error {
	regression := s.Task == registry.TableRegression
	if l := learners[s.Algorithm]; l != "" && s.Params.Learner != "" && l != s.Params.Learner {
		return bad("/params/learner", "%s is not the learner of %s", s.Params.Learner, s.Algorithm)
	}
	if l := s.learner(); s.Params.Loss != "" && (regression || l != "" && l != pipeline.SVM) {
		return bad("/params/loss", "only svm has a choice: leave it out, or choose the algorithm linear-svm")
	}
	if s.Task == "" {
		return nil
	}
	if s.IncludeFeedback && s.Task != registry.TextClassification {
		return bad("/include_feedback", "only feedback on texts can be trained on")
	}
	if l := s.learner(); l != "" && !suits(l, s.Task) {
		return bad("/algorithm", "%s does not do %s", l, s.Task)
	}
	if s.Params.MinDocs != 0 && s.Task != registry.TextClassification {
		return bad("/params/min_docs", "only texts have terms to count")
	}
	if s.Task == registry.ImageClassification && (len(s.Columns.Text) > 0 || s.Columns.Label != "") {
		return bad("/columns", "an archive of images has no columns: its folders are the labels")
	}
	if regression && s.Params.ClassWeight == pipeline.BalanceSqrt {
		return bad("/params/class_weight", "a number has no classes to weigh")
	}
	if s.Metric != "" && regression != (s.Metric == "rmse") {
		return bad("/metric", "%s does not measure %s", s.Metric, s.Task)
	}
	return s.checkFeatures(s.Task)
}

// suits reports whether a learner does a task.
func suits(learner string, task registry.Task) bool {
	switch learner {
	case pipeline.Ridge:
		return task == registry.TableRegression
	case pipeline.CNN:
		return task == registry.ImageClassification
	case pipeline.RNN:
		return task == registry.TextClassification
	}
	return task == registry.TextClassification || task == registry.TableClassification
}

// checkFeatures complains about features that a task does not have; of task ""
// those that no task has.
func (s Settings) checkFeatures(task registry.Task) error {
	known := map[registry.Task][]string{
		registry.TextClassification:  {"word", "union"},
		registry.TableClassification: {string(tabular.Plain), string(tabular.Curved), string(tabular.Binned)},
		registry.ImageClassification: imageRecipes,
	}
	known[registry.TableRegression] = known[registry.TableClassification]
	known[""] = slices.Concat(known[registry.TextClassification], known[registry.TableClassification], imageRecipes)
	if s.learner() == pipeline.RNN && len(s.Params.Features) > 0 {
		return bad("/params/features", "a network has none to choose; name its cell in params.cell")
	}
	for i, name := range s.Params.Features {
		if !slices.Contains(known[task], name) {
			return bad(fmt.Sprintf("/params/features/%d", i), "choose word or union for texts, plain, curved or binned for tables, plain, shifted or mirrored for images")
		}
	}
	return nil
}

func (s Settings) checkParams() error {
	if len(s.Params.C) > 20 {
		return bad("/params/c", "at most 20 values")
	}
	for i, c := range s.Params.C {
		if !(c > 0 && c <= 1e6) {
			return bad(fmt.Sprintf("/params/c/%d", i), "a number above 0 and at most 1e6")
		}
	}
	if n := s.Params.MinDocs; n < 0 || n > 1000 {
		return bad("/params/min_docs", "a number from 1 to 1000")
	}
	return s.checkFeatures("")
}

// checkNetwork complains about params of networks that are out of range, and
// about those of one kind of model beside another.
func (s Settings) checkNetwork() error {
	p, images := s.Params, s.Task == registry.ImageClassification || s.learner() == pipeline.CNN
	rnn := s.learner() == pipeline.RNN
	own := p.NetworkParams // what a linear model has no use for
	if p.Solver == solverSGD {
		own.Epochs = 0
	}
	within := func(n, most int) bool { return n >= 0 && n <= most }
	switch {
	case !within(p.Epochs, 200):
		return bad("/params/epochs", "a number from 1 to 200")
	case !(p.LearningRate >= 0 && p.LearningRate <= 1):
		return bad("/params/learning_rate", "a number above 0 and at most 1")
	case p.Dropout != nil && !(*p.Dropout >= 0 && *p.Dropout <= .9):
		return bad("/params/dropout", "a number from 0 to 0.9")
	case !within(p.Hidden, neural.MaxUnits):
		return bad("/params/hidden", "a number from 1 to %d", neural.MaxUnits)
	case !within(p.Embedding, neural.MaxUnits):
		return bad("/params/embedding", "a number from 1 to %d", neural.MaxUnits)
	case !images && !rnn && (s.Task != "" || s.learner() != "") && own != (NetworkParams{}):
		return bad("/params", "epochs, cell and the like are those of networks: choose the algorithm rnn, or cnn for images; solver sgd has epochs too")
	case images && (p.Cell != "" || p.Hidden != 0 || p.Embedding != 0 || p.Bidirectional != nil):
		return bad("/params", "cell, hidden, embedding and bidirectional are those of rnn")
	case (images || rnn) && (len(p.C) > 0 || p.Loss != "" || p.MinDocs != 0 || p.HashBits != 0):
		return bad("/params", "c, loss, min_docs and hash_bits are those of linear models")
	case (images || rnn) && s.Search.Strategy == "halving":
		return bad("/search/strategy", "networks are searched by grid")
	}
	return cmp.Or(oneOf("/params/cell", p.Cell, textCells...), oneOf("/params/quantise", p.Quantise, "none", string(weights.Float16), string(weights.Int8)))
}

func (s Settings) checkSearch() error {
	if f := s.Search.Folds; f != 0 && (f < 2 || f > 20) {
		return bad("/search/folds", "a number from 2 to 20")
	}
	if b := s.Search.Budget; !(b >= 0) || math.IsInf(b, 0) {
		return bad("/search/budget", "a number of work units, 0 for no bound")
	}
	if t := s.Split.Test; t != 0 && !(t >= .01 && t <= .5) {
		return bad("/split/test", "a share from 0.01 to 0.5")
	}
	if s.Split.Column != "" && s.Split.By != dataset.ByTime {
		return bad("/split/column", "only with a split by time")
	}
	return nil
}

func (s Settings) checkGate() error {
	for _, name := range slices.Sorted(maps.Keys(s.Gate.Min)) {
		if v := s.Gate.Min[name]; !slices.Contains(rising, name) || !(v >= -1 && v <= 1) || v < 0 && name != "r2" {
			return bad("/gate/min/"+name, "one of %v with a value from 0 to 1", rising)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Gate.Max)) {
		if v := s.Gate.Max[name]; !slices.Contains(falling, name) || !(v >= 0) || math.IsInf(v, 0) {
			return bad("/gate/max/"+name, "one of %v with a value from 0 on", falling)
		}
	}
	if s.PromoteTo != "" && s.PromoteTo != "none" {
		if _, err := registry.ParseAlias(string(s.PromoteTo)); err != nil {
			return bad("/promote_to", "not an alias")
		}
	}
	if s.Gate.NotWorseThan != "" {
		if _, err := registry.ParseAlias(string(s.Gate.NotWorseThan)); err != nil {
			return bad("/gate/not_worse_than", "not an alias")
		}
	}
	return nil
}
