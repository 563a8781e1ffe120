package main

import (
	"slices"
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
