// Package trigger is the door for events: objects that arrive in the uploads
// bucket, and executions that died.
//
// It accepts an object event in both shapes AWS has (a native S3 notification,
// whose keys are URL-encoded, and EventBridge's Object Created, whose keys are
// not) and Step Functions' status change. Events come at least once and in any
// order; the job id is the hash of bucket, key and object version, so each
// trains once. An error makes the sender deliver again; an event nothing can
// ever be done with is logged and dropped. A file that cannot be trained, such as
// one in a folder that is no model's name, is a job that has failed, with its reason.
package trigger

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"godwit/shared/batch"
	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// Handler turns events into jobs. Its fields are set once; it is safe for
// concurrent use.
type Handler struct {
	Jobs    *training.Service
	Batches *batch.Service
	Uploads string       // name of the bucket whose objects train
	Log     *slog.Logger // what is dropped, and what was opened
}

// Object is one object that arrived.
type Object struct {
	Bucket    string
	Key       string    // decoded
	VersionID string    // empty where the bucket keeps no versions
	ETag      string    // without quotes
	Size      int64     // bytes
	Time      time.Time // of the upload: which of two files is newer is decided by it
}

// Handle works one event. The error is for the sender: deliver again.
func (h *Handler) Handle(ctx context.Context, event json.RawMessage) error {
	parsed, err := Parse(event)
	if err != nil {
		// Delivering it again would not make it better.
		h.Log.Error("event dropped", "error", err)
		return nil
	}
	if parsed.Execution != nil {
		return h.died(ctx, *parsed.Execution)
	}
	for _, o := range parsed.Objects {
		if err := h.arrived(ctx, o); err != nil {
			return fmt.Errorf("object version %s: %w", o.VersionID, err)
		}
	}
	return nil
}

// arrived opens a job for an object under inbox/, or marks an announced data set ready.
func (h *Handler) arrived(ctx context.Context, o Object) error {
	if o.Bucket != h.Uploads {
		h.Log.Warn("object of another bucket dropped", "bucket", o.Bucket)
		return nil
	}
	folder, rest, _ := strings.Cut(o.Key, "/")
	tenant, rest, _ := strings.Cut(rest, "/")
	second, file, _ := strings.Cut(rest, "/")
	t, err := registry.ParseTenant(tenant)
	// A key that ends in "/" is how consoles make a folder: an empty object.
	named := err == nil && second != "" && !strings.HasSuffix(o.Key, "/")
	// Other folders of the bucket, such as batch/ and feedback/, train nothing.
	switch {
	case named && folder+"/" == training.Inbox:
		return h.train(ctx, t, second, file, o)
	case !named || file == "":
		h.Log.Warn("object dropped: keys are inbox/TENANT/MODEL/FILE or datasets/TENANT/ID/FILE", "folder", folder)
	case folder == "datasets":
		return h.ready(ctx, t, second, o)
	}
	return nil
}

// train opens a job for a file under inbox/TENANT/MODEL/. One in no such folder is
// told of by a job that has failed: the bucket tells nobody anything.
func (h *Handler) train(ctx context.Context, t registry.Tenant, model, file string, o Object) error {
	sub := training.Submission{
		Origin: origin(o), Key: o.Key, Version: o.VersionID, Size: o.Size, DataTime: o.Time, By: "upload",
	}
	if file == "" {
		return h.refuse(ctx, t, sub, fault.New(fault.Invalid, "the file %.200q is in no model's folder: put it under inbox/%s/MODEL/", model, t))
	}
	var err error
	if sub.Model, err = registry.ParseName(model); err != nil {
		return h.refuse(ctx, t, sub, fault.Wrap(fault.Invalid, err, "%.200q, the folder under inbox/%s/, is no name of a model: %s; put the file under inbox/%s/MODEL/", model, t, fault.MessageOf(err, "the file cannot be trained"), t))
	}
	return h.submit(ctx, t, sub)
}

