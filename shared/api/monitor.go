package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"godwit/shared/fault"
	"godwit/shared/ml/metric"
	"godwit/shared/monitor"
	"godwit/shared/registry"
	"godwit/shared/training"
	"godwit/shared/usage"
)

const (
	maxMonitored = 20 // newest versions that are looked at unasked, those with an alias besides
	maxListed    = 50 // mistakes and new labels of a version
)

// monitorOptions document what getMonitor reads.
func monitorOptions() []Filter {
	return []Filter{
		{Name: "from", Doc: "first day, such as 2026-03-01; by default the first of the month of the last day"},
		{Name: "to", Doc: "last day, at most 92 days in all; by default today"},
		{Name: "version", Doc: "only this version, also without traffic; by default the newest 20 and those an alias points at"},
	}
}

// getMonitor answers with how the model's versions do.
func getMonitor(x *exchange) error {
	q := x.r.URL.Query()
	from, to := time.Time{}, usage.Date(x.Now())
	if err := dayRange(q.Get("from"), q.Get("to"), &from, &to); err != nil {
		return err
	}
	if _, err := x.Registry.Model(x.r.Context(), x.tenant(), x.ref.Model); err != nil {
		return err
	}
	aliases, err := x.aliases()
	if err != nil {
		return err
	}
	versions, err := x.monitored(q.Get("version"), aliases)
	if err != nil {
		return err
	}
	out := Monitor{Model: string(x.ref.Model), From: from.Format(time.DateOnly), To: to.Format(time.DateOnly), Versions: []VersionMonitor{}}
	for _, v := range versions {
		one, err := x.watch(v, from, to)
		if err != nil {
			return err
		}
		one.Aliases = versionOf(v, aliases).Aliases
		if len(one.Days) > 0 || q.Get("version") != "" {
			out.Versions = append(out.Versions, one)
		}
	}
	return x.json(200, out)
}

// monitored returns the versions to look at, newest first.
func (x *exchange) monitored(asked string, aliases []registry.Alias) ([]registry.Version, error) {
	ctx, t, name := x.r.Context(), x.tenant(), x.ref.Model
	if asked != "" {
		number, err := registry.ParseVersion(asked)
		if err != nil {
			return nil, fault.New(fault.Invalid, "version is the number of a version").WithReason("invalid_filter")
		}
		v, err := x.Registry.Version(ctx, t, name, number)
		return []registry.Version{v}, err
	}
	page, err := x.Registry.Versions(ctx, t, name, registry.PageRequest{Limit: maxMonitored})
	if err != nil {
		return nil, err
	}
	versions := page.Items
	for _, a := range aliases {
		if slices.ContainsFunc(versions, func(v registry.Version) bool { return v.Number == a.Version }) {
			continue
		}
		v, err := x.Registry.Version(ctx, t, name, a.Version)
		if err != nil && !fault.Is(err, fault.NotFound) { // the alias has moved meanwhile
			return nil, err
		}
		if err == nil {
			versions = append(versions, v)
		}
	}
	slices.SortFunc(versions, func(a, b registry.Version) int { return cmp.Compare(b.Number, a.Number) })
	return versions, nil
}

// watch puts together what is known of one version's days.
func (x *exchange) watch(v registry.Version, from, to time.Time) (VersionMonitor, error) {
	ctx, t := x.r.Context(), x.tenant()
	out := VersionMonitor{Version: v.Number, Days: []MonitorDay{}, Mistakes: []Mistake{}, NewLabels: []NewLabelRows{}}
	traffic, err := usage.TrafficDays(ctx, x.Registry.Store, t, v.Model, v.Number, from, to)
	if err != nil {
		return out, err
	}
	judged, err := x.Monitor.Days(ctx, t, v.Model, v.Number, from, to)
	if err != nil {
		return out, err
	}
	var seen usage.Traffic
	var said monitor.Tally
	regression := v.Labels == nil
	for _, d := range traffic {
		seen.Add(d.Traffic)
	}
	for _, d := range judged {
		said.Add(d.Tally)
	}
	out.Days = monitorDays(traffic, judged, regression)
	out.Total = countsOf(seen, said)
	if regression {
		out.Error = liveErrorOf(said, v)
		return out, nil
	}
	out.Accuracy = liveAccuracyOf(said, v)
	out.Mistakes, out.NewLabels = mistakesOf(said, v.Labels), newLabelsOf(said)
	if out.Total.Rows > 0 {
		out.Drift, err = x.drift(v, seen)
	}
	return out, err
}

// monitorDays joins the days of traffic with those of feedback, both in order.
func monitorDays(traffic []usage.TrafficDay, judged []monitor.TallyDay, regression bool) []MonitorDay {
	days := []MonitorDay{}
	for len(traffic)+len(judged) > 0 {
		var date time.Time
		var seen usage.Traffic
		var said monitor.Tally
		if len(judged) == 0 || len(traffic) > 0 && !judged[0].Date.Before(traffic[0].Date) {
			date, seen, traffic = traffic[0].Date, traffic[0].Traffic, traffic[1:]
		} else {
			date = judged[0].Date
		}
		if len(judged) > 0 && judged[0].Date.Equal(date) {
			said, judged = judged[0].Tally, judged[1:]
		}
		d := MonitorDay{Day: date.Format(time.DateOnly), MonitorCounts: countsOf(seen, said)}
		if said.Rows > 0 && !regression {
			live := monitor.Accuracy(said.Correct, said.Rows, 0, 0)
			f := intervalOf(live.Accuracy, live.Interval)
			d.Accuracy = &f
		}
		days = append(days, d)
	}
	return days
}

