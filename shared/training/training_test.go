package training_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/registry"
	"godwit/shared/training"
)

const tenant = registry.Tenant("local")

func TestSteps_RunToAVersion(t *testing.T) {
	h := newHouse(t, 2)
	job := h.upload(t, tenant, "intents", csv(600, 1), "")
	if err := h.run(t.Context(), tenant, job.ID); err != nil {
		t.Fatalf("run: %v", err)
	}
	job, err := h.jobs.Job(t.Context(), tenant, job.ID)
	if err != nil {
		t.Fatal(err)
	}
	if job.Status != training.Succeeded || job.Version != 1 || job.Progress != 1 || job.Result.Promotion != "promoted" {
		t.Fatalf("job = %+v, want succeeded with version 1, promoted", job)
	}
	if r := job.Result.Rows; r.Read != 600 || r.Read != r.Trained+r.HeldOut+r.Rejected || r.HeldOut < 40 {
		t.Errorf("rows = %+v, want 600 read, all accounted for, about 60 held out", r)
	}
	if acc := job.Result.Metrics["accuracy"]; acc < .8 || acc > 1 {
		t.Errorf("accuracy = %v, want at least .8 on words that mark their class", acc)
	}
	v, variant, err := h.jobs.Registry.Resolve(t.Context(), tenant, registry.Reference{Model: "intents"})
	if err != nil || v.Number != 1 || variant != "champion" {
		t.Fatalf("Resolve = version %d as %q, %v, want 1 as champion", v.Number, variant, err)
	}
	if !h.artifactIs(t, v.Artifact) || !h.artifactIs(t, v.Evaluation) {
		t.Error("the artifacts under the version's keys are not what it names")
	}
	if v.Artifact.Digest == v.Evaluation.Digest {
		t.Error("the served model was not fitted again on all rows")
	}
	if want := []string{"delivery", "refund", "登录"}; fmt.Sprint(v.Labels) != fmt.Sprint(want) {
		t.Errorf("labels = %v, want %v", v.Labels, want)
	}
	h.checkEvents(t, job.ID, 15)
}

// events returns all events of a job.
func (h *house) events(t *testing.T, job string) []training.Event {
	t.Helper()
	var all []training.Event
	for p := (registry.PageRequest{Limit: 5}); ; {
		page, err := h.jobs.Events(t.Context(), tenant, job, p)
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, page.Items...); page.Next == "" {
			return all
		}
		p.After = page.Next
	}
}

// checkEvents holds that progress never falls and ends at one, in so many events.
func (h *house) checkEvents(t *testing.T, job string, least int) {
	t.Helper()
	last, n := 0., 0
	for _, e := range h.events(t, job) {
		if e.Progress < last {
			t.Errorf("progress fell from %v to %v at %q", last, e.Progress, e.Message)
		}
		last, n = e.Progress, n+1
	}
	if last != 1 || n < least {
		t.Errorf("%d events end at progress %v, want at least %d and 1", n, last, least)
	}
}

func TestSteps_SameDataSameDigest(t *testing.T) {
	var digests []blob.Digest
	for _, workers := range []int{1, 4} {
		h := newHouse(t, workers)
		job := h.upload(t, tenant, "intents", csv(300, 2), `{"seed":7}`)
		if err := h.run(t.Context(), tenant, job.ID); err != nil {
			t.Fatal(err)
		}
		v, err := h.jobs.Registry.Version(t.Context(), tenant, "intents", 1)
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, v.Artifact.Digest, v.Evaluation.Digest)
	}
	if digests[0] != digests[2] || digests[1] != digests[3] {
		t.Errorf("digests differ between 1 and 4 workers: %v", digests)
	}
}

