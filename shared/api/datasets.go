package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"godwit/shared/access"
	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// Limits of uploads.
const (
	maxUpload   = training.MaxFileBytes
	maxFilename = 200       // characters
	maxFindings = 16 << 20  // bytes of a stored findings file
	uploadLease = time.Hour // of a presigned upload
)

// createDataset announces a file and answers with a presigned URL bound to its
// size and digest: what arrives there is what was announced, or nothing.
func createDataset(x *exchange) error {
	var in NewDataset
	body, err := x.read(&in)
	if err != nil {
		return err
	}
	model, err := modelName("/model", in.Model)
	if err != nil {
		return err
	}
	if err := x.allow(access.Train, model); err != nil {
		return err
	}
	draft, err := in.draft(model)
	if err != nil {
		return err
	}
	return x.create(body, creation{
		mint: func() string { return training.DatasetID(x.Now(), string(x.tenant()), x.NewToken()) },
		create: func(id string, again bool) (string, error) {
			draft.ID, draft.Key = id, "datasets/"+string(x.tenant())+"/"+id+"/"+draft.Filename
			_, err := x.Registry.CreateDataset(x.r.Context(), x.tenant(), draft)
			if again && fault.Is(err, fault.Conflict) {
				err = nil
			}
			return id, err
		},
		show: x.showUpload,
	})
}

