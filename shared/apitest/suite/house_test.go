package suite_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"godwit/shared/access"
	"godwit/shared/api"
	"godwit/shared/batch"
	"godwit/shared/blob/memblob"
	"godwit/shared/jobs"
	"godwit/shared/jobs/memmachine"
	"godwit/shared/lambdahttp"
	"godwit/shared/monitor"
	"godwit/shared/registry"
	"godwit/shared/registry/memory"
	"godwit/shared/report"
	"godwit/shared/serving"
	"godwit/shared/telemetry"
	"godwit/shared/training"
	"godwit/shared/trigger"
	"godwit/shared/usage"
)

// adminKey is the first admin key of a house, and uploadsBucket where files go.
const (
	adminKey      = "gw_the-first-admin-key-of-a-test"
	uploadsBucket = "uploads"
)

// handler is a function behind the gateway.
type handler func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)

// house is the whole product in one process: the functions as their mains wire
// them, on stores in memory, with engines that run a job's steps at once.
type house struct {
	functions  map[api.Function]handler
	authorizer *access.Authorizer
	trigger    *trigger.Handler
	uploads    *memblob.Store
	models     *memblob.Store
	logs       *lines
}

// lines collects what all functions log.
type lines struct {
	mu   sync.Mutex
	text []byte
}

// Write appends p.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	return len(p), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

func newHouse(t testing.TB) *house {
	t.Helper()
	store := memory.New(time.Now)
	sum := sha256.Sum256([]byte(adminKey))
	h := &house{uploads: memblob.New(time.Now), models: memblob.New(time.Now), logs: &lines{}}
	log := telemetry.NewLogger(h.logs, slog.LevelInfo)
	reg := &registry.Registry{Store: store, Now: time.Now, NewToken: rand.Text}
	secret := &serving.Secret{Store: store, Random: rand.Reader}
	train, score := memmachine.New(), memmachine.New()
	deps := api.Deps{
		Registry: reg, Uploads: h.uploads, Models: h.models, Secret: secret, Keys: &access.Keys{Store: store, Now: time.Now, NewToken: rand.Text, Random: rand.Reader},
		Training: &training.Service{Store: store, Registry: reg, Uploads: h.uploads, Machine: train, Now: time.Now, NewToken: rand.Text},
		Batches:  &batch.Service{Store: store, Registry: reg, Uploads: h.uploads, Machine: score, Now: time.Now, NewToken: rand.Text},
		Serving:  serving.New(serving.Options{Registry: reg, Models: h.models, Secret: secret, Now: time.Now, TTL: 50 * time.Millisecond}),
		Usage:    &usage.Gatherer{Store: store, Now: time.Now},
		Press:    report.Press{},
		Monitor:  &monitor.Service{Store: store, Uploads: h.uploads, Now: time.Now, NewToken: rand.Text},
		Now:      time.Now, NewToken: rand.Text, Log: log, Meter: telemetry.NewMeter(h.logs, "Godwit", "test", time.Now), Build: "test",
	}
	steps := &training.Steps{Jobs: deps.Training, Uploads: h.uploads, Models: h.models, Build: "test", Workers: 2, Usage: deps.Usage, Log: log}
	scoring := &batch.Steps{Jobs: deps.Batches, Uploads: h.uploads, Models: h.models, Serving: deps.Serving, Render: api.AppendResult, Workers: 2, Log: log}
	train.Run = func(input []byte) error { return runJob(t.Context(), input, steps, trainJob) }
	score.Run = func(input []byte) error { return runJob(t.Context(), input, scoring, scoreJob) }
	h.functions = map[api.Function]handler{
		api.PredictFunction: lambdahttp.Handler(api.Predict(deps)), api.TrainingFunction: lambdahttp.Handler(api.Training(deps)), api.RegistryFunction: lambdahttp.Handler(api.Registry(deps)),
	}
	h.authorizer = &access.Authorizer{Store: store, AdminDigest: hex.EncodeToString(sum[:]), AdminTenant: "acme", Now: time.Now, Log: log}
	h.trigger = &trigger.Handler{Jobs: deps.Training, Batches: deps.Batches, Uploads: uploadsBucket, Log: log}
	t.Cleanup(func() { train.Wait(); score.Wait() })
	return h
}

var _ io.Writer = (*lines)(nil)

// runJob runs the steps of the job an execution was started with.
func runJob[S any](ctx context.Context, input []byte, steps S, run func(context.Context, S, jobs.Ticket) error) error {
	var in jobs.Ticket
	if err := json.Unmarshal(input, &in); err != nil {
		return err
	}
	return run(ctx, steps, in)
}

// trainJob takes a job through the steps of training.asl.json.
func trainJob(ctx context.Context, steps *training.Steps, ticket jobs.Ticket) error {
	step := func(name string, rung, task int, why *training.StepError) (any, error) {
		return steps.Run(ctx, training.StepInput{Step: name, Tenant: ticket.Tenant, Job: ticket.Job, Attempt: ticket.Attempt, Rung: rung, Task: task, Error: why})
	}
	err := func() error {
		out, err := step("prepare", 0, 0, nil)
		for err == nil && out.(training.Next).More {
			next := out.(training.Next)
			for _, task := range next.Tasks {
				if _, err := step("search", next.Rung, task, nil); err != nil {
					return err
				}
			}
			out, err = step("select", next.Rung, 0, nil)
		}
		if err == nil {
			_, err = step("finish", 0, 0, nil)
		}
		return err
	}()
	if err != nil {
		_, _ = step("fail", 0, 0, &training.StepError{Error: jobs.ErrorType(err), Cause: err.Error()}) // the job is read by whoever asks for it
	}
	return err
}

// scoreJob takes a job through the steps of batch.asl.json; its files here are
// of one chunk.
func scoreJob(ctx context.Context, steps *batch.Steps, ticket jobs.Ticket) error {
	chunks := []batch.Item{{Chunk: 0}}
	for _, step := range []string{"split", "score", "merge"} {
		in := batch.StepInput{Step: step, Tenant: ticket.Tenant, Job: ticket.Job, Attempt: ticket.Attempt, Items: chunks}
		if _, err := steps.Run(ctx, in); err != nil {
			in.Step, in.Error = "fail", &jobs.StepError{Error: jobs.ErrorType(err), Cause: err.Error()}
			_, _ = steps.Run(ctx, in) // as above
			return err
		}
	}
	return nil
}
