package batch

import (
	"encoding/json"
	"os"
	"testing"
)

// One wave of functions is what the state machine keeps at work.
func TestFunctions(t *testing.T) {
	data, err := os.ReadFile("../../functions/batch/batch.asl.json")
	if err != nil {
		t.Fatal(err)
	}
	var machine struct {
		States struct{ ScoreChunks struct{ MaxConcurrency int } }
	}
	if err := json.Unmarshal(data, &machine); err != nil || machine.States.ScoreChunks.MaxConcurrency != functions {
		t.Errorf("the Map keeps %d functions at work, %v, want %d", machine.States.ScoreChunks.MaxConcurrency, err, functions)
	}
}
