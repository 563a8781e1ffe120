package main

import (
	"math"
	"strings"
	"testing"
)

// tinyRows are three separable classes; the objective below is liblinear 2.3.0's
// for them at -s 1 -B 1 -c 1 -e 1e-9, by liblinear/trainonly.c.
const tinyRows = `1 1:1 2:0.5
1 1:0.8
2 2:1 3:0.25
2 2:0.9 3:0.1
7 3:1
7 1:0.1 3:0.9
`

const tinyObjective = 4.36106785

func TestReadSVMLight(t *testing.T) {
	x, y, classes, err := readSVMLight(strings.NewReader(tinyRows))
	if err != nil || classes != 3 || x.Rows != 6 || x.Cols != 3 || x.NonZeros() != 10 {
		t.Fatalf("readSVMLight = %+v, %d classes, %v, want 6 rows of 3 columns in 3 classes", x, classes, err)
	}
	if index, value := x.Row(2); index[0] != 1 || index[1] != 2 || value[0] != 1 || value[1] != .25 || y[2] != 1 || y[5] != 2 {
		t.Errorf("row 2 = %v %v class %d, row 5 class %d, want [1 2] [1 .25], 1 and 2", index, value, y[2], y[5])
	}
	for _, text := range []string{"x 1:1\n", "1 1:y\n", "1 one:1\n", "1 1\n", "1 0:1\n", "1 2:1 2:1\n", "1 99999999999:1\n"} {
		if _, _, _, err := readSVMLight(strings.NewReader(text)); err == nil {
			t.Errorf("readSVMLight(%q) = nil, want an error", text)
		}
	}
}

func FuzzReadSVMLight(f *testing.F) {
	f.Add(tinyRows)
	f.Add("1 1:nan 2:inf\n\n-3")
	f.Fuzz(func(t *testing.T, text string) {
		x, y, classes, err := readSVMLight(strings.NewReader(text))
		if err != nil {
			return
		}
		if x.Rows != len(y) || len(x.Start) != x.Rows+1 || len(x.Index) != len(x.Value) || classes > len(y) {
			t.Errorf("%d rows, %d labels, %d classes, %d starts, %d and %d non-zeros: they contradict each other",
				x.Rows, len(y), classes, len(x.Start), len(x.Index), len(x.Value))
		}
	})
}

func TestProblem_Objective(t *testing.T) {
	p := &problem{}
	var err error
	if p.x, p.y, p.classes, err = readSVMLight(strings.NewReader(tinyRows)); err != nil {
		t.Fatal(err)
	}
	got, err := p.objective(t.Context())
	if err != nil || math.Abs(got-tinyObjective) > 1e-4*tinyObjective {
		t.Errorf("objective = %.9g, %v, want %v", got, err, tinyObjective)
	}
}
