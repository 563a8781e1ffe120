package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/shared/ml/image/imagetest"
)

// A file is examined as training would read it: texts as texts, tables as tables.
func TestExamine(t *testing.T) {
	rows := func(header, format string) string {
		var b strings.Builder
		b.WriteString(header + "\n")
		for i := range 40 {
			fmt.Fprintf(&b, format+"\n", i*i+i%3, []string{"no", "yes"}[i/20])
		}
		return b.String()
	}
	for _, tc := range []struct {
		name, content string
		trainable     bool
		want          []string
	}{
		{"people.csv", rows("age,income,sex,bought", "%[1]d,%[1]d00,f,%[2]s"), true,
			[]string{`target     "bought", a classification`, `"age" number`, "40 rows in 2 classes", "A quick model is right"}},
		{"prices.csv", rows("size,price", "%[1]d,%[1]d.5%.0[2]s"), true, []string{`target     "price", a regression`, "40 rows with a number to predict"}},
		{"texts.csv", rows("text,label", "this is remark number %d,%s"), true, []string{`text "text", label "label"`, "2 classes"}},
		{"pictures.zip", string(imagetest.Zip(4, 16, 1)), true, []string{"16 x 16 pixels"}},
		{"one.csv", rows("a,b,c", "%[1]d,x,x%.0[2]s"), false, []string{`target     "c"`, "at least 2 labels"}},
		{"sheet.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", false, []string{"Excel workbook; save it as CSV"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), tc.name)
			if err := os.WriteFile(file, []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			trainable, err := examine(file, &out, io.Discard)
			if err != nil || trainable != tc.trainable {
				t.Fatalf("examine = %v, %v, want %v:\n%s", trainable, err, tc.trainable, &out)
			}
			for _, want := range tc.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the report lacks %q:\n%s", want, &out)
				}
			}
		})
	}
	if _, err := examine(filepath.Join(t.TempDir(), "none.csv"), io.Discard, io.Discard); err == nil {
		t.Error("examine of no file = nil, want an error")
	}
}
