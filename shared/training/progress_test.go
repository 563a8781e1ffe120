package training_test

import (
	"encoding/json"
	"testing"

	"godwit/shared/registry"
	"godwit/shared/training"
)

// Of steps side by side the one that saw least may write last: progress does
// not go back for that.
func TestService_Job_progressRises(t *testing.T) {
	h := newHouse(t, 1)
	job := h.upload(t, tenant, "intents", csv(300, 1), "")
	for i, progress := range []float64{.2, .35, .28} {
		at := job.CreatedAt.AddDate(0, 0, i)
		body, err := json.Marshal(training.Event{Seq: i + 1, At: at, Phase: "search", Progress: progress})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.store.Write(t.Context(), string(rune('a'+i)), registry.Write{Record: registry.Record{Key: registry.EventKey(tenant, job.ID, i+1), Body: body}}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := h.jobs.Job(t.Context(), tenant, job.ID)
	if err != nil || got.Progress != .35 || got.Phase != "search" {
		t.Errorf("Job = %v of %q, %v, want .35 of search", got.Progress, got.Phase, err)
	}
}
