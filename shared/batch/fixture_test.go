package batch_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/shared/batch"
	"godwit/shared/blob"
	"godwit/shared/blob/memblob"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/jobs/memmachine"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tabular"
	"godwit/shared/ml/text"
	"godwit/shared/registry"
	"godwit/shared/registry/memory"
	"godwit/shared/serving"
	"godwit/shared/strictjson"
)

const tenant = registry.Tenant("acme")

// house is the whole of batch in memory. The machine it runs on is real in what
// matters here: it calls the steps in the order of the state machine and
// retries what the state machine retries.
type house struct {
	store       registry.Store
	uploads     blob.Store
	models      blob.Store
	jobs        *batch.Service
	steps       *batch.Steps
	machine     *memmachine.Machine
	skew        atomic.Int64
	handed      int // times Merge left work to the next function
	handedScore int // times Score did
}

// zeros is an endless source of known "randomness".
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{machine: memmachine.New()}
	began := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	now := func() time.Time { return began.Add(time.Duration(h.skew.Add(int64(time.Millisecond)))) }
	h.store, h.uploads, h.models = memory.New(now), memblob.New(now), memblob.New(now)
	var tokens atomic.Int64
	h.wire(now, func() string { return fmt.Sprintf("token%d", tokens.Add(1)) })
	return h
}

// wire builds the services on the house's stores.
func (h *house) wire(now func() time.Time, token func() string) {
	reg := &registry.Registry{Store: h.store, Now: now, NewToken: token}
	h.jobs = &batch.Service{Store: h.store, Registry: reg, Uploads: h.uploads, Machine: h.machine, Now: now, NewToken: token}
	h.steps = &batch.Steps{
		Jobs: h.jobs, Uploads: h.uploads, Models: h.models, Render: render, Workers: 2, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Serving: serving.New(serving.Options{Registry: reg, Models: h.models, Secret: &serving.Secret{Store: h.store, Random: zeros{}}, Now: now}),
	}
}

// render writes an answer in short: the door's own form is the door's to test.
func render(b []byte, r *serving.Result, regression bool) []byte {
	if regression {
		return fmt.Appendf(b, `{"value":%.3f}`, r.Value)
	}
	b = strictjson.AppendText(append(b, `{"label":`...), r.Label)
	b = fmt.Appendf(b, `,"score":%.4f,"scores":%d,"abstained":%t`, r.Score, len(r.Scores), r.Abstained)
	if r.Set != nil {
		b = fmt.Appendf(b, `,"set":%d`, len(r.Set))
	}
	if r.Explanation != nil {
		b = fmt.Appendf(b, `,"spans":%d`, len(r.Explanation.Spans))
	}
	return append(b, '}')
}

// run takes a job through the state machine as batch.asl.json has it.
func (h *house) run(ctx context.Context, job string) error {
	in := batch.StepInput{Tenant: tenant, Job: job, Attempt: 1}
	err := h.machineRun(ctx, in)
	if err != nil {
		in.Step, in.Error = "fail", &jobs.StepError{Error: jobs.ErrorType(err), Cause: err.Error()}
		if _, ferr := h.step(ctx, in); ferr != nil {
			return fmt.Errorf("%w, and then: %w", err, ferr)
		}
	}
	return err
}

func (h *house) machineRun(ctx context.Context, in batch.StepInput) error {
	in.Step = "split"
	if _, err := h.step(ctx, in); err != nil {
		return err
	}
	job, err := h.jobs.Job(ctx, in.Tenant, in.Job)
	if err != nil {
		return err
	}
	// The Map works in any order: this one begins with the last.
	for chunk := job.Chunks - 1; chunk >= 0; chunk -= 2 {
		in.Step, in.Items = "score", []batch.Item{{Chunk: chunk}, {Chunk: max(chunk-1, 0)}}
		for more := true; more; {
			out, err := h.step(ctx, in)
			if err != nil {
				return err
			}
			if more = out.(batch.Done).More; more {
				h.handedScore++
			}
		}
	}
	for in.Step, in.Items = "merge", nil; ; h.handed++ {
		out, err := h.step(ctx, in)
		if err != nil || !out.(batch.Done).More {
			return err
		}
	}
}

// step runs one step with the retries of the state machine.
func (h *house) step(ctx context.Context, in batch.StepInput) (out any, err error) {
	for range 6 {
		out, err = h.steps.Run(ctx, in)
		if err == nil || jobs.ErrorType(err) != jobs.TypeTransient {
			break
		}
	}
	return out, err
}

// submit puts a file under the tenant's folder and opens a job on it.
func (h *house) submit(t testing.TB, name, data string, change func(*batch.Submission)) batch.Job {
	t.Helper()
	key := "batch/acme/" + name
	h.upload(t.Context(), t, key, data)
	sub := batch.Submission{Ref: reference("intents"), Key: key, By: "key_1"}
	if change != nil {
		change(&sub)
	}
	job, err := h.jobs.Submit(t.Context(), tenant, sub)
	if err != nil {
		t.Fatalf("Submit: %v", err)
	}
	return job
}