func TestSteps_DataThatCannotBeTrained(t *testing.T) {
	for _, tc := range []struct {
		name, data string
		wantLine   int64
		wantCode   string
	}{
		{"one class", "label,text\na,one\na,two\na,three\n", 0, ""},
		{"too many bad rows", "label,text\n" + strings.Repeat("a,some text\nb,other text\n", 10) + "a,too,many\n" + ",no label\n", 22, "csv_field_count"},
		{"nothing", "", 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 1)
			job := h.upload(t, tenant, "intents", tc.data, "")
			err := h.run(t.Context(), tenant, job.ID)
			if jobs.ErrorType(err) != training.TypeInput {
				t.Fatalf("run = %v, want an input error", err)
			}
			job, err = h.jobs.Job(t.Context(), tenant, job.ID)
			if err != nil {
				t.Fatal(err)
			}
			if job.Status != training.Failed || job.Error == nil || job.Error.Code != "input" || job.Error.Message == "" {
				t.Fatalf("job = %+v, want failed with a reason", job)
			}
			if tc.wantCode != "" {
				f := job.Error.Findings
				if len(f) == 0 || f[0].Line != tc.wantLine || f[0].Code != tc.wantCode {
					t.Errorf("findings = %+v, want %s at line %d first", f, tc.wantCode, tc.wantLine)
				}
			}
			if _, err := h.jobs.Registry.Model(t.Context(), tenant, "intents"); !fault.Is(err, fault.NotFound) {
				t.Errorf("Model = %v, want not found: nothing may be half registered", err)
			}
			d, err := h.jobs.Registry.Dataset(t.Context(), tenant, job.Dataset)
			if err != nil || d.Status != training.DatasetFailed {
				t.Errorf("data set = %+v, %v, want failed", d, err)
			}
		})
	}
}

func TestSteps_RepeatedStepsRegisterOnce(t *testing.T) {
	h := newHouse(t, 1)
	job := h.upload(t, tenant, "intents", csv(90, 3), `{"params":{"c":[1],"features":["word"]},"search":{"folds":2}}`)
	ctx := t.Context()
	for range 2 {
		if err := h.run(ctx, tenant, job.ID); err != nil && !fault.Is(err, fault.Conflict) {
			t.Fatal(err)
		}
		if _, err := h.steps.Run(ctx, training.StepInput{Step: "finish", Tenant: tenant, Job: job.ID}); err != nil {
			t.Fatalf("finish again: %v", err)
		}
	}
	page, err := h.jobs.Registry.Versions(ctx, tenant, "intents", registry.PageRequest{})
	if err != nil || len(page.Items) != 1 {
		t.Errorf("%d versions, %v, want 1", len(page.Items), err)
	}
}

func TestGate(t *testing.T) {
	ctx := t.Context()
	h := newHouse(t, 2)
	first := csv(3000, 4)
	// Labels of the training rows are moved round; the held-out rows are right.
	var spoilt strings.Builder
	spoilt.WriteString("label,text,split\n")
	for i, line := range strings.Split(strings.TrimSpace(csv(3000, 5)), "\n")[1:] {
		if i%10 == 0 {
			spoilt.WriteString(line + ",test\n")
		} else {
			spoilt.WriteString(strings.NewReplacer("refund,", "delivery,", "delivery,", "登录,", "登录,", "refund,").Replace(line) + ",train\n")
		}
	}
	quick := `"params":{"c":[1],"features":["word"]},"search":{"folds":2}`
	steps := []struct {
		name, data, settings       string
		wantPromotion, wantReason  string
		wantChampion, wantVersions int
	}{
		{"the first is promoted", first, `{` + quick + `}`, "promoted", "", 1, 1},
		{"an equal one is promoted", csv(3000, 6), `{` + quick + `}`, "promoted", "", 2, 2},
		{"a worse one is held", spoilt.String(), `{` + quick + `}`, "held", "worse", 2, 3},
		{"one below the floor is held", csv(3000, 7), `{` + quick + `,"gate":{"min":{"macro_f1":1}}}`, "held", "below_minimum", 2, 4},
		{"one without common rows is held", csv(150, 8), `{` + quick + `}`, "held", "not_comparable", 2, 5},
		{"one that asks for none is not", csv(300, 9), `{` + quick + `,"promote_to":"none"}`, "none", "not_asked", 2, 6},
		{"a misspelt alias opens no gate", csv(3000, 6), `{` + quick + `,"gate":{"not_worse_than":"champoin"}}`, "held", "no_such_alias", 2, 7},
	}
	for _, tc := range steps {
		t.Run(tc.name, func(t *testing.T) {
			job := h.upload(t, tenant, "intents", tc.data, tc.settings)
			if err := h.run(ctx, tenant, job.ID); err != nil {
				t.Fatal(err)
			}
			job, err := h.jobs.Job(ctx, tenant, job.ID)
			if err != nil {
				t.Fatal(err)
			}
			if r := job.Result; r.Promotion != tc.wantPromotion || r.Reason != tc.wantReason || job.Version != tc.wantVersions {
				t.Errorf("version %d: %s %s (%s), want version %d: %s %s", job.Version, r.Promotion, r.Reason, r.Detail, tc.wantVersions, tc.wantPromotion, tc.wantReason)
			}
			a, err := h.jobs.Registry.Alias(ctx, tenant, "intents", registry.Champion)
			if err != nil || a.Version != tc.wantChampion {
				t.Errorf("champion = %d, %v, want %d", a.Version, err, tc.wantChampion)
			}
		})
	}
}

