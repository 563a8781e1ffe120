package main

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"godwit/functions/local/objects"
	"godwit/functions/local/stage"
)

// TestBatch_SurvivesKillAtEveryState kills the function with SIGKILL at every
// state of batch.asl.json, each chunk's score by itself, once before its work and
// once between the work and the answer. The results are those of an undisturbed
// run, byte by byte, in one file each; a file that cannot be scored still fails
// with its reason.
func TestBatch_SurvivesKillAtEveryState(t *testing.T) {
	t.Parallel()        // most of it is waiting for retries
	const rows = 40_500 // three chunks
	kills := t.TempDir()
	at := launchWith(t, t.TempDir(), withMortal(t, "batch", kills), "serve").serving(t)
	championOf(t, at)
	c := newClient(at)
	key := putRows(t, at, "rows.csv", tenthBroken(rows))
	calm := until(t, c, submitRows(t, c, key), "done")

	condemn(t, kills, "split", "score0", "score1", "score2", "merge")
	disturbed := until(t, c, submitRows(t, c, key), "done")
	allStruck(t, kills)
	for _, job := range []batchAnswer{calm, disturbed} {
		if job.Version != 1 || job.Counts.Rows != rows || job.Counts.OK != rows-rows/10 || job.Counts.Failed != rows/10 {
			t.Errorf("job = %+v, want %d rows, a tenth of them failed", job, rows)
		}
		if got := filesOf(t, at, job.ID); got != "errors.jsonl results.jsonl" {
			t.Errorf("the job left the files %s, want one of results and one of errors", got)
		}
	}
	results, errors := fetched(t, calm.Outputs.Results), fetched(t, calm.Outputs.Errors)
	if got := strings.Count(results, "\n") + strings.Count(errors, "\n"); got != rows {
		t.Errorf("%d lines of results and errors, want %d", got, rows)
	}
	if results != fetched(t, disturbed.Outputs.Results) || errors != fetched(t, disturbed.Outputs.Errors) {
		t.Error("the results after kills differ from those without")
	}

	condemn(t, kills, "split", "fail")
	key = putRows(t, at, "rows.xlsx", "PK\x03\x04 a workbook")
	if job := until(t, c, submitRows(t, c, key), ""); job.Status != "failed" || job.Error.Code != "input" {
		t.Errorf("job = %+v %+v, want it refused", job, job.Error)
	}
	allStruck(t, kills)
}

// filesOf names what a batch job left in the models bucket, in order.
func filesOf(t *testing.T, at stage.Ready, job string) string {
	t.Helper()
	prefix := "batch/" + stage.Tenant + "/" + job + "/"
	out, err := objects.Client(at.S3, at.AccessKey, at.SecretKey).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &at.ModelsBucket, Prefix: &prefix})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range out.Contents {
		names = append(names, strings.TrimPrefix(*o.Key, prefix))
	}
	return strings.Join(names, " ")
}
