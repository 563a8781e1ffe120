package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"godwit/shared/fault"
	"godwit/shared/ml/metric"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// compareOptions document what compareVersions reads.
func compareOptions() []Filter {
	const form = ": an alias, a number or versions/7"
	return []Filter{
		{Name: "base", Doc: "what to compare with" + form + "; by default champion"},
		{Name: "candidate", Doc: "what to judge" + form + "; needed"},
	}
}

// compareVersions answers with what differs between two versions.
func compareVersions(x *exchange) error {
	base, err := x.side("base", string(registry.Champion))
	if err != nil {
		return err
	}
	candidate, err := x.side("candidate", "")
	if err != nil {
		return err
	}
	out, err := comparisonOf(base, candidate)
	if err != nil {
		return err
	}
	return x.json(200, out)
}

// side is a version with what its report says of it.
type side struct {
	registry.Version
	variant string
	report  struct {
		Test *struct {
			Classes []metric.Class `json:"classes"`
		} `json:"test"`
		Versus *training.Comparison `json:"versus"`
	}
}

// side reads the version that a query parameter names, and its report.
func (x *exchange) side(name, otherwise string) (side, error) {
	var out side
	p, err := registry.ParsePick(cmp.Or(x.r.URL.Query().Get(name), otherwise))
	if err != nil {
		return out, fault.New(fault.Invalid, "%s is an alias, a number or versions/7", name).WithReason("invalid_filter")
	}
	out.Version, out.variant, err = x.Registry.Resolve(x.r.Context(), x.tenant(), p.Of(x.ref.Model))
	if err != nil {
		return out, err
	}
	raw, err := x.report(out.Version)
	if raw != nil && json.Unmarshal(raw, &out.report) != nil {
		// Of another build: the records still tell most.
		out.report.Test, out.report.Versus = nil, nil
	}
	return out, err
}

// comparisonOf puts a comparison together.
func comparisonOf(base, candidate side) (VersionComparison, error) {
	out := VersionComparison{
		Model: string(candidate.Model), Base: base.compared(), Candidate: candidate.compared(),
		Test: differences(base.Test, candidate.Test), CV: differences(base.CV, candidate.CV),
		Classes: classDifferences(base, candidate),
	}
	// Settings are stored with every default filled in, so what differs here
	// differs in effect, not in what somebody bothered to write.
	var err error
	if out.Settings, err = changes(base.Settings, candidate.Settings); err != nil {
		return out, err
	}
	if out.Lineage, err = lineageChanges(base.Lineage, candidate.Lineage); err != nil {
		return out, err
	}
	out.Reason = incomparable(base, candidate, out.Settings)
	out.Comparable = out.Reason == ""
	// A verdict against another champion says nothing about this base, and one on
	// no rows says nothing at all.
	if v := candidate.report.Versus; v != nil && v.Version == base.Number && v.Rows > 0 {
		out.Verdict = &PairedVerdict{
			Rows: v.Rows, Metric: v.Metric, Base: v.Champion, Candidate: v.Candidate, Difference: v.Difference, Low: v.Low, High: v.High,
		}
	}
	return out, nil
}

// compared is the wire form of a side.
func (s side) compared() ComparedVersion {
	return ComparedVersion{
		Variant: s.variant, Version: s.Number, Status: string(s.Status()), Task: string(s.Task), Algorithm: s.Algorithm,
		Digest: string(s.Artifact.Digest), Size: s.Artifact.Size, CreatedAt: s.CreatedAt,
	}
}

// incomparable returns why the figures under test are not of the same rows, ""
// when they are. Rows are held out by the hash of their content under a salt,
// which is the model's name and the split's seed: the same data under the same
// split gives the same rows.
func incomparable(base, candidate side, settings []FieldDifference) string {
	differ := func(prefix string, but ...string) bool {
		return slices.ContainsFunc(settings, func(d FieldDifference) bool {
			return strings.HasPrefix(d.Pointer, prefix) && !slices.Contains(but, d.Pointer)
		})
	}
	switch {
	case base.Task != candidate.Task:
		return "task"
	case base.Lineage.DatasetSHA256 != candidate.Lineage.DatasetSHA256:
		return "data"
	case differ("/split", "/split/refit"): // whether the served model learned from all rows
		return "split"
	case differ("/columns"):
		return "columns"
	}
	return ""
}