// What could not be compared says why.
func TestGate_otherClasses(t *testing.T) {
	ctx := t.Context()
	h := newHouse(t, 2)
	quick := `{"params":{"c":[1],"features":["word"]},"search":{"folds":2}}`
	for _, data := range []string{csv(300, 6), csv(300, 6) + strings.Repeat("exchange,the other size please\n", 30)} {
		job := h.upload(t, tenant, "intents", data, quick)
		if err := h.run(ctx, tenant, job.ID); err != nil {
			t.Fatal(err)
		}
	}
	v, err := h.jobs.Registry.Version(ctx, tenant, "intents", 2)
	if want := "version 1 knows another set of labels; promote by hand after a look"; err != nil || v.Gate.Reason != "not_comparable" || v.Gate.Detail != want {
		t.Errorf("gate = %+v, %v, want not_comparable: %s", v.Gate, err, want)
	}
}

// Two trainings side by side: the alias that the second was judged against is
// moved by the first before it commits, and it is judged again.
func TestGate_aliasMoved(t *testing.T) {
	ctx := t.Context()
	h := newHouse(t, 2)
	quick := `{"params":{"c":[1],"features":["word"]},"search":{"folds":2}}`
	first, second := h.upload(t, tenant, "intents", csv(3000, 4), quick), h.upload(t, tenant, "intents", csv(150, 8), quick)
	h.steps.Models = &whenPut{Store: h.steps.Models, name: second.ID + "-report.json", do: func(models blob.Store) {
		steps := *h.steps
		steps.Models = models
		other := *h
		other.steps = &steps
		if err := other.run(ctx, tenant, first.ID); err != nil {
			t.Error(err)
		}
	}}
	if err := h.run(ctx, tenant, second.ID); err != nil {
		t.Fatal(err)
	}
	a, err := h.jobs.Registry.Alias(ctx, tenant, "intents", registry.Champion)
	if err != nil || a.Version != 1 {
		t.Errorf("champion = %d, %v, want 1, which the second was not compared with when it began", a.Version, err)
	}
	v, err := h.jobs.Registry.Version(ctx, tenant, "intents", 2)
	if err != nil || v.Gate.Promotion != "held" || v.Gate.Reason != "not_comparable" {
		t.Errorf("gate of version 2 = %+v, %v, want held, not_comparable", v.Gate, err)
	}
}

// whenPut does something once, before an object whose key ends in name is written.
type whenPut struct {
	blob.Store
	name string
	do   func(blob.Store)
	once sync.Once
}

func (w *whenPut) Put(ctx context.Context, key string, body io.ReadSeeker, size int64, o blob.PutOptions) (blob.Info, error) {
	if strings.HasSuffix(key, w.name) {
		w.once.Do(func() { w.do(w.Store) })
	}
	return w.Store.Put(ctx, key, body, size, o)
}

