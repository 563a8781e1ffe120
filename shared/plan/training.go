package main

import "math"

// What `auto` tries on texts: package training's candidates.
const (
	folds     = 5.0
	wordFits  = folds      // word features, C = 1
	unionFits = folds      // word and character features, C = 1
	nextFits  = 2 * folds  // the winner's neighbours in C
	lastFits  = 2.0        // evaluation model, model on all rows
	trained   = .8 * .8    // share of the rows a fold fits: four of five folds of what is not held out
	workDays  = 7.0 / 30.0 // of a month that work/ is kept

	trainerDisk = .5 // GB above the 512 MB that cost nothing: EphemeralStorage in template.yaml
)

// ramp is the seconds until so many instances of a function are there: a first
// number at once, as many again every ten seconds.
func ramp(instances float64) float64 {
	return 10 * math.Max(0, math.Ceil(instances/scalingRate.value)-1)
}

// bill is what a plan takes.
type bill struct {
	seconds float64 // from upload to the new champion
	gbs     float64 // GB-seconds
	calls   float64 // of functions
	steps   float64 // transitions
	puts    float64
	gets    float64
	stored  float64 // GB-months
	disk    float64 // GB-seconds of the trainer's disk above what is free
}

// dollars is the bill in one month, without what stays in S3 for longer.
func (b bill) dollars() float64 {
	return charge(lambdaTiers, b.gbs) + b.calls*lambdaRequest.value + b.steps*transition.value +
		b.disk*lambdaDisk.value + b.puts*s3Put.value + b.gets*s3Get.value + b.stored*s3Store.value
}

// step adds one function after another: its work in core seconds and its bytes
// from and to S3.
func (b *bill) step(a Assumptions, mb, work, bytes float64) { b.wave(a, mb, work, bytes, 1, 1) }

// wave adds a Map of tasks that each take the same: as many at a time as there
// may be, and no faster than Lambda makes instances.
func (b *bill) wave(a Assumptions, mb, work, bytes, tasks, atOnce float64) {
	each := a.StepSeconds + work/a.cores(mb) + bytes/a.S3Rate
	// What comes near a function's end goes on in the next.
	calls := math.Ceil(each / (functionSeconds.value - 60))
	atOnce = math.Max(1, math.Min(math.Min(atOnce, a.Instances), tasks))
	b.seconds += each*math.Ceil(tasks/atOnce) + ramp(atOnce)
	b.gbs += each * tasks * mb / 1024
	if mb == a.TrainerMB {
		b.disk += each * tasks * trainerDisk
	}
	b.calls += calls * tasks
	b.steps += (calls + 1) * tasks
	b.gets += 2 * tasks
	b.puts += tasks
}

// training is how a number of rows is trained.
type training struct {
	bill
	how    string
	shards float64
	moved  float64 // bytes through S3 in the rounds
	limit  string  // what stands in the way, "" for nothing
}

// train plans the training of so many rows of text: on one machine while they
// fit into one function, by rows beyond.
func train(u Units, a Assumptions, rows float64) training {
	room := a.TrainerMB * (1 << 20) / a.Gather
	t := training{how: "one function a step", shards: 1}
	if rows*u.HeldBytes <= room {
		t.search(u, a, rows)
		t.stored = rows * (u.RowBytes + u.EncodedBytes*workDays) / 1e9
		return t
	}
	t.shards = math.Ceil(rows * u.HeldBytes / room)
	t.how = "by rows"
	t.byRows(u, a, rows)
	t.stored = rows * (u.RowBytes + u.EncodedBytes*workDays) / 1e9
	switch {
	case t.shards > childExecutions.value:
		t.limit = "more shards than a Distributed Map runs at a time"
	case t.shards > a.Instances:
		t.limit = "instances of the account"
	}
	return t
}

// search is Prepare, the rungs of the search, Select and Finish.
func (t *training) search(u Units, a Assumptions, rows float64) {
	encoded := rows * u.EncodedBytes
	t.step(a, a.TrainerMB, rows*(u.Read+u.Count), rows*u.RowBytes+encoded)
	fold := rows * trained * a.Classes
	t.wave(a, a.TrainerMB, fold*(u.FitWord+u.FitUnion)/2, encoded, wordFits+unionFits, 20)
	t.step(a, a.TrainerMB, 0, 0)
	// A fold walks the neighbours one after the other.
	t.wave(a, a.TrainerMB, fold*u.FitUnion*nextFits/folds, encoded, folds, 20)
	t.step(a, a.TrainerMB, 0, 0)
	t.step(a, a.TrainerMB, rows*a.Classes*u.FitUnion*lastFits, encoded+2*u.ModelBytes)
}

// byRows searches on the rows of one shard and fits the winner on all: each
// round every shard passes once over its rows, then the differences are summed
// in two levels, so that no function reads more than the root of their number.
func (t *training) byRows(u Units, a Assumptions, rows float64) {
	each := rows / t.shards
	t.wave(a, a.TrainerMB, each*(u.Read+u.Count), each*(u.RowBytes+u.EncodedBytes), t.shards, childExecutions.value)
	fan := math.Ceil(math.Sqrt(t.shards))
	vocabulary := u.Terms * 16 // a term's hash, its frequency, its text's share
	t.wave(a, a.TrainerMB, 0, fan*vocabulary, fan, fan)
	t.step(a, a.TrainerMB, 0, fan*vocabulary)
	t.search(u, a, each)
	change := u.Weights / float64(u.Classes) * a.Classes * a.Change * 8 // an index and a value
	for range int(a.Rounds * lastFits) {
		t.wave(a, a.TrainerMB, each*a.Classes*u.FitUnion/a.Passes, each*u.EncodedBytes+2*change, t.shards, childExecutions.value)
		t.wave(a, a.TrainerMB, 0, fan*change, fan, fan)
		t.step(a, a.TrainerMB, 0, fan*change)
		t.moved += 2*t.shards*change + 2*fan*change
	}
}