// ready marks an announced data set and trains when its announcement said so.
func (h *Handler) ready(ctx context.Context, t registry.Tenant, id string, o Object) error {
	d, err := h.Jobs.Registry.Dataset(ctx, t, id)
	if fault.Is(err, fault.NotFound) || err == nil && d.Key != o.Key {
		h.Log.Warn("object dropped: no such data set was announced", "tenant", t)
		return nil
	}
	if err != nil {
		return err
	}
	// Before the job, which reads the version that is noted here.
	if d, err = h.Jobs.MarkReady(ctx, t, id, blob.Info{VersionID: o.VersionID, Size: o.Size}); err != nil || d.Train == nil {
		return err
	}
	return h.submit(ctx, t, training.Submission{Origin: origin(o), Model: d.Model, Dataset: id, Settings: d.Train, By: "upload"})
}

// submit opens the job. What its owner got wrong no delivery can mend, so the owner
// is told and the event is done; anything else is delivered again.
func (h *Handler) submit(ctx context.Context, t registry.Tenant, sub training.Submission) error {
	job, err := h.Jobs.Submit(ctx, t, sub)
	switch fault.CodeOf(err) {
	case "":
		h.Log.Info("job opened", "job", job.ID, "tenant", t, "model", job.Model)
		return nil
	case fault.Invalid, fault.Malformed:
		return h.refuse(ctx, t, sub, err)
	case fault.NotFound, fault.Conflict: // a data set that is gone, or not there yet
		h.Log.Error("upload cannot be trained", "tenant", t, "model", sub.Model, "error", err)
		return nil
	}
	return err
}

// refuse notes a job that has failed for the owner's own reason.
func (h *Handler) refuse(ctx context.Context, t registry.Tenant, sub training.Submission, why error) error {
	job, err := h.Jobs.Refuse(ctx, t, sub, training.JobError{Code: "input", Message: fault.MessageOf(why, "the file cannot be trained")})
	if err == nil {
		h.Log.Warn("upload cannot be trained", "job", job.ID, "tenant", t, "model", sub.Model) // why quotes the key
	}
	return err
}

// origin identifies the cause of a job. Without a version the content stands in.
func origin(o Object) string {
	version := o.VersionID
	if version == "" {
		version = "etag " + o.ETag
	}
	return fmt.Sprintf("%s\x00%s\x00%s", o.Bucket, o.Key, version)
}

// died closes the job of an execution that ended without success. Any other
// status is dropped: the execution's own steps speak for it.
func (h *Handler) died(ctx context.Context, e Execution) error {
	if !slices.Contains([]string{"FAILED", "TIMED_OUT", "ABORTED"}, e.Status) {
		h.Log.Warn("status change dropped", "status", e.Status)
		return nil
	}
	// The input says whose execution it was; both kinds of job begin with the
	// same members.
	var in training.StepInput
	if err := json.Unmarshal([]byte(e.Input), &in); err != nil || in.Job == "" {
		h.Log.Warn("execution of somebody else dropped", "status", e.Status)
		return nil
	}
	status, err := h.close(ctx, in.Tenant, in.Job, e)
	if fault.Is(err, fault.NotFound) {
		h.Log.Warn("execution without a job dropped", "job", in.Job)
		return nil
	}
	if err == nil {
		h.Log.Info("job closed", "job", in.Job, "status", status, "execution", e.Status)
	}
	return err
}

// close ends a job of either kind and returns its status then.
func (h *Handler) close(ctx context.Context, t registry.Tenant, id string, e Execution) (string, error) {
	if batch.IsID(id) {
		job, err := h.Batches.Close(ctx, t, id, jobs.Failed, reason(id, e, batch.DeathOf, batch.FailureOf))
		return string(job.Status), err
	}
	job, err := h.Jobs.Close(ctx, t, id, training.Failed, reason(id, e, training.DeathOf, training.FailureOf))
	return string(job.Status), err
}

// reason is why a job ended with its execution. A last state that could not be
// reached, though it was to say why, leaves that to the event.
func reason[E any](id string, e Execution, death func(state string) E, failure func(job, errorType string) E) E {
	if jobs.Reason(e.Error) == "transient" {
		return failure(id, e.Error)
	}
	return death(strings.ToLower(e.Status))
}
