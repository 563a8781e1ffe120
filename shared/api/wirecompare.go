package api

import (
	"encoding/json"
	"time"
)

// VersionComparison holds two versions of a model against each other.
type VersionComparison struct {
	Model      string             `json:"model" doc:"the model's name" example:"intents"`
	Base       ComparedVersion    `json:"base" doc:"what is compared with"`
	Candidate  ComparedVersion    `json:"candidate" doc:"what is judged"`
	Comparable bool               `json:"comparable" doc:"whether the figures under test are of the same held-out rows" example:"true"`
	Reason     string             `json:"reason,omitempty" doc:"why they are not" enum:"task,data,split,columns"`
	Test       []MetricDifference `json:"test" doc:"headline figures of both on held-out rows, by name, never null"`
	CV         []MetricDifference `json:"cv" doc:"the same by cross-validation"`
	Classes    []ClassDifference  `json:"classes" doc:"F1 of each label on held-out rows, the greatest loss first; empty where a report lacks them"`
	Settings   []FieldDifference  `json:"settings" doc:"training settings that differ"`
	Lineage    []FieldDifference  `json:"lineage" doc:"what differs in what they were made from"`
	Verdict    *PairedVerdict     `json:"verdict,omitempty" doc:"the gate's paired test of the candidate against this very base, where there was one"`
}

// ComparedVersion is one side of a comparison.
type ComparedVersion struct {
	Variant   string    `json:"variant" doc:"how it was named: an alias, or versions/7" example:"champion"`
	Version   int       `json:"version" doc:"its number" example:"7"`
	Status    string    `json:"status" doc:"ready: it may serve; held: its gate did not pass" enum:"ready,held"`
	Task      string    `json:"task" doc:"what it does" example:"text-classification"`
	Algorithm string    `json:"algorithm" doc:"how it was trained" example:"linear-svm"`
	Digest    string    `json:"digest" doc:"SHA-256 of the artifact" example:"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	Size      int64     `json:"size" doc:"of the artifact, in bytes" example:"1048576"`
	CreatedAt time.Time `json:"created_at" doc:"when it was registered"`
}

// MetricDifference is one figure of both.
type MetricDifference struct {
	Metric     string  `json:"metric" doc:"its name" example:"macro_f1"`
	Base       Figure  `json:"base" doc:"of the base"`
	Candidate  Figure  `json:"candidate" doc:"of the candidate"`
	Difference float64 `json:"difference" doc:"candidate less base" example:"0.012"`
	Better     string  `json:"better,omitempty" doc:"which of them is better; absent where neither direction is" enum:"base,candidate,neither"`
}

// ClassDifference is the F1 of one label.
type ClassDifference struct {
	Label      string  `json:"label" doc:"the label" example:"card_arrival"`
	Base       float64 `json:"base" doc:"F1 of the base" min:"0" max:"1" example:"0.91"`
	Candidate  float64 `json:"candidate" doc:"F1 of the candidate" min:"0" max:"1" example:"0.88"`
	Difference float64 `json:"difference" doc:"candidate less base" example:"-0.03"`
	Rows       int     `json:"rows" doc:"held-out rows of the label when the candidate was tested" example:"40"`
}

// FieldDifference is one field that differs.
type FieldDifference struct {
	Pointer   string          `json:"pointer" doc:"where it stands, as a JSON pointer" example:"/params/c"`
	Base      json.RawMessage `json:"base,omitempty" doc:"there; absent when the base has none"`
	Candidate json.RawMessage `json:"candidate,omitempty" doc:"there; absent when the candidate has none"`
}

// PairedVerdict is a test of both on rows neither was fitted on.
type PairedVerdict struct {
	Rows       int     `json:"rows" doc:"neither was fitted, tuned or calibrated on" example:"640"`
	Metric     string  `json:"metric" doc:"what was measured" example:"macro_f1"`
	Base       float64 `json:"base" doc:"of the base" example:"0.902"`
	Candidate  float64 `json:"candidate" doc:"of the candidate" example:"0.914"`
	Difference float64 `json:"difference" doc:"above 0 when the candidate is better" example:"0.012"`
	Low        float64 `json:"low" doc:"lower end of its 95 % interval, paired bootstrap" example:"0.001"`
	High       float64 `json:"high" doc:"upper end" example:"0.022"`
}
