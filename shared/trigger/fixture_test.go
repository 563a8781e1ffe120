package trigger_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/shared/batch"
	"godwit/shared/blob/memblob"
	"godwit/shared/fault"
	"godwit/shared/jobs/memmachine"
	"godwit/shared/registry"
	"godwit/shared/registry/memory"
	"godwit/shared/training"
	"godwit/shared/trigger"
)

// The names all tests use.
const (
	bucket = "godwit-uploads"
	tenant = registry.Tenant("local")
)

// house is a Handler over stores in memory.
type house struct {
	trigger.Handler
	store   *failing
	machine *memmachine.Machine
}

func newHouse(t *testing.T) *house {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }
	var mu sync.Mutex
	tokens := 0
	token := func() string {
		mu.Lock()
		defer mu.Unlock()
		tokens++
		return fmt.Sprint("token", tokens)
	}
	h := &house{store: &failing{Store: memory.New(now)}, machine: memmachine.New()}
	h.Handler = trigger.Handler{
		Uploads: bucket, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Jobs: &training.Service{
			Store: h.store, Registry: &registry.Registry{Store: h.store, Now: now, NewToken: token},
			Uploads: memblob.New(now), Machine: h.machine, Now: now, NewToken: token,
		},
	}
	h.Batches = &batch.Service{Store: h.store, Registry: h.Jobs.Registry, Uploads: h.Jobs.Uploads, Machine: h.machine, Now: now, NewToken: token}
	return h
}

// handle delivers an event and fails the test when it would come again.
func (h *house) handle(t *testing.T, event string) {
	t.Helper()
	if err := h.Handle(t.Context(), json.RawMessage(event)); err != nil {
		t.Fatalf("Handle(%s) = %v", event, err)
	}
}

// list returns all jobs, newest first.
func (h *house) list(t *testing.T, of registry.Tenant) []training.Job {
	t.Helper()
	page, err := h.Jobs.Jobs(t.Context(), of, training.JobFilter{}, registry.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return page.Items
}

// only returns the one job there is, and checks that it was started once.
func (h *house) only(t *testing.T) training.Job {
	t.Helper()
	jobs := h.list(t, tenant)
	if len(jobs) != 1 || len(h.machine.Names()) != 1 {
		t.Fatalf("%d jobs and executions %q, want one of each", len(jobs), h.machine.Names())
	}
	return jobs[0]
}

// announce makes a data set as POST /v1/datasets does.
func (h *house) announce(t *testing.T, id, train string) registry.Dataset {
	t.Helper()
	d := registry.Dataset{ID: id, Model: "intents", Filename: "a.csv", Key: "datasets/local/" + id + "/a.csv", Status: training.DatasetAwaiting}
	if train != "" {
		d.Train = json.RawMessage(train)
	}
	d, err := h.Jobs.Registry.CreateDataset(t.Context(), tenant, d)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// dataset reads a data set.
func (h *house) dataset(t *testing.T, id string) registry.Dataset {
	t.Helper()
	d, err := h.Jobs.Registry.Dataset(t.Context(), tenant, id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// created is EventBridge's event of an object, with its key as it is.
func created(bucket, key, version string) string {
	return fmt.Sprintf(`{"source":"aws.s3","detail-type":"Object Created","time":"2026-11-23T12:00:00Z","detail":{"bucket":{"name":%q},"object":{"key":%q,"size":7,"etag":"e1","version-id":%q}}}`,
		bucket, key, version)
}

// record is S3's own event of an object, with its key URL-encoded.
func record(name, key, version string) string {
	return fmt.Sprintf(`{"Records":[{"eventSource":"aws:s3","eventName":%q,"eventTime":"2026-11-23T12:00:00.5Z","s3":{"bucket":{"name":%q},"object":{"key":%q,"size":7,"eTag":"e1","versionId":%q}}}]}`,
		name, bucket, key, version)
}

// changed is EventBridge's event of an execution.
func changed(status, input string) string {
	return fmt.Sprintf(`{"source":"aws.states","detail-type":"Step Functions Execution Status Change","detail":{"name":"n","status":%q,"input":%q}}`, status, input)
}

// sample reads a sample event of the repository.
func sample(t testing.TB, file string) string {
	t.Helper()
	data, err := os.ReadFile("../../events/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// failing is a store whose writes or reads of some records fail.
type failing struct {
	registry.Store
	partition string     // that contains this
	code      fault.Code // empty: nothing fails
	reads     bool       // reads fail too
}

func (f *failing) fails(key registry.Key) error {
	if f.code == "" || !strings.Contains(key.Partition, f.partition) {
		return nil
	}
	return fault.New(f.code, "planned")
}

func (f *failing) Get(ctx context.Context, key registry.Key) (registry.Record, error) {
	if err := f.fails(key); err != nil && f.reads {
		return registry.Record{}, err
	}
	return f.Store.Get(ctx, key)
}

func (f *failing) Write(ctx context.Context, token string, writes ...registry.Write) error {
	for _, w := range writes {
		if err := f.fails(w.Record.Key); err != nil {
			return err
		}
	}
	return f.Store.Write(ctx, token, writes...)
}
