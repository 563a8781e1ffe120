package batch

import (
	"context"
	"strings"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// folder is where a tenant may put files to score with its own tools: nothing
// there starts training.
const folder = "batch"

// find sets the job's object: that of a data set, or one the tenant named. What
// is not the tenant's own looks exactly like what is absent.
func (s *Service) find(ctx context.Context, job *Job, sub Submission) error {
	if (sub.Dataset == "") == (sub.Key == "") {
		return refuse("/input", "name either a dataset or a key")
	}
	job.Dataset, job.Key = sub.Dataset, sub.Key
	// A key below datasets/ names its data set too: it counts as used by this job.
	if id, ok := datasetOf(job.Tenant, sub.Key); ok {
		job.Dataset = id
	}
	absent := fault.New(fault.NotFound, "there is no such object: upload it as a data set, or under %s/%s/ in the uploads bucket", folder, job.Tenant)
	if job.Dataset != "" {
		d, err := s.Registry.Dataset(ctx, job.Tenant, job.Dataset)
		if err != nil {
			return err
		}
		if sub.Key != "" && sub.Key != d.Key {
			return absent
		}
		job.Key = d.Key
	} else if !strings.HasPrefix(sub.Key, folder+"/"+string(job.Tenant)+"/") {
		return absent
	}
	info, err := s.Uploads.Stat(ctx, job.Key)
	// A data set is known to the tenant, so that its file is missing may be said.
	switch {
	case err == nil:
		job.SourceVersion = info.VersionID // a file replaced meanwhile is not mixed in
		return nil
	case job.Dataset != "" && fault.Is(err, fault.NotFound):
		return fault.New(fault.Conflict, "data set %s is still awaiting its upload: PUT the file to its upload URL first", job.Dataset).
			WithReason("dataset_awaiting_upload")
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Invalid): // no object has such a key
		return absent
	}
	return err
}

// datasetOf returns the data set a key of the tenant's belongs to.
func datasetOf(t registry.Tenant, key string) (string, bool) {
	rest, ok := strings.CutPrefix(key, "datasets/"+string(t)+"/")
	id, _, inside := strings.Cut(rest, "/")
	return id, ok && inside
}

// lastOf returns the last part of a key: the file's name.
func lastOf(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }
