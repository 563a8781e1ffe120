package world

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"godwit/shared/batch"
	"godwit/shared/blob"
	"godwit/shared/jobs"
	"godwit/shared/registry"
	"godwit/shared/serving"
)

// rowsFile is a file to be scored.
type rowsFile struct {
	text       string
	ok, failed int64 // rows, 0 when it is no file of rows at all
}

// rowsFiles are what is scored, every row but the broken ones the question.
var rowsFiles = []rowsFile{
	{"id,text\n1," + question + "\n2,one,cell too many\n3," + question + "\n4," + question + "\n5," + question + "\n", 4, 1},
	{"id,text\n1," + question + "\n", 1, 0},
	{"PK\x03\x04 a workbook", 0, 0},
}

func (l *lane) batches() *batch.Service {
	return &batch.Service{
		Store: table{l}, Registry: l.registry(), Uploads: l.uploads(), Machine: engine{l}, Now: l.w.Now, NewToken: l.token,
	}
}

func (l *lane) scoring() *batch.Steps {
	return &batch.Steps{
		Jobs: l.batches(), Uploads: l.uploads(), Models: l.models(), Serving: l.server, Render: said, Workers: 1, ChunkRows: 2, Log: l.w.discard,
	}
}

// said writes one answer to the bit.
func said(dst []byte, r *serving.Result, _ bool) []byte {
	return fmt.Appendf(dst, `{"said":%q}`, saying(r.Label, r.Score))
}

// submit puts a file and asks for its rows to be scored.
func (l *lane) submit(ctx context.Context) {
	file := rowsFiles[l.act.B%len(rowsFiles)]
	key := fmt.Sprintf("batch/%s/rows%d.csv", l.act.tenant, l.act.B%len(rowsFiles))
	if _, err := l.w.uploads.Put(ctx, key, strings.NewReader(file.text), int64(len(file.text)), blob.PutOptions{}); err != nil {
		return
	}
	ref := registry.Reference{Model: intents, Alias: registry.Champion}
	if l.act.C%3 == 0 {
		ref = registry.Reference{Model: intents, Version: 1 + l.act.C%4}
	}
	job, err := l.batches().Submit(ctx, l.act.tenant, batch.Submission{
		Origin: fmt.Sprintf("origin%d", l.act.C%4), Ref: ref, Key: key, Format: batch.JSONL, By: "key",
	})
	if err == nil && !l.dead && job.Tenant != l.act.tenant {
		l.w.raise(31, "%s was given the job %s of %s", l.act.tenant, job.ID, job.Tenant)
	}
}

// score takes a batch job through the states of batch.asl.json, from where its
// execution is. Another lane may be at the same state: a step may run twice.
func (l *lane) score(ctx context.Context, e *execution) error {
	steps, t := l.scoring(), e.ticket
	for {
		in := batch.StepInput{Step: "merge", Tenant: t.Tenant, Job: t.Job, Attempt: t.Attempt}
		at := e.done
		switch {
		case at == 0:
			in.Step = "split"
		case at <= e.chunks:
			in.Step, in.Items = "score", []batch.Item{{Chunk: at - 1}}
		}
		out, err := steps.Run(ctx, in)
		if err != nil || l.dead {
			return err
		}
		if next, ok := out.(batch.Next); ok {
			if e.chunks, err = l.chunks(ctx, next); err != nil {
				return err
			}
		}
		e.done = max(e.done, at+1)
		if in.Step == "merge" {
			return nil
		}
	}
}

// chunks reads the list of chunks as the Map does.
func (l *lane) chunks(ctx context.Context, next batch.Next) (int, error) {
	data, err := blob.ReadAll(ctx, l.models(), next.Items, 1<<20)
	if err != nil {
		return 0, err
	}
	var items []batch.Item
	err = json.Unmarshal(data, &items)
	return len(items), err
}

// giveUp is the machine's Failed state.
func (l *lane) giveUp(ctx context.Context, e *execution) error {
	_, err := l.scoring().Run(ctx, batch.StepInput{
		Step: "fail", Tenant: e.ticket.Tenant, Job: e.ticket.Job, Attempt: e.ticket.Attempt,
		Error: &jobs.StepError{Error: jobs.ErrorType(e.error), Cause: e.error.Error()},
	})
	return err
}

// enterBatch notes a batch job.
func (w *World) enterBatch(rec registry.Record) {
	now := read[batch.Job](w, rec)
	i := slices.IndexFunc(w.ledger.batches, func(b *batch.Job) bool { return b.ID == now.ID })
	if i < 0 {
		w.ledger.batches = append(w.ledger.batches, &batch.Job{})
		i = len(w.ledger.batches) - 1
	}
	was := w.ledger.batches[i]
	if was.Status.Final() && now.Status != was.Status {
		w.raise(11, "batch job %s was %s and became %s", now.ID, was.Status, now.Status)
	}
	w.ledger.batches[i] = &now
	if now.Status == jobs.Succeeded && was.Status != jobs.Succeeded {
		w.complete(now)
	}
}

// complete holds the results of a batch job, at the moment they become visible,
// against its file and its version.
func (w *World) complete(job batch.Job) {
	var kind int
	if _, err := fmt.Sscanf(job.Key, "batch/"+string(job.Tenant)+"/rows%d.csv", &kind); err != nil || kind >= len(rowsFiles) {
		w.raise(31, "batch job %s of %s scored %s", job.ID, job.Tenant, job.Key)
		return
	}
	file := rowsFiles[kind]
	if c := job.Counts; c.OK != file.ok || c.Failed != file.failed || c.Rows != file.ok+file.failed {
		w.raise(19, "batch job %s counts %+v of %d rows and %d broken ones", job.ID, c, file.ok, file.failed)
	}
	v := w.model(job.Tenant, job.Model).versions[job.Version-1]
	say, err := w.library.answer(v.Artifact, w.models, question)
	results, there := w.lines(job.Results)
	failures, also := w.lines(job.Errors)
	if err != nil || w.swept && (!there || !also) {
		return // what expires may do so at any moment
	}
	if !there || !also {
		w.raise(5, "batch job %s succeeded without its files", job.ID)
	}
	if n := strings.Count(results, fmt.Sprintf("%q}\n", say)); v.Artifact.Digest == job.Digest && int64(n) != file.ok {
		w.raise(12, "batch job %s holds %d answers of version %d of %d: %s", job.ID, n, job.Version, file.ok, results)
	}
	if n := strings.Count(results, fmt.Sprintf(`"version":%d,`, job.Version)); int64(n) != file.ok {
		w.raise(22, "batch job %s names version %d in %d answers of %d", job.ID, job.Version, n, file.ok)
	}
	what := fmt.Sprintf("%s %d %d", job.Digest, job.Version, kind)
	if was, known := w.scored[what]; known && was != results+failures {
		w.raise(21, "batch job %s has other results than one before of the same rows and version", job.ID)
	}
	w.scored[what] = results + failures
}

// lines returns files one after the other, and whether all are there whole.
func (w *World) lines(files []batch.File) (text string, whole bool) {
	for _, f := range files {
		data, err := blob.ReadAll(context.Background(), w.models, f.Key, 1<<20)
		if err != nil || int64(len(data)) != f.Size {
			return "", false
		}
		text += string(data)
	}
	return text, true
}