// An older upload that arrives late is registered but does not take the alias
// from newer data.
func TestGate_LateOlderUpload(t *testing.T) {
	ctx := t.Context()
	h := newHouse(t, 1)
	quick := `{"params":{"c":[1],"features":["word"]},"search":{"folds":2}}`
	older := h.upload(t, tenant, "intents", csv(300, 10), quick)
	h.clock.Add(int64(time.Minute))
	newer := h.upload(t, tenant, "intents", csv(300, 11), quick)
	for _, job := range []training.Job{newer, older} {
		if err := h.run(ctx, tenant, job.ID); err != nil {
			t.Fatal(err)
		}
	}
	a, err := h.jobs.Registry.Alias(ctx, tenant, "intents", registry.Champion)
	if err != nil || a.Version != 1 {
		t.Fatalf("champion = %d, %v, want 1, trained on the newer data", a.Version, err)
	}
	v, err := h.jobs.Registry.Version(ctx, tenant, "intents", 2)
	if err != nil || v.Gate.Promotion != "held" || v.Gate.Reason != "superseded" {
		t.Errorf("gate of version 2 = %+v, %v, want held, superseded", v.Gate, err)
	}
}

func TestService_SubmitOnceForOneOrigin(t *testing.T) {
	h := newHouse(t, 1)
	h.machine.Refuse = fault.New(fault.Unavailable, "busy")
	sub := training.Submission{Origin: "one", Model: "intents", Key: "inbox/local/intents/a.csv", By: "upload"}
	_, err := h.jobs.Submit(t.Context(), tenant, sub)
	if !fault.Is(err, fault.Unavailable) {
		t.Fatalf("Submit while the engine is away = %v, want unavailable", err)
	}
	h.machine.Refuse = nil
	first, err := h.jobs.Submit(t.Context(), tenant, sub)
	if err != nil {
		t.Fatalf("the next delivery: %v, want it to start the job", err)
	}
	second, err := h.jobs.Submit(t.Context(), tenant, sub)
	if err != nil || second.ID != first.ID || len(h.machine.Input) != 1 {
		t.Errorf("second delivery = job %s, %v with %d executions, want %s and 1", second.ID, err, len(h.machine.Input), first.ID)
	}
	other, err := h.jobs.Submit(t.Context(), "other", sub)
	if err != nil || other.ID == first.ID {
		t.Errorf("another tenant's job = %s, %v, want one of its own", other.ID, err)
	}
}

func TestService_CancelAndLateWorker(t *testing.T) {
	h := newHouse(t, 1)
	job := h.upload(t, tenant, "intents", csv(90, 12), "")
	if _, err := h.jobs.Cancel(t.Context(), tenant, job.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.run(t.Context(), tenant, job.ID); err == nil {
		t.Error("a cancelled job ran")
	}
	job, err := h.jobs.Job(t.Context(), tenant, job.ID)
	if err != nil || job.Status != training.Cancelled {
		t.Errorf("status = %s, %v, want cancelled", job.Status, err)
	}
	if _, err := h.jobs.Cancel(t.Context(), tenant, job.ID); err != nil {
		t.Errorf("second Cancel = %v, want the same answer as the first", err)
	}
	done := h.upload(t, tenant, "intents", csv(60, 13), "")
	if err := h.run(t.Context(), tenant, done.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.jobs.Cancel(t.Context(), tenant, done.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("Cancel of a job that is over = %v, want conflict", err)
	}
}

func TestService_SilentJobsAreReconciled(t *testing.T) {
	for _, tc := range []struct {
		name, state string
		want        training.Status
		wantCode    string
	}{
		{"still running", training.ExecutionRunning, training.Queued, ""},
		{"timed out", training.ExecutionTimedOut, training.Failed, "timeout"},
		{"stopped", training.ExecutionAborted, training.Failed, "aborted"},
		{"failed without a word", training.ExecutionFailed, training.Failed, "internal"},
		{"start was lost", training.ExecutionAbsent, training.Queued, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 1)
			job := h.upload(t, tenant, "intents", csv(90, 13), "")
			for name := range h.machine.State {
				h.machine.State[name] = tc.state
				if tc.state == training.ExecutionAbsent {
					delete(h.machine.State, name)
					delete(h.machine.Input, name)
				}
			}
			h.clock.Add(int64(2 * time.Minute))
			job, err := h.jobs.Job(t.Context(), tenant, job.ID)
			if err != nil || job.Status != tc.want {
				t.Fatalf("status = %s, %v, want %s", job.Status, err, tc.want)
			}
			if tc.wantCode != "" && job.Error.Code != tc.wantCode {
				t.Errorf("error = %+v, want code %s", job.Error, tc.wantCode)
			}
			if tc.state == training.ExecutionAbsent && len(h.machine.Input) != 1 {
				t.Error("the lost start was not made again")
			}
		})
	}
}

