package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A process must have been weighed so long before its growth is judged, its first
// seconds apart. While it is judged it may grow by a fifth and this much more:
// what is below is the noise of a garbage collector.
const (
	weighedFor  = 25 * time.Second
	warmUp      = 10 * time.Second
	growthLimit = 2 << 20 // bytes
)

// weight is the resident memory of a process at a time.
type weight struct {
	after time.Duration // since the first
	bytes float64
}

// process is a function's process over its life.
type process struct {
	pid      int
	function string
	first    time.Time
	weights  []weight
}

// scales weigh the processes of a stage's functions.
type scales struct{ seen []*process }

// weigh notes what each child of the stage weighs now. Where the system does not
// tell, there is nothing to note.
func (s *scales) weigh(stage int, now time.Time) {
	for _, pid := range children(stage) {
		exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		statm, err2 := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		fields := strings.Fields(string(statm))
		if err != nil || err2 != nil || len(fields) < 2 || filepath.Base(exe) != "bootstrap" {
			continue // it has just ended, or not quite begun
		}
		pages, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			continue
		}
		p := s.process(pid, filepath.Base(filepath.Dir(exe)), now)
		p.weights = append(p.weights, weight{now.Sub(p.first), pages * float64(os.Getpagesize())})
	}
}

func (s *scales) process(pid int, function string, now time.Time) *process {
	i := slices.IndexFunc(s.seen, func(p *process) bool { return p.pid == pid && p.function == function })
	if i < 0 {
		s.seen = append(s.seen, &process{pid: pid, function: function, first: now})
		i = len(s.seen) - 1
	}
	return s.seen[i]
}

// children returns the processes below one, where the system tells.
func children(pid int) []int {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil
	}
	var out []int
	for _, list := range lists {
		data, err := os.ReadFile(list)
		if err != nil {
			continue // the thread ended
		}
		for field := range strings.FieldsSeq(string(data)) {
			if child, err := strconv.Atoi(field); err == nil {
				out = append(out, child)
			}
		}
	}
	return out
}

// life is how long the process was weighed.
func (p *process) life() time.Duration { return p.weights[len(p.weights)-1].after }

// growth returns the slope of the line of least squares through the weights
// after the warm-up, in bytes a minute, and whether it is too steep; ok is false
// for too short a life.
func (p *process) growth() (perMinute float64, steep, ok bool) {
	var n, sx, sy, sxx, sxy float64
	for _, w := range p.weights {
		if w.after < warmUp {
			continue
		}
		x := w.after.Minutes()
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+w.bytes, sxx+x*x, sxy+x*w.bytes
	}
	d := n*sxx - sx*sx
	if d <= 0 || p.life() < weighedFor {
		return 0, false, false
	}
	perMinute = (n*sxy - sx*sy) / d
	return perMinute, perMinute*(p.life()-warmUp).Minutes() > growthLimit+sy/n/5, true
}

// report says what the processes of each function weighed, and returns which
// grew. The line is that of the one that lived longest.
func (s *scales) report(say func(string, ...any)) (grown []string) {
	byFunction := map[string][]*process{}
	for _, p := range s.seen {
		byFunction[p.function] = append(byFunction[p.function], p)
	}
	for _, function := range slices.Sorted(maps.Keys(byFunction)) {
		heaviest := 0.0
		oldest := byFunction[function][0]
		for _, p := range byFunction[function] {
			for _, w := range p.weights {
				heaviest = max(heaviest, w.bytes)
			}
			if p.life() > oldest.life() {
				oldest = p
			}
			if rate, steep, _ := p.growth(); steep {
				grown = append(grown, fmt.Sprintf("%s by %.1f MB a minute", function, rate/1e6))
			}
		}
		fit := "all too short-lived to judge"
		if rate, _, ok := oldest.growth(); ok {
			fit = fmt.Sprintf("over %.0f s fitted %+.2f MB a minute", oldest.life().Seconds(), rate/1e6)
		}
		say("memory %-14s %3d processes, at most %.1f MB, %s", function, len(byFunction[function]), heaviest/1e6, fit)
	}
	return grown
}
