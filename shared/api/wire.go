package api

import (
	"encoding/json"
	"time"
)

// The wire types. Each field's `doc` tag is its comment, served with the
// OpenAPI page; `example`, `enum`, `format`, `min` and `max` go there too. A
// field without omitempty or omitzero is always there.

// Health says that the service answers.
type Health struct {
	Status string `json:"status" doc:"always ok" enum:"ok"`
	Build  string `json:"build" doc:"which build answers" example:"v0.1.0"`
}

// Document is an OpenAPI 3.1 document.
type Document map[string]json.RawMessage

// Caller is the holder of the key.
type Caller struct {
	Tenant string   `json:"tenant" doc:"whose data the key reaches" example:"local"`
	KeyID  string   `json:"key_id" doc:"names the key; not secret" example:"key_bootstrap"`
	Scopes []string `json:"scopes" doc:"what the key may do: action, or action:model" example:"predict"`

	Name      string     `json:"name,omitempty" doc:"the key's name; the first admin key has none" example:"checkout service"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"from when it is refused; absent: never"`
	Budget    *KeyBudget `json:"budget,omitempty" doc:"what it may use in a calendar month (UTC); absent: no limit"`
	Used      Used       `json:"used" doc:"what it used this month, approximately"`
}

// NewModel asks for a model to be registered.
type NewModel struct {
	Name        string            `json:"name" doc:"a-z, 0-9, dot, underscore and dash; 1 to 63 characters" example:"intents"`
	Description string            `json:"description,omitempty" doc:"for people, at most 2,000 characters" example:"What a bank's customer wants"`
	Tags        map[string]string `json:"tags,omitempty" doc:"at most 50 labels of your own"`
	Training    *TrainingSettings `json:"training,omitempty" doc:"settings for uploads to this model's inbox; absent means auto"`
}

// ModelPatch changes a model. What is absent stays.
type ModelPatch struct {
	Description *string            `json:"description,omitempty" doc:"for people, at most 2,000 characters" example:"What a bank's customer wants"`
	Tags        *map[string]string `json:"tags,omitempty" doc:"replaces all tags"`
	Training    *TrainingSettings  `json:"training,omitempty" doc:"replaces the training settings; {} means auto"`
}

// Model is a name under which versions are collected.
type Model struct {
	Name        string            `json:"name" doc:"the model's name" example:"intents"`
	Description string            `json:"description,omitempty" doc:"for people" example:"What a bank's customer wants"`
	Tags        map[string]string `json:"tags,omitempty" doc:"labels of your own"`
	Task        string            `json:"task,omitempty" doc:"of its newest version" example:"text-classification"`
	Training    json.RawMessage   `json:"training,omitempty" doc:"stored training settings; absent means auto"`
	Latest      int               `json:"latest" doc:"newest version, 0 before the first" example:"7"`
	CreatedAt   time.Time         `json:"created_at" doc:"when it was registered"`
	UpdatedAt   time.Time         `json:"updated_at" doc:"when it last changed"`
}

