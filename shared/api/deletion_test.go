package api_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// meeting is a table on which something happens right before the first write of a
// record whose partition holds a text, and whose index may lag.
type meeting struct {
	registry.Store
	at     string
	happen func()
	lag    bool
}

func (m *meeting) Write(ctx context.Context, token string, writes ...registry.Write) error {
	if f := m.happen; f != nil && strings.Contains(writes[0].Record.Key.Partition, m.at) {
		m.happen = nil
		f()
	}
	return m.Store.Write(ctx, token, writes...)
}

func (m *meeting) Query(ctx context.Context, q registry.Query) ([]registry.Record, bool, error) {
	if m.lag && q.Index {
		return nil, false, nil
	}
	return m.Store.Query(ctx, q)
}

// uploaded is a stage with such a table and a data set whose file is there.
func uploaded(t *testing.T) (s *stage, table *meeting, path, key string, job call) {
	t.Helper()
	s = newStage(t)
	table = &meeting{Store: s.registry.Store}
	s.registry.Store, s.deps.Training.Store = table, table
	w := s.do(t, call{method: "POST", path: "/v1/datasets", body: m{"model": "intents", "filename": "a.csv", "size": 3, "sha256": strings.Repeat("0", 64)}})
	path = w.Header().Get("Location")
	id := strings.TrimPrefix(path, "/v1/datasets/")
	key = "datasets/acme/" + id + "/a.csv"
	s.put(t, s.uploads, key, "abc")
	if _, err := s.deps.Training.MarkReady(t.Context(), "acme", id, blob.Info{Size: 3}); err != nil {
		t.Fatal(err)
	}
	return s, table, path, key, call{method: "POST", path: "/v1/training-jobs", body: m{"model": "intents", "dataset": id}}
}

// there reports whether an object is in the uploads bucket.
func (s *stage) there(t *testing.T, key string) bool {
	t.Helper()
	_, err := s.uploads.Stat(t.Context(), key)
	if err != nil && !fault.Is(err, fault.NotFound) {
		t.Fatal(err)
	}
	return err == nil
}

// A job that is opened after a deletion has looked for jobs, and before it writes,
// keeps its data set, file and all.
func TestDatasets_deleteMeetsAJob(t *testing.T) {
	s, table, path, key, job := uploaded(t)
	table.at, table.happen = "#DATASETS", func() { s.want(t, 202, job) }
	s.problem(t, 409, "dataset_in_use", call{method: "DELETE", path: path})
	if !s.there(t, key) {
		t.Error("the file of a job that is under way is gone")
	}
	s.want(t, 200, call{method: "GET", path: path})
}

// A job that is asked for while its data set is deleted is refused at once, and
// is not there afterwards.
func TestDatasets_jobMeetsADeletion(t *testing.T) {
	s, table, path, key, job := uploaded(t)
	table.at, table.happen = "#JOB#", func() { s.want(t, 204, call{method: "DELETE", path: path}) }
	s.problem(t, 404, "not_found", job)
	jobs := s.want(t, 200, call{method: "GET", path: "/v1/training-jobs"})["items"].([]any)
	if len(jobs) != 0 || s.there(t, key) {
		t.Errorf("jobs %v, the file is there: %v, want neither", jobs, s.there(t, key))
	}
}

// A job that the index does not list yet is found by its data set.
func TestDatasets_deleteWhileTheIndexLags(t *testing.T) {
	s, table, path, key, job := uploaded(t)
	id := s.want(t, 202, job)["id"].(string)
	table.lag = true
	s.problem(t, 409, "dataset_in_use", call{method: "DELETE", path: path})
	if !s.there(t, key) {
		t.Error("the file of a job that is under way is gone")
	}
	s.want(t, 200, call{method: "POST", path: "/v1/training-jobs/" + id + "/cancel"})
	findings := training.Job{Tenant: "acme", Model: "intents", ID: id}.IssuesKey()
	s.put(t, s.models, findings, "{}")
	s.want(t, 204, call{method: "DELETE", path: path})
	if _, err := s.models.Stat(t.Context(), findings); !fault.Is(err, fault.NotFound) {
		t.Errorf("Stat of its findings = %v, want not found", err)
	}
}

// Of two uploads under one key of the inbox each is a data set: deleting the older
// leaves the newer its file, and deleting that removes it.
func TestDatasets_deleteAnOlderUpload(t *testing.T) {
	s := newStage(t)
	const key = "inbox/acme/intents/train.csv"
	var ids []string
	for _, data := range []string{"older", "newer"} {
		info, err := s.uploads.Put(t.Context(), key, strings.NewReader(data), int64(len(data)), blob.PutOptions{})
		if err != nil {
			t.Fatal(err)
		}
		job, err := s.deps.Training.Submit(t.Context(), "acme", training.Submission{Origin: data, Model: "intents", Key: key, Version: info.VersionID, By: "upload"})
		if err != nil {
			t.Fatal(err)
		}
		s.want(t, 200, call{method: "POST", path: "/v1/training-jobs/" + job.ID + "/cancel"})
		ids = append(ids, job.Dataset)
	}
	for i, there := range []bool{true, false} {
		s.want(t, 204, call{method: "DELETE", path: "/v1/datasets/" + ids[i]})
		if got := s.there(t, key); got != there {
			t.Errorf("after %d deletions the newer file is there: %t, want %t", i+1, got, there)
		}
	}
}

// Of two deletions at one moment both succeed.
func TestDatasets_deleteTwiceAtOnce(t *testing.T) {
	s, table, path, key, _ := uploaded(t)
	table.at, table.happen = "#DATASETS", func() { s.want(t, 204, call{method: "DELETE", path: path}) }
	s.want(t, 204, call{method: "DELETE", path: path})
	if s.there(t, key) {
		t.Error("the file is there still")
	}
}

// stuck is a bucket that deletes nothing until it is told to.
type stuck struct {
	blob.Store
	free bool
}

func (s *stuck) Delete(ctx context.Context, key string) error {
	if !s.free {
		return fault.Wrap(fault.Unavailable, errors.New("planned"), "the bucket does not answer; try again")
	}
	return s.Store.Delete(ctx, key)
}

// A deletion that ends halfway has taken the data set from everybody, and the
// same request goes on with it.
func TestDatasets_deleteHalfway(t *testing.T) {
	s, _, path, key, job := uploaded(t)
	bucket := &stuck{Store: s.uploads}
	s.deps.Uploads = bucket
	s.front = front(s.deps)
	s.problem(t, 503, "unavailable", call{method: "DELETE", path: path})
	s.problem(t, 404, "not_found", call{method: "GET", path: path})
	s.problem(t, 404, "not_found", job)
	if items := s.want(t, 200, call{method: "GET", path: "/v1/datasets"})["items"].([]any); len(items) != 0 || !s.there(t, key) {
		t.Errorf("listed %v, the file is there: %v, want the file alone", items, s.there(t, key))
	}
	s.problem(t, 404, "not_found", call{method: "DELETE", path: path, tenant: "rival"})
	s.problem(t, 403, "scope_missing", call{method: "DELETE", path: path, scopes: "predict"})
	bucket.free = true
	s.want(t, 204, call{method: "DELETE", path: path})
	if s.there(t, key) {
		t.Error("the file is there still")
	}
	s.problem(t, 404, "not_found", call{method: "DELETE", path: path})
}
