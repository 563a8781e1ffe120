package registry

import (
	"encoding/json"
	"time"

	"godwit/shared/blob"
)

// Tenant owns everything else. It comes from the caller's key, never from a body or path.
type Tenant string

// Name is a model's name: ^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$.
type Name string

// AliasName is ^[A-Za-z0-9_-]{1,64}$, not "latest" and not "v" with digits.
type AliasName string

// Champion is the alias that serves when nothing else is said.
const Champion AliasName = "champion"

// Task is what a model is trained to do.
type Task string

// The tasks.
const (
	TextClassification  Task = "text-classification"
	TableClassification Task = "table-classification"
	TableRegression     Task = "table-regression"
	ImageClassification Task = "image-classification"
)

// Model is a name under which versions are collected.
type Model struct {
	Tenant      Tenant            `json:"tenant"`
	Name        Name              `json:"name"`
	Description string            `json:"description,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
	Task        Task              `json:"task,omitempty"`     // of its newest version; empty before the first
	Training    json.RawMessage   `json:"training,omitempty"` // stored training settings, a training.Settings; absent means auto
	Latest      int               `json:"latest"`             // newest version number, 0 before the first
	CreatedAt   time.Time         `json:"created_at"`
	UpdatedAt   time.Time         `json:"updated_at"`
	DeletedAt   time.Time         `json:"deleted_at,omitzero"` // set on what is left of a deleted model, which no reader is given
	Rev         int64             `json:"-"`                   // revision of the record: the ETag
}

// Artifact names one stored artifact.
type Artifact struct {
	Key    string      `json:"key"` // in the models bucket
	Digest blob.Digest `json:"digest"`
	Size   int64       `json:"size"` // bytes
}

// Lineage says what a version was made from.
type Lineage struct {
	Dataset       string      `json:"dataset,omitempty"` // data set id; empty for an upload under inbox/
	Source        string      `json:"source"`            // s3 key of the data
	SourceVersion string      `json:"source_version,omitempty"`
	DatasetSHA256 blob.Digest `json:"dataset_sha256"`
	DataTime      time.Time   `json:"data_time"` // when the data was uploaded: orders results of late jobs
	Job           string      `json:"job"`
	Code          string      `json:"code"` // build of the trainer
	Seed          uint64      `json:"seed"`
	Parent        int         `json:"parent,omitempty"` // version whose settings were taken over
}

// Version is one trained model. It never changes once visible, except
// Description and Tags.
type Version struct {
	Tenant      Tenant             `json:"tenant"`
	Model       Name               `json:"model"`
	Number      int                `json:"version"` // from 1, dense
	Task        Task               `json:"task"`
	Algorithm   string             `json:"algorithm"`         // such as "linear-svm"
	Runtime     string             `json:"runtime,omitempty"` // "onnxruntime" of an imported graph that runs there; empty when our own runner does
	Artifact    Artifact           `json:"artifact"`
	Evaluation  Artifact           `json:"evaluation"`          // the model the metrics were measured on, never refitted
	ReportKey   string             `json:"report_key"`          // full metrics as JSON, in the models bucket
	Signature   json.RawMessage    `json:"signature,omitempty"` // inputs and outputs, as API.md shows
	Labels      []string           `json:"labels"`              // in score order; nil for regression
	Test        map[string]float64 `json:"test,omitempty"`      // headline metrics on held-out rows
	CV          map[string]float64 `json:"cv,omitempty"`        // headline metrics by cross-validation
	Settings    json.RawMessage    `json:"settings,omitempty"`  // the training settings, resolved
	Lineage     Lineage            `json:"lineage"`
	Gate        Gate               `json:"gate"`
	Description string             `json:"description,omitempty"` // for people
	Tags        map[string]string  `json:"tags,omitempty"`
	CreatedAt   time.Time          `json:"created_at"`
	DeletedAt   time.Time          `json:"deleted_at,omitzero"` // set on what is left of a deleted version, which no reader is given
	Rev         int64              `json:"-"`
}

// Status says whether a version may serve unasked.
type Status string

// The statuses of a version.
const (
	Ready Status = "ready" // its gate passed
	Held  Status = "held"  // its gate did not pass: it serves only when named
)

// Status returns whether the version may serve unasked.
func (v Version) Status() Status {
	if v.Gate.Passed {
		return Ready
	}
	return Held
}

// Gate is the verdict on promotion that training reached.
type Gate struct {
	Passed    bool   `json:"passed"`
	Promotion string `json:"promotion"`        // "promoted", "held" or "none"
	Reason    string `json:"reason,omitempty"` // why held, such as "not_comparable" or "superseded"
	Detail    string `json:"detail,omitempty"` // for the reader, with figures
}

// Alias is a movable name for one version.
type Alias struct {
	Tenant    Tenant    `json:"tenant"`
	Model     Name      `json:"model"`
	Name      AliasName `json:"alias"`
	Version   int       `json:"version"`
	DataTime  time.Time `json:"data_time"` // of the version's data, see Lineage
	UpdatedAt time.Time `json:"updated_at"`
	UpdatedBy string    `json:"updated_by"` // key id or job id
	Rev       int64     `json:"-"`          // the ETag
}

// AliasChange is one entry of an alias's history.
type AliasChange struct {
	Alias    AliasName `json:"alias"`
	Revision int64     `json:"revision"` // the alias's revision this change made
	From     int       `json:"from"`     // 0: was absent
	To       int       `json:"to"`       // 0: was deleted
	At       time.Time `json:"at"`
	By       string    `json:"by"`
	Rollback bool      `json:"rollback,omitempty"` // the change took back others
	Restores int64     `json:"restores,omitempty"` // of a rollback: the revision at which the alias pointed there before, 0 unknown
}

// Dataset is a data set announced through the API.
type Dataset struct {
	Tenant     Tenant          `json:"tenant"`
	ID         string          `json:"id"` // "ds_" and 26 characters
	Model      Name            `json:"model"`
	Filename   string          `json:"filename"`
	Key        string          `json:"key"` // in the uploads bucket
	VersionID  string          `json:"version_id,omitempty"`
	Size       int64           `json:"size"`   // bytes, as announced and bound by the presigned URL
	Digest     blob.Digest     `json:"sha256"` // as announced and bound
	Status     string          `json:"status"` // awaiting_upload, ready, checked, failed
	Train      json.RawMessage `json:"train,omitempty"`
	Job        string          `json:"job,omitempty"`         // newest job on it
	IssuesKey  string          `json:"issues_key,omitempty"`  // findings as JSON, in the models bucket
	ProfileKey string          `json:"profile_key,omitempty"` // what the data is made of as JSON, in the models bucket
	CreatedAt  time.Time       `json:"created_at"`
	UpdatedAt  time.Time       `json:"updated_at"`
	DeletedAt  time.Time       `json:"deleted_at,omitzero"` // set while its object is being removed; no reader is given it
	Rev        int64           `json:"-"`
}
