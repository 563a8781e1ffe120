package training_test

import (
	"fmt"
	"strings"
	"testing"

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
		{"noticed", dated(300), "", "hash", "offered", `column "created_at" holds times: split by time`},
		{"asked for", dated(300), `{"split":{"by":"time"}}`, "time", "used", `newest by column "created_at"`},
		{"by name", strings.Replace(dated(300), "created_at", "seen", 1), `{"split":{"by":"time","column":"seen"}}`, "time", "used", `newest by column "seen"`},
		{"none", csv(300, 31), "", "hash", "", "300 rows"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 1)
			v := h.trained(t, tc.data, tc.settings)
			report := stored[training.Report](t, h, v.ReportKey)
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

// A split by times that are not there closes the job with a reason.
func TestSteps_TimeSplitRefused(t *testing.T) {
	for _, tc := range []struct{ name, data, settings, want string }{
		{"no such column", csv(120, 31), `{"split":{"by":"time"}}`, "no column of times"},
		{"no times in it", strings.ReplaceAll(dated(120), ",2025-", ",in "), `{"split":{"by":"time","column":"created_at"}}`, "no rows can be held out"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 1)
			job := h.upload(t, tenant, "intents", tc.data, tc.settings)
			if err := h.run(t.Context(), tenant, job.ID); training.ErrorType(err) != training.TypeInput {
				t.Fatalf("run = %v, want an input error", err)
			}
			job, err := h.jobs.Job(t.Context(), tenant, job.ID)
			if err != nil || job.Error == nil || !strings.Contains(job.Error.Message, tc.want) {
				t.Errorf("job = %+v, %v, want it to say %q", job, err, tc.want)
			}
		})
	}
	for _, settings := range []string{`{"split":{"by":"moon"}}`, `{"split":{"column":"date"}}`} {
		if _, err := training.ParseSettings([]byte(settings)); training.ErrorType(err) != training.TypeInput {
			t.Errorf("ParseSettings(%s) = %v, want it refused", settings, err)
		}
	}
}
