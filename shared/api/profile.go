package api

import (
	"encoding/json"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/training"
)

// maxProfile is the largest stored profile, in bytes.
const maxProfile = 16 << 20

// DatasetProfile says what a data set is made of. It holds no text of a row.
type DatasetProfile struct {
	Dataset string  `json:"dataset" doc:"the data set" example:"ds_0abc23def456ghi78jkl90mnop"`
	Model   string  `json:"model" doc:"the model it is for" example:"intents"`
	Profile Profile `json:"profile" doc:"as the newest job on it found"`
}

// Profile describes the records of a file.
type Profile struct {
	Records     int64           `json:"records" doc:"logical records in the file" example:"10003"`
	Rejected    int64           `json:"rejected" doc:"records that gave no row" example:"2"`
	Rows        int             `json:"rows" doc:"rows to learn from" example:"10001"`
	SHA256      string          `json:"sha256" doc:"of the file, 64 hex digits" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	Source      json.RawMessage `json:"source,omitempty" doc:"how the file was understood: format, encoding, delimiter, columns"`
	Classes     []ProfileClass  `json:"classes,omitzero" doc:"by label"`
	Imbalance   float64         `json:"imbalance" doc:"rows of the largest class over those of the smallest; 0 without classes" example:"6.4"`
	CodePoints  *Quantiles      `json:"code_points,omitempty" doc:"lengths of the texts in Unicode code points; absent for a table"`
	Bytes       *Quantiles      `json:"bytes,omitempty" doc:"lengths of the texts in UTF-8; absent for a table"`
	Scripts     []Script        `json:"scripts,omitzero" doc:"writing systems, the commonest first"`
	Languages   []Language      `json:"languages,omitzero" doc:"as far as the script tells, the commonest first"`
	Copies      *Copies         `json:"copies,omitempty" doc:"texts that are there more than once"`
	Parts       *Parts          `json:"parts,omitempty" doc:"rows by the file's own split"`
	Groups      int             `json:"groups" doc:"distinct values of the group column"`
	TimeColumns []string        `json:"time_columns,omitzero" doc:"columns named after a time: a split by time may be the honest one" example:"created_at"`
	TimeSplit   string          `json:"time_split,omitempty" doc:"offered: the source names a time_column, and split.by time would hold out the newest rows; used: it did" enum:"offered,used"`
	Features    []ProfileColumn `json:"features,omitempty" doc:"of a table: what each column was taken for"`
	WrongLabels int             `json:"wrong_labels" doc:"about how many labels are wrong, once a search has been over the rows; the likeliest are among the issues" example:"31"`
}

// ProfileColumn says what a column of a table was taken for.
type ProfileColumn struct {
	Name     string `json:"name" doc:"the column's name" example:"age"`
	Kind     string `json:"kind" doc:"how it is read: number, category, date, text; identifier and constant are dropped" example:"number"`
	Missing  int    `json:"missing" doc:"cells that are empty or none of the kind" example:"12"`
	Distinct int    `json:"distinct" doc:"different cells, case and spacing apart" example:"61"`
	Features int    `json:"features" doc:"features it gives the model" example:"2"`
	Note     string `json:"note,omitempty" doc:"what its owner should know"`
}

// ProfileClass is one class of a profile.
type ProfileClass struct {
	Label string  `json:"label" doc:"the label" example:"card_arrival"`
	Rows  int     `json:"rows" doc:"rows with it" example:"187"`
	Share float64 `json:"share" doc:"of all rows" example:"0.0187"`
	Words []Word  `json:"words,omitzero" doc:"the most characteristic first, each in at least five different texts"`
}

// Word is a word that marks a class.
type Word struct {
	Word      string `json:"word" doc:"in lower case" example:"arrive"`
	Rows      int    `json:"rows" doc:"different texts of the class with it" example:"41"`
	Elsewhere int    `json:"elsewhere" doc:"different texts of other classes with it" example:"3"`
}

// Quantiles describe a distribution of lengths.
type Quantiles struct {
	Min    int     `json:"min" doc:"the least" example:"13"`
	P5     int     `json:"p5" doc:"5 % of rows are at most this" example:"25"`
	P25    int     `json:"p25" doc:"25 %" example:"37"`
	Median int     `json:"median" doc:"50 %" example:"47"`
	P75    int     `json:"p75" doc:"75 %" example:"64"`
	P95    int     `json:"p95" doc:"95 %" example:"146"`
	P99    int     `json:"p99" doc:"99 %" example:"254"`
	Max    int     `json:"max" doc:"the greatest" example:"433"`
	Mean   float64 `json:"mean" doc:"the arithmetic mean" example:"59.5"`
}

// Script is one writing system.
type Script struct {
	Script string  `json:"script" doc:"its name in lower case, other for the rest" example:"latin"`
	Share  float64 `json:"share" doc:"of all letters" example:"0.999"`
	Rows   int     `json:"rows" doc:"rows with a letter of it" example:"10001"`
}

// Language is what the script of a row tells about its language.
type Language struct {
	Tag   string  `json:"tag" doc:"BCP 47; und-Latn where a script serves many languages" example:"und-Latn"`
	Rows  int     `json:"rows" doc:"rows mostly in it" example:"10001"`
	Share float64 `json:"share" doc:"of all rows" example:"1"`
}

// Copies counts texts that are there more than once, case and spacing apart.
type Copies struct {
	Distinct    int `json:"distinct" doc:"different texts" example:"9990"`
	Rows        int `json:"rows" doc:"rows beyond the first of each text" example:"11"`
	Conflicting int `json:"conflicting" doc:"different texts with more than one label" example:"1"`
}

// Parts counts rows by the file's own split.
type Parts struct {
	Train      int `json:"train" doc:"marked train"`
	Validation int `json:"validation" doc:"marked validation"`
	Test       int `json:"test" doc:"marked test"`
	Unmarked   int `json:"unmarked" doc:"not marked" example:"10001"`
}

// getProfile answers with what the newest job on a data set found it made of.
func getProfile(x *exchange) error {
	d, err := x.dataset()
	if err != nil {
		return err
	}
	if training.IsGraph(d.Filename) {
		return fault.New(fault.Conflict, "this file is a model to be imported: it has no rows to profile").WithReason("not_rows")
	}
	if d.ProfileKey == "" {
		return fault.New(fault.Conflict, "no job has read this data set yet: its profile is known once training has begun").WithReason("dataset_not_checked")
	}
	data, err := blob.ReadAll(x.r.Context(), x.Models, d.ProfileKey, maxProfile)
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.NotFound, err, "the profile of this data set is not kept any more: train on it again").WithReason("profile_gone")
	}
	if err != nil {
		return err
	}
	out := DatasetProfile{Dataset: d.ID, Model: string(d.Model)}
	if err := json.Unmarshal(data, &out.Profile); err != nil {
		return fault.Wrap(fault.Internal, err, "the stored profile cannot be read")
	}
	if out.Profile.Features != nil {
		out.Profile.CodePoints, out.Profile.Bytes = nil, nil // rows of cells have no length
	}
	return x.json(200, out)
}
