package training_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/ml/doctor"
	"godwit/shared/ml/open"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// table returns rows of a number, a category and what follows from them: a
// class, or a number with noise of deviation 1.
func table(rows int, seed uint64, regression bool) string {
	rng := rand.New(rand.NewPCG(seed, 9))
	var b bytes.Buffer
	b.WriteString("size,colour,outcome\n")
	for range rows {
		size, colour := 10*rng.Float64(), []string{"red", "green", "blue"}[rng.IntN(3)]
		value := 2*size + rng.NormFloat64()
		if colour == "red" {
			value += 5
		}
		outcome := fmt.Sprintf("%.3f", value)
		if !regression {
			outcome = []string{"small", "large"}[min(int(value/12), 1)]
		}
		fmt.Fprintf(&b, "%.3f,%s,%s\n", size, colour, outcome)
	}
	return b.String()
}

// trained runs a job to its end and returns its version.
func (h *house) trained(t *testing.T, data, settings string) registry.Version {
	t.Helper()
	job := h.upload(t, tenant, "intents", data, settings)
	if err := h.run(t.Context(), tenant, job.ID); err != nil {
		t.Fatalf("run: %v", err)
	}
	job, err := h.jobs.Job(t.Context(), tenant, job.ID)
	if err != nil {
		t.Fatal(err)
	}
	v, err := h.jobs.Registry.Version(t.Context(), tenant, "intents", job.Version)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// stored reads a JSON file of the models bucket.
func stored[T any](t *testing.T, h *house, key string) T {
	t.Helper()
	var v T
	data, err := blob.ReadAll(t.Context(), h.models, key, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func (h *house) model(t *testing.T, a registry.Artifact) pipeline.Predictor {
	t.Helper()
	data, err := blob.ReadAll(t.Context(), h.models, a.Key, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	m, err := open.Model(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSteps_TableOfClasses(t *testing.T) {
	h := newHouse(t, 2)
	v := h.trained(t, table(600, 1, false), "")
	if v.Task != registry.TableClassification || v.Gate.Promotion != "promoted" || !slices.Equal(v.Labels, []string{"large", "small"}) {
		t.Fatalf("version = %+v, want a promoted table-classification of large and small", v)
	}
	if want := `"inputs":[{"name":"size","type":"number"},{"name":"colour","type":"category"}`; !strings.Contains(string(v.Signature), want) {
		t.Errorf("signature = %s, want %s", v.Signature, want)
	}
	if acc := v.Test["accuracy"]; acc < .85 {
		t.Errorf("accuracy = %v, want at least .85: the noise moves a tenth of the rows", acc)
	}
	m := h.model(t, v.Artifact)
	var s pipeline.Scratch
	scores := m.Scores(&s, pipeline.Input{Cells: map[string]string{"size": "9.5", "colour": "red"}})
	if scores[0] < .9 {
		t.Errorf("a large red one is large with probability %v, want at least .9", scores[0])
	}
	if set := m.Set(nil, scores, .9); !slices.Equal(set, []int32{0}) {
		t.Errorf("prediction set = %v, want large alone", set)
	}
	report := stored[training.Report](t, h, v.ReportKey)
	if report.Metric != "accuracy" || len(report.Search) < 6 || len(report.TopFeatures) != 2 || len(report.Test.Reliability) != 15 ||
		len(report.Test.Curves) != 2 || report.Calibration.Method != "temperature" || report.Test.Baseline < .4 {
		t.Errorf("report = %+v, want the whole search, features, reliability, curves and a baseline", report)
	}
	for _, c := range report.Test.Sets {
		if c.Covered < c.Asked-.1 || c.Size < .8 {
			t.Errorf("sets of coverage %v held %v of the truth with %v classes", c.Asked, c.Covered, c.Size)
		}
	}
}

func TestSteps_TableOfNumbers(t *testing.T) {
	h := newHouse(t, 2)
	v := h.trained(t, table(2000, 1, true), "")
	if v.Task != registry.TableRegression || v.Algorithm != pipeline.RidgeRegression || v.Labels != nil {
		t.Fatalf("version = %+v, want a table-regression by ridge", v)
	}
	if rmse := v.Test["rmse"]; rmse < .9 || rmse > 1.15 || v.Test["r2"] < .95 || v.Test["baseline"] < 4 {
		t.Errorf("metrics = %v, want an rmse near the noise of 1", v.Test)
	}
	report := stored[training.Report](t, h, v.ReportKey)
	if len(report.Test.Intervals) != 4 || report.Calibration.Method != "" {
		t.Errorf("intervals = %+v, calibration %+v, want four coverages", report.Test.Intervals, report.Calibration)
	}
	for _, w := range report.Test.Intervals {
		// 200 held-out rows; the noise of 1 is normal, so that .95 takes 2 x 1.96.
		if w.Covered < w.Asked-.06 || w.Asked == .95 && (w.Width < 3.4 || w.Width > 4.6) {
			t.Errorf("intervals of coverage %v held %v of the truth, width %v", w.Asked, w.Covered, w.Width)
		}
	}
	var s pipeline.Scratch
	served := h.model(t, v.Artifact)
	if low, high, ok := served.Interval(15, .9); !ok || low > 13.5 || low < 13 || high < 16.5 || high > 17 {
		t.Errorf("interval around 15 = %v to %v, %v, want about 1.64 to either side", low, high, ok)
	}
	if got := served.Value(&s, pipeline.Input{Cells: map[string]string{"size": "5", "colour": "red"}}); got < 14.5 || got > 15.5 {
		t.Errorf("predicted %v, want about 15", got)
	}
	h.trained(t, table(2000, 2, true), "")
	// The numbers to learn from are turned round, the held-out ones are right.
	lines := strings.Split(strings.TrimSpace(table(2000, 3, true)), "\n")
	for i, line := range lines {
		at := strings.LastIndex(line, ",") + 1
		switch {
		case i == 0:
			lines[i] += ",split"
		case i%10 == 0:
			lines[i] += ",test"
		default:
			lines[i] = strings.Replace(line[:at]+"-"+line[at:], "--", "", 1) + ",train"
		}
	}
	worse := strings.Join(lines, "\n")
	if v := h.trained(t, worse, ""); v.Gate.Promotion != "held" || v.Gate.Reason != "worse" {
		t.Errorf("gate = %+v, want one that learned from wrong numbers held as worse", v.Gate)
	}
	if v := h.trained(t, table(2000, 4, true), `{"gate":{"max":{"rmse":0.5}}}`); v.Gate.Reason != "below_minimum" {
		t.Errorf("gate = %+v, want an rmse above .5 held", v.Gate)
	}
	champion, err := h.jobs.Registry.Alias(t.Context(), tenant, "intents", registry.Champion)
	if err != nil || champion.Version != 2 {
		t.Errorf("champion = %d, %v, want 2", champion.Version, err)
	}
}

// The task is found out from the file when nobody says it.
func TestSteps_TaskFoundOut(t *testing.T) {
	texts := strings.TrimPrefix(csv(120, 3), "label,text\n")
	for _, tc := range []struct {
		name, data, settings string
		want                 registry.Task
	}{
		{"named columns", "label,text\n" + texts, "", registry.TextClassification},
		{"no header", texts, "", registry.TextClassification},
		{"names nobody knows", "kind,message\n" + texts, "", registry.TextClassification},
		{"text columns named by the settings", "kind,message,size\n" + strings.ReplaceAll(texts, "\n", ",1\n"), `{"columns":{"text":["message"],"label":"kind"}}`, registry.TextClassification},
		{"text among other columns", "kind,message,size\n" + strings.ReplaceAll(texts, "\n", ",1\n"), `{"columns":{"label":"kind"}}`, registry.TableClassification},
		{"classes", table(120, 1, false), "", registry.TableClassification},
		{"numbers", table(120, 1, true), "", registry.TableRegression},
		{"two columns of numbers", "x,y\n" + strings.Repeat("1.5,2.25\n2.5,1.125\n3.5,7\n4,9.5\n", 30), `{"task":"table-regression"}`, registry.TableRegression},
		{"json lines", strings.Repeat(`{"label":"a","text":"where is my card"}`+"\n"+`{"label":"b","text":"give me the money back"}`+"\n", 20), "", registry.TextClassification},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 1)
			job := h.upload(t, tenant, "intents", tc.data, tc.settings)
			if _, err := h.steps.Run(t.Context(), training.StepInput{Step: "prepare", Tenant: tenant, Job: job.ID}); err != nil {
				t.Fatal(err)
			}
			plan := stored[struct{ Settings training.Settings }](t, h, "work/local/"+job.ID+"/plan.json")
			if plan.Settings.Task != tc.want {
				t.Errorf("task = %q, want %q", plan.Settings.Task, tc.want)
			}
		})
	}
}

// Settings that do not suit what the file turned out to be close the job.
func TestSteps_SettingsThatDoNotSuitTheData(t *testing.T) {
	for _, tc := range []struct{ name, data, settings string }{
		{"classes asked of a learner of numbers", table(120, 1, false), `{"algorithm":"ridge-regression"}`},
		{"accuracy of numbers", table(120, 1, true), `{"metric":"accuracy"}`},
		{"recipes for a table", table(120, 1, false), `{"params":{"features":["union"]}}`},
		{"shapes for texts", csv(120, 1), `{"params":{"features":["binned"]}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 1)
			job := h.upload(t, tenant, "intents", tc.data, tc.settings)
			if err := h.run(t.Context(), tenant, job.ID); jobs.ErrorType(err) != training.TypeInput {
				t.Fatalf("run = %v, want an input error", err)
			}
			job, err := h.jobs.Job(t.Context(), tenant, job.ID)
			if err != nil || job.Status != training.Failed || job.Error.Code != "input" {
				t.Errorf("job = %+v, %v, want failed with a reason", job, err)
			}
		})
	}
}

// Held-out rows of one class only leave no ranking to measure, and no reason to fail.
func TestSteps_OneHeldOutClass(t *testing.T) {
	h := newHouse(t, 1)
	lines := strings.Split(strings.TrimSpace(csv(300, 8)), "\n")
	for i := range lines {
		switch {
		case i == 0:
			lines[i] += ",split"
		case strings.HasPrefix(lines[i], "refund") && i%2 == 0:
			lines[i] += ",test"
		default:
			lines[i] += ",train"
		}
	}
	report := stored[training.Report](t, h, h.trained(t, strings.Join(lines, "\n"), "").ReportKey)
	if report.Test == nil || report.Test.Rows != 50 || report.Test.AUC != 0 {
		t.Errorf("test = %+v, want 50 rows measured without an AUC", report.Test)
	}
}

// A table job survives the failure of any call as a job on texts does.
func TestSteps_TableSurvivesFailures(t *testing.T) {
	quick := `{"params":{"features":["plain"],"c":[1]},"search":{"folds":2}}`
	data := table(60, 5, true)
	for at := 1; at < 45; at += 4 {
		h := newHouse(t, 1)
		job := h.upload(t, tenant, "intents", data, quick)
		if err := h.flaky(&faults{at: at, lost: at%8 == 1}).run(t.Context(), tenant, job.ID); err != nil {
			t.Fatalf("call %d: %v", at, err)
		}
		h.checkOneVersion(t, job.ID)
	}
}

// Labels that were changed are among the findings, once, however often the
// last step runs.
func TestSteps_ProbableLabelErrors(t *testing.T) {
	const settings = `{"params":{"c":[1],"features":["word"]}}`
	h := newHouse(t, 2)
	lines := strings.Split(strings.TrimSpace(csv(900, 21)), "\n")
	wrong := map[int64]bool{}
	for i := 30; i < len(lines); i += 50 {
		label, text, _ := strings.Cut(lines[i], ",")
		other := map[string]string{"delivery": "refund", "refund": "登录", "登录": "delivery"}[label]
		lines[i], wrong[int64(i+1)] = other+","+text, true
	}
	job := h.upload(t, tenant, "intents", strings.Join(lines, "\n"), settings)
	probe := &faults{}
	flaky := h.flaky(probe)
	if err := flaky.run(t.Context(), tenant, job.ID); err != nil {
		t.Fatal(err)
	}
	again := newHouse(t, 2)
	repeated := again.upload(t, tenant, "intents", strings.Join(lines, "\n"), settings)
	// The commit's own write is lost after it happened nowhere: Finish runs twice.
	if err := again.flaky(&faults{at: probe.calls - 3}).run(t.Context(), tenant, repeated.ID); err != nil {
		t.Fatal(err)
	}
	d, err := h.jobs.Registry.Dataset(t.Context(), tenant, job.Dataset)
	if err != nil {
		t.Fatal(err)
	}
	issues := stored[training.Issues](t, h, d.IssuesKey)
	found, listed := 0, 0
	for _, i := range issues.Items {
		if i.Code != doctor.ProbableLabelError {
			continue
		}
		listed++
		if wrong[i.Line] {
			found++
		}
	}
	if found < len(wrong)*8/10 || issues.Counts[doctor.ProbableLabelError] < found {
		t.Errorf("found %d of %d changed labels among %d suspects (%d counted)", found, len(wrong), listed, issues.Counts[doctor.ProbableLabelError])
	}
	profile := stored[training.Profile](t, h, d.ProfileKey)
	if profile.Rows != 900 || len(profile.Classes) != 3 || profile.WrongLabels < found || profile.CodePoints == nil {
		t.Errorf("profile = %+v, want 900 rows in 3 classes and the estimate", profile)
	}
	e, err := again.jobs.Registry.Dataset(t.Context(), tenant, repeated.Dataset)
	if err != nil {
		t.Fatal(err)
	}
	if twice := stored[training.Issues](t, again, e.IssuesKey); len(twice.Items) != len(issues.Items) {
		t.Errorf("%d findings after a repeated Finish, want %d", len(twice.Items), len(issues.Items))
	}
}

func TestService_SettingsAreInherited(t *testing.T) {
	h := newHouse(t, 1)
	ctx := t.Context()
	given := `{"params":{"c":[1],"features":["word"]},"search":{"folds":2},"promote_to":"champion","seed":3}`
	h.trained(t, csv(300, 31), given)
	next := h.upload(t, tenant, "intents", csv(330, 32), "")
	got, err := training.ParseSettings(next.Settings)
	if err != nil || next.Parent != 1 || got.Seed != 3 || got.Search.Folds != 2 || got.PromoteTo != "" || got.Metric != "" {
		t.Fatalf("settings = %s of version %d, %v, want what was asked for version 1, without promote_to", next.Settings, next.Parent, err)
	}
	if err := h.run(ctx, tenant, next.ID); err != nil {
		t.Fatal(err)
	}
	v, err := h.jobs.Registry.Version(ctx, tenant, "intents", 2)
	if err != nil || v.Lineage.Parent != 1 {
		t.Errorf("parent = %d, %v, want 1", v.Lineage.Parent, err)
	}
	if fresh := h.upload(t, tenant, "intents", csv(330, 33), "{}"); string(fresh.Settings) != "{}" || fresh.Parent != 0 {
		t.Errorf("settings = %s of version %d, want auto as asked", fresh.Settings, fresh.Parent)
	}
	own := json.RawMessage(`{"seed":9}`)
	if _, err := h.jobs.Registry.UpdateModel(ctx, tenant, "intents", registry.AnyRev, func(m *registry.Model) error { m.Training = own; return nil }); err != nil {
		t.Fatal(err)
	}
	if j := h.upload(t, tenant, "intents", csv(330, 34), ""); string(j.Settings) != string(own) || j.Parent != 0 {
		t.Errorf("settings = %s of version %d, want the model's own", j.Settings, j.Parent)
	}
	if _, err := h.jobs.Registry.Model(ctx, "other", "intents"); !fault.Is(err, fault.NotFound) {
		t.Errorf("Model of another tenant = %v, want not found", err)
	}
}