// The metrics of which one direction is better. Of others, such as rows and
// baseline, the difference is shown without a judgement.
var (
	risingMetrics  = []string{"accuracy", "macro_f1", "micro_f1", "weighted_f1", "precision", "recall", "f1", "r2"}
	fallingMetrics = []string{"rmse", "mse", "mae", "loss", "ece"}
)

// differences are the figures both have, by name.
func differences(base, candidate map[string]float64) []MetricDifference {
	out := []MetricDifference{}
	// With their intervals: whether a difference counts for anything shows there.
	b, c := figuresOf(base), figuresOf(candidate)
	for _, name := range slices.Sorted(maps.Keys(c)) {
		was, both := b[name]
		if !both {
			continue
		}
		d := MetricDifference{Metric: name, Base: was, Candidate: c[name], Difference: c[name].Value - was.Value}
		gain := 0.
		switch {
		case slices.Contains(risingMetrics, name):
			gain = d.Difference
		case slices.Contains(fallingMetrics, name):
			gain = -d.Difference
		default:
			out = append(out, d)
			continue
		}
		d.Better = [...]string{"base", "neither", "candidate"}[cmp.Compare(gain, 0)+1]
		out = append(out, d)
	}
	return out
}

// classDifferences are the labels both reports have, the greatest loss of the
// candidate first.
func classDifferences(base, candidate side) []ClassDifference {
	out := []ClassDifference{}
	if base.report.Test == nil || candidate.report.Test == nil {
		return out
	}
	was := map[string]float64{}
	for _, c := range base.report.Test.Classes {
		was[c.Label] = c.F1
	}
	for _, c := range candidate.report.Test.Classes {
		if f1, both := was[c.Label]; both {
			out = append(out, ClassDifference{Label: c.Label, Base: f1, Candidate: c.F1, Difference: c.F1 - f1, Rows: c.Support})
		}
	}
	slices.SortStableFunc(out, func(a, b ClassDifference) int {
		return cmp.Or(cmp.Compare(a.Difference, b.Difference), strings.Compare(a.Label, b.Label))
	})
	return out
}

// lineageChanges are the fields of two lineages that differ.
func lineageChanges(base, candidate registry.Lineage) ([]FieldDifference, error) {
	b, err := json.Marshal(lineageOf(base))
	if err != nil {
		return nil, fmt.Errorf("encode lineage: %w", err)
	}
	c, err := json.Marshal(lineageOf(candidate))
	if err != nil {
		return nil, fmt.Errorf("encode lineage: %w", err)
	}
	return changes(b, c)
}

// changes are the fields in which two JSON values differ, by pointer. Objects
// are gone into, arrays are compared whole; nil is an object without fields.
func changes(base, candidate json.RawMessage) ([]FieldDifference, error) {
	b, c := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if err := leaves("", base, b); err != nil {
		return nil, err
	}
	if err := leaves("", candidate, c); err != nil {
		return nil, err
	}
	out := []FieldDifference{}
	pointers := slices.Sorted(maps.Keys(b))
	for p := range c {
		if _, both := b[p]; !both {
			pointers = append(pointers, p)
		}
	}
	slices.Sort(pointers)
	for _, p := range pointers {
		if !bytes.Equal(b[p], c[p]) {
			out = append(out, FieldDifference{Pointer: p, Base: b[p], Candidate: c[p]})
		}
	}
	return out, nil
}

// leaves puts every value of raw that is no object under its pointer. What is
// stored was written by one encoder, so equal values are equal bytes.
func leaves(at string, raw json.RawMessage, out map[string]json.RawMessage) error {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 {
		return nil
	}
	if raw[0] != '{' {
		out[at] = raw
		return nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return fmt.Errorf("read stored settings: %w", err)
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	for name, value := range fields {
		if err := leaves(at+"/"+escape.Replace(name), value, out); err != nil {
			return err
		}
	}
	return nil
}
