package delivery_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/functions/local/delivery"
)

var source = delivery.Source{Account: "123456789012", Region: "us-east-1"}

// published is the example of an Object Created event in the S3 user guide,
// "EventBridge event message structure", shortened to its names.
const published = `{
  "version": "0", "id": "", "detail-type": "Object Created", "source": "aws.s3", "account": "123456789012",
  "time": "2026-11-23T12:00:00Z", "region": "us-east-1", "resources": ["arn:aws:s3:::uploads"],
  "detail": {
    "version": "0", "bucket": {"name": "uploads"},
    "object": {"key": "inbox/local/a b+ü/训练.csv", "size": 5, "etag": "b194", "version-id": "01M84", "sequencer": ""},
    "request-id": "", "requester": "123456789012", "source-ip-address": "127.0.0.1", "reason": "CopyObject"
  }
}`

func TestSource_ObjectCreated(t *testing.T) {
	got := decode(t, created(t, delivery.Object{
		Bucket: "uploads", Key: "inbox/local/a b+ü/训练.csv", VersionID: "01M84", ETag: "b194", Size: 5,
		Time: time.Date(2026, 11, 23, 13, 0, 0, 7, time.FixedZone("", 3600)), Reason: "CopyObject",
	}))
	want := decode(t, []byte(published))
	// What is drawn from the object has no fixed value; it is checked below.
	detail := got["detail"].(map[string]any)
	object := detail["object"].(map[string]any)
	for _, drawn := range []struct {
		in   map[string]any
		name string
	}{{got, "id"}, {detail, "request-id"}, {object, "sequencer"}} {
		if drawn.in[drawn.name] == "" {
			t.Errorf("%s is empty", drawn.name)
		}
		drawn.in[drawn.name] = ""
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("ObjectCreated = %v, want %v", got, want)
	}
}

func TestSource_ObjectCreatedIdentity(t *testing.T) {
	base := delivery.Object{Bucket: "b", Key: "inbox/x", VersionID: "01A", ETag: "e", Size: 1, Time: time.Unix(1000, 0), Reason: "CopyObject"}
	id := func(change func(*delivery.Object)) string {
		o := base
		change(&o)
		return decode(t, created(t, o))["id"].(string)
	}
	same := id(func(*delivery.Object) {})
	// A sweep knows neither reason nor the exact time.
	if got := id(func(o *delivery.Object) { o.Time, o.Reason = time.Unix(2000, 0), "" }); got != same {
		t.Errorf("id from a sweep = %s, want %s", got, same)
	}
	different := map[string]bool{same: true}
	for _, change := range []func(*delivery.Object){
		func(o *delivery.Object) { o.VersionID = "01B" },
		func(o *delivery.Object) { o.Key = "inbox/y" },
		func(o *delivery.Object) { o.Bucket = "c" },
	} {
		different[id(change)] = true
	}
	if len(different) != 4 {
		t.Errorf("ids = %v, want 4 different ones", slices.Collect(maps.Keys(different)))
	}
}

func TestSource_ObjectCreatedSequencer(t *testing.T) {
	var got []string
	for _, version := range []string{"01M84BHQJ6PWEPPJ29AS7DFGMH", "01M84BHQJ9AQWKG8VFQACN9G8M", "01M84BHR1V3KY28RQS7QPA08JF"} {
		event := decode(t, created(t, delivery.Object{Bucket: "b", Key: "k", VersionID: version}))
		s := event["detail"].(map[string]any)["object"].(map[string]any)["sequencer"].(string)
		if strings.Trim(s, "0123456789abcdef") != "" {
			t.Errorf("sequencer %q is not hexadecimal", s)
		}
		got = append(got, s)
	}
	if !slices.IsSorted(got) {
		t.Errorf("sequencers %v do not rise with the version ids", got)
	}
	marker := decode(t, created(t, delivery.Object{Bucket: "b", Key: "folder/", Time: time.Unix(1, 0)}))
	object := marker["detail"].(map[string]any)["object"].(map[string]any)
	if _, has := object["version-id"]; has || object["sequencer"] == "" {
		t.Errorf("object without a version = %v, want no version-id and a sequencer", object)
	}
}

// created returns the event of o.
func created(t *testing.T, o delivery.Object) []byte {
	t.Helper()
	event, err := source.ObjectCreated(o)
	if err != nil {
		t.Fatalf("ObjectCreated(%+v): %v", o, err)
	}
	return event
}

// decode parses an event.
func decode(t *testing.T, event []byte) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(event, &out); err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	return out
}