// Version is one trained model; of it only description and tags change.
type Version struct {
	Model     string          `json:"model" doc:"the model's name" example:"intents"`
	Version   int             `json:"version" doc:"from 1, never reused" example:"7"`
	Status    string          `json:"status" doc:"ready: it may serve; held: its gate did not pass, it serves only when named" enum:"ready,held"`
	Aliases   []string        `json:"aliases" doc:"aliases that point at it" example:"champion"`
	Task      string          `json:"task" doc:"what it does" example:"text-classification"`
	Algorithm string          `json:"algorithm" doc:"how it was trained" example:"linear-svm"`
	Runtime   string          `json:"runtime,omitempty" doc:"what runs an imported graph that has operators beyond our own: onnxruntime; absent for all else" example:"onnxruntime"`
	Digest    string          `json:"digest" doc:"SHA-256 of the artifact" example:"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	Size      int64           `json:"size" doc:"of the artifact, in bytes" example:"1048576"`
	Signature json.RawMessage `json:"signature,omitempty" doc:"what it takes and answers"`
	Labels    []string        `json:"labels,omitempty" doc:"the classes; absent for regression" example:"card_arrival"`
	Metrics   Figures         `json:"metrics" doc:"headline figures"`
	Gate      Gate            `json:"gate" doc:"the verdict on its promotion"`
	Lineage   Lineage         `json:"lineage" doc:"what it was made from"`
	Settings  json.RawMessage `json:"settings,omitempty" doc:"the training settings, with every default filled in"`

	Description string            `json:"description,omitempty" doc:"for people" example:"With the new labels"`
	Tags        map[string]string `json:"tags,omitempty" doc:"labels of your own"`
	CreatedAt   time.Time         `json:"created_at" doc:"when it was registered"`
}

// VersionPatch changes what people write about a version. What is absent stays.
type VersionPatch struct {
	Description *string            `json:"description,omitempty" doc:"for people, at most 2,000 characters" example:"With the new labels"`
	Tags        *map[string]string `json:"tags,omitempty" doc:"replaces all tags"`
}

// Figures are headline metrics by name.
type Figures struct {
	Test map[string]float64 `json:"test,omitempty" doc:"on rows held out from training"`
	CV   map[string]float64 `json:"cv,omitempty" doc:"by cross-validation"`
}

// Metrics are a version's figures and its full report.
type Metrics struct {
	Model   string             `json:"model" doc:"the model's name" example:"intents"`
	Version int                `json:"version" doc:"the version" example:"7"`
	Test    map[string]float64 `json:"test,omitempty" doc:"headline figures on rows held out from training"`
	CV      map[string]float64 `json:"cv,omitempty" doc:"headline figures by cross-validation"`
	Report  json.RawMessage    `json:"report,omitempty" doc:"everything training measured: per class, confusion matrix, candidates"`
}

// Gate is the verdict on promotion that training reached.
type Gate struct {
	Passed    bool   `json:"passed" doc:"whether the version may serve unasked"`
	Promotion string `json:"promotion" doc:"what became of it" enum:"promoted,held,none"`
	Reason    string `json:"reason,omitempty" doc:"why it was held" example:"not_comparable"`
	Detail    string `json:"detail,omitempty" doc:"the same for a person, with figures"`
}

// Lineage says what a version was made from.
type Lineage struct {
	Dataset       string    `json:"dataset,omitempty" doc:"the data set" example:"ds_0abc23def456ghi78jkl90mnop"`
	Source        string    `json:"source" doc:"the object in the uploads bucket" example:"inbox/local/intents/train.csv"`
	SourceVersion string    `json:"source_version,omitempty" doc:"the object's version id"`
	DatasetSHA256 string    `json:"dataset_sha256" doc:"SHA-256 of the data" example:"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	DataTime      time.Time `json:"data_time" doc:"when the data was uploaded"`
	Job           string    `json:"job" doc:"the training job" example:"tj_0abc23def456ghi78jkl90mnop"`
	Code          string    `json:"code" doc:"build of the trainer" example:"v0.1.0"`
	Seed          uint64    `json:"seed" doc:"seed of everything random" example:"7"`
	Parent        int       `json:"parent,omitempty" doc:"version whose settings were taken over" example:"6"`
}

// Signature says what a version takes and answers.
type Signature struct {
	Model     string          `json:"model" doc:"the model's name" example:"intents"`
	Version   int             `json:"version" doc:"the version" example:"7"`
	Signature json.RawMessage `json:"signature" doc:"inputs and outputs with their types; the columns of a table are of type number, category, date or text, of versions made before these were told string"`
}

// AliasList holds all aliases of a model.
type AliasList struct {
	Items []Alias `json:"items" doc:"by name, never null"`
}

// Alias is a movable name for one version.
type Alias struct {
	Model     string    `json:"model" doc:"the model's name" example:"intents"`
	Alias     string    `json:"alias" doc:"the alias" example:"champion"`
	Version   int       `json:"version" doc:"where it points" example:"7"`
	Revision  int64     `json:"revision" doc:"the number in its ETag" example:"3"`
	UpdatedAt time.Time `json:"updated_at" doc:"when it last moved"`
	UpdatedBy string    `json:"updated_by" doc:"key or job that moved it" example:"key_bootstrap"`
}

// AliasTarget says where an alias is to point.
type AliasTarget struct {
	Version int `json:"version" doc:"an existing version" example:"7"`
}

// Rollback says where an alias is to go back to.
type Rollback struct {
	To *int `json:"to,omitempty" doc:"an existing version; absent: the one the alias pointed at before, and the next time the one before that" min:"1" example:"6"`
}

// AliasChange is one entry of an alias's history.
type AliasChange struct {
	Alias    string    `json:"alias" doc:"the alias" example:"champion"`
	Revision int64     `json:"revision" doc:"the revision this change made" example:"3"`
	From     int       `json:"from" doc:"where it pointed, 0: it was absent" example:"6"`
	To       int       `json:"to" doc:"where it points since, 0: it was removed" example:"7"`
	At       time.Time `json:"at" doc:"when"`
	By       string    `json:"by" doc:"key or job that made the change" example:"key_bootstrap"`
	Rollback bool      `json:"rollback,omitempty" doc:"the change took back others"`
}
