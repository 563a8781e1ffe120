package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/metrics"
	"time"

	"godwit/shared/blob"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// rowsSteps are the steps of a job by rows, in the order of the state machine:
// that of each shard, and the one after all of them, by the state a turn names.
var rowsSteps = map[string]struct{ shard, then string }{
	"Census": {"census", "vocabulary"}, "Encode": {"encode", "reduce"}, "Rounds": {"round", "reduce"}, "Judge": {"judge", "settle"},
}

// stepsTold are the steps of a job in the order in which they are printed.
var stepsTold = []string{"prepare", "census", "vocabulary", "encode", "round", "reduce", "judge", "settle", "finish"}

// taken is what the steps of one name took.
type taken struct {
	calls     int
	cpu, wall float64 // seconds, of all
	peak      int64   // bytes, of the largest: what it allocated and was not yet collected
}

// rows takes a job by rows from Prepare to Finish, one step after the other.
func (t *trainer) rows(ctx context.Context, in training.StepInput, turn training.Turn) error {
	data, err := blob.ReadAll(ctx, t.models, turn.Items, 1<<20)
	if err != nil {
		return err
	}
	var items []struct{ Shard int }
	if err := json.Unmarshal(data, &items); err != nil {
		return err
	}
	for turn.Next != "Finish" {
		state, known := rowsSteps[turn.Next]
		if !known {
			return fmt.Errorf("no state %q", turn.Next)
		}
		in.Turn, in.Step = turn, state.shard
		for _, item := range items {
			in.Shard = item.Shard
			if _, err := t.step(ctx, in); err != nil {
				return err
			}
		}
		in.Step, in.Shard = state.then, 0
		out, err := t.step(ctx, in)
		if err != nil {
			return err
		}
		next, ok := out.(training.Next)
		if !ok {
			return fmt.Errorf("step %s answered %T", in.Step, out)
		}
		turn = next.Turn
	}
	return nil
}

// step runs one step alone, and notes what it took when somebody asked.
func (t *trainer) step(ctx context.Context, in training.StepInput) (any, error) {
	if t.took == nil {
		return t.alone.Run(ctx, in)
	}
	runtime.GC()
	base := heapBytes()
	done, peak := make(chan struct{}), make(chan int64)
	go func() { peak <- watchHeap(done) }()
	wall, cpu := time.Now(), processorSeconds()
	out, err := t.alone.Run(ctx, in)
	one := t.took[in.Step]
	one.calls++
	one.wall, one.cpu = one.wall+time.Since(wall).Seconds(), one.cpu+processorSeconds()-cpu
	close(done)
	one.peak = max(one.peak, <-peak-base)
	t.took[in.Step] = one
	return out, err
}

// watchHeap follows the largest heap until done.
func watchHeap(done <-chan struct{}) (peak int64) {
	for {
		peak = max(peak, heapBytes())
		select {
		case <-done:
			return peak
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// heapBytes is what is allocated and not collected, garbage included.
func heapBytes() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(min(sample[0].Value.Uint64(), math.MaxInt64))
}

// jobs trains a set by whole jobs, in one function each and by rows, and prints
// what each came to and what the steps by rows took.
func (b *bench) jobs(ctx context.Context, set string, out io.Writer) error {
	path, err := b.file(set, "train")
	if err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	test, err := b.file(set, "test")
	if err != nil {
		return err
	}
	scored, err := readExamples(test)
	if err != nil {
		return err
	}
	table := [][]string{{"job", "accuracy", "agreement", "rounds", "moved", "CPU", "wall here", "dollars by rows", "by classes"}}
	var first []string
	var steps map[string]taken
	for _, engine := range []string{"one", "rows"} {
		b.say("%s: a job by engine %s", set, engine)
		t := newTrainer()
		t.took = map[string]taken{}
		p, err := t.trainAs(ctx, registry.Name("sharded"), path, data, fmt.Sprintf(`{"engine":%q,"params":{"c":[1],"features":["word"]}}`, engine))
		if err != nil {
			return err
		}
		answers, right := answersOf(p.model, scored)
		if first == nil {
			first = answers
		}
		table = append(table, jobLine(engine, p, float64(right)/float64(len(scored)), agreement(answers, first)))
		steps = t.took
	}
	if err := align(out, table); err != nil {
		return err
	}
	return tellSteps(steps, out)
}

// jobLine tells of one job.
func jobLine(engine string, p product, accuracy, same float64) []string {
	line := []string{"engine " + engine, fmt.Sprintf("%.4f", accuracy), fmt.Sprintf("%.4f", same), "-", "-", seconds(p.cpu), seconds(p.wall), "-", "-"}
	if d := p.distributed; d != nil && d.Dollars != nil {
		line[3], line[4] = fmt.Sprint(d.Rounds), megabytes(float64(d.Bytes))
		line[7], line[8] = fmt.Sprintf("%.5f", d.Dollars.Rows), fmt.Sprintf("%.5f", d.Dollars.Classes)
	}
	return line
}

// agreement is the share of answers that are the same.
func agreement(a, b []string) float64 {
	same := 0
	for i := range a {
		if a[i] == b[i] {
			same++
		}
	}
	return float64(same) / float64(max(len(a), 1))
}

// tellSteps prints what the steps of a job by rows took.
func tellSteps(steps map[string]taken, out io.Writer) error {
	table := [][]string{{"step by rows", "calls", "CPU of all", "wall of one", "peak of one"}}
	for _, name := range stepsTold {
		if s := steps[name]; s.calls > 0 {
			table = append(table, []string{name, fmt.Sprint(s.calls), seconds(s.cpu), seconds(s.wall / float64(s.calls)), megabytes(float64(s.peak))})
		}
	}
	return align(out, table)
}

// answersOf asks a model about rows and counts the right answers.
func answersOf(m pipeline.Predictor, rows []example) (answers []string, right int) {
	var scratch pipeline.Scratch
	for _, r := range rows {
		answer := m.Labels()[top(m.Scores(&scratch, pipeline.Input{Text: r.Text}))]
		if answers = append(answers, answer); answer == r.Label {
			right++
		}
	}
	return answers, right
}