// draft checks what was announced.
func (in NewDataset) draft(model registry.Name) (registry.Dataset, error) {
	d := registry.Dataset{Model: model, Filename: in.Filename, Size: in.Size, Status: training.DatasetAwaiting}
	// The name becomes the last part of an object's key and of a path on disk.
	if in.Filename == "" || in.Filename == "." || in.Filename == ".." || strings.ContainsAny(in.Filename, `/\`) || !isPlain(in.Filename, maxFilename, false) {
		return d, invalid("/filename", fmt.Sprintf("a file's name without folders, 1 to %d characters, without control characters", maxFilename))
	}
	if in.Size < 1 {
		return d, invalid("/size", "the file's size in bytes, at least 1")
	}
	if in.Size > maxUpload {
		return d, fault.New(fault.TooLarge, "a data set has at most %d bytes: compress it with gzip, or split it", maxUpload)
	}
	var err error
	if d.Digest, err = blob.ParseDigest("sha256:" + strings.ToLower(in.SHA256)); err != nil {
		return d, invalid("/sha256", "the file's SHA-256 as 64 hexadecimal digits")
	}
	d.Train, err = settingsOf(in.Train, "/train")
	return d, err
}

// showUpload answers a POST: the data set and where to send the file.
func (x *exchange) showUpload(id string) error {
	d, err := x.Registry.Dataset(x.r.Context(), x.tenant(), id)
	if err != nil {
		return err
	}
	signed, err := x.Uploads.PresignPut(x.r.Context(), blob.PresignPut{
		Key: d.Key, Size: d.Size, Digest: d.Digest, ContentType: "application/octet-stream", TTL: uploadLease,
	})
	if err != nil {
		return err
	}
	out := datasetOf(d)
	out.Upload = &Upload{Method: signed.Method, URL: signed.URL, Headers: signed.Headers, ExpiresAt: signed.ExpiresAt.UTC()}
	if out.Upload.Headers == nil {
		out.Upload.Headers = map[string]string{}
	}
	x.w.Header().Set("Location", pathOf("datasets", id))
	return x.json(201, out)
}

// listDatasets lists the data sets of models the key may read, newest first,
// those of inbox uploads included.
func listDatasets(x *exchange) error {
	p, err := x.page()
	if err != nil {
		return err
	}
	page, err := readable(x, p, func(p registry.PageRequest) (registry.Page[registry.Dataset], error) {
		return x.Registry.Datasets(x.r.Context(), x.tenant(), p)
	}, func(d registry.Dataset) registry.Name { return d.Model })
	if err != nil {
		return err
	}
	return list(x, page, datasetOf)
}

// mayUse decides whether the caller may do action on the model that a data set
// was uploaded for, which need not be the model of the request. One that is absent
// is left to be found so: a repeated request is answered as it was the first time.
func (x *exchange) mayUse(id string, action access.Action) error {
	d, err := x.Registry.Dataset(x.r.Context(), x.tenant(), id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return x.allow(action, d.Model)
}

// dataset reads the path's data set and decides the scope on its model.
func (x *exchange) dataset() (registry.Dataset, error) {
	d, err := x.Registry.Dataset(x.r.Context(), x.tenant(), x.r.PathValue("id"))
	if err != nil {
		return d, err
	}
	return d, x.allow(x.route.Scope, d.Model)
}

// getDataset answers with one data set. The upload URL is not repeated: POST
// again under the same Idempotency-Key for a fresh one.
func getDataset(x *exchange) error {
	d, err := x.dataset()
	if err != nil {
		return err
	}
	return x.json(200, datasetOf(d))
}

// deleteDataset removes a data set: it is taken from its readers, then what jobs
// found in it, which quotes rows, is removed, then its file, then its record, so
// that what a crash leaves is found and removed by the same call again. What was
// trained on it stays.
func deleteDataset(x *exchange) error {
	ctx, t := x.r.Context(), x.tenant()
	d, err := x.Registry.DatasetToDelete(ctx, t, x.r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := x.allow(x.route.Scope, d.Model); err != nil {
		return err
	}
	findings, err := x.findings(d)
	if err != nil {
		return err
	}
	d, err = x.Registry.CondemnDataset(ctx, d)
	switch {
	case fault.Is(err, fault.NotFound):
		return x.send(204, nil) // by another call
	case fault.Is(err, fault.PreconditionFailed):
		return fault.New(fault.Conflict, "the data set changed meanwhile, such as by a job that was opened on it: look at it again").WithReason("dataset_in_use")
	case err != nil:
		return err
	}
	for _, key := range findings {
		if err := x.Models.Delete(ctx, key); err != nil {
			return err
		}
	}
	if err := x.removeFile(d); err != nil {
		return err
	}
	// Nobody changes it any more, so it is gone already: by another call, or by
	// this one whose answer was lost.
	if err := x.Registry.DeleteDataset(ctx, t, d.ID, d.Rev); err != nil && !fault.Is(err, fault.PreconditionFailed) {
		return err
	}
	return x.send(204, nil)
}

// removeFile removes a data set's file. In the inbox a newer upload may have taken
// its key, which is another data set's then: the version that it replaced goes by
// itself, as all old versions do.
func (x *exchange) removeFile(d registry.Dataset) error {
	if strings.HasPrefix(d.Key, training.Inbox) {
		newest, err := x.Uploads.Stat(x.r.Context(), d.Key)
		if fault.Is(err, fault.NotFound) || err == nil && newest.VersionID != d.VersionID {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return x.Uploads.Delete(x.r.Context(), d.Key)
}

// findings returns the keys of what jobs, of whatever model, found in the data
// set. It refuses while one of them still reads it. The list may lag, so the
// newest job, which the data set names, is looked at by itself when it is not there.
func (x *exchange) findings(d registry.Dataset) ([]string, error) {
	var keys []string
	listed := d.Job == ""
	for p := (registry.PageRequest{Limit: maxLimit}); ; {
		page, err := x.Training.Jobs(x.r.Context(), x.tenant(), training.JobFilter{Dataset: d.ID}, p)
		if err != nil {
			return nil, err
		}
		for _, job := range page.Items {
			if err := idle(job); err != nil {
				return nil, err
			}
			listed = listed || job.ID == d.Job
			keys = append(keys, job.IssuesKey())
		}
		if p.After = page.Next; p.After == "" {
			break
		}
	}
	if listed {
		return keys, nil
	}
	job, err := x.Training.Job(x.r.Context(), x.tenant(), d.Job)
	if fault.Is(err, fault.NotFound) {
		return keys, nil
	}
	return append(keys, job.IssuesKey()), cmp.Or(err, idle(job))
}

// idle refuses while a job is not over.
func idle(job training.Job) error {
	if job.Status.Final() {
		return nil
	}
	return fault.New(fault.Conflict, "the job %s reads this data set: wait for its end or cancel it", job.ID).WithReason("dataset_in_use")
}

// getIssues answers with what the newest job found in the data, a page at a time.
func getIssues(x *exchange) error {
	d, err := x.dataset()
	if err != nil {
		return err
	}
	p, err := x.page()
	if err != nil {
		return err
	}
	if d.IssuesKey == "" {
		return fault.New(fault.Conflict, "no job has read this data set yet: its issues are known once training has begun").WithReason("dataset_not_checked")
	}
	stored, err := readIssues(x.r.Context(), x.Models, d.IssuesKey)
	if err != nil {
		return err
	}
	return x.issues(stored, p)
}

// storedIssues is the part of the findings file this page shows.
type storedIssues struct {
	Items   []Issue         `json:"items"`
	Counts  map[string]int  `json:"counts"`
	Source  json.RawMessage `json:"source"`
	Records int64           `json:"records"`
	Kept    int64           `json:"kept"`
}

// readIssues reads a findings file. fault.NotFound when it is gone.
func readIssues(ctx context.Context, store blob.Store, key string) (storedIssues, error) {
	var out storedIssues
	data, err := blob.ReadAll(ctx, store, key, maxFindings)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(data, &out); err != nil {
		return out, fault.Wrap(fault.Internal, err, "the stored findings cannot be read")
	}
	return out, nil
}

// issues answers with one page of findings. The cursor is the place in the file.
func (x *exchange) issues(stored storedIssues, p registry.PageRequest) error {
	from := 0
	if p.After != "" {
		var err error
		if from, err = strconv.Atoi(p.After); err != nil || from < 0 {
			return fault.New(fault.Malformed, "page_token is not one this list gave out").WithReason("bad_page_token")
		}
	}
	from = min(from, len(stored.Items)) // a newer job may have found less
	to := min(from+p.Limit, len(stored.Items))
	out := Issues{
		Items: stored.Items[from:to], Counts: stored.Counts, Source: stored.Source, Records: stored.Records, Kept: stored.Kept,
	}
	if out.Items == nil {
		out.Items = []Issue{}
	}
	if out.Counts == nil {
		out.Counts = map[string]int{}
	}
	if to < len(stored.Items) {
		var err error
		if out.NextPageToken, err = x.nextPage(strconv.Itoa(to)); err != nil {
			return err
		}
	}
	return x.json(200, out)
}

// datasetOf is the wire form of a data set; its key in the bucket is not part of it.
func datasetOf(d registry.Dataset) Dataset {
	return Dataset{
		ID: d.ID, Model: string(d.Model), Filename: d.Filename, Status: d.Status, Size: d.Size, SHA256: d.Digest.Hex(),
		Train: d.Train, Job: d.Job, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
	}
}
