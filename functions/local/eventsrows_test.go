package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// byRows is a job that is trained by rows, as far as it is.
type byRows struct {
	job    string
	turn   turn
	shards []int
}

// turn is what the states of such a job hand on.
type turn struct {
	Items, Results, Phase, Next string
	Floor, Round, Turns         int
}

// openDivided opens a job by rows on the data set of the job that failed, and has
// it prepared.
func (h *house) openDivided(t *testing.T) {
	t.Helper()
	request := strictly[events.APIGatewayV2HTTPRequest](t, sample(t, "train-trigger-job.json"))
	request.Body = fmt.Sprintf(`{"model":"intents","dataset":%q,"engine":"rows","params":{"c":[1],"features":["word"]}}`, h.setOf(t, h.asked))
	request.Headers["content-length"] = fmt.Sprint(len(request.Body))
	h.divided = byRows{job: h.openJob(t, encode(t, request))}
	var next struct {
		Rows bool
		Turn turn
	}
	answer := h.invoke(t, "trainer", replaced(t, sample(t, "trainer-prepare.json"), sampleJob, h.divided.job))
	if err := json.Unmarshal(answer, &next); err != nil || !next.Rows {
		t.Fatalf("prepare = %s, %v, want a job that goes on by rows", answer, err)
	}
	h.divided.turn = next.Turn
	// The Map of the state machine reads the same file.
	out, err := h.bucket.GetObject(context.WithoutCancel(t.Context()), &s3.GetObjectInput{Bucket: &h.at.ModelsBucket, Key: &next.Turn.Items})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	var items []struct{ Shard int }
	if err := json.NewDecoder(out.Body).Decode(&items); err != nil || len(items) < 2 {
		t.Fatalf("items = %v, %v, want two shards at least", items, err)
	}
	for _, item := range items {
		h.divided.shards = append(h.divided.shards, item.Shard)
	}
}

// atTurn puts the real job and where it stands into a sample, which must stand in
// the same state of the same phase.
func (h *house) atTurn(t *testing.T, event []byte) map[string]any {
	t.Helper()
	event = replaced(t, event, sampleJob, h.divided.job)
	var in struct{ Turn turn }
	if err := json.Unmarshal(event, &in); err != nil {
		t.Fatal(err)
	}
	at := h.divided.turn
	in.Turn.Round, in.Turn.Turns = at.Round, at.Turns // of the data
	if in.Turn != at {
		t.Fatalf("the event stands at %+v, want %+v as the step before it answered", in.Turn, at)
	}
	return h.moved(t, event)
}

// moved is an event of the real job at its turn, wherever the sample stands.
func (h *house) moved(t *testing.T, event []byte) map[string]any {
	t.Helper()
	at := h.divided.turn
	in := strictly[map[string]any](t, event)
	in["job"] = h.divided.job
	in["turn"] = map[string]any{"items": at.Items, "results": at.Results, "phase": at.Phase, "next": at.Next, "floor": at.Floor, "round": at.Round, "turns": at.Turns}
	return in
}

// spread runs a step for every shard, the last one twice, as may happen.
func (h *house) spread(t *testing.T, in map[string]any) {
	t.Helper()
	shards := h.divided.shards
	for _, shard := range append(slices.Clone(shards), shards[len(shards)-1]) {
		in["shard"] = shard
		h.invoke(t, "trainer", encode(t, in))
	}
}

// gather runs a step that answers with the next turn, twice with one answer.
func (h *house) gather(t *testing.T, in map[string]any) {
	t.Helper()
	var first, again struct{ Turn turn }
	for _, out := range []any{&first, &again} {
		if err := json.Unmarshal(h.invoke(t, "trainer", encode(t, in)), out); err != nil {
			t.Fatal(err)
		}
	}
	if first != again {
		t.Errorf("%s answered %+v and then %+v", in["step"], first, again)
	}
	h.divided.turn = first.Turn
}

// wantNext checks where the job stands.
func (h *house) wantNext(t *testing.T, phase, next string) {
	t.Helper()
	if at := h.divided.turn; at.Phase != phase || at.Next != next {
		t.Errorf("the job stands at %+v, want %s of %s next", at, next, phase)
	}
}

func driveCensus(t *testing.T, h *house, event []byte) {
	h.openDivided(t)
	h.spread(t, h.atTurn(t, event))
}

func driveVocabulary(t *testing.T, h *house, event []byte) {
	h.gather(t, h.atTurn(t, event))
	h.wantNext(t, "search", "Encode")
}

func driveEncode(t *testing.T, h *house, event []byte) { h.spread(t, h.atTurn(t, event)) }

// driveReduce is the reduction before the first round.
func driveReduce(t *testing.T, h *house, event []byte) {
	h.gather(t, h.atTurn(t, event))
	h.wantNext(t, "search", "Rounds")
}

// driveRound runs the first round and those after it, until the gap is closed.
func driveRound(t *testing.T, h *house, event []byte) {
	h.spread(t, h.atTurn(t, event))
	h.gather(t, h.moved(t, sample(t, "trainer-reduce.json")))
	if at := h.divided.turn; at.Round != 1 || at.Turns != 1 {
		t.Errorf("the job stands at %+v, want one round done", at)
	}
	for h.divided.turn.Next == "Rounds" {
		h.goOn(t)
	}
	h.wantNext(t, "search", "Judge")
}

func driveJudge(t *testing.T, h *house, event []byte) { h.spread(t, h.atTurn(t, event)) }

// driveSettle ends the search, takes the job through its other phases and
// registers its version.
func driveSettle(t *testing.T, h *house, event []byte) {
	h.gather(t, h.atTurn(t, event))
	h.wantNext(t, "evaluation", "Census")
	for n := 0; h.divided.turn.Next != "Finish"; n++ {
		if h.goOn(t); n > 1000 {
			t.Fatalf("after %d states the job stands at %+v", n, h.divided.turn)
		}
	}
	h.invoke(t, "trainer", replaced(t, sample(t, "trainer-finish.json"), sampleJob, h.divided.job))
	if j := h.jobOf(t, h.divided.job); j.Status != "succeeded" || j.Version != 2 {
		t.Errorf("job = %+v, want succeeded with version 2", j)
	}
}

// goOn takes the job through the two states its turn names, as the state machine
// does: one for each shard, then one for all.
func (h *house) goOn(t *testing.T) {
	t.Helper()
	states := map[string][2]string{
		"Census": {"census", "vocabulary"}, "Encode": {"encode", "reduce"}, "Rounds": {"round", "reduce"}, "Judge": {"judge", "settle"},
	}
	steps, known := states[h.divided.turn.Next]
	if !known {
		t.Fatalf("the job stands at %+v, which is no state", h.divided.turn)
	}
	h.spread(t, h.moved(t, sample(t, "trainer-"+steps[0]+".json")))
	h.gather(t, h.moved(t, sample(t, "trainer-"+steps[1]+".json")))
}
