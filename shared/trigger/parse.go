package trigger

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Event is what an incoming event says: objects, or one execution.
type Event struct {
	Objects   []Object   // none of a status change
	Execution *Execution // nil of an object event
}

// Execution is an execution whose status changed.
type Execution struct {
	Name   string // job id and attempt
	Status string // FAILED, TIMED_OUT, ABORTED
	Input  string // JSON it was started with
	Error  string // the type of error it ended with; empty when it did not fail by one
}

// wire holds the members of all three shapes.
type wire struct {
	Records    []record        `json:"Records"`
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Time       time.Time       `json:"time"`
	Detail     json.RawMessage `json:"detail"`
}

// record is one record of a native S3 notification:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
type record struct {
	EventSource string    `json:"eventSource"`
	EventName   string    `json:"eventName"` // such as ObjectCreated:Put
	EventTime   time.Time `json:"eventTime"`
	S3          struct {
		Bucket struct {
			Name string `json:"name"`
		} `json:"bucket"`
		Object struct {
			Key       string `json:"key"` // URL-encoded, a space as "+"
			Size      int64  `json:"size"`
			ETag      string `json:"eTag"`
			VersionID string `json:"versionId"`
		} `json:"object"`
	} `json:"s3"`
}

// created is the detail of EventBridge's Object Created:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
type created struct {
	Bucket struct {
		Name string `json:"name"`
	} `json:"bucket"`
	Object struct {
		Key       string `json:"key"` // as it is
		Size      int64  `json:"size"`
		ETag      string `json:"etag"`
		VersionID string `json:"version-id"`
	} `json:"object"`
}

// changed is the detail of a Step Functions Execution Status Change:
// https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
type changed struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Input  string `json:"input"`
	Error  string `json:"error"`
}

// Parse reads an event of any of the three shapes. An error means the event is
// of another shape and will never be understood.
func Parse(data []byte) (Event, error) {
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return Event{}, fmt.Errorf("decode event: %w", err)
	}
	switch {
	case len(w.Records) > 0:
		return native(w.Records)
	case w.Source == "aws.s3" && w.DetailType == "Object Created":
		var d created
		if err := json.Unmarshal(w.Detail, &d); err != nil {
			return Event{}, fmt.Errorf("decode %s: %w", w.DetailType, err)
		}
		return Event{Objects: []Object{{
			Bucket: d.Bucket.Name, Key: d.Object.Key, VersionID: d.Object.VersionID, ETag: d.Object.ETag, Size: d.Object.Size, Time: w.Time,
		}}}, nil
	case w.Source == "aws.states" && w.DetailType == "Step Functions Execution Status Change":
		var d changed
		if err := json.Unmarshal(w.Detail, &d); err != nil {
			return Event{}, fmt.Errorf("decode %s: %w", w.DetailType, err)
		}
		return Event{Execution: &Execution{Name: d.Name, Status: d.Status, Input: d.Input, Error: d.Error}}, nil
	}
	return Event{}, fmt.Errorf("an event of source %q and type %q is not for this function", w.Source, w.DetailType)
}

// native reads a notification. One record of another service spoils it whole:
// nothing sends such an event by itself.
func native(records []record) (Event, error) {
	var e Event
	for _, r := range records {
		if !strings.HasPrefix(r.EventName, "ObjectCreated:") {
			continue // a removal, or a tag: nothing arrived
		}
		key, err := url.QueryUnescape(r.S3.Object.Key)
		if err != nil || r.EventSource != "aws:s3" {
			return Event{}, fmt.Errorf("a record of source %q is not an S3 notification", r.EventSource)
		}
		e.Objects = append(e.Objects, Object{
			Bucket: r.S3.Bucket.Name, Key: key, VersionID: r.S3.Object.VersionID, ETag: r.S3.Object.ETag, Size: r.S3.Object.Size, Time: r.EventTime,
		})
	}
	return e, nil
}
