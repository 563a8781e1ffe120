package batch

import (
	"context"
	"errors"
	"sync"
	"time"

	"godwit/shared/fault"
	"godwit/shared/serving"
)

// groupRows is how many rows a goroutine scores at a time.
const groupRows = 256

// scored is what a chunk came to. It is stored last: where it is, its parts are.
type scored struct {
	Tally   tally  `json:"tally"`
	Results []part `json:"results,omitempty"`
	Errors  []part `json:"errors,omitempty"`
}

// part is one stored piece of results or errors.
type part struct {
	Key  string `json:"key"`
	Size int64  `json:"size"`
	Rows int64  `json:"rows"`
}

// scoredKey is where the description of a scored chunk is.
func scoredKey(job Job, chunk int) string { return workKey(job, "scored/%06d.json", chunk) }

// scoreAll scores chunks one after the other, as long as the function's time
// does for another; at least one that was not scored before.
func (s *Steps) scoreAll(ctx context.Context, job Job, items []Item) (more bool, err error) {
	if len(items) == 0 {
		return false, fault.New(fault.Invalid, "no chunks to score")
	}
	var longest time.Duration
	for _, item := range items {
		_, err := s.Models.Stat(ctx, scoredKey(job, item.Chunk))
		if err == nil {
			continue // an earlier run did it
		}
		if !fault.Is(err, fault.NotFound) {
			return false, err
		}
		more, err := s.piece(ctx, &longest, func() error { return s.score(ctx, job, item.Chunk) })
		if more || err != nil {
			return more, err
		}
	}
	return false, nil
}

// score answers the rows of one chunk. The description of what it came to is
// stored last, so that a chunk is scored whole or again.
func (s *Steps) score(ctx context.Context, job Job, chunk int) error {
	version, model, err := s.load(ctx, job)
	if err != nil {
		return err
	}
	defer model.Release()
	body, _, err := s.Models.Get(ctx, workKey(job, "chunks/%06d.jsonl", chunk))
	if err != nil {
		return lost(err)
	}
	defer body.Close()
	a := answerer{
		model: model, lines: newLines(job, s.Render, model.Regression(), len(version.Labels)),
		table: model.Columns() != nil,
	}
	done, err := s.rows(ctx, &a, newRowReader(body), chunk)
	if err != nil {
		return err
	}
	if err := s.putJSON(ctx, scoredKey(job, chunk), done); err != nil {
		return err
	}
	// After the description: a chunk that is scored again is not counted again.
	if err := s.Jobs.count(ctx, job, &done.Tally); err != nil {
		s.Log.Warn("progress not counted", "job", job.ID, "chunk", chunk, "error", err)
	}
	return nil
}

// rows answers all rows of a chunk and stores what they came to. They are read,
// answered and stored a few groups at a time: neither the chunk nor its results,
// which with explanations are many times as large, are ever held whole.
func (s *Steps) rows(ctx context.Context, a *answerer, rows rowReader, chunk int) (scored, error) {
	out := &output{steps: s, job: a.lines.job, chunk: chunk}
	for {
		groups, err := a.answer(ctx, rows, max(s.Workers, 1))
		if err != nil {
			return scored{}, err
		}
		for _, g := range groups {
			if err := out.take(ctx, g); err != nil {
				return scored{}, err
			}
		}
		if len(groups) == 0 {
			return out.close(ctx)
		}
	}
}

// lost: what a step of this job stored must be there, unless it has expired.
func lost(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.Conflict, err, "the job's work has expired; submit the file again")
	}
	return err
}

// group is some rows, answered and written.
type group struct {
	tally           tally
	results, errors []byte
	err             error
}

// answerer scores rows with one model.
type answerer struct {
	model *serving.Loaded
	lines *lines
	table bool
}

// answer reads and answers up to workers groups of rows, each on a goroutine of
// its own, and returns them in order; none at the end.
func (a *answerer) answer(ctx context.Context, rows rowReader, workers int) ([]*group, error) {
	// Reading is one goroutine's work, here, and cheap beside scoring; each group
	// has buffers of its own, so what is written does not depend on who is first.
	var groups []*group
	var work sync.WaitGroup
	var err error
	for range workers {
		var some []row
		if some, err = rows.read(groupRows); err != nil || len(some) == 0 {
			break
		}
		g := &group{}
		groups = append(groups, g)
		work.Go(func() { g.err = a.one(ctx, some, g) })
	}
	work.Wait()
	for _, g := range groups {
		err = errors.Join(err, g.err)
	}
	return groups, err
}

// one answers one group.
func (a *answerer) one(ctx context.Context, rows []row, g *group) error {
	p := a.lines.job.Parameters
	req := serving.Request{TopK: p.TopK, MinScore: p.MinScore, Coverage: p.Coverage, Explain: p.Explain}
	req.Inputs = make([]serving.Input, len(rows))
	for i := range rows {
		req.Inputs[i] = rows[i].input(a.table)
	}
	// A row that cannot be scored is an error in its place; an error here is the
	// model's or the context's, and the whole chunk is tried again.
	results, err := a.model.Score(ctx, req)
	if err != nil {
		return err
	}
	for i := range results {
		r := &results[i]
		sound(r)
		g.tally.count(r, a.lines.regression)
		if r.Err != nil {
			g.errors = a.lines.appendError(g.errors, &rows[i], r.Err)
		} else {
			g.results = a.lines.appendResult(g.results, &rows[i], r)
		}
	}
	return nil
}

// output stores a chunk's lines in parts of bounded size.
type output struct {
	steps  *Steps
	job    Job
	chunk  int
	tally  tally
	files  [2]stream // results, errors
	counts [2]int64  // rows in the stream's buffer
}

// stream is one of an output's files.
type stream struct {
	buf   []byte
	parts []part
}

var streamNames = [2]string{"results", "errors"}

// take adds a group, and stores what has grown large.
func (o *output) take(ctx context.Context, g *group) error {
	o.tally.add(&g.tally)
	for i, data := range [2][]byte{g.results, g.errors} {
		o.files[i].buf = append(o.files[i].buf, data...)
		o.counts[i] += [2]int64{g.tally.OK, g.tally.Failed}[i]
		if len(o.files[i].buf) >= o.steps.partBytes() {
			if err := o.store(ctx, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// store stores what is gathered of one stream.
func (o *output) store(ctx context.Context, i int) error {
	f := &o.files[i]
	key := workKey(o.job, "scored/%06d-%s-%03d", o.chunk, streamNames[i], len(f.parts))
	if err := o.steps.put(ctx, key, f.buf); err != nil {
		return err
	}
	f.parts = append(f.parts, part{key, int64(len(f.buf)), o.counts[i]})
	f.buf, o.counts[i] = f.buf[:0], 0 // Put is done with the bytes when it returns
	return nil
}

// close stores the rest.
func (o *output) close(ctx context.Context) (scored, error) {
	for i := range o.files {
		if len(o.files[i].buf) == 0 {
			continue
		}
		if err := o.store(ctx, i); err != nil {
			return scored{}, err
		}
	}
	return scored{Tally: o.tally, Results: o.files[0].parts, Errors: o.files[1].parts}, nil
}
