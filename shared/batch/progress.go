package batch

import (
	"context"
	"time"

	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/registry"
)

// The phases of a job.
const (
	phaseSplit = "split"
	phaseScore = "score"
	phaseMerge = "merge"
	phaseDone  = "done"
)

// Names of the counters of a job under way.
const (
	countChunks = "chunks"
	countOK     = "ok"
	countFailed = "failed"
)

// countLife is how long the counters of a job are kept.
const countLife = 90 * 24 * time.Hour

// count notes that a chunk is scored. It is for people: losing it, or counting
// a chunk twice, changes no result.
func (s *Service) count(ctx context.Context, job Job, t *tally) error {
	return s.Store.Add(ctx, registry.BatchCountsKey(job.Tenant, job.ID),
		map[string]int64{countChunks: 1, countOK: t.OK, countFailed: t.Failed}, s.Now().Add(countLife))
}

// withProgress adds what is counted to a job under way.
func (s *Service) withProgress(ctx context.Context, job Job) (Job, error) {
	if job.Status.Final() || job.Chunks == 0 {
		// A final job's counts are in its record, and before the split there are none.
		job.advance(Counts{}, 0)
		return job, nil
	}
	record, err := s.Store.Get(ctx, registry.BatchCountsKey(job.Tenant, job.ID))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Job{}, err
	}
	c := record.Counters
	job.advance(Counts{OK: c[countOK], Failed: c[countFailed]}, c[countChunks])
	return job, nil
}

// advance sets phase and progress, and the counts of a job under way, within
// what is possible: the counters may count twice.
func (j *Job) advance(so Counts, chunks int64) {
	switch {
	case j.Status == jobs.Succeeded:
		j.Phase, j.Progress = phaseDone, 1
	case j.Status.Final():
	case j.Chunks == 0:
		j.Phase = phaseSplit
	default:
		j.Counts.OK = min(so.OK, j.Counts.Rows)
		j.Counts.Failed = min(so.Failed, j.Counts.Rows-j.Counts.OK)
		done := min(float64(chunks)/float64(j.Chunks), 1)
		// Splitting and merging take about a tenth of the time each.
		j.Phase, j.Progress = phaseScore, .1+.8*done
		if done == 1 {
			j.Phase = phaseMerge
		}
	}
}
