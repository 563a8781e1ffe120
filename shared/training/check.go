package training

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"godwit/shared/fault"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tabular"
	"godwit/shared/ml/text"
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
		oneOf("/task", string(s.Task), string(registry.TextClassification), string(registry.TableClassification), string(registry.TableRegression)),
		oneOf("/algorithm", s.Algorithm, "auto", pipeline.LinearSVM, pipeline.LogisticRegression, pipeline.RidgeRegression),
		oneOf("/params/learner", s.Params.Learner, pipeline.SVM, pipeline.Logistic, pipeline.Ridge),
		oneOf("/params/loss", s.Params.Loss, "squared_hinge", "hinge"),
		oneOf("/params/class_weight", s.Params.ClassWeight, "none", pipeline.BalanceSqrt),
		oneOf("/split/by", s.Split.By, dataset.ByTime),
		oneOf("/search/strategy", s.Search.Strategy, "grid", "halving"),
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
	if s.Task == "" {
		return nil
	}
	if l := s.learner(); l != "" && regression != (l == pipeline.Ridge) {
		return bad("/algorithm", "%s does not do %s", l, s.Task)
	}
	if s.Metric != "" && regression != (s.Metric == "rmse") {
		return bad("/metric", "%s does not measure %s", s.Metric, s.Task)
	}
	for i, name := range s.Params.Features {
		_, recipe := text.RecipeNamed(name)
		switch {
		case s.Task == registry.TextClassification && !recipe:
			return bad(fmt.Sprintf("/params/features/%d", i), "choose word or union for texts")
		case s.Task != registry.TextClassification && recipe:
			return bad(fmt.Sprintf("/params/features/%d", i), "choose plain, curved or binned for tables")
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
	shapes := []string{string(tabular.Plain), string(tabular.Curved), string(tabular.Binned)}
	for i, name := range s.Params.Features {
		if _, ok := text.RecipeNamed(name); !ok && !slices.Contains(shapes, name) {
			return bad(fmt.Sprintf("/params/features/%d", i), "choose word or union for texts, plain, curved or binned for tables")
		}
	}
	return nil
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
