package states_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// In the repository's own machines a part of a distributed Map that gives up tells
// the job why, as often tried as its kind of error is, before the Map tells only
// that a part failed; and one whose telling fails leaves it to the execution.
func TestEngine_PartsOfTheRepositorysOwnTellWhyTheyFail(t *testing.T) {
	const exceeded = "States.ExceedToleratedFailureThreshold"
	rows := func(in map[string]any) any {
		turn, _ := in["turn"].(map[string]any)
		return rowsAnswer(in, turn)
	}
	machines := []struct {
		file, work string                      // the step of the part
		answer     func(in map[string]any) any // of the other steps
	}{
		{"../../trainer/training.asl.json", "census", rows},
		{"../../trainer/training.asl.json", "encode", rows},
		{"../../trainer/training.asl.json", "round", rows},
		{"../../trainer/training.asl.json", "judge", rows},
		{"../../batch/batch.asl.json", "score", func(in map[string]any) any {
			return map[string]any{"tenant": in["tenant"], "job": in["job"], "attempt": in["attempt"], "items": "in/items.json", "batch": 1, "results": "out"}
		}},
	}
	for _, tc := range []struct {
		name, errorType string
		tries           int
		deaf            int // calls of the step fail that fail
		want            []string
	}{
		{"a store that stays away", "Godwit.Transient", 6, 0, []string{"Godwit.Transient", exceeded}},
		{"what the data is to blame for", "Godwit.Input", 1, 0, []string{"Godwit.Input", exceeded}},
		{"a mistake of ours", "Godwit.Internal", 1, 0, []string{"Godwit.Internal", exceeded}},
		{"a function that crashes", "Lambda.Unknown", 3, 0, []string{"Lambda.Unknown", exceeded}},
		{"telling that takes some tries", "Godwit.Transient", 6, 5, []string{"Godwit.Transient", exceeded}},
		{"telling that is of no use", "Godwit.Transient", 6, 6, []string{exceeded}},
	} {
		for _, m := range machines {
			t.Run(tc.name+" "+m.work, func(t *testing.T) {
				definition, err := os.ReadFile(m.file)
				if err != nil {
					t.Fatal(err)
				}
				dir := t.TempDir()
				put(t, dir, `[{"shard":0,"chunk":0}]`)
				var mu sync.Mutex
				tries, deaf := 0, tc.deaf
				var told []string
				refused := func(errorType string) (any, string, error) {
					return map[string]any{"errorType": errorType, "errorMessage": "m"}, "Unhandled", nil
				}
				s := open(t, dir, strings.NewReplacer("${TrainerFunctionArn}", "f", "${BatchFunctionArn}", "f", "${ModelsBucketName}", "b", `"IntervalSeconds": 1`, `"IntervalSeconds": 0`).Replace(string(definition)),
					func(_ context.Context, in map[string]any) (any, string, error) {
						mu.Lock()
						defer mu.Unlock()
						switch in["step"] {
						case m.work:
							tries++
							return refused(tc.errorType)
						case "fail":
							if deaf--; deaf >= 0 {
								return refused("Godwit.Transient")
							}
							if in["job"] != "tj_1" || in["tenant"] != "local" || in["attempt"] != 1. {
								t.Errorf("fail is told of %v, want the job", in)
							}
							told = append(told, fmt.Sprint(in["error"].(map[string]any)["Error"]))
							return map[string]any{}, "", nil
						}
						return m.answer(in), "", nil
					})
				defer s.Close()
				got := s.end(t, "x", `{"tenant":"local","job":"tj_1","attempt":1}`)
				if got["status"] != "FAILED" || got["error"] != "Godwit.Failed" || tries != tc.tries || !slices.Equal(told, tc.want) {
					t.Errorf("execution = %v after %d tries, told %q, want it failed after %d, told %q", got, tries, told, tc.tries, tc.want)
				}
			})
		}
	}
}
