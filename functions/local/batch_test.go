package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"godwit/functions/local/objects"
	"godwit/functions/local/stage"
)

// batchAnswer is a batch job as the API tells of it.
type batchAnswer struct {
	ID, Status, Phase string
	Version           int
	Counts            struct{ Rows, OK, Failed int64 }
	Outputs           *struct{ Results, Errors []struct{ URL string } }
	Error             *struct{ Code, Message string }
}

// tenthBroken is a file to be scored: every tenth record of rows is broken.
func tenthBroken(rows int) string {
	var b strings.Builder
	b.WriteString("id,text\n")
	for i := range rows {
		if i%10 == 9 {
			fmt.Fprintf(&b, "%d,where is,my parcel\n", i)
		} else {
			fmt.Fprintf(&b, "%d,\"where is\nmy parcel %d\"\n", i, i)
		}
	}
	return b.String()
}

// putRows uploads a file to be scored and returns its key.
func putRows(t *testing.T, at stage.Ready, name, data string) string {
	t.Helper()
	key := "batch/" + stage.Tenant + "/" + name
	client := objects.Client(at.S3, at.AccessKey, at.SecretKey)
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &at.UploadsBucket, Key: &key, Body: strings.NewReader(data)}); err != nil {
		t.Fatal(err)
	}
	return key
}

// submitRows opens a job on the champion.
func submitRows(t *testing.T, c *client, key string) string {
	t.Helper()
	var job batchAnswer
	in := map[string]any{"model": sampleModel, "input": map[string]string{"key": key}, "parameters": map[string]int{"top_k": 2}}
	if err := c.post(t.Context(), "/v1/batch-jobs", in, &job); err != nil {
		t.Fatal(err)
	}
	return job.ID
}

// until asks for a job until it is at one of the phases; one that failed or was
// cancelled has none.
func until(t *testing.T, c *client, id string, phases ...string) batchAnswer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), trainsWithin)
	defer cancel()
	for {
		var job batchAnswer
		if err := c.get(ctx, "/v1/batch-jobs/"+id, &job); err != nil {
			t.Fatal(err)
		}
		if job.Status == "failed" && !slices.Contains(phases, "") {
			t.Fatalf("the job failed: %+v", job.Error)
		}
		if slices.Contains(phases, job.Phase) {
			return job
		}
		if wait(ctx, 5*time.Millisecond) != nil {
			t.Fatalf("job %+v is not at %v within %v", job, phases, trainsWithin)
		}
	}
}

// fetched downloads the one file of a list.
func fetched(t *testing.T, files []struct{ URL string }) string {
	t.Helper()
	if len(files) != 1 {
		t.Fatalf("%d files, want one", len(files))
	}
	resp, err := http.Get(files[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET = %d %s, %v", resp.StatusCode, data, err)
	}
	return string(data)
}

// TestBatch_SurvivesKills scores a file while the whole stage is killed at each
// phase: the results are those of an undisturbed run, byte by byte.
func TestBatch_SurvivesKills(t *testing.T) {
	const rows = 50_000
	data := t.TempDir()
	p := launch(t, data, "serve")
	at := p.serving(t)
	championOf(t, at)
	key := putRows(t, at, "rows.csv", tenthBroken(rows))
	id := submitRows(t, newClient(at), key)
	for _, phase := range [][]string{{"split", "score", "merge", "done"}, {"score", "merge", "done"}, {"merge", "done"}} {
		until(t, newClient(at), id, phase...)
		children := childrenOf(t, p.cmd.Process.Pid)
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-p.ended
		gone(t, children)
		p = launch(t, data, "serve")
		at = p.serving(t)
	}
	c := newClient(at)
	disturbed := until(t, c, id, "done")
	calm := until(t, c, submitRows(t, c, key), "done")
	for _, job := range []batchAnswer{disturbed, calm} {
		if job.Version != 1 || job.Counts.Rows != rows || job.Counts.OK != rows-rows/10 || job.Counts.Failed != rows/10 {
			t.Errorf("job = %+v, want %d rows, a tenth of them failed", job, rows)
		}
	}
	results, errors := fetched(t, disturbed.Outputs.Results), fetched(t, disturbed.Outputs.Errors)
	if got := strings.Count(results, "\n") + strings.Count(errors, "\n"); got != rows {
		t.Errorf("%d lines of results and errors, want %d", got, rows)
	}
	if results != fetched(t, calm.Outputs.Results) || errors != fetched(t, calm.Outputs.Errors) {
		t.Error("the results after kills differ from those without")
	}
	if want := `{"record":10,"line":20,"id":"9","version":1,"code":"csv_field_count",`; !strings.HasPrefix(errors, want) {
		t.Errorf("errors begin %.200s, want %s", errors, want)
	}
	// A file that cannot be scored ends its job through the machine's Catch.
	key = putRows(t, at, "rows.xlsx", "PK\x03\x04 a workbook")
	if job := until(t, c, submitRows(t, c, key), ""); job.Status != "failed" || job.Error.Code != "input" || !strings.Contains(job.Error.Message, "save it as CSV") {
		t.Errorf("job = %+v %+v, want it refused with a fix", job, job.Error)
	}
}
