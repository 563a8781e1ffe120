package world_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"godwit/shared/training"
	"godwit/shared/world"
)

// The real steps fit models, so they get a part of the schedules only, and not
// fewer than some.
const (
	partReal   = 100
	fewestReal = 8
)

// TestWorld_realSteps puts training's own steps into the world's workers: a
// fault at any of their calls, a worker that dies anywhere, and another that
// begins the same job again.
func TestWorld_realSteps(t *testing.T) {
	w := open(t, world.Seams{Train: steps, Data: rows})
	from, count := number(t, "GODWIT_SEED", 1), max(fewestReal, number(t, "GODWIT_SCHEDULES", schedules)/partReal)
	began := time.Now()
	for seed := from; seed < from+count; seed++ {
		s := world.Generate(seed, trains...)
		if f := w.Run(s); f != nil {
			fail(t, w, s, f)
			return
		}
	}
	t.Logf("%d schedules in %.1f s, %d calls, %d checks", w.Tally.Schedules, time.Since(began).Seconds(), w.Tally.Calls, w.Tally.Checks)
}

// steps takes a job through the states of the state machine, once each.
func steps(ctx context.Context, s *training.Steps, in training.StepInput) error {
	in.Step = "prepare"
	out, err := s.Run(ctx, in)
	for {
		if err != nil {
			return err
		}
		next := out.(training.Next)
		if !next.More {
			break
		}
		in.Rung = next.Rung
		for _, in.Task = range next.Tasks {
			in.Step = "search"
			if _, err := s.Run(ctx, in); err != nil {
				return err
			}
		}
		in.Step, in.Task = "select", 0
		out, err = s.Run(ctx, in)
	}
	in.Step, in.Rung = "finish", 0
	_, err = s.Run(ctx, in)
	return err
}

// rows is what an upload of a kind holds; the last kind is no data at all.
func rows(kind int) string {
	if kind == 3 {
		return "label,text\nonly,one row\n"
	}
	rng := rand.New(rand.NewPCG(uint64(kind), 3))
	words := [2][]string{strings.Fields("card arrive post track mail"), strings.Fields("refund money back charge cancel")}
	var b bytes.Buffer
	b.WriteString("label,text\n")
	for i := range 30 {
		fmt.Fprintf(&b, "class%d", i%2)
		sep := byte(',')
		for range 4 {
			b.WriteByte(sep)
			b.WriteString(words[i%2][rng.IntN(5)])
			sep = ' '
		}
		fmt.Fprintf(&b, " %d\n", i)
	}
	return b.String()
}
