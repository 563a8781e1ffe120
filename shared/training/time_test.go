package training_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"godwit/shared/blob"
	"godwit/shared/jobs"
	"godwit/shared/ml/artifact"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// dated adds a column of dates to csv: the rows of the last tenth are the newest.
func dated(rows int) string {
	lines := strings.Split(strings.TrimSpace(csv(rows, 31)), "\n")
	lines[0] += ",created_at"
	for i := range lines[1:] {
		lines[i+1] += fmt.Sprintf(",2025-%02d-%02d", 1+i*12/rows, 1+i%28)
	}
	return strings.Join(lines, "\n")
}

// A column of times is noticed and a split by it offered; asked for, it holds
// out the newest rows.
func TestSteps_TimeSplit(t *testing.T) {
	for _, tc := range []struct {
		name, data, settings string
		wantSplit, wantTime  string // of report and profile
		wantEvent            string
	}{
		{"numbers", datedTable(300), `{"params":{"c":[1]},"split":{"by":"time"}}`, "time", "used", `newest by column "created_at"`},
		{"noticed", dated(300), `{"params":{"c":[1],"features":["word"]}}`, "hash", "offered", `column "created_at" holds times: split by time`},
		{"asked for", dated(300), `{"params":{"c":[1],"features":["word"]},"split":{"by":"time"}}`, "time", "used", `newest by column "created_at"`},
		{"by name", strings.Replace(dated(300), "created_at", "seen", 1), `{"params":{"c":[1],"features":["word"]},"split":{"by":"time","column":"seen"}}`, "time", "used", `newest by column "seen"`},
		{"none", csv(300, 31), `{"params":{"c":[1],"features":["word"]}}`, "hash", "", "300 rows"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 1)
			v := h.trained(t, tc.data, tc.settings)
			report := stored[training.Report](t, h, v.ReportKey)
			wantFolding := map[string]string{"hash": "stratified", "time": "forward"}[tc.wantSplit]
			if report.Folding != wantFolding || len(report.Search[0].Folds) != 5 {
				t.Errorf("folding = %q, folds %v, want %q and five", report.Folding, report.Search[0].Folds, wantFolding)
			}
			if wantFolding == "forward" {
				h.checkForward(t, v.Lineage.Job)
			}
			d, err := h.jobs.Registry.Dataset(t.Context(), tenant, v.Lineage.Dataset)
			if err != nil {
				t.Fatal(err)
			}
			profile := stored[training.Profile](t, h, d.ProfileKey)
			if report.Split != tc.wantSplit || profile.TimeSplit != tc.wantTime {
				t.Errorf("split = %q, time split = %q, want %q and %q", report.Split, profile.TimeSplit, tc.wantSplit, tc.wantTime)
			}
			if report.Rows.HeldOut < 25 || report.Rows.HeldOut > 50 || tc.wantSplit == "time" && report.Rows.HeldOut != 30 {
				t.Errorf("held out = %d, want about a tenth, by time exactly", report.Rows.HeldOut)
			}
			page, err := h.jobs.Events(t.Context(), tenant, v.Lineage.Job, registry.PageRequest{Limit: 20})
			if err != nil {
				t.Fatal(err)
			}
			if all := fmt.Sprint(page.Items); !strings.Contains(all, tc.wantEvent) {
				t.Errorf("events = %s, want %q among them", all, tc.wantEvent)
			}
		})
	}
}

// datedTable adds a column of dates to a table of numbers, the oldest first.
func datedTable(rows int) string {
	lines := strings.Split(strings.TrimSpace(table(rows, 31, true)), "\n")
	lines[0] = "created_at," + lines[0]
	for i := range lines[1:] {
		lines[i+1] = fmt.Sprintf("2025-%02d-%02d,", 1+i*12/rows, 1+i*360/rows%30) + lines[i+1]
	}
	return strings.Join(lines, "\n")
}

// checkForward holds that the rows a fold is judged on, which the margins it kept
// name, are of a later month or the same as all of the folds before it: the data
// is in the order of months.
func (h *house) checkForward(t *testing.T, job string) {
	t.Helper()
	newest := int32(-1)
	for fold := range 5 {
		data, err := blob.ReadAll(t.Context(), h.models, fmt.Sprintf("work/local/%s/margins/0/%d.safetensors", job, fold), 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		file, err := artifact.Decode(data, artifact.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := artifact.Elements(file, "row", artifact.Int32s)
		if err != nil || len(rows) == 0 {
			t.Fatalf("fold %d: %d rows, %v", fold, len(rows), err)
		}
		if least := slices.Min(rows); least/25 < newest/25 {
			t.Errorf("fold %d is judged on row %d, older than row %d of an earlier one", fold, least, newest)
		}
		newest = slices.Max(rows)
	}
}

// A split by times that are not there closes the job with a reason.
func TestSteps_TimeSplitRefused(t *testing.T) {
	for _, tc := range []struct{ name, data, settings, want string }{
		{"no such column", csv(120, 31), `{"split":{"by":"time"}}`, "no column of times"},
		{"one time", regexp.MustCompile(`,2025-.*`).ReplaceAllString(dated(120), ",2025-01-01"), `{"split":{"by":"time"}}`, "do not part the rows"},
		{"no times in it", strings.ReplaceAll(dated(120), ",2025-", ",in "), `{"split":{"by":"time","column":"created_at"}}`, "no rows can be held out"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 1)
			job := h.upload(t, tenant, "intents", tc.data, tc.settings)
			if err := h.run(t.Context(), tenant, job.ID); jobs.ErrorType(err) != training.TypeInput {
				t.Fatalf("run = %v, want an input error", err)
			}
			job, err := h.jobs.Job(t.Context(), tenant, job.ID)
			if err != nil || job.Error == nil || !strings.Contains(job.Error.Message, tc.want) {
				t.Errorf("job = %+v, %v, want it to say %q", job, err, tc.want)
			}
		})
	}
	for _, settings := range []string{`{"split":{"by":"moon"}}`, `{"split":{"column":"date"}}`} {
		if _, err := training.ParseSettings([]byte(settings)); jobs.ErrorType(err) != training.TypeInput {
			t.Errorf("ParseSettings(%s) = %v, want it refused", settings, err)
		}
	}
}