// countsOf is the wire form of counts.
func countsOf(seen usage.Traffic, said monitor.Tally) MonitorCounts {
	c := MonitorCounts{
		Requests: seen.Requests, Rows: seen.Rows, Errors: seen.Errors, Abstained: seen.Abstained, Scores: seen.Scores[:],
		ShadowRows: seen.ShadowRows, ShadowAgreed: seen.ShadowAgreed,
		Feedback: said.Rows, Correct: said.Correct, Corrected: said.Corrected, NewLabel: said.NewRows(),
	}
	scored := int64(0)
	for _, n := range seen.Scores {
		scored += n
	}
	if scored > 0 {
		mean := min(float64(seen.ScoreMicros)/1e6/float64(scored), 1)
		c.MeanScore = &mean
	}
	return c
}

// intervalOf is a figure with its interval.
func intervalOf(v float64, i metric.Interval) Figure {
	return Figure{Value: v, Low: &i.Low, High: &i.High}
}

// tested is a headline figure of the held-out rows, nil when there is none.
func tested(v registry.Version, name string) *Figure {
	if f, ok := figuresOf(v.Test)[name]; ok {
		return &f
	}
	return nil
}

func liveAccuracyOf(said monitor.Tally, v registry.Version) *LiveAccuracy {
	live := monitor.Accuracy(said.Correct, said.Rows, v.Test["accuracy"], int64(v.Test["rows"]))
	return &LiveAccuracy{
		Rows: live.Rows, Live: intervalOf(live.Accuracy, live.Interval), Test: tested(v, "accuracy"), PValue: live.P, Verdict: string(live.Verdict),
	}
}

func liveErrorOf(said monitor.Tally, v registry.Version) *LiveError {
	live := monitor.Deviation(said, v.Test["rmse_high"])
	return &LiveError{
		Rows: live.Rows, MAE: live.MAE, RMSE: intervalOf(live.RMSE, live.Interval), Test: tested(v, "rmse"), Verdict: string(live.Verdict),
	}
}

// mistakesOf lists the wrong cells with most rows.
func mistakesOf(said monitor.Tally, labels []string) []Mistake {
	out := []Mistake{}
	for _, c := range said.Cells {
		known := c.True >= 0 && c.True < len(labels) && c.Predicted >= 0 && c.Predicted < len(labels)
		if known && c.True != c.Predicted && c.Rows > 0 {
			out = append(out, Mistake{Label: labels[c.True], Predicted: labels[c.Predicted], Rows: c.Rows})
		}
	}
	slices.SortStableFunc(out, func(a, b Mistake) int { return cmp.Compare(b.Rows, a.Rows) })
	return out[:min(len(out), maxListed)]
}

func newLabelsOf(said monitor.Tally) []NewLabelRows {
	out := []NewLabelRows{}
	for _, l := range said.New {
		if l.Rows > 0 {
			out = append(out, NewLabelRows(l))
		}
	}
	slices.SortStableFunc(out, func(a, b NewLabelRows) int { return cmp.Compare(b.Rows, a.Rows) })
	return out[:min(len(out), maxListed)]
}

// evaluated are the parts of a version's report that traffic is held against.
type evaluated struct {
	Test *struct {
		Rows       int64                 `json:"rows"`
		Classes    []metric.Class        `json:"classes"`
		Abstention []training.Abstention `json:"abstention"` // from 0, .1 to .9 on
	} `json:"test"`
}

// drift holds traffic against the version's evaluation; nil without one.
func (x *exchange) drift(v registry.Version, seen usage.Traffic) (*MonitorDrift, error) {
	raw, err := x.report(v)
	if err != nil {
		return nil, err
	}
	var r evaluated
	if raw == nil || json.Unmarshal(raw, &r) != nil || r.Test == nil {
		return nil, nil // gone, of another build, or nothing was held out
	}
	groups := min(len(v.Labels), usage.Groups)
	expected := make([]int64, groups)
	for i, c := range r.Test.Classes[:min(len(r.Test.Classes), len(v.Labels))] {
		expected[i%groups] += int64(c.Predicted)
	}
	out := &MonitorDrift{Labels: shiftOf(v.Labels[:groups], expected, seen.Labels[:groups])}
	if a := r.Test.Abstention; len(a) == usage.Buckets {
		names, scores := make([]string, usage.Buckets), make([]int64, usage.Buckets)
		for i := range scores {
			names[i] = fmt.Sprintf("%.1f", float64(i)/usage.Buckets)
			above := 0.
			if i+1 < len(a) {
				above = a[i+1].Answered
			}
			scores[i] = int64(math.Round((a[i].Answered - above) * float64(r.Test.Rows)))
		}
		out.Scores = shiftOf(names, scores, seen.Scores[:])
	}
	return out, nil
}

// shiftOf is the wire form of how far two distributions are apart, nil when
// either is empty.
func shiftOf(names []string, expected, live []int64) *Shift {
	s, ok := monitor.Drift(expected, live)
	if !ok {
		return nil
	}
	out := &Shift{PSI: s.PSI, Chance: s.Chance, Band: string(s.Band)}
	total := int64(0)
	for i := range names {
		out.Rows += live[i]
		total += expected[i]
	}
	for i, name := range names {
		out.Bins = append(out.Bins, ShiftBin{Bin: name, Expected: float64(expected[i]) / float64(total), Live: float64(live[i]) / float64(out.Rows)})
	}
	return out
}
