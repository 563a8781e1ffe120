package training

import "encoding/json"

// said holds the settings of which 0 is no value, nil where they were left out.
type said struct {
	Params struct {
		MinDocs      *int     `json:"min_docs"`
		Batch        *int     `json:"batch"`
		Epochs       *int     `json:"epochs"`
		LearningRate *float64 `json:"learning_rate"`
		Hidden       *int     `json:"hidden"`
		Embedding    *int     `json:"embedding"`
	} `json:"params"`
	Search struct {
		Folds *int `json:"folds"`
	} `json:"search"`
	Split struct {
		Test *float64 `json:"test"`
	} `json:"split"`
}

// refuseZeros makes every 0 in data that is no value out of range, so that the
// checks name it and its range: in Settings 0 is what was left out, and would be
// taken for a wish for the default. data was decoded into s without an error.
func (s *Settings) refuseZeros(data []byte) {
	var w said
	if json.Unmarshal(data, &w) != nil {
		return // the same fields were decoded into s before
	}
	refuseZero(w.Params.MinDocs, &s.Params.MinDocs)
	refuseZero(w.Params.Batch, &s.Params.Batch)
	refuseZero(w.Params.Epochs, &s.Params.Epochs)
	refuseZero(w.Params.LearningRate, &s.Params.LearningRate)
	refuseZero(w.Params.Hidden, &s.Params.Hidden)
	refuseZero(w.Params.Embedding, &s.Params.Embedding)
	refuseZero(w.Search.Folds, &s.Search.Folds)
	refuseZero(w.Split.Test, &s.Split.Test)
}

// refuseZero sets a 0 that was said to -1, which no range holds.
func refuseZero[T int | float64](said, field *T) {
	if said != nil && *said == 0 {
		*field = -1
	}
}
