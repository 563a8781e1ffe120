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

	// Of engine rows: package training's bounds and training.asl.json's.
	rowsCosts   = 3.0       // of the path of C
	shardShare  = .5        // of what one function would hold, beside weights and changes
	shardsLeast = 4.0       // shards
	shardsMost  = 1000.0    //
	shardMaps   = 200.0     // shards at a time
	rowsMost    = 2.5e6     // rows of one job
	rowsFile    = 768 << 20 // their bytes

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
	t.shards = math.Max(shardsLeast, math.Ceil(rows*u.HeldBytes/(room*shardShare)))
	t.how = "by rows"
	t.byRows(u, a, rows)
	t.stored += rows * (u.RowBytes + u.EncodedBytes*workDays) / 1e9
	t.limit = t.limited(u, a, rows)
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

// byRows is engine rows: Prepare deals the rows out; then the search along a path
// of C on one fold, the evaluation model and that on all rows, each with a count of
// all terms, a matrix of each shard, and rounds, of which Reduce puts each together.
func (t *training) byRows(u Units, a Assumptions, rows float64) {
	each, mb := rows/t.shards, a.TrainerMB
	vocabulary := u.Terms * 16 // a term's text and its frequency
	matrix := each * u.HeldBytes / 2
	weights := u.Terms * a.Classes * 4
	change := weights * 2 * a.Change // of a weight its column and by how much
	t.step(a, mb, rows*u.Read, 2*rows*u.RowBytes)
	for _, phase := range []struct{ costs, count float64 }{{rowsCosts, u.Count}, {1, 0}, {1, 0}} {
		t.wave(a, mb, each*phase.count, each*(u.RowBytes+u.EncodedBytes)+vocabulary, t.shards, shardMaps)
		t.step(a, mb, 0, (t.shards+1)*vocabulary)
		t.wave(a, mb, 0, each*u.EncodedBytes+vocabulary+matrix, t.shards, shardMaps)
		t.step(a, mb, 0, weights)
		for range int(math.Ceil(a.Rounds * phase.costs)) {
			t.wave(a, mb, each*a.Classes*u.FitWord/a.Passes, matrix+weights+change, t.shards, shardMaps)
			t.step(a, mb, 0, t.shards*change+2*weights)
			t.moved += t.shards*(matrix+weights+2*change) + 2*weights
			t.stored += (t.shards*change + weights) * workDays / 1e9
		}
		t.wave(a, mb, 0, matrix+phase.costs*weights, t.shards, shardMaps)
		t.step(a, mb, 0, vocabulary+weights+u.ModelBytes)
	}
	t.step(a, mb, 0, rows*u.RowBytes+2*u.ModelBytes)
}

// limited returns what stands in the way of training by rows first, "" for nothing.
func (t *training) limited(u Units, a Assumptions, rows float64) string {
	prepare := rows * (u.Read/a.cores(a.TrainerMB) + 2*u.RowBytes/a.S3Rate)
	reduce := t.shards * u.Terms * a.Classes * 8 * a.Change
	switch {
	case rows > rowsMost || rows*u.RowBytes > rowsFile:
		return "rows of one job: Prepare holds their texts"
	case t.shards > shardsMost || reduce > a.TrainerMB*(1<<20)/a.Gather:
		return "Reduce holds what all shards changed"
	case prepare > functionSeconds.value:
		return "Prepare reads the file in one function"
	}
	return ""
}
