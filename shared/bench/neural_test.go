package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestParseIDX(t *testing.T) {
	tests := []struct {
		name  string
		file  []byte
		data  []uint8
		shape []int
		fails bool
	}{
		{"labels", []byte{0, 0, 8, 1, 0, 0, 0, 2, 7, 9}, []uint8{7, 9}, []int{2}, false},
		{"images", []byte{0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 5, 6}, []uint8{5, 6}, []int{1, 1, 2}, false},
		{"nothing", nil, nil, nil, true},
		{"numbers of four bytes", []byte{0, 0, 12, 1, 0, 0, 0, 0}, nil, nil, true},
		{"sides cut", []byte{0, 0, 8, 2, 0, 0, 0, 1}, nil, nil, true},
		{"bytes missing", []byte{0, 0, 8, 1, 0, 0, 0, 2, 7}, nil, nil, true},
		{"bytes left over", []byte{0, 0, 8, 1, 0, 0, 0, 1, 7, 9}, nil, nil, true},
		{"shape overflows", []byte{0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}, nil, nil, true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			data, shape, err := parseIDX(tc.file)
			if (err != nil) != tc.fails || !slices.Equal(data, tc.data) || !slices.Equal(shape, tc.shape) {
				t.Errorf("parseIDX = %v %v %v, want %v %v, error: %t", data, shape, err, tc.data, tc.shape, tc.fails)
			}
		})
	}
}

func TestFormatIDX(t *testing.T) {
	data, shape, err := parseIDX(formatIDX([]byte{1, 2, 3, 4, 5, 6}, []int{1, 2, 3}))
	if err != nil || !slices.Equal(data, []uint8{1, 2, 3, 4, 5, 6}) || !slices.Equal(shape, []int{1, 2, 3}) {
		t.Errorf("parseIDX of formatIDX = %v %v, %v", data, shape, err)
	}
}

// The table's networks are trained and timed where the sets are there, and say
// which peers are not.
func TestNeural(t *testing.T) {
	data := makeSets(t)
	makeImages(t, data)
	out, err := call(t, "-only", "neural", "-data", data, "-work", t.TempDir(), "-peers", t.TempDir(), "-root", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"LeNet, fashion_mnist, ", "gru, trec, ", "an epoch, wall", "rows a second", "one row answered; peer PyTorch: p50",
		"not measured: no peer torch_cnn.py", "not measured: no peer torch_rnn.py", "not measured: " + installRuntime,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the table has no %q:\n%s", want, out)
		}
	}
}

// A graph is written for ONNX Runtime as the comparison of exports reads it, and
// what the script tells is believed. Here another program plays Node.
func TestOnnxRuntime(t *testing.T) {
	root, bin := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, ".build", "onnx", "node_modules", "onnxruntime-node"), 0o755); err != nil {
		t.Fatal(err)
	}
	const node = "#!/bin/sh\nwc -l < \"$2/rows.jsonl\" >&2; test -s \"$2/model.onnx\" && test -s \"$2/info.json\" && echo 'RESULT {\"predict1_ms_p50\":0.5}'\n"
	if err := os.WriteFile(filepath.Join(bin, "node"), []byte(node), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	data := makeSets(t)
	out, err := call(t, "neural", "-set", "trec", "-epochs", "1", "-data", data, "-work", t.TempDir(), "-peers", t.TempDir(), "-root", root)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| 500 us | ", "gru, trec: accuracy after 1 epochs", "lstm, trec: accuracy with weights in int8"} {
		if !strings.Contains(out, want) {
			t.Errorf("the table has no %q:\n%s", want, out)
		}
	}
}

func FuzzParseIDX(f *testing.F) {
	f.Add([]byte{0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 5, 6})
	f.Fuzz(func(t *testing.T, file []byte) {
		data, shape, err := parseIDX(file)
		size := 1
		for _, side := range shape {
			size *= side
		}
		if err == nil && size != len(data) {
			t.Errorf("parseIDX = %d bytes of shape %v", len(data), shape)
		}
	})
}
