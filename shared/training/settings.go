package training

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"godwit/shared/fault"
	"godwit/shared/ml/text"
	"godwit/shared/registry"
)

// Settings say how to train. The zero value is `auto` with every default.
type Settings struct {
	Task      registry.Task      `json:"task,omitempty"`       // default: text-classification
	Algorithm string             `json:"algorithm,omitempty"`  // auto (default) or linear-svm
	Params    Params             `json:"params,omitzero"`      // fixed by the caller; the rest is searched
	Search    Search             `json:"search,omitzero"`      //
	Metric    string             `json:"metric,omitempty"`     // accuracy or macro_f1; default by class balance
	Columns   Columns            `json:"columns,omitzero"`     //
	Split     SplitSettings      `json:"split,omitzero"`       //
	Gate      GateSettings       `json:"gate,omitzero"`        //
	PromoteTo registry.AliasName `json:"promote_to,omitempty"` // default champion; "none" promotes nothing
	Seed      uint64             `json:"seed,omitempty"`       //
}

// Params narrow the candidates of the search.
type Params struct {
	C        []float64 `json:"c,omitempty"`        // regularisation path, each in (0, 1e6]
	Loss     string    `json:"loss,omitempty"`     // squared_hinge (default) or hinge
	Features []string  `json:"features,omitempty"` // recipes: word, union
}

// Search says how candidates are compared.
type Search struct {
	Strategy string `json:"strategy,omitempty"` // grid (default): every candidate on every fold
	Folds    int    `json:"folds,omitempty"`    // 2 to 20, default 5
}

// Columns name the columns of the data; empty ones are found out.
type Columns struct {
	Text  []string `json:"text,omitempty"`
	Label string   `json:"label,omitempty"`
}

// SplitSettings say which rows are held out.
type SplitSettings struct {
	Test  float64 `json:"test,omitempty"`  // share held out, .01 to .5, default .1
	Seed  uint64  `json:"seed,omitempty"`  // changes which rows are held out
	Refit *bool   `json:"refit,omitempty"` // train the served model on all rows; default true
}

// GateSettings say when a version may be promoted.
type GateSettings struct {
	Min          map[string]float64 `json:"min,omitempty"`            // least value of headline metrics
	NotWorseThan registry.AliasName `json:"not_worse_than,omitempty"` // default champion
}

// headline are the metrics a gate may name.
var headline = []string{"accuracy", "macro_f1", "micro_f1", "weighted_f1", "macro_precision", "macro_recall"}

// ParseSettings decodes and checks settings; nil or empty data is auto. The
// error is fault.Invalid (fault.Malformed when it is not JSON) and names the field.
func ParseSettings(data json.RawMessage) (Settings, error) {
	var s Settings
	if len(bytes.TrimSpace(data)) > 0 {
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&s); err != nil {
			return s, fault.Wrap(fault.Malformed, err, "the training settings are not valid: %s", describeJSON(err))
		}
		if _, err := dec.Token(); !errors.Is(err, io.EOF) {
			return s, fault.New(fault.Malformed, "the training settings hold more than one JSON value")
		}
	}
	return s, s.check()
}

func describeJSON(err error) string {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("%s must be a %s", t.Field, t.Type)
	}
	return "not JSON, or an unknown field"
}

func (s Settings) check() error {
	bad := func(pointer, format string, args ...any) error {
		text := fmt.Sprintf(format, args...)
		return fault.New(fault.Invalid, "%s: %s", pointer, text).WithDetails(fault.Detail{Pointer: pointer, Text: text})
	}
	if s.Task != "" && s.Task != registry.TextClassification {
		return bad("/task", "this build trains %q", registry.TextClassification)
	}
	if !slices.Contains([]string{"", "auto", "linear-svm"}, s.Algorithm) {
		return bad("/algorithm", "choose auto or linear-svm")
	}
	if !slices.Contains([]string{"", "squared_hinge", "hinge"}, s.Params.Loss) {
		return bad("/params/loss", "choose squared_hinge or hinge")
	}
	if len(s.Params.C) > 20 {
		return bad("/params/c", "at most 20 values")
	}
	for i, c := range s.Params.C {
		if !(c > 0 && c <= 1e6) {
			return bad(fmt.Sprintf("/params/c/%d", i), "a number above 0 and at most 1e6")
		}
	}
	for i, name := range s.Params.Features {
		if _, ok := text.RecipeNamed(name); !ok {
			return bad(fmt.Sprintf("/params/features/%d", i), "choose word or union")
		}
	}
	if !slices.Contains([]string{"", "grid"}, s.Search.Strategy) {
		return bad("/search/strategy", "choose grid")
	}
	if f := s.Search.Folds; f != 0 && (f < 2 || f > 20) {
		return bad("/search/folds", "a number from 2 to 20")
	}
	if !slices.Contains([]string{"", "accuracy", "macro_f1"}, s.Metric) {
		return bad("/metric", "choose accuracy or macro_f1")
	}
	if t := s.Split.Test; t != 0 && !(t >= .01 && t <= .5) {
		return bad("/split/test", "a share from 0.01 to 0.5")
	}
	for name, v := range s.Gate.Min {
		if !slices.Contains(headline, name) || math.IsNaN(v) || v < 0 || v > 1 {
			return bad("/gate/min/"+name, "one of %v with a value from 0 to 1", headline)
		}
	}
	for pointer, alias := range map[string]registry.AliasName{"/promote_to": s.PromoteTo, "/gate/not_worse_than": s.Gate.NotWorseThan} {
		if alias == "" {
			continue
		}
		if _, err := registry.ParseAlias(string(alias)); err != nil {
			return bad(pointer, "not an alias")
		}
	}
	return nil
}

// resolved returns s with every default filled in, but for the metric, which
// depends on the data.
func (s Settings) resolved() Settings {
	if s.Task == "" {
		s.Task = registry.TextClassification
	}
	if s.Algorithm == "" {
		s.Algorithm = "auto"
	}
	if s.Params.Loss == "" {
		s.Params.Loss = "squared_hinge"
	}
	if s.Search.Strategy == "" {
		s.Search.Strategy = "grid"
	}
	if s.Search.Folds == 0 {
		s.Search.Folds = 5
	}
	if s.Split.Test == 0 {
		s.Split.Test = .1
	}
	if s.Split.Refit == nil {
		yes := true
		s.Split.Refit = &yes
	}
	if s.Gate.NotWorseThan == "" {
		s.Gate.NotWorseThan = registry.Champion
	}
	if s.PromoteTo == "" {
		s.PromoteTo = registry.Champion
	}
	return s
}
