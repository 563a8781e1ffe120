package states_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// The repository's own machine goes by rows where Prepare says so: each shard
// through every Map, a round as often as Reduce asks for one, the phases as Settle
// says, a phase that begins anew with another floor without a new count, and at
// last Finish.
func TestEngine_RunsRowsOfTheRepositorysOwn(t *testing.T) {
	definition, err := os.ReadFile("../../trainer/training.asl.json")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put(t, dir, `[{"shard":0},{"shard":1},{"shard":2}]`)
	var mu sync.Mutex
	var went []string
	s := open(t, dir, strings.NewReplacer("${TrainerFunctionArn}", "trainer", "${ModelsBucketName}", "b").Replace(string(definition)),
		func(_ context.Context, in map[string]any) (any, string, error) {
			mu.Lock()
			defer mu.Unlock()
			turn, _ := in["turn"].(map[string]any)
			said := fmt.Sprint(in["step"], " ", turn["phase"], turn["floor"], " ", turn["round"])
			if shard, there := in["shard"]; there && shard != 0.0 {
				said = "" // told of once
			}
			if said != "" {
				went = append(went, said)
			}
			return rowsAnswer(in, turn), "", nil
		})
	defer s.Close()
	if got := s.end(t, "x", `{"tenant":"local","job":"tj_1","attempt":1}`); got["status"] != "SUCCEEDED" {
		t.Fatalf("execution = %v, want SUCCEEDED", got)
	}
	phase := func(counts bool, name string) string {
		rounds := "encode %s 0, reduce %s 0, round %s 0, reduce %s 0, round %s 1, reduce %s 1, judge %s 2, settle %s 2"
		if counts {
			rounds = "census %s 0, vocabulary %s 0, " + rounds
		}
		return strings.ReplaceAll(rounds, "%s", name)
	}
	want := "prepare <nil> <nil> <nil>, " + phase(true, "search0") + ", " + phase(true, "evaluation0") + ", " + phase(false, "evaluation2") + ", finish <nil> <nil> <nil>"
	if got := strings.Join(went, ", "); got != want {
		t.Errorf("went\n%s, want\n%s", got, want)
	}
}

// rowsAnswer is what a step of a job by rows answers: each phase has two rounds,
// and the evaluation is begun anew with the floor 2.
func rowsAnswer(in, turn map[string]any) map[string]any {
	to := func(phase any, floor any, round float64, next string) map[string]any {
		return map[string]any{
			"tenant": in["tenant"], "job": in["job"], "attempt": in["attempt"], "rung": 0, "tasks": nil, "more": false, "rows": true,
			"turn": map[string]any{"items": "in/items.json", "results": "out", "phase": phase, "floor": floor, "round": round, "turns": 0, "next": next},
		}
	}
	switch in["step"] {
	case "prepare":
		return to("search", 0, 0, "Census")
	case "vocabulary":
		return to(turn["phase"], turn["floor"], 0, "Encode")
	case "reduce":
		round := turn["round"].(float64)
		if turn["next"] == "Rounds" {
			round++
		}
		if round == 2 {
			return to(turn["phase"], turn["floor"], round, "Judge")
		}
		return to(turn["phase"], turn["floor"], round, "Rounds")
	case "settle":
		switch {
		case turn["phase"] == "search":
			return to("evaluation", 0, 0, "Census")
		case turn["floor"] == 0.0:
			return to("evaluation", 2, 0, "Encode")
		}
		return to("served", 2, 0, "Finish")
	}
	return map[string]any{"task": in["shard"], "more": false, "spread": false, "fit": "", "blocks": nil}
}