func TestParseSettings(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		want     fault.Code
		pointer  string
	}{
		{"nothing", "", "", ""},
		{"auto", `{"algorithm":"auto"}`, "", ""},
		{"unknown field", `{"algoritm":"auto"}`, fault.Malformed, ""},
		{"two values", `{} {}`, fault.Malformed, ""},
		{"unknown algorithm", `{"algorithm":"magic"}`, fault.Invalid, "/algorithm"},
		{"c of zero", `{"params":{"c":[1,0]}}`, fault.Invalid, "/params/c/1"},
		{"one fold", `{"search":{"folds":1}}`, fault.Invalid, "/search/folds"},
		{"share too large", `{"split":{"test":0.9}}`, fault.Invalid, "/split/test"},
		{"gate on a metric nobody knows", `{"gate":{"min":{"beauty":1}}}`, fault.Invalid, "/gate/min/beauty"},
		{"unknown task", `{"task":"poetry"}`, fault.Invalid, "/task"},
		{"halving within a budget", `{"search":{"strategy":"halving","budget":1e9}}`, "", ""},
		{"unknown strategy", `{"search":{"strategy":"luck"}}`, fault.Invalid, "/search/strategy"},
		{"budget below zero", `{"search":{"budget":-1}}`, fault.Invalid, "/search/budget"},
		{"unknown learner", `{"params":{"learner":"forest"}}`, fault.Invalid, "/params/learner"},
		{"learner of another algorithm", `{"algorithm":"linear-svm","params":{"learner":"logistic"}}`, fault.Invalid, "/params/learner"},
		{"numbers by an svm", `{"task":"table-regression","algorithm":"linear-svm"}`, fault.Invalid, "/algorithm"},
		{"texts by rmse", `{"task":"text-classification","metric":"rmse"}`, fault.Invalid, "/metric"},
		{"unknown class weight", `{"params":{"class_weight":"heavy"}}`, fault.Invalid, "/params/class_weight"},
		{"floor too high", `{"params":{"min_docs":5000}}`, fault.Invalid, "/params/min_docs"},
		{"few hash bits", `{"params":{"hash_bits":9}}`, fault.Invalid, "/params/hash_bits"},
		{"many hash bits", `{"params":{"hash_bits":23}}`, fault.Invalid, "/params/hash_bits"},
		{"hash bits for tables", `{"task":"table-regression","params":{"hash_bits":18}}`, fault.Invalid, "/params/hash_bits"},
		{"hash bits", `{"params":{"hash_bits":18}}`, "", ""},
		{"shape for texts", `{"task":"text-classification","params":{"features":["curved"]}}`, fault.Invalid, "/params/features/0"},
		{"recipe for tables", `{"task":"table-classification","params":{"features":["plain","word"]}}`, fault.Invalid, "/params/features/1"},
		{"ceiling on what should rise", `{"gate":{"max":{"accuracy":1}}}`, fault.Invalid, "/gate/max/accuracy"},
		{"floor and ceiling", `{"gate":{"min":{"r2":-0.5},"max":{"rmse":70000}}}`, "", ""},
		{"reserved alias", `{"promote_to":"latest"}`, fault.Invalid, "/promote_to"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := training.ParseSettings(json.RawMessage(tc.in))
			if got := fault.CodeOf(err); got != tc.want {
				t.Fatalf("ParseSettings(%s) = %v, want %q", tc.in, err, tc.want)
			}
			if f, ok := errors.AsType[*fault.Error](err); ok && tc.pointer != "" && (len(f.Details) != 1 || f.Details[0].Pointer != tc.pointer) {
				t.Errorf("details = %+v, want pointer %s", f.Details, tc.pointer)
			}
		})
	}
}
