package jobs

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"godwit/shared/registry"
)

// Status is where a job stands.
type Status string

// The statuses. The last three are final: a job never leaves them.
const (
	Queued    Status = "queued"
	Running   Status = "running"
	Succeeded Status = "succeeded"
	Failed    Status = "failed"
	Cancelled Status = "cancelled"
)

// Final reports whether a job with this status is over.
func (s Status) Final() bool { return s == Succeeded || s == Failed || s == Cancelled }

// Head is what a Book must know of a job of any kind.
type Head struct {
	Tenant    registry.Tenant
	ID        string // Kind.Prefix and 26 base-32 digits
	Status    Status
	Attempt   int       // of the execution, from 1
	CreatedAt time.Time // orders lists of jobs
	Rev       int64     // of the record, 0 before it is stored
}

// Kind says how jobs of one kind are stored.
type Kind[J any] struct {
	Noun   string                                                             // for messages, such as "batch job"
	Prefix string                                                             // of every id, such as "tj_"
	Key    func(t registry.Tenant, id string) registry.Key                    // where the job's record is
	Index  func(t registry.Tenant, created time.Time, id string) registry.Key // its place in the list by time
	Head   func(job *J) Head                                                  // what a Book must know of it
	SetRev func(job *J, rev int64)                                            // notes the revision it is stored under
}

// NewID returns the id of the job that the parts make: the same parts, the
// same job.
func (k Kind[J]) NewID(parts ...string) string { return k.Prefix + Suffix(parts...) }

// IsID reports whether id has the form of an id of this kind, so that nothing
// else reaches a key.
func (k Kind[J]) IsID(id string) bool {
	s, ok := strings.CutPrefix(id, k.Prefix)
	return ok && len(s) == suffixLength && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// Write returns the write that stores job under the revision it was read at,
// for whoever must store it together with something else.
func (k Kind[J]) Write(job J, rev int64) (registry.Write, error) {
	body, err := json.Marshal(job)
	if err != nil {
		return registry.Write{}, fmt.Errorf("encode %s: %w", k.Noun, err)
	}
	h := k.Head(&job)
	return registry.Write{
		Record: registry.Record{Key: k.Key(h.Tenant, h.ID), Body: body, Index: k.Index(h.Tenant, h.CreatedAt, h.ID)},
		IfRev:  rev,
	}, nil
}

// suffixLength is how many base-32 digits an id has: 130 bits, so that no two
// causes ever meet by chance.
const suffixLength = 26

// Suffix returns 26 lower-case base-32 digits of the hash of its parts: 130 bits.
func Suffix(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		// With its length before each, "ab","c" and "a","bc" are not the same.
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)))[:suffixLength]
}

// ExecutionName names the execution of one attempt at a job: a name that was
// used cannot be used again for 90 days.
func ExecutionName(h Head) string { return fmt.Sprintf("%s-%d", h.ID, h.Attempt) }

// Ticket is the input of an execution.
type Ticket struct {
	Tenant  registry.Tenant `json:"tenant"`
	Job     string          `json:"job"`     // id
	Attempt int             `json:"attempt"` // from 1
}
