package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"godwit/shared/ml/tune"
	"godwit/shared/report/chart"
)

// measure is a line of the table of headline figures.
type measure struct{ Name, Value, Interval, Means string }

// about tells what the version is and what became of it.
func (v *view) about() {
	w, r := v.words, v.R
	v.Verdict = w.Held
	switch v.V.Gate.Promotion {
	case "promoted":
		v.Verdict = w.Promoted
	case "none":
		v.Verdict = w.NotAsked
	}
	if v.V.Gate.Detail != "" {
		v.Verdict += " · " + v.V.Gate.Detail
	}
	v.Lead = v.lead()
	stored := ""
	if k := r.Rounding; k != nil {
		stored = fmt.Sprintf(w.StoredCost, k.To, percent(k.Before), percent(k.After))
	}
	v.Facts = []fact{
		{w.Task, named(w.Tasks, string(v.V.Task)), false},
		{w.Algorithm, named(w.Algorithms, v.V.Algorithm), false},
		{w.Chosen, w.candidate(r.Chosen), false},
		{w.Labels, count(len(v.V.Labels)), false},
		{w.Verdict, v.Verdict, false},
		{w.CalibrationName, r.Calibration.Method, false},
		{w.Stored, stored, false},
		{w.Size, size(v.V.Artifact.Size), false},
		{w.Created, moment(v.V.CreatedAt), false},
		{w.Description, v.V.Description, false},
	}
	if len(v.V.Labels) == 0 {
		v.Facts[3].Value = ""
	}
	v.Facts = told(v.Facts)
}

// lead is the page in two sentences.
func (v *view) lead() string {
	w, t := v.words, v.R.Test
	trained := count(v.R.Rows.Trained)
	switch {
	case v.R.Algorithm == "":
		return w.LeadGone
	case t == nil:
		return fmt.Sprintf(w.LeadUntested, trained)
	case t.Report != nil:
		return fmt.Sprintf(w.LeadClasses, len(t.Classes), trained, count(t.Report.Rows), percent(t.Accuracy), percent(t.Report.Baseline))
	}
	return fmt.Sprintf(w.LeadNumbers, trained, count(t.Numbers.Rows), figure(t.Numbers.RMSE), figure(t.Numbers.Baseline))
}

// candidate writes the settings of a candidate.
func (w *words) candidate(c tune.Candidate) string {
	if c == (tune.Candidate{}) {
		return ""
	}
	parts := []string{c.Recipe, c.Learner, c.Loss, further(c)}
	switch {
	case isNetwork(c):
		parts = append(parts, w.path(c))
	case c.C > 0:
		parts = append(parts, "C "+w.path(c))
	}
	return joined(parts)
}

// further writes what most candidates have not.
func further(c tune.Candidate) string {
	parts := []string{}
	if c.Balance != "" {
		parts = append(parts, "class_weight "+c.Balance)
	}
	if c.MinDocs > 0 {
		parts = append(parts, fmt.Sprintf("min_docs %d", c.MinDocs))
	}
	if c.HashBits > 0 {
		parts = append(parts, fmt.Sprintf("hash_bits %d", c.HashBits))
	}
	if c.MultiClass != "" {
		parts = append(parts, "multi_class "+c.MultiClass)
	}
	if c.Descent.Method != "" {
		parts = append(parts, "solver "+c.Descent.Method)
	}
	return joined(parts)
}

// joined puts what is not empty in a row.
func joined(parts []string) string {
	var some []string
	for _, p := range parts {
		if p != "" {
			some = append(some, p)
		}
	}
	return strings.Join(some, " · ")
}

// told leaves out what there is nothing to say of.
func told(facts []fact) []fact {
	var out []fact
	for _, f := range facts {
		if f.Value != "" {
			out = append(out, f)
		}
	}
	return out
}

// named returns the words for a code, or the code.
func named(words map[string]string, code string) string { return cmp.Or(words[code], code) }

