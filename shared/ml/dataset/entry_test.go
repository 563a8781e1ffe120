package dataset_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"godwit/shared/ml/dataset"
)

// told writes an entry as one line: record, line, id, then text, cells or code.
func told(e dataset.Entry) string {
	switch {
	case e.Issue != nil:
		return fmt.Sprintf("%d/%d %s!%s", e.Record, e.Line, e.ID, e.Issue.Code)
	case e.Cells != nil:
		return fmt.Sprintf("%d/%d %s=%v", e.Record, e.Line, e.ID, e.Cells)
	}
	return fmt.Sprintf("%d/%d %s=%s", e.Record, e.Line, e.ID, e.Text)
}

// entries reads a whole file.
func entries(r io.Reader, o dataset.EntryOptions) ([]string, error) {
	e, err := dataset.ReadEntries(context.Background(), r, o)
	if err != nil {
		return nil, err
	}
	var all []string
	for {
		entry, err := e.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, told(entry))
	}
}

func TestReadEntries(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("id,文本\n1,我的银行卡在哪里，请问什么时候到\n2,密码忘记了怎么办，无法登录账号\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, file string
		o          dataset.EntryOptions
		want       []string
	}{
		{"texts with a header", "text\nwhere is it\n\nlost\n", dataset.EntryOptions{}, []string{"1/2 =where is it", "2/4 =lost"}},
		{"texts without one", "where is it\nlost card\n", dataset.EntryOptions{}, []string{"1/1 =where is it", "2/2 =lost card"}},
		{"a label nobody asked for", "label,text\na,where is it\nb,lost\n", dataset.EntryOptions{}, []string{"1/2 =where is it", "2/3 =lost"}},
		{"ids", "id,text\nx1,where\nx2,lost\n", dataset.EntryOptions{}, []string{"1/2 x1=where", "2/3 x2=lost"}},
		{"custom ids go first", "id,custom_id,text\n1,a,where\n2,b,lost\n", dataset.EntryOptions{}, []string{"1/2 a=where", "2/3 b=lost"}},
		{"preferred columns", "title,body,text\na,b,c\nd,e,f\n", dataset.EntryOptions{TextColumns: []string{"title", "body"}}, []string{"1/2 =a\nb", "2/3 =d\ne"}},
		{"preferred columns that are not there", "id,text\n1,c\n", dataset.EntryOptions{TextColumns: []string{"title"}}, []string{"1/2 1=c"}},
		{"the longest of unknown columns", "id,lang,utterance\n1,en,where is my card\n2,en,it is lost\n", dataset.EntryOptions{}, []string{"1/2 1=where is my card", "2/3 2=it is lost"}},
		{"quoted line ends and CR LF", "id,text\r\n1,\"a\r\nb\"\r\n2,c\r\n", dataset.EntryOptions{}, []string{"1/2 1=a\nb", "2/4 2=c"}},
		{"GB18030", gb, dataset.EntryOptions{}, []string{"1/2 1=我的银行卡在哪里，请问什么时候到", "2/3 2=密码忘记了怎么办，无法登录账号"}},
		{"bad records stay alone", "id,text\n1,a\n2,b,c\n3,\"d\n4,e\n", dataset.EntryOptions{}, []string{"1/2 1=a", "2/3 2!csv_field_count", "3/4 !csv_quote", "4/5 4=e"}},
		{"damaged bytes", "id,text\n1,a\xff\xfe\n2,b\n", dataset.EntryOptions{}, []string{"1/2 1!encoding_invalid", "2/3 2=b"}},
		{"objects", `{"custom_id":"a","text":"x"}` + "\n" + `{"custom_id":"b"}` + "\n" + `{"custom_id":"c","text":{}}` + "\n" + `{"text":5}`, dataset.EntryOptions{},
			[]string{"1/1 a=x", "2/2 b!field_missing", "3/3 c!json_parse", "4/4 =5"}},
		{"objects without the preferred name", `{"text":"x"}`, dataset.EntryOptions{TextColumns: []string{"body"}}, []string{"1/1 =x"}},
		{"tabs", "id\ttext\n1\ta \"b\n", dataset.EntryOptions{}, []string{"1/2 1=a \"b"}},
		{"a table", "ripe,id,kind,grams\ntrue,7,apple,120\n,8,plum,\n", dataset.EntryOptions{Columns: []string{"grams", "ripe"}},
			[]string{"1/2 7=map[grams:120 ripe:true]", "2/3 8=map[grams: ripe:]"}},
		{"a table without a header", "120,true\n35,false\n", dataset.EntryOptions{Columns: []string{"column 1", "column 2"}},
			[]string{"1/1 =map[column 1:120 column 2:true]", "2/2 =map[column 1:35 column 2:false]"}},
		{"objects of a table, a column late", `{"grams":1}` + "\n" + `{"ripe":true,"x":1}`, dataset.EntryOptions{Columns: []string{"grams", "ripe"}},
			[]string{"1/1 =map[grams:1]", "2/2 =map[ripe:true]"}},
		{"a header alone", "id,text\n", dataset.EntryOptions{}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, packed := range []bool{false, true} {
				data := []byte(tc.file)
				if packed {
					var b bytes.Buffer
					z := gzip.NewWriter(&b)
					if _, err := z.Write(data); err != nil || z.Close() != nil {
						t.Fatal(err)
					}
					data = b.Bytes()
				}
				got, err := entries(bytes.NewReader(data), tc.o)
				if err != nil || strings.Join(got, "|") != strings.Join(tc.want, "|") {
					t.Errorf("packed %t: entries(%q) = %q, %v, want %q", packed, tc.file, got, err, tc.want)
				}
			}
		})
	}
}

