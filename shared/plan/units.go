package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
)

// Units are what work costs, as measured on one core of one machine. Seconds
// and bytes are those of one row where nothing else is said.
type Units struct {
	When    string `json:"when"`    // day it was taken, UTC
	Machine string `json:"machine"` // processor and Go
	Data    string `json:"data"`    // what was measured on
	Rows    int    `json:"rows"`    // so many
	Classes int    `json:"classes"` // in so many classes

	Read     float64 `json:"read_s"`      // reads and checks a row of CSV
	Count    float64 `json:"count_s"`     // tokenises and counts it, words and characters together
	FitWord  float64 `json:"fit_word_s"`  // a fit's time for a row and class, C = 1, words alone
	FitUnion float64 `json:"fit_union_s"` // and with characters
	Score    float64 `json:"score_s"`     // one prediction with scores, words and characters

	RowBytes     float64 `json:"row_bytes"`     // of CSV
	EncodedBytes float64 `json:"encoded_bytes"` // counts of a row, as work/ keeps them
	HeldBytes    float64 `json:"held_bytes"`    // in memory while all rows are fitted
	ModelBytes   float64 `json:"model_bytes"`   // of the union model
	Terms        float64 `json:"terms"`         // of the union vocabulary
	Weights      float64 `json:"weights"`       // of the union model that are not zero

	CheckRows  int     `json:"check_rows"`  // of a run of another size
	CheckRatio float64 `json:"check_ratio"` // the time it took over that which these costs foretell
}

// against returns what a run took over what u foretells for it: reading,
// counting and one fit of each kind.
func (u Units) against(run Units) float64 {
	cost := func(c Units) float64 { return c.Read + c.Count + float64(c.Classes)*(c.FitWord+c.FitUnion) }
	return cost(run) / cost(u)
}

//go:embed units.json
var frozenUnits []byte

// frozen returns the unit costs the page was written with.
func frozen() (Units, error) { return parseUnits(frozenUnits) }

// parseUnits reads unit costs strictly.
func parseUnits(data []byte) (Units, error) {
	var u Units
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&u); err != nil {
		return u, fmt.Errorf("unit costs: %w", err)
	}
	return u, u.sound()
}

// sound refuses unit costs that no measurement gives.
func (u Units) sound() error {
	for _, v := range []struct {
		name  string
		value float64
	}{
		{"read_s", u.Read}, {"count_s", u.Count}, {"fit_word_s", u.FitWord}, {"fit_union_s", u.FitUnion},
		{"score_s", u.Score}, {"row_bytes", u.RowBytes}, {"encoded_bytes", u.EncodedBytes}, {"held_bytes", u.HeldBytes},
		{"model_bytes", u.ModelBytes}, {"terms", u.Terms}, {"weights", u.Weights}, {"classes", float64(u.Classes)},
	} {
		if !(v.value > 0) {
			return fmt.Errorf("unit costs: %s is %v, want more than 0: measure again with `make plan`", v.name, v.value)
		}
	}
	return nil
}
