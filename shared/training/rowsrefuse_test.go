package training_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/training"
)

// auto takes rows only where no function could hold the matrix of all, and says why.
func TestSteps_AutoTakesRows(t *testing.T) {
	for _, tc := range []struct {
		name, settings string
		bytes          int64
		want           bool
	}{
		{"enough memory", `{"params":{"c":[1]},"search":{"folds":2}}`, 0, false},
		{"too little", `{"params":{"c":[1]},"search":{"folds":2}}`, 100 << 10, true},
		{"too little for so many shards", `{"params":{"c":[1]},"search":{"folds":2}}`, 1 << 10, false},
		{"another engine", `{"engine":"one","params":{"c":[1]},"search":{"folds":2}}`, 100 << 10, false},
		{"another learner", `{"algorithm":"logistic-regression","params":{"c":[1],"features":["word"]},"search":{"folds":2}}`, 100 << 10, false},
		{"another solver", `{"params":{"c":[1],"solver":"dual"},"search":{"folds":2}}`, 100 << 10, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 2)
			h.steps.FunctionBytes = tc.bytes
			_, report := versionOf(t, h, csv(300, 24), tc.settings)
			if got := report.Distributed != nil && report.Distributed.Engine == "rows"; got != tc.want {
				t.Errorf("distributed: %+v, want rows: %v", report.Distributed, tc.want)
			}
			told := slices.ContainsFunc(h.events(t, h.only(t)), func(e training.Event) bool { return strings.HasPrefix(e.Message, "engine rows: the matrix of about ") })
			if told != tc.want {
				t.Errorf("told of rows: %v, want %v", told, tc.want)
			}
		})
	}
}

// A model by rows that would be too large is fitted without its rare terms.
func TestSteps_RowsTooLarge(t *testing.T) {
	const rows, settings = 240, `{"engine":"rows","params":{"c":[1],"features":["union"]}}`
	_, full, _, err := sizeOf(t, rows, settings, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, share := range []int64{97, 50} {
		h, report, job, err := sizeOf(t, rows, settings, full.Sizes["artifact"]*share/100)
		if err != nil {
			t.Fatalf("%d %% of the size: %v", share, err)
		}
		if got := report.Sizes["artifact"]; got > full.Sizes["artifact"]*share/100 || len(report.Warnings) != 1 {
			t.Errorf("%d %% of %d: %d bytes, warnings %v, want within and one", share, full.Sizes["artifact"], got, report.Warnings)
		}
		h.checkOneVersion(t, job.ID)
		h.checkEvents(t, job.ID, 7)
	}
	if _, _, job, err := sizeOf(t, rows, settings, 500); jobs.ErrorType(err) != training.TypeInput || !strings.Contains(job.Error.Message, "fewer than 1000 rows") {
		t.Errorf("a model no floor makes small enough = %v, job %+v, want an input error", err, job.Error)
	}
}

// More weights than Reduce can hold end the job with what to do about it.
func TestSteps_RowsTooWide(t *testing.T) {
	h := newHouse(t, 1)
	h.steps.FunctionBytes = 8 << 10
	job := h.upload(t, tenant, "intents", csv(300, 24), `{"engine":"rows","params":{"c":[1],"features":["word"]}}`)
	err := h.run(t.Context(), tenant, job.ID)
	job, jobErr := h.jobs.Job(t.Context(), tenant, job.ID)
	if jobErr != nil || jobs.ErrorType(err) != training.TypeInput || !strings.Contains(job.Error.Message, "choose a higher params.min_docs") {
		t.Errorf("weights of all classes in 8 KB = %v, job %+v (%v), want an input error with a way out", err, job.Error, jobErr)
	}
}

// What cannot be trained by rows is refused, with what to do instead: settings
// before there is a job, a table and rows of one class when they are read.
func TestSteps_RowsRefuses(t *testing.T) {
	for _, tc := range []struct{ name, in, pointer, way string }{
		{"a table", `{"engine":"rows","task":"table-classification"}`, "/engine", "auto, one or classes"},
		{"images", `{"engine":"rows","task":"image-classification"}`, "/engine", "texts alone"},
		{"another learner", `{"engine":"rows","algorithm":"logistic-regression"}`, "/algorithm", "linear-svm"},
		{"a network", `{"engine":"rows","algorithm":"rnn"}`, "/algorithm", "linear-svm"},
		{"sgd", `{"engine":"rows","params":{"solver":"sgd"}}`, "/params/solver", "leave it out"},
		{"hashed", `{"engine":"rows","params":{"hash_bits":12}}`, "/params/hash_bits", "min_docs"},
		{"two kinds of features", `{"engine":"rows","params":{"features":["word","union"]}}`, "/params/features", "word or union"},
		{"halving", `{"engine":"rows","search":{"strategy":"halving"}}`, "/search/strategy", "grid"},
		{"of texts", byRows, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := training.ParseSettings([]byte(tc.in))
			f, _ := errors.AsType[*fault.Error](err)
			switch {
			case tc.pointer == "" && err != nil:
				t.Errorf("ParseSettings(%s) = %v, want them taken", tc.in, err)
			case tc.pointer != "" && (f == nil || f.Code != fault.Invalid || f.Details[0].Pointer != tc.pointer || !strings.Contains(f.Msg, tc.way)):
				t.Errorf("ParseSettings(%s) = %v, want a complaint about %s that says %q", tc.in, err, tc.pointer, tc.way)
			}
		})
	}
	for _, tc := range []struct{ name, data, want string }{
		{"a table", table(100, 1, false), "/engine"},
		{"two different rows", "label,text\n" + strings.Repeat("a,the same\nb,the other\n", 30), "too few different rows"},
	} {
		h := newHouse(t, 1)
		job := h.upload(t, tenant, "intents", tc.data, `{"engine":"rows"}`)
		if err := h.run(t.Context(), tenant, job.ID); jobs.ErrorType(err) != training.TypeInput || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s by rows = %v, want an input error that says %q", tc.name, err, tc.want)
		}
	}
}
