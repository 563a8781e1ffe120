package api

import (
	"encoding/json"
	"strings"
	"time"

	"godwit/shared/registry"
)

// Card tells a person who did not train a version what it is.
type Card struct {
	Model       string            `json:"model" doc:"the model's name" example:"intents"`
	Description string            `json:"description,omitempty" doc:"of the model, by its owner" example:"What a bank's customer wants"`
	Version     int               `json:"version" doc:"the version" example:"7"`
	Status      string            `json:"status" doc:"ready: it may serve; held: its gate did not pass" enum:"ready,held"`
	Aliases     []string          `json:"aliases" doc:"aliases that point at it" example:"champion"`
	Task        string            `json:"task" doc:"what it does" example:"text-classification"`
	Algorithm   string            `json:"algorithm" doc:"how it was trained" example:"linear-svm"`
	Labels      []string          `json:"labels,omitempty" doc:"the classes; absent for regression" example:"card_arrival"`
	Size        int64             `json:"size" doc:"of the artifact, in bytes" example:"1048576"`
	CreatedAt   time.Time         `json:"created_at" doc:"when it was registered"`
	Chosen      json.RawMessage   `json:"chosen,omitempty" doc:"the candidate the search chose"`
	Data        CardData          `json:"data" doc:"what it learned from"`
	HeldOut     map[string]Figure `json:"held_out,omitempty" doc:"how good it is on rows held out from training, by metric; baseline is the accuracy of always answering the most frequent label, or of a regression the rmse of always answering the mean"`
	CV          map[string]Figure `json:"cv,omitempty" doc:"the same by cross-validation"`
	Gate        Gate              `json:"gate" doc:"the verdict on its promotion"`
	Warnings    []string          `json:"warnings,omitempty" doc:"what about it its owner should know, such as terms left out to keep it small enough to serve"`
	TopFeatures []ClassFeatures   `json:"top_features,omitempty" doc:"what it goes by; what fewer than five documents hold is withheld"`
}

// Figure is one measured value.
type Figure struct {
	Value float64  `json:"value" doc:"as measured" example:"0.91"`
	Low   *float64 `json:"low,omitempty" doc:"lower end of its 95 % interval" example:"0.89"`
	High  *float64 `json:"high,omitempty" doc:"upper end of its 95 % interval" example:"0.93"`
}

// CardData says what a version learned from.
type CardData struct {
	Dataset  string         `json:"dataset,omitempty" doc:"the data set" example:"ds_0abc23def456ghi78jkl90mnop"`
	Source   string         `json:"source" doc:"the object in the uploads bucket" example:"inbox/local/intents/train.csv"`
	SHA256   string         `json:"sha256" doc:"of the data" example:"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	DataTime time.Time      `json:"data_time" doc:"when the data was uploaded"`
	Rows     *JobRows       `json:"rows,omitempty" doc:"what became of every record"`
	Classes  map[string]int `json:"classes,omitempty" doc:"rows of each label"`
	Split    string         `json:"split,omitempty" doc:"how rows were held out" example:"hash"`
	Issues   map[string]int `json:"issues,omitempty" doc:"how many findings of each code"`
}

// ClassFeatures are what speaks most for one label and against it.
type ClassFeatures struct {
	Label   string          `json:"label,omitempty" doc:"the label; absent for regression" example:"card_arrival"`
	For     []FeatureWeight `json:"for" doc:"the strongest first, never null"`
	Against []FeatureWeight `json:"against" doc:"the strongest first, never null"`
}

// FeatureWeight is one feature and how much it counts.
type FeatureWeight struct {
	Feature string  `json:"feature" doc:"a word, word pair, piece of a word, or column" example:"card"`
	Weight  float64 `json:"weight" doc:"what it adds to the margin" example:"1.31"`
}

// reported are the parts of a version's report that its card shows.
type reported struct {
	Chosen      json.RawMessage `json:"chosen"`
	Rows        *JobRows        `json:"rows"`
	Classes     map[string]int  `json:"classes"`
	Split       string          `json:"split"`
	Issues      map[string]int  `json:"issues"`
	Warnings    []string        `json:"warnings"`
	TopFeatures []ClassFeatures `json:"top_features"`
}

// getCard answers with what can be told of a version. A report that is gone
// leaves what its record says.
func getCard(x *exchange) error {
	v, err := x.named()
	if err != nil {
		return err
	}
	m, err := x.Registry.Model(x.r.Context(), x.tenant(), v.Model)
	if err != nil {
		return err
	}
	aliases, err := x.aliases()
	if err != nil {
		return err
	}
	raw, err := x.report(v)
	if err != nil {
		return err
	}
	var r reported
	if raw != nil && json.Unmarshal(raw, &r) != nil {
		r = reported{} // of another build: its record still tells most
	}
	return x.json(200, cardOf(m, versionOf(v, aliases), r))
}

// cardOf puts a card together.
func cardOf(m registry.Model, v Version, r reported) Card {
	c := Card{
		Model: v.Model, Description: m.Description, Version: v.Version, Status: v.Status, Aliases: v.Aliases, Task: v.Task,
		Algorithm: v.Algorithm, Labels: v.Labels, Size: v.Size, CreatedAt: v.CreatedAt, Chosen: r.Chosen, Gate: v.Gate,
		Data: CardData{
			Dataset: v.Lineage.Dataset, Source: v.Lineage.Source, SHA256: v.Lineage.DatasetSHA256, DataTime: v.Lineage.DataTime,
			Rows: r.Rows, Classes: r.Classes, Split: r.Split, Issues: r.Issues,
		},
		HeldOut: figuresOf(v.Metrics.Test), CV: figuresOf(v.Metrics.CV), Warnings: r.Warnings, TopFeatures: r.TopFeatures,
	}
	for i := range c.TopFeatures {
		f := &c.TopFeatures[i]
		if f.For == nil {
			f.For = []FeatureWeight{}
		}
		if f.Against == nil {
			f.Against = []FeatureWeight{}
		}
	}
	return c
}

// figuresOf joins each headline figure with the ends of its interval, which
// stand beside it as name_low and name_high.
func figuresOf(headline map[string]float64) map[string]Figure {
	out := map[string]Figure{}
	for name, v := range headline {
		base, isLow := strings.CutSuffix(name, "_low")
		if !isLow {
			base, _ = strings.CutSuffix(name, "_high")
		}
		if _, end := headline[base]; end && base != name {
			continue // shown with its figure
		}
		f := Figure{Value: v}
		if low, ok := headline[name+"_low"]; ok {
			f.Low = &low
		}
		if high, ok := headline[name+"_high"]; ok {
			f.High = &high
		}
		out[name] = f
	}
	return out
}
