package main

import (
	"strings"
	"testing"
)

func TestLine(t *testing.T) {
	for _, tc := range []struct {
		name string
		line line
		want string // cells after the first
	}{
		{"within a share of the peer", line{show: seconds, ours: .2, peer: 1, ratio: .25}, "200 ms|1 s|0.2|<= 0.25 x|meets"},
		{"beyond it", line{show: seconds, ours: .3, peer: 1, ratio: .25}, "300 ms|1 s|0.3|<= 0.25 x|falls short"},
		{"no peer to hold against", line{show: seconds, ours: .3, ratio: .25, lacking: "peer not installed: x"}, "300 ms|-|-|<= 0.25 x|not measured: peer not installed: x"},
		{"within a limit", line{show: megabytes, ours: 10e6, most: 11e6}, "10 MB|-|-|<= 11 MB|meets"},
		{"a limit, the peer for comparison", line{show: megabytes, ours: 12e6, peer: 24e6, most: 11e6}, "12 MB|24 MB|0.5|<= 11 MB|falls short"},
		{"at least", line{show: number, ours: 1.9, least: 1.6}, "1.9|-|-|>= 1.6|meets"},
		{"too little", line{show: number, ours: 1.2, least: 1.6}, "1.2|-|-|>= 1.6|falls short"},
		{"no goal", line{show: seconds, ours: 5e-6}, "5 us|-|-|-|-"},
		{"nothing measured", line{most: 3, show: number, lacking: "no data"}, "-|-|-|<= 3|not measured: no data"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := strings.Join(tc.line.cells()[1:], "|"); got != tc.want {
				t.Errorf("cells = %s, want %s", got, tc.want)
			}
		})
	}
}

// Nothing that is missing stops the table or is made up.
func TestTable_WithoutDataOrPeers(t *testing.T) {
	none := t.TempDir()
	out, err := call(t, "-data", none, "-peers", none, "-root", none, "-work", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) < 15 {
		t.Errorf("%d lines, want one for each piece of work:\n%s", len(lines), out)
	}
	for _, l := range lines[2:] {
		if !strings.Contains(l, "not measured: ") {
			t.Errorf("%s, want it said that it was not measured", l)
		}
	}
}

func TestTable_UnknownNames(t *testing.T) {
	for _, args := range [][]string{{"-only", "nothing", "-work", t.TempDir()}, {"-work", t.TempDir(), "nothing"}, {"-nothing"}} {
		if out, err := call(t, args...); err == nil {
			t.Errorf("bench %q = %q, want an error", args, out)
		}
	}
}