func (h *house) upload(ctx context.Context, t testing.TB, key, data string) {
	t.Helper()
	if _, err := h.uploads.Put(ctx, key, strings.NewReader(data), int64(len(data)), blob.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

// reference is what serves a model by default.
func reference(model registry.Name) registry.Reference { return registry.Reference{Model: model} }

// finish runs a job that must succeed and returns it.
func (h *house) finish(t testing.TB, job batch.Job) batch.Job {
	t.Helper()
	if err := h.run(t.Context(), job.ID); err != nil {
		t.Fatalf("run: %v", err)
	}
	job, err := h.jobs.Job(t.Context(), tenant, job.ID)
	if err != nil || job.Status != jobs.Succeeded || job.Phase != "done" || job.Progress != 1 {
		t.Fatalf("job = %+v, %v, want succeeded", job, err)
	}
	if c := job.Counts; c.Rows != c.OK+c.Failed {
		t.Errorf("counts = %+v, want rows = ok + failed", c)
	}
	return job
}

// read returns what files hold, one after the other, and checks sizes.
func (h *house) read(t testing.TB, files []batch.File) string {
	t.Helper()
	var b strings.Builder
	for _, f := range files {
		data, err := blob.ReadAll(t.Context(), h.models, f.Key, 1<<30)
		if err != nil || int64(len(data)) != f.Size {
			t.Fatalf("%s: %d bytes, %v, want %d", f.Key, len(data), err, f.Size)
		}
		b.Write(data)
	}
	return b.String()
}

// artifact is a small model of texts, made once for all tests.
var artifact = sync.OnceValues(func() ([]byte, error) {
	var docs []string
	var y, rows []int32
	for class, phrase := range []string{"where is my card", "the machine kept my cash", "what is the exchange rate", "我的密码忘记了"} {
		for i := range 12 {
			rows = append(rows, int32(len(rows)))
			docs, y = append(docs, fmt.Sprintf("%s number%d", phrase, i%3)), append(y, int32(class))
		}
	}
	corpus, err := text.Count(context.Background(), docs, []text.Recipe{text.Word()}, 1, nil)
	if err != nil {
		return nil, err
	}
	d := pipeline.Data{Corpus: corpus, Y: y, Labels: labels}
	m, err := pipeline.Fit(context.Background(), d, rows, pipeline.Settings{Recipe: text.Word()}, 1, nil)
	if err != nil {
		return nil, err
	}
	return m.Encode(nil)
})

// labels are those of the model of texts; one is a formula to a spreadsheet.
var labels = []string{"=card", "cash", "rate", "密码"}

// prices is a small model of a table: grams and ripe to a price.
var prices = sync.OnceValues(func() ([]byte, error) {
	var b strings.Builder
	b.WriteString("grams,ripe,price\n")
	for i := range 60 {
		grams := 120 + i*i%47
		fmt.Fprintf(&b, "%d,%v,%d.5\n", grams, i%3 == 0, 2*grams)
	}
	set, err := dataset.ReadTable(context.Background(), strings.NewReader(b.String()), dataset.TableOptions{})
	if err != nil {
		return nil, err
	}
	rows := make([]int32, len(set.Rows))
	for i := range rows {
		rows[i] = int32(i)
	}
	d := pipeline.TableData{Table: tabular.TableOf(set), Task: set.Task, Values: set.Values}
	m, err := pipeline.FitTable(context.Background(), d, rows, pipeline.TableSettings{}, 1)
	if err != nil {
		return nil, err
	}
	return m.Encode(nil)
})

// publish registers a model as the champion of its name.
func (h *house) publish(t testing.TB, name registry.Name, make func() ([]byte, error)) registry.Version {
	t.Helper()
	data, err := make()
	if err != nil {
		t.Fatal(err)
	}
	return h.publishData(t.Context(), t, name, data)
}

func (h *house) publishData(ctx context.Context, t testing.TB, name registry.Name, data []byte) registry.Version {
	t.Helper()
	v := registry.Version{Model: name, Task: registry.TextClassification, Labels: labels, Gate: registry.Gate{Passed: true}}
	if name == "prices" {
		v.Task, v.Labels = registry.TableRegression, nil
	}
	reg := h.jobs.Registry
	if _, err := reg.EnsureModel(ctx, tenant, name); err != nil {
		t.Fatal(err)
	}
	a := registry.Artifact{Digest: blob.DigestOf(data), Size: int64(len(data))}
	a.Key = fmt.Sprintf("artifacts/%s/%s/%s.safetensors", tenant, name, a.Digest.Hex())
	if _, err := h.models.Put(ctx, a.Key, bytes.NewReader(data), a.Size, blob.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	v.Artifact, v.Evaluation = a, a
	v, err := reg.Commit(ctx, tenant, registry.Commit{Token: reg.NewToken(), Draft: v, Promote: registry.Champion})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// wantCode wants an error of a kind.
func wantCode(t *testing.T, what string, err error, code fault.Code) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Errorf("%s = %v, want %q", what, err, code)
	}
}
