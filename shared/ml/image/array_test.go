package image_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"godwit/shared/ml/image"
)

// jsonOf writes lines x columns of an element.
func jsonOf(lines, columns int, element string) string {
	row := "[" + strings.TrimSuffix(strings.Repeat(element+", ", columns), ", ") + "]"
	return "[" + strings.TrimSuffix(strings.Repeat(row+",\n", lines), ",\n") + "]"
}

func TestShape_ParsePixels(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       [3]int
	}{
		{"lines", jsonOf(8, 8, "77"), [3]int{77, 77, 77}},
		{"lines of another size", jsonOf(20, 11, "77"), [3]int{77, 77, 77}},
		{"lines of colours", jsonOf(8, 8, "[1, 2.5,3e0]"), [3]int{1, 3, 3}},
		{"lines of one channel", jsonOf(9, 9, "[77]"), [3]int{77, 77, 77}},
		{"flat", " [" + strings.Repeat("4,5,6,", 63) + "4,5,6] ", [3]int{4, 5, 6}},
		{"black and white", jsonOf(8, 8, "1"), [3]int{1, 1, 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			pixels, err := colour8.ParsePixels([]byte(tc.text), 0)
			if err != nil || len(pixels) != colour8.Size() || rgb(colour8, pixels) != tc.want {
				t.Errorf("ParsePixels() = %v, %v, want %v", pixels, err, tc.want)
			}
		})
	}
}

// An array means what the file of the same pixels means.
func TestShape_ParsePixels_file(t *testing.T) {
	img := gradient()
	var rows []string
	for y := range 3 {
		rows = append(rows, strings.ReplaceAll(fmt.Sprint(img.Pix[3*y:3*y+3]), " ", ","))
	}
	parsed, err := grey8.ParsePixels([]byte("["+strings.Join(rows, ",")+"]"), 0)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := grey8.Decode(pngOf(t, img), 0)
	if err != nil || !bytes.Equal(parsed, decoded) {
		t.Errorf("ParsePixels() = %v, Decode() = %v, %v, want them equal", parsed, decoded, err)
	}
}

func TestShape_ParsePixels_refused(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       string
	}{
		{"nothing", "", "not an array"},
		{"an empty array", "[]", "not an array"},
		{"an object", `{"a":1}`, "not an array"},
		{"a text in it", `[["a"]]`, "not an array"},
		{"null in it", `[[null]]`, "not an array"},
		{"more behind it", jsonOf(8, 8, "1") + "]", "not an array"},
		{"not closed", "[[1,2]", "not an array"},
		{"unequal lines", "[[1,2],[1]]", "one has 2 elements, another 1"},
		{"unequal depths", "[[1],2]", "not an array"},
		{"unequal depths, deeper", "[1,[2]]", "nested too deeply or unequally"},
		{"too deep", "[[[[1]]]]", "nested too deeply or unequally"},
		{"very deep", strings.Repeat("[", 1_000_000), "nested too deeply or unequally"},
		{"negative", jsonOf(8, 8, "-1"), "not from 0 to 255"},
		{"too large", jsonOf(8, 8, "256"), "not from 0 to 255"},
		{"not a number", jsonOf(8, 8, "NaN"), "not from 0 to 255"},
		{"scaled", jsonOf(8, 8, "0.5"), "scaled to 0..1"},
		{"flat of another size", "[1,2,3]", "8 x 8 x 3 = 192"},
		{"two channels", jsonOf(8, 8, "[1,2]"), "has 2 channels"},
		{"more than allowed", jsonOf(20, 20, "[1,2,3]"), "not an array"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := colour8.ParsePixels([]byte(tc.text), 300)
			bad, is := errors.AsType[*image.Error](err)
			if !is || !strings.Contains(bad.Message, tc.want) {
				t.Errorf("ParsePixels() error = %v, want one that says %q", err, tc.want)
			}
		})
	}
}
