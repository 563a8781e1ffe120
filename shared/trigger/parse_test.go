package trigger_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"godwit/shared/trigger"
)

func TestParse(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	object := func(key string, at time.Time) trigger.Event {
		return trigger.Event{Objects: []trigger.Object{{Bucket: bucket, Key: key, VersionID: "v1", ETag: "e1", Size: 7, Time: at}}}
	}
	for _, tc := range []struct {
		name, event string
		want        trigger.Event
	}{
		{"EventBridge", created(bucket, "inbox/local/m/a.csv", "v1"), object("inbox/local/m/a.csv", noon)},
		{"EventBridge does not encode", created(bucket, "inbox/local/m/a+b %41 中.csv", "v1"), object("inbox/local/m/a+b %41 中.csv", noon)},
		{"S3", record("ObjectCreated:Put", "inbox/local/m/a.csv", "v1"), object("inbox/local/m/a.csv", noon.Add(time.Second/2))},
		{"S3 encodes, once", record("ObjectCreated:CompleteMultipartUpload", "inbox/local/m/a%2Bb+%2541+%E4%B8%AD.csv", "v1"), object("inbox/local/m/a+b %41 中.csv", noon.Add(time.Second/2))},
		{"a removal", record("ObjectRemoved:DeleteMarkerCreated", "inbox/local/m/a.csv", "v1"), trigger.Event{}},
		{"two records, one of them a removal", strings.Replace(record("ObjectRemoved:Delete", "x", "v0"), "[", "["+strings.TrimSuffix(strings.TrimPrefix(record("ObjectCreated:Put", "y", "v1"), `{"Records":[`), "]}")+",", 1), object("y", noon.Add(time.Second/2))},
		{"an execution", changed("TIMED_OUT", `{"job":"tj"}`), trigger.Event{Execution: &trigger.Execution{Name: "n", Status: "TIMED_OUT", Input: `{"job":"tj"}`}}},
		{"an execution with a large input, which is left out", strings.Replace(changed("FAILED", ""), `""`, "null", 1), trigger.Event{Execution: &trigger.Execution{Name: "n", Status: "FAILED"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := trigger.Parse([]byte(tc.event))
			if err != nil || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("Parse(%s) = %+v, %v, want %+v", tc.event, got, err, tc.want)
			}
		})
	}
}

// The sample events are of one object, in both shapes.
func TestParse_Samples(t *testing.T) {
	bridge, err := trigger.Parse([]byte(sample(t, "train-trigger-upload.json")))
	if err != nil {
		t.Fatal(err)
	}
	native, err := trigger.Parse([]byte(sample(t, "train-trigger-upload-native.json")))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(bridge, native) || len(bridge.Objects) != 1 || bridge.Objects[0].Key != "inbox/local/intents/train data 中文.csv" {
		t.Errorf("EventBridge's shape = %+v, S3's = %+v, want the same object", bridge, native)
	}
}

func TestParse_Refused(t *testing.T) {
	for _, tc := range []struct{ name, event string }{
		{"no JSON", `{`},
		{"a list", `[]`},
		{"nothing", `{}`},
		{"null", `null`},
		{"no records", `{"Records":[]}`},
		{"a deletion on the bus", strings.Replace(created(bucket, "k", "v"), "Object Created", "Object Deleted", 1)},
		{"another source", strings.Replace(created(bucket, "k", "v"), "aws.s3", "aws.ecr", 1)},
		{"a detail of another kind", `{"source":"aws.s3","detail-type":"Object Created","detail":[]}`},
		{"no detail", `{"source":"aws.s3","detail-type":"Object Created"}`},
		{"a state's event", strings.Replace(changed("FAILED", "{}"), "Execution Status Change", "API Call", 1)},
		{"a broken escape", record("ObjectCreated:Put", "inbox/%zz", "v")},
		{"a record of another service", strings.Replace(record("ObjectCreated:Put", "k", "v"), "aws:s3", "aws:sqs", 1)},
		{"S3's test message", `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-23T12:00:00Z","Bucket":"godwit-uploads"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, err := trigger.Parse([]byte(tc.event)); err == nil {
				t.Errorf("Parse(%s) = %+v, want an error", tc.event, got)
			}
		})
	}
}

// FuzzParse: any bytes give an event or an error, never both or neither, and
// what is handled after it neither panics nor opens a job for a foreign bucket.
func FuzzParse(f *testing.F) {
	for _, file := range []string{"train-trigger-upload.json", "train-trigger-upload-native.json", "train-trigger-died.json"} {
		f.Add([]byte(sample(f, file)))
	}
	f.Add([]byte(created("foreign", "inbox/local/m/a.csv", "v1")))
	f.Add([]byte(record("ObjectCreated:Put", "datasets/local/ds_1/%00", "")))
	f.Add([]byte(changed("FAILED", `{"tenant":"../x","job":"tj_"}`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		event, err := trigger.Parse(data)
		if err != nil && (event.Objects != nil || event.Execution != nil) {
			t.Errorf("Parse(%s) = %+v and %v, want one", data, event, err)
		}
		h := newHouse(t)
		h.handle(t, string(data))
		foreign := true
		for _, o := range event.Objects {
			foreign = foreign && o.Bucket != bucket
		}
		if n := len(h.machine.Names()); foreign && n > 0 {
			t.Errorf("an event of no object in %s started %d executions: %s", bucket, n, data)
		}
	})
}
