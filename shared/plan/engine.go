package main

import (
	"math"

	"godwit/shared/remote"
)

// engine plans what predictions at a steady rate cost more when ONNX Runtime runs
// their graph: calls of the optional function, and that the function which
// predicts waits for them. Without requests it is nothing: no instance is kept,
// and a call that succeeds writes no log.
func engine(a Assumptions, rate, rows float64) serving {
	requests := rate / rows
	calls := math.Ceil(rows / remote.MaxRows)
	// A graph runs on one thread, so that memory beyond a core's makes it no faster.
	speed := math.Min(a.cores(a.EngineMB), a.CoreSpeed)
	work := calls*a.OverheadSeconds + rows*a.EngineRowSeconds
	billed := math.Ceil(work/speed*1000+calls) / 1000
	waited := billed + calls*a.InvokeSeconds
	s := serving{instances: math.Ceil(requests * billed)}
	n := requests * month
	s.parts = []part{
		{"calls", charge(lambdaTiers, n*billed*a.EngineMB/1024) + n*calls*lambdaRequest.value},
		{"waiting", charge(lambdaTiers, n*waited*a.PredictMB/1024)},
	}
	for _, p := range s.parts {
		s.month += p.dollars
	}
	s.million = s.month / (rate * month) * 1e6
	if s.instances+math.Ceil(requests*waited) > a.Instances {
		s.limit = "instances of the account"
	}
	return s
}
