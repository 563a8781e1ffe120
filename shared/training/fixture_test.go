package training_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"godwit/shared/blob"
	"godwit/shared/blob/memblob"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/jobs/memmachine"
	"godwit/shared/registry"
	"godwit/shared/registry/memory"
	"godwit/shared/training"
)

// house is the whole of training in memory. The machine it runs on is real in
// what matters here: it calls the steps in the order of the state machine and
// retries what the state machine retries.
type house struct {
	store   registry.Store
	uploads blob.Store
	models  blob.Store
	jobs    *training.Service
	steps   *training.Steps
	machine *memmachine.Machine
	clock   *atomic.Int64
	tokens  *atomic.Int64
	handed  int // times a step left work to the next function
	// blockwise counts the functions that fitted a block side by side.
	blockwise int
	between   func() // called each time it did
	sharded   int    // functions that did a step of a shard of rows
	// order, when not nil, says in which order shards are gone through, began is
	// told of each step, and twice runs each a second time, as a Map may.
	order func(n int, swap func(i, j int))
	began func(training.StepInput)
	twice bool
	// answers is what the steps answered. Those in past answer so again, first in
	// the order of the run, without being run.
	answers, past []any
}

func newHouse(t testing.TB, workers int) *house {
	t.Helper()
	h := &house{machine: memmachine.New(), clock: &atomic.Int64{}, tokens: &atomic.Int64{}}
	h.clock.Store(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).UnixNano())
	h.store, h.uploads, h.models = memory.New(h.now), memblob.New(h.now), memblob.New(h.now)
	h.wire(h.now, h.token, workers)
	return h
}

func (h *house) now() time.Time { return time.Unix(0, h.clock.Add(int64(time.Millisecond))) }

func (h *house) token() string { return fmt.Sprintf("token%d", h.tokens.Add(1)) }

func (h *house) wire(now func() time.Time, token func() string, workers int) {
	reg := &registry.Registry{Store: h.store, Now: now, NewToken: token}
	h.jobs = &training.Service{Store: h.store, Registry: reg, Uploads: h.uploads, Machine: h.machine, Now: now, NewToken: token}
	h.steps = &training.Steps{Jobs: h.jobs, Uploads: h.uploads, Models: h.models, Build: "test", Workers: workers, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

// run takes a job through the state machine as training.asl.json has it.
func (h *house) run(ctx context.Context, t registry.Tenant, job string) error {
	in := training.StepInput{Tenant: t, Job: job, Attempt: 1}
	err := h.machineRun(ctx, in)
	if err != nil {
		in.Step, in.Error = "fail", &training.StepError{Error: jobs.ErrorType(err), Cause: err.Error()}
		if _, ferr := h.step(ctx, in); ferr != nil {
			return errors.Join(err, ferr)
		}
	}
	return err
}

func (h *house) machineRun(ctx context.Context, in training.StepInput) error {
	in.Step = "prepare"
	out, err := h.step(ctx, in)
	for {
		if err != nil {
			return err
		}
		next := out.(training.Next)
		if next.Rows {
			if err := h.rowsRun(ctx, in, next.Turn); err != nil {
				return err
			}
		}
		if !next.More {
			break
		}
		in.Rung = next.Rung
		for _, task := range next.Tasks {
			in.Step, in.Task = "search", task
			if err := h.loop(ctx, in); err != nil {
				return err
			}
		}
		in.Step, in.Task = "select", 0
		out, err = h.step(ctx, in)
	}
	in.Step, in.Rung = "finish", 0
	return h.loop(ctx, in)
}

// loop runs a step for as long as there is more of it.
func (h *house) loop(ctx context.Context, in training.StepInput) error {
	for {
		out, err := h.step(ctx, in)
		if err != nil || !out.(training.Done).More {
			return err
		}
		done := out.(training.Done)
		for _, block := range done.Blocks {
			one := in
			one.Step, one.Fit, one.Block = "block", done.Fit, block
			if _, err := h.step(ctx, one); err != nil {
				return err
			}
			h.blockwise++
		}
		h.handed++
		if h.between != nil {
			h.between()
		}
	}
}

// step runs one step with the retries of the state machine.
func (h *house) step(ctx context.Context, in training.StepInput) (any, error) {
	if len(h.past) > 0 {
		out := h.past[0]
		h.past = h.past[1:]
		return out, nil
	}
	var out any
	var err error
	if h.began != nil {
		h.began(in)
	}
	if h.twice {
		if out, err = h.steps.Run(ctx, in); err != nil {
			return out, err
		}
	}
	for range 6 {
		out, err = h.steps.Run(ctx, in)
		if err == nil || jobs.ErrorType(err) != training.TypeTransient {
			break
		}
	}
	if err == nil {
		h.answers = append(h.answers, out)
	}
	return out, err
}

// upload puts data under the inbox and opens its job, as the trigger does.
func (h *house) upload(t testing.TB, tenant registry.Tenant, model registry.Name, data string, settings string) training.Job {
	t.Helper()
	key := fmt.Sprintf("inbox/%s/%s/train.csv", tenant, model)
	info, err := h.uploads.Put(t.Context(), key, strings.NewReader(data), int64(len(data)), blob.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sub := training.Submission{Origin: key + "\x00" + info.VersionID + info.ETag, Model: model, Key: key, Version: info.VersionID, Size: info.Size, DataTime: info.ModTime, By: "upload"}
	if settings != "" {
		sub.Settings = json.RawMessage(settings)
	}
	job, err := h.jobs.Submit(t.Context(), tenant, sub)
	if err != nil {
		t.Fatalf("Submit: %v", err)
	}
	return job
}

// csv returns rows of three classes whose words overlap a little, so that a
// model is good but not perfect.
func csv(rows int, seed uint64) string {
	rng := rand.New(rand.NewPCG(seed, 7))
	words := [][]string{
		strings.Fields("card arrive post delivery track wait mail envelope when soon"),
		strings.Fields("refund money back return charge wrong twice cancel payment dispute"),
		strings.Fields("密码 忘记 登录 账号 无法 验证 手机 短信 重置 失败"),
	}
	common := strings.Fields("please help my the is a can you today thanks app account")
	labels := []string{"delivery", "refund", "登录"}
	var b bytes.Buffer
	b.WriteString("label,text\n")
	for i := range rows {
		class := i % 3
		fmt.Fprintf(&b, "%s,", labels[class])
		for range 6 {
			from := words[class]
			if rng.IntN(3) == 0 {
				from = common
			}
			if rng.IntN(12) == 0 {
				from = words[rng.IntN(3)]
			}
			fmt.Fprintf(&b, "%s ", from[rng.IntN(len(from))])
		}
		fmt.Fprintf(&b, "%d\n", i)
	}
	return b.String()
}

// artifactIs reports whether the bytes under an artifact's key have its digest and size.
func (h *house) artifactIs(t testing.TB, a registry.Artifact) bool {
	t.Helper()
	data, err := blob.ReadAll(t.Context(), h.models, a.Key, 1<<30)
	if fault.Is(err, fault.NotFound) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	return blob.DigestOf(data) == a.Digest && int64(len(data)) == a.Size
}
