package xxh64_test

import (
	"testing"

	"godwit/shared/ml/xxh64"
)

// The vectors are published ones of XXH64 with seed 0; the last one passes
// through the four lanes.
func TestSum(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want uint64
	}{
		{"", 0xef46db3751d8e999},
		{"a", 0xd24ec4f1a98c6e5b},
		{"as", 0x1c330fb2d66be179},
		{"asd", 0x631c37ce72a97393},
		{"asdf", 0x415872f599cea71e},
		{"Call me Ishmael. Some years ago--never mind how long precisely-", 0x02a2e85470d6fd96},
	} {
		if got := xxh64.Sum([]byte(tc.in), 0); got != tc.want {
			t.Errorf("Sum(%q) = %#x, want %#x", tc.in, got, tc.want)
		}
	}
}
