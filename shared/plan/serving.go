package main

import "math"

const (
	month = 30 * 24 * 3600.0 // seconds

	refresh      = 5.0  // seconds after which an instance looks at alias and route again: GODWIT_ALIAS_TTL
	refreshReads = 2.0  // read units each time: alias and route
	flush        = 10.0 // seconds after which it writes its counts
	flushWrites  = 2.0  // write units each time: usage and traffic
	routeMetrics = 4.0  // of one route: requests, errors, refusals, latency
)

// serving is how a rate of predictions is answered.
type serving struct {
	instances float64 // at a time
	ramp      float64 // seconds until they are there, from nothing
	month     float64 // dollars a month
	million   float64 // dollars a million predictions
	parts     []part  // of a month
	limit     string  // what stands in the way, "" for nothing
}

// part is a share of the dollars.
type part struct {
	name    string
	dollars float64
}

// serve plans predictions at a steady rate a second, each with so many rows of
// input in one request.
func serve(u Units, a Assumptions, rate, rows float64) serving {
	requests := rate / rows
	work := a.OverheadSeconds + rows*(u.Score+a.OverheadSeconds/20) // decoding and encoding a row more
	// Lambda bills whole milliseconds.
	billed := math.Ceil(work/a.cores(a.PredictMB)*1000+1) / 1000
	s := serving{instances: math.Ceil(requests * billed)}
	// The same holds for a tenth of the requests a second.
	s.ramp = math.Max(ramp(s.instances), ramp(requests/10))
	n := requests * month
	s.parts = []part{
		{"functions", charge(lambdaTiers, n*billed*a.PredictMB/1024) + n*lambdaRequest.value},
		{"gateway", charge(gatewayTiers, n)},
		{"logs and metrics", n*a.LogBytes/1e9*logBytes.value + routeMetrics*metric.value},
		// Instances that wait for nothing refresh nothing: only busy ones count.
		{"table", s.instances * month * (refreshReads/refresh*tableRead.value + flushWrites/flush*tableWrite.value)},
	}
	for _, p := range s.parts {
		s.month += p.dollars
	}
	s.million = s.month / (rate * month) * 1e6
	switch {
	case rows*u.RowBytes > callBytes.value:
		s.limit = "bytes of a call"
	case s.instances > a.Instances:
		s.limit = "instances of the account"
	case requests > gatewayRate.value:
		s.limit = "API Gateway's rate"
	}
	return s
}
