package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"godwit/shared/blob"
	"godwit/shared/blob/memblob"
	"godwit/shared/ml/open"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tune"
	"godwit/shared/registry"
	"godwit/shared/registry/memory"
	"godwit/shared/training"
)

// trainer is the product's own training over stores in memory: an upload goes
// in, a registered version comes out. Nothing of it is the bench's but the
// order of the steps, which is that of functions/trainer/training.asl.json.
type trainer struct {
	registry        *registry.Registry
	uploads, models blob.Store
	jobs            *training.Service
	alone           *training.Steps  // has all processors
	beside          *training.Steps  // has one, because others run beside it
	took            map[string]taken // by the steps that were run alone; nil: nobody asks
}

func newTrainer() *trainer {
	store := memory.New(time.Now)
	t := &trainer{
		registry: &registry.Registry{Store: store, Now: time.Now, NewToken: rand.Text},
		uploads:  memblob.New(time.Now), models: memblob.New(time.Now),
	}
	t.jobs = &training.Service{Store: store, Registry: t.registry, Uploads: t.uploads, Machine: unmanned{}, Now: time.Now, NewToken: rand.Text}
	t.alone = t.steps(runtime.GOMAXPROCS(0))
	t.beside = t.steps(1)
	return t
}

func (t *trainer) steps(workers int) *training.Steps {
	return &training.Steps{Jobs: t.jobs, Uploads: t.uploads, Models: t.models, Build: "bench", Workers: workers, Log: slog.New(slog.DiscardHandler)}
}

// unmanned is a state machine whose steps somebody else runs.
type unmanned struct{}

func (unmanned) Start(context.Context, string, []byte) error { return nil }
func (unmanned) Stop(context.Context, string, string) error  { return nil }
func (unmanned) Status(context.Context, string) (state, cause string, err error) {
	return training.ExecutionRunning, "", nil
}

// product is what a training brought.
type product struct {
	model     pipeline.Predictor // the served one
	chosen    tune.Candidate
	tried     int     // candidates of the search
	wall, cpu float64 // seconds from the upload to the registered version

	distributed *training.Distributed // nil when it was not divided
}

// trainAs uploads a file as a customer would, with no more said about it than
// the settings, and returns what is then served.
func (t *trainer) trainAs(ctx context.Context, model registry.Name, name string, data []byte, settings string) (product, error) {
	runtime.GC() // what came before is not this training's
	began, before := time.Now(), processorSeconds()
	key := fmt.Sprintf("inbox/%s/%s/%s", tenant, model, filepath.Base(name))
	info, err := t.uploads.Put(ctx, key, bytes.NewReader(data), int64(len(data)), blob.PutOptions{})
	if err != nil {
		return product{}, err
	}
	job, err := t.jobs.Submit(ctx, tenant, training.Submission{
		Origin: key, Model: model, Key: key, Version: info.VersionID, Size: info.Size, DataTime: info.ModTime,
		Settings: json.RawMessage(settings), By: "upload",
	})
	if err != nil {
		return product{}, err
	}
	if err := t.run(ctx, training.StepInput{Tenant: tenant, Job: job.ID, Attempt: job.Attempt}); err != nil {
		return product{}, fmt.Errorf("train %s: %w", model, err)
	}
	p := product{wall: time.Since(began).Seconds(), cpu: processorSeconds() - before}
	if job, err = t.jobs.Job(ctx, tenant, job.ID); err != nil {
		return p, err
	}
	err = t.fetch(ctx, model, job.Version, &p)
	return p, err
}

// run takes a job through the state machine.
func (t *trainer) run(ctx context.Context, in training.StepInput) error {
	in.Step = "prepare"
	out, err := t.step(ctx, in)
	for {
		if err != nil {
			return err
		}
		next, ok := out.(training.Next)
		if !ok {
			return fmt.Errorf("step %s answered %T", in.Step, out)
		}
		if next.Rows {
			if err := t.rows(ctx, in, next.Turn); err != nil {
				return err
			}
		}
		if !next.More {
			break
		}
		in.Rung = next.Rung
		if err := t.search(ctx, in, next.Tasks); err != nil {
			return err
		}
		in.Step = "select"
		out, err = t.alone.Run(ctx, in)
	}
	in.Step, in.Rung = "finish", 0
	_, err = t.step(ctx, in)
	return err
}

// search is the Map of the state machine: the tasks of a rung, as many side by
// side as there are processors. The first failure ends it.
func (t *trainer) search(ctx context.Context, in training.StepInput, tasks []int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan int)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for task := range queue {
				in := in
				in.Step, in.Task = "search", task
				if _, err := t.beside.Run(ctx, in); err != nil {
					cancel(err) // the others drain the queue and fail at once
				}
			}
		})
	}
	for _, task := range tasks {
		queue <- task
	}
	close(queue)
	group.Wait()
	return context.Cause(ctx)
}

// fetch reads the served artifact and the report of a version.
func (t *trainer) fetch(ctx context.Context, model registry.Name, number int, p *product) error {
	v, err := t.registry.Version(ctx, tenant, model, number)
	if err != nil {
		return err
	}
	data, err := blob.ReadAll(ctx, t.models, v.Artifact.Key, pipeline.MaxFileBytes)
	if err != nil {
		return err
	}
	if p.model, err = open.Model(ctx, data); err != nil {
		return err
	}
	if data, err = blob.ReadAll(ctx, t.models, v.ReportKey, pipeline.MaxFileBytes); err != nil {
		return err
	}
	var report struct {
		Chosen tune.Candidate
		Search []json.RawMessage

		Distributed *training.Distributed
	}
	err = json.Unmarshal(data, &report)
	p.chosen, p.tried, p.distributed = report.Chosen, len(report.Search), report.Distributed
	return err
}

// chosenOf writes a candidate in a few words.
func chosenOf(c tune.Candidate) string {
	words := []string{c.Recipe, c.Learner, fmt.Sprintf("C=%g", c.C)}
	if c.Learner == pipeline.CNN || c.Learner == pipeline.RNN {
		words[2] = fmt.Sprintf("%g epochs", c.C)
	}
	if c.Balance != "" {
		words = append(words, "balance="+c.Balance)
	}
	if c.MinDocs > 0 {
		words = append(words, fmt.Sprintf("min_docs=%d", c.MinDocs))
	}
	return strings.Join(words, " ")
}
