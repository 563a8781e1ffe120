package image_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/image"
)

// A zip may be a workbook or hold a table: its owner is told how to send that.
func TestRead_strangeArchives(t *testing.T) {
	good, csv := pngOf(t, flat(8, 8, 255)), []byte("text,label\nhello,a\n")
	for _, tc := range []struct {
		name  string
		files []file
		want  string // of the refusal
		fix   string
	}{
		{"a workbook", []file{{name: "[Content_Types].xml", data: []byte("<Types/>")}, {name: "xl/workbook.xml", data: []byte("<x/>")}, {name: "xl/media/image1.png", data: good}},
			"Excel workbook", "as CSV in UTF-8"},
		{"a table", []file{{name: "data/train.csv", data: csv}}, `holds "data/train.csv" and no images`, "compressed with gzip"},
		{"a table that a Mac packed", []file{{name: "__MACOSX/._train.csv", data: []byte("x")}, {name: "train.csv", data: csv}}, `holds "train.csv"`, "the file itself"},
		{"a compressed table", []file{{name: "train.jsonl.gz", data: gzipped(t, csv)}}, `holds "train.jsonl.gz"`, "the file itself"},
		{"nothing", nil, "no rows", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set, err := read(t, zipOf(t, tc.files...), image.Options{})
			bad, ok := errors.AsType[*dataset.InputError](err)
			if !ok || !strings.Contains(bad.Message, tc.want) {
				t.Fatalf("Read = %v, want %q", err, tc.want)
			}
			if tc.fix != "" && (len(set.Issues) != 1 || !strings.Contains(set.Issues[0].Fix, tc.fix)) {
				t.Errorf("issues = %+v, want one with %q", set.Issues, tc.fix)
			}
		})
	}
	// Beside images a table is passed over, as a list of them often is.
	set, err := read(t, zipOf(t, append(goodFiles(t, "", 20), file{name: "labels.csv", data: csv})...), image.Options{})
	if err != nil || len(set.Rows) != 20 || set.IssueCounts[dataset.ImageDecode] != 1 {
		t.Errorf("Read = %v, issues %v, want 20 rows and a note", err, set.IssueCounts)
	}
}

// Names that are not UTF-8 are a guess, which is told once.
func TestRead_convertedNames(t *testing.T) {
	data := pngOf(t, flat(8, 8, 255))
	set, err := read(t, zipOf(t, file{name: "\xb9\xb7/1.png", data: data}, file{name: "\xb9\xb7/2.png", data: data},
		file{name: "b/1.png", data: data}, file{name: "b/2.png", data: data}), image.Options{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(set.Issues, func(i dataset.Issue) bool { return i.Code == dataset.EncodingConverted })
	if set.IssueCounts[dataset.EncodingConverted] != 1 || i < 0 || set.Issues[i].Severity != dataset.Warning || !strings.Contains(set.Issues[i].Message, `"狗/1.png"`) {
		t.Errorf("issues = %+v, want one warning that shows the name", set.Issues)
	}
}

// What cannot be read alone comes with what to do about it.
func TestShape_Decode_fixes(t *testing.T) {
	shape := image.Shape{Width: 8, Height: 8, Channels: 1}
	whole := pngOf(t, flat(8, 8, 255))
	for _, tc := range []struct {
		name string
		data []byte
	}{
		{"nothing", nil},
		{"a GIF", []byte("GIF89a\x01\x00\x01\x00")},
		{"a text", []byte("hello")},
		{"no width", rawPNG(t, 0, 8, 0, nil)},
		{"half", whole[:len(whole)/2]},
		{"huge", rawPNG(t, 12_000, 12_000, 0, nil)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := shape.Decode(tc.data, 0)
			if bad, ok := errors.AsType[*image.Error](err); !ok || bad.Message == "" || bad.Fix == "" {
				t.Errorf("Decode = %#v, want a message and a fix", err)
			}
		})
	}
}