// quality tells how good the version is, against the baseline and the champion.
func (v *view) quality() {
	w, t := v.words, v.R.Test
	switch {
	case t == nil:
	case t.Report != nil:
		v.Measures = v.classMeasures()
		v.Figures.add("estimates", v.estimates())
	default:
		n := t.Numbers
		v.Measures = []measure{
			{w.RMSE, figure(n.RMSE), between(figure(n.RMSEInterval.Low), figure(n.RMSEInterval.High)), w.RMSEMeans},
			{w.MAE, figure(n.MAE), between(figure(n.MAEInterval.Low), figure(n.MAEInterval.High)), w.MAEMeans},
			{w.R2, decimal(n.R2), between(decimal(n.R2Interval.Low), decimal(n.R2Interval.High)), w.R2Means},
			{w.Baseline, figure(n.Baseline), "", w.BaselineNumbers},
		}
	}
	if best, ok := v.chosen(); ok {
		v.Measures = append(v.Measures, measure{
			fmt.Sprintf(w.CV, v.metric()), v.score(best.Value), "± " + v.score(best.Deviation), fmt.Sprintf(w.CVMeans, len(best.Folds)),
		})
	}
	c := v.R.Versus
	switch {
	case c == nil:
	case c.Reason != "":
		v.Versus = fmt.Sprintf(w.VersusOther, c.Version, named(w.VersusReasons, c.Reason))
	case c.Candidate == 0 && c.Champion == 0:
		v.Versus = fmt.Sprintf(w.VersusNone, c.Version, count(c.Rows))
	default:
		show, by := v.score, v.difference
		v.Versus = fmt.Sprintf(w.Versus, count(c.Rows), v.metric(), show(c.Candidate), c.Version, show(c.Champion), by(c.Difference), by(c.Low), by(c.High))
	}
}

// classMeasures are the headline figures of a classification.
func (v *view) classMeasures() []measure {
	w, t := v.words, v.R.Test
	out := []measure{{w.Accuracy, percent(t.Accuracy), between(percent(t.AccuracyLow), percent(t.AccuracyHigh)), w.AccuracyMeans}}
	f1 := measure{w.MacroF1, percent(t.Macro.F1), "", w.MacroF1Means}
	if t.MacroF1 != nil {
		f1.Interval = between(percent(t.MacroF1.Low), percent(t.MacroF1.High))
	}
	out = append(out, f1, measure{w.Baseline, percent(t.Report.Baseline), "", w.BaselineMeans})
	if t.AUC > 0 {
		out = append(out, measure{w.AUC, percent(t.AUC), "", w.AUCMeans})
	}
	if t.Precision > 0 {
		out = append(out, measure{w.AveragePrecision, percent(t.Precision), "", w.AveragePrecisionMeans})
	}
	return append(out, measure{w.Loss, decimal(t.Loss), "", w.LossMeans}, measure{w.ECE, percent(t.ECE), "", w.ECEMeans})
}

// estimates draws them with their intervals, beside the champion's.
func (v *view) estimates() *chart.Figure {
	w, t := v.words, v.R.Test
	all := []chart.Estimate{
		{Label: w.Accuracy, Value: t.Accuracy, Low: t.AccuracyLow, High: t.AccuracyHigh},
		{Label: w.MacroF1, Value: t.Macro.F1},
	}
	if t.MacroF1 != nil {
		all[1].Low, all[1].High = t.MacroF1.Low, t.MacroF1.High
	}
	if c := v.R.Versus; c != nil && c.Rows > 0 && c.Champion > 0 {
		all = append(all,
			chart.Estimate{Label: w.Candidate, Value: c.Candidate},
			chart.Estimate{Label: fmt.Sprintf(w.Champion, c.Version), Value: c.Champion, Class: "s1"})
	}
	axis := chart.Axis{Percent: true}
	var ends []float64
	for _, e := range all {
		ends = append(ends, e.Value, cmp.Or(e.Low, e.Value), cmp.Or(e.High, e.Value))
	}
	// A baseline far away would press everything else together; the table has it.
	if base := t.Report.Baseline; slices.Min(ends)-base < .35 {
		all, ends = append(all, chart.Estimate{Label: w.Baseline, Value: base, Class: "s7"}), append(ends, base)
	}
	axis.From, axis.To = chart.Around(ends, 0, 1)
	for i := range all {
		all[i].Shown = percent(all[i].Value)
	}
	return chart.Intervals("estimates", w.EstimatesTitle, w.EstimatesDesc, axis, all)
}