// More bad records than a Set lists lose none of their reasons.
func TestReadEntries_manyBadRecords(t *testing.T) {
	got, err := entries(strings.NewReader("id,text\n"+strings.Repeat("1,a,b\n", 3000)+"2,c\n"), dataset.EntryOptions{})
	if err != nil || len(got) != 3001 || got[2999] != "3000/3001 1!csv_field_count" || got[3000] != "3001/3002 2=c" {
		t.Errorf("%d entries, %v, want 3000 bad ones and a good one", len(got), err)
	}
}

func TestReadEntries_refusals(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprint(z, "text\n"+strings.Repeat("where is my card\n", 50_000))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		file []byte
		max  int64
		want string // part of the message
	}{
		{"nothing", nil, 0, "no rows"},
		{"an archive", []byte("PK\x03\x04..............."), 0, "zip archive"},
		{"gzip cut short", b.Bytes()[:b.Len()-9], 0, "damaged or cut short"},
		{"a bomb", b.Bytes(), 1000, "larger than 1000 bytes"},
		{"a JSON array", []byte(`[{"text":"x"}]`), 0, "one JSON array"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := entries(bytes.NewReader(tc.file), dataset.EntryOptions{Filename: "a.jsonl", MaxBytes: tc.max})
			input, ok := errors.AsType[*dataset.InputError](err)
			if !ok || !strings.Contains(input.Message, tc.want) {
				t.Errorf("error = %v, want an InputError with %q", err, tc.want)
			}
		})
	}
	broken := errors.New("the line is down")
	_, err := entries(io.MultiReader(strings.NewReader("text\na\n"), failing{broken}), dataset.EntryOptions{})
	if !errors.Is(err, broken) {
		t.Errorf("error of the source = %v, want it wrapped", err)
	}
}

// failing is a source that breaks.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// FuzzReadEntries: no bytes make it panic, records are numbered without a gap
// and every one is a text or an issue.
func FuzzReadEntries(f *testing.F) {
	for _, s := range []string{"text\na\n", "id,text\n1,\"a\n", `{"custom_id":"a","text":"x"}`, "a\tb\n\"", "\xff\xfea\x00", "\x1f\x8b"} {
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, table bool) {
		o := dataset.EntryOptions{}
		if table {
			o.Columns = []string{"a", "b"}
		}
		e, err := dataset.ReadEntries(t.Context(), bytes.NewReader(data), o)
		if err != nil {
			return
		}
		for n := int64(1); ; n++ {
			entry, err := e.Next()
			if err != nil {
				return
			}
			if entry.Record != n || entry.Line < 1 || entry.Issue != nil && (entry.Text != "" || entry.Cells != nil) || table != (entry.Cells != nil) && entry.Issue == nil {
				t.Fatalf("record %d of %q = %+v", n, data, entry)
			}
		}
	})
}
