package delivery

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Source is where events of the stage come from.
type Source struct {
	Account string // 12 digits
	Region  string // such as us-east-1
}

// Object is an object that came to be in a bucket.
type Object struct {
	Bucket    string    // by name
	Key       string    // not URL-encoded
	VersionID string    // empty where there is none
	ETag      string    // without quotes
	Size      int64     // bytes
	Time      time.Time // when the version was written
	Reason    string    // as AWS names it; empty means PutObject
}

// envelope is an EventBridge event.
type envelope struct {
	Version    string   `json:"version"`
	ID         string   `json:"id"`
	DetailType string   `json:"detail-type"`
	Source     string   `json:"source"`
	Account    string   `json:"account"`
	Time       string   `json:"time"`
	Region     string   `json:"region"`
	Resources  []string `json:"resources"`
	Detail     any      `json:"detail"`
}

// objectDetail is the detail of an S3 "Object Created" event.
type objectDetail struct {
	Version   string        `json:"version"`
	Bucket    bucketDetail  `json:"bucket"`
	Object    contentDetail `json:"object"`
	RequestID string        `json:"request-id"`
	Requester string        `json:"requester"`
	SourceIP  string        `json:"source-ip-address"`
	Reason    string        `json:"reason"`
}

type bucketDetail struct {
	Name string `json:"name"`
}

type contentDetail struct {
	Key       string `json:"key"`
	Size      int64  `json:"size"`
	ETag      string `json:"etag"`
	VersionID string `json:"version-id,omitempty"`
	Sequencer string `json:"sequencer"`
}

// ObjectCreated returns the event S3 sends to EventBridge for o. Its id is
// derived from bucket, key and version, so that the event of a put and the one
// a later sweep makes up for the same object are one event.
func (s Source) ObjectCreated(o Object) ([]byte, error) {
	identity := sha256.Sum256([]byte(strings.Join([]string{"s3", o.Bucket, o.Key, o.VersionID}, "\x00")))
	reason := o.Reason
	if reason == "" {
		reason = "PutObject"
	}
	event, err := json.Marshal(envelope{
		Version:    "0",
		ID:         uuid(identity),
		DetailType: "Object Created",
		Source:     "aws.s3",
		Account:    s.Account,
		// Whole seconds, as EventBridge writes them.
		Time:      o.Time.UTC().Format(time.RFC3339),
		Region:    s.Region,
		Resources: []string{"arn:aws:s3:::" + o.Bucket},
		Detail: objectDetail{
			Version: "0",
			Bucket:  bucketDetail{Name: o.Bucket},
			Object: contentDetail{
				Key: o.Key, Size: o.Size, ETag: o.ETag, VersionID: o.VersionID, Sequencer: sequencer(o),
			},
			RequestID: strings.ToUpper(hex.EncodeToString(identity[16:24])),
			Requester: s.Account,
			SourceIP:  "127.0.0.1",
			Reason:    reason,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("delivery: event of %s/%s: %w", o.Bucket, o.Key, err)
	}
	return event, nil
}

// sequencer orders the events of one key: hexadecimal, compared as text. The
// version ids of the stage's S3 rise, and hexadecimal keeps their order.
func sequencer(o Object) string {
	if o.VersionID == "" {
		return fmt.Sprintf("%016x", o.Time.UnixNano())
	}
	return hex.EncodeToString([]byte(o.VersionID))
}

// uuid writes the first 16 bytes of sum as AWS writes event ids.
func uuid(sum [sha256.Size]byte) string {
	h := hex.EncodeToString(sum[:16])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}
