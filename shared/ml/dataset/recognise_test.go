package dataset_test

import (
	"strings"
	"testing"

	"godwit/shared/ml/dataset"
)

func TestRecognise(t *testing.T) {
	for _, tc := range []struct {
		name, head, file, label string
		table                   bool
		reason                  string // a part of it
	}{
		{"names of texts", "label,text\n" + lines(20, "%[2]s,%[1]d"), "", "", false, "named"},
		{"a text and a named label", "text,age,kind\n" + lines(20, "w%[1]d,%[1]d,%[2]s"), "", "kind", false, "named"},
		{"Chinese names", "类别,内容\n" + lines(20, "%[2]s,很好%[1]d"), "", "", false, "named"},
		{"two columns, one free", lines(20, "I would like it %[1]d times,%[2]s"), "", "", false, "free text"},
		{"two columns, one in Chinese", lines(20, "这家店的服务很好%[1]d,%[2]s"), "", "", false, "free text"},
		{"two columns of short words", "size,kind\n" + lines(20, "s%[1]d,%[2]s"), "", "", true, "features"},
		{"people", "age,income,sex,bought\n" + lines(20, "%[1]d,%[1]d00,f,%[2]s"), "", "", true, "features"},
		{"objects", lines(20, `{"size":%[1]d,"price":%[1]d.5}`), "a.jsonl", "", true, "features"},
		{"gzipped", zipped(t, "age,sex,bought\n"+lines(20, "%[1]d,f,%[2]s")), "a.csv.gz", "", true, "features"},
		{"cut in a record", "age,sex,bought\n" + lines(20, "%[1]d,f,%[2]s") + `7,"f`, "", "", true, "features"},
		{"a header that cannot be read", "Gr\xf6\xdfe,Alter,Preis\n" + lines(200, "%[1]d,%[1]d,%[1]d.5"), "", "", true, ""},
		{"nothing", "", "", "", false, ""},
		{"no table", "\x00\x01\x02", "", "", false, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			table, reason := dataset.Recognise(t.Context(), []byte(tc.head), tc.file, tc.label)
			if table != tc.table || !strings.Contains(reason, tc.reason) || (reason == "") != (tc.reason == "") {
				t.Errorf("Recognise = %v because %q, want %v because %q", table, reason, tc.table, tc.reason)
			}
		})
	}
}
