package training_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"godwit/shared/training"
)

// What Step Functions allows a standard execution and an inline Map:
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const (
	historyEvents = 25_000
	stateBytes    = 256 << 10
	inlineAtOnce  = 40
)

// mostRounds is how many rounds the steps of a job by rows allow themselves.
const mostRounds = 1500

// state is what the test reads of a state of the machine.
type state struct {
	Type, Next, Default string
	MaxConcurrency      int
	ItemProcessor       struct {
		ProcessorConfig struct{ Mode string }
		States          map[string]state
	}
}

// events is how many events one pass of a state leaves in the history: of a Task
// that it is entered, scheduled, started, succeeded and left; of others fewer; of
// a distributed Map also that its run is started and has succeeded, while that of
// its children is their own. Iterations of an inline Map are counted apart.
func (s state) events() int {
	switch s.Type {
	case "Task":
		return 5
	case "Map":
		return 6
	}
	return 2
}

// machine reads the repository's state machine.
func machine(t *testing.T) map[string]state {
	t.Helper()
	data, err := os.ReadFile("../../functions/trainer/training.asl.json")
	if err != nil {
		t.Fatal(err)
	}
	var m struct{ States map[string]state }
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m.States
}

// iteration is how many events one iteration of an inline Map leaves: its start and
// end, and each of its states once, Maps within apart.
func (s state) iteration() int {
	n := 2
	for _, inner := range s.ItemProcessor.States {
		if inner.Type != "Map" {
			n += inner.events()
		}
	}
	return n
}

// The largest search that settings can ask for, and the most blocks of classes its
// fits can be cut into, stay within what an inline Map may have: the machine needs
// no distributed Map for cross-validation, halving and blocks.
func TestMachine_InlineMapsStayWithinLimits(t *testing.T) {
	m := machine(t)
	search, fits := m["Search"], m["FitBlocks"]
	scoreBlocks := search.ItemProcessor.States["ScoreBlocks"]
	for name, s := range map[string]state{"Search": search, "FitBlocks": fits, "ScoreBlocks": scoreBlocks} {
		if s.ItemProcessor.ProcessorConfig.Mode != "INLINE" || s.MaxConcurrency < 1 || s.MaxConcurrency > inlineAtOnce {
			t.Errorf("%s: mode %s, %d at a time, want INLINE and 1 to %d", name, s.ItemProcessor.ProcessorConfig.Mode, s.MaxConcurrency, inlineAtOnce)
		}
	}
	const uneven = 360
	for _, tc := range []struct{ name, data, settings string }{
		{"texts", csv(120, 41) + strings.Repeat("delivery,one more card\n", uneven), `{"search":{"folds":20}}`},
		{"texts, halving", csv(150, 41), `{"search":{"folds":20,"strategy":"halving"}}`},
		{"a table", table(120, 41, false), `{"search":{"folds":20}}`},
		{"a table, halving", table(300, 41, false), `{"search":{"folds":20,"strategy":"halving"}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 2)
			tasks, most := 0, 0
			h.began = func(in training.StepInput) {
				if in.Step == "search" {
					tasks, most = tasks+1, max(most, in.Task+1)
				}
			}
			h.trained(t, tc.data, tc.settings)
			list, err := json.Marshal(make([]int, most))
			if err != nil || len(list)*4 > stateBytes/8 { // numbers of at most four digits
				t.Errorf("the tasks of a rung take up to %d bytes of a state, %v, want an eighth of %d at most", len(list)*4, err, stateBytes)
			}
			if n := tasks * search.iteration(); n > historyEvents/3 {
				t.Errorf("%d tasks leave %d events, want a third of %d at most", tasks, n, historyEvents)
			}
		})
	}
	// Tasks worth cutting are those of large data, which has no cheap candidates: a
	// rung of two kinds of features, then the winner's neighbours, weights and floor.
	const five, blocks = 5, 48
	tasks := five * (2 + 3)
	if n := tasks * blocks * scoreBlocks.iteration(); n > historyEvents/2 {
		t.Errorf("blocks of a search leave %d events, want half of %d at most", n, historyEvents)
	}
	if n := 2 * blocks * fits.iteration(); n > historyEvents/10 {
		t.Errorf("blocks of the fits leave %d events, want a tenth of %d at most", n, historyEvents)
	}
}

// A job by rows with all the rounds it may have stays within the history, and a
// round passes no list through the execution.
func TestMachine_RoundsStayWithinHistory(t *testing.T) {
	m := machine(t)
	round := m["Rounds"].events() + m["Reduce"].events() + m["MoreRounds"].events()
	rest := 0
	for _, name := range []string{"Census", "Vocabulary", "Encode", "Reduce", "MoreRounds", "Judge", "Settle", "MorePhases"} {
		rest += m[name].events()
	}
	const phases = 1 + 2*14 // the search, and two fits for each floor there is
	if n := mostRounds*round + phases*rest + 50; round > 15 || n > historyEvents {
		t.Errorf("%d rounds of %d events and the rest are %d, want at most 15 each and %d", mostRounds, round, n, historyEvents)
	}
	for name, s := range m {
		distributed := s.ItemProcessor.ProcessorConfig.Mode == "DISTRIBUTED"
		if want := strings.Contains("Census Encode Rounds Judge", name); s.Type == "Map" && distributed != want {
			t.Errorf("%s: distributed %v, want %v", name, distributed, want)
		}
	}
}

// A fit of the most classes, however much work it is, is cut into no more blocks
// than the history has room for.
func TestSteps_BlocksAreBounded(t *testing.T) {
	h := newHouse(t, 1)
	h.steps.Unit = 1e-9
	data := manyClasses(120, 6)
	_, report := versionOf(t, h, data, `{"params":{"c":[1],"features":["word"]},"search":{"folds":2}}`)
	if d := report.Distributed; d == nil || d.Blocks != 4*40 {
		t.Errorf("distributed %+v, want 40 blocks of three classes for each of four fits", d)
	}
}
