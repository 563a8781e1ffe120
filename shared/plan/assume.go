package main

import "flag"

// Assumptions are what a plan takes for given beside prices and unit costs.
type Assumptions struct {
	Classes     float64 // of the data planned for
	CoreSpeed   float64 // of a Lambda core on arm64, the measuring machine's being 1; not measured
	TrainerMB   float64 // MemorySize in template.yaml
	BatchMB     float64
	PredictMB   float64
	S3Rate      float64 // bytes a second that one function reads or writes
	StepSeconds float64 // of a step besides its work: transition, start, first requests
	Instances   float64 // the account's limit
	Gather      float64 // garbage collector's room: memory taken over memory held

	// Of training by rows (CoCoA+), as `make bench-scale` measures it on 50,000 and
	// 45,000 rows in 4 shards; that they hold for far more of either is assumed.
	Rounds float64 // of one C until the duality gap is closed: 13 to 24, 22 of C = 1 from zero
	Passes float64 // rounds that take a shard the processor time of a fit on its rows: 5.0 and 5.1
	Change float64 // share of the weights that a shard's difference holds: .17 to .21

	// Of one prediction over HTTP.
	OverheadSeconds float64 // Runtime API, decoding, encoding: on a whole core
	LogBytes        float64 // written by function and gateway together

	// Of one whose graph ONNX Runtime runs, in a function of its own.
	EngineMB         float64 // MemorySize in template.yaml
	EngineRowSeconds float64 // of a row, and a small graph: `go test -bench . ./functions/onnxruntime`, 128 rows in 2.0 to 3.9 ms
	InvokeSeconds    float64 // of a function's call of another besides the work; not measured
}

// standard are the assumptions of the page.
func standard() Assumptions {
	return Assumptions{
		Classes: 10, CoreSpeed: 1, TrainerMB: 3008, BatchMB: 1769, PredictMB: 512,
		S3Rate: 80e6, StepSeconds: .5, Instances: accountInstances.value, Gather: 2,
		Rounds: 22, Passes: 5, Change: .2,
		OverheadSeconds: 150e-6, LogBytes: 1000,
		EngineMB: 2048, EngineRowSeconds: 16e-6, InvokeSeconds: 10e-3,
	}
}

// flags lets them be changed.
func (a *Assumptions) flags(f *flag.FlagSet) {
	f.Float64Var(&a.Classes, "classes", a.Classes, "classes of the data")
	f.Float64Var(&a.CoreSpeed, "core", a.CoreSpeed, "speed of a Lambda core, this machine's being 1")
	f.Float64Var(&a.TrainerMB, "trainer-mb", a.TrainerMB, "memory of the trainer")
	f.Float64Var(&a.S3Rate, "s3-rate", a.S3Rate, "bytes a second of one function from S3")
	f.Float64Var(&a.Instances, "instances", a.Instances, "the account's limit of instances")
	f.Float64Var(&a.Rounds, "rounds", a.Rounds, "rounds of training by rows")
	f.Float64Var(&a.Passes, "passes", a.Passes, "rounds that take as long as a fit")
	f.Float64Var(&a.Change, "change", a.Change, "share of the weights that changes in a round")
	f.Float64Var(&a.LogBytes, "log-bytes", a.LogBytes, "log bytes of one prediction")
	f.Float64Var(&a.EngineRowSeconds, "engine-row", a.EngineRowSeconds, "seconds that ONNX Runtime takes for a row of a graph")
	f.Float64Var(&a.InvokeSeconds, "invoke", a.InvokeSeconds, "seconds of a function's call of another, besides its work")
}

// cores are what a function of so much memory computes with.
func (a Assumptions) cores(mb float64) float64 { return mb / coreMB.value * a.CoreSpeed }
