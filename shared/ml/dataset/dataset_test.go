package dataset_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"godwit/shared/ml/dataset"
)

// read reads input and checks what must hold of every Set.
func read(t testing.TB, input string, o dataset.Options) (*dataset.Set, error) {
	t.Helper()
	set, err := dataset.Read(t.Context(), strings.NewReader(input), o)
	if set == nil {
		t.Fatalf("Read(%.60q) = nil, %v, want a set", input, err)
	}
	if set.Records != int64(len(set.Rows))+set.Rejected {
		t.Errorf("Records = %d, want %d rows + %d rejected", set.Records, len(set.Rows), set.Rejected)
	}
	if len(set.Issues) > 1000 || !slices.IsSortedFunc(set.Issues, func(a, b dataset.Issue) int { return int(a.Line - b.Line) }) {
		t.Errorf("%d issues, want at most 1,000 in file order", len(set.Issues))
	}
	for _, issue := range set.Issues {
		if issue.Code == "" || issue.Message == "" || issue.Fix == "" || utf8.RuneCountInString(issue.Excerpt) > 80 {
			t.Errorf("issue = %+v, want code, message, fix and a short excerpt", issue)
		}
	}
	return set, err
}

// good is a file of n rows of two labels that can be trained, without header.
func good(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s,this is text number %d\n", []string{"no", "yes"}[i%2], i)
	}
	return b.String()
}

const header = "label,text\n"

// found writes the issues of a set as code:line, one severity only.
func found(set *dataset.Set, s dataset.Severity) []string {
	var out []string
	for _, i := range set.Issues {
		if i.Severity == s {
			out = append(out, fmt.Sprintf("%s:%d", i.Code, i.Line))
		}
	}
	return out
}

func TestRead_issues(t *testing.T) {
	few := dataset.Options{MaxBadShare: .2}
	long := strings.Repeat("long ", 30)
	for _, tc := range []struct {
		name, input string
		options     dataset.Options
		severity    dataset.Severity
		want        []string
	}{
		{"clean", header + good(20), few, dataset.Error, nil},
		{"field count", header + good(20) + "yes\nyes,a,b\n", few, dataset.Error, []string{"csv_field_count:22", "csv_field_count:23"}},
		{"bare quote", header + good(20) + "yes,5\" pipe\n", few, dataset.Error, []string{"csv_quote:22"}},
		{"unterminated quote", header + "yes,\"open\n" + good(20), few, dataset.Error, []string{"csv_quote:2"}},
		{"quote in the second line of a record", header + good(20) + "\"yes\n\",a\"b\n", few, dataset.Error, []string{"csv_quote:23"}},
		{"text empty", header + good(20) + "yes,\nyes,\" \t\"\n", few, dataset.Error, []string{"text_empty:22", "text_empty:23"}},
		{"label empty", header + good(20) + ",a text\n", few, dataset.Error, []string{"label_empty:22"}},
		{"both empty", header + good(20) + ",\n", few, dataset.Error, []string{"text_empty:22", "label_empty:22"}},
		{"invalid UTF-8", header + good(20) + "yes,\"a\nb\xff\"\n" + good(1), few, dataset.Error, []string{"encoding_invalid:23"}},
		{"invalid UTF-8 among Chinese", header + good(20) + "yes,这是中文\nyes,中\xe4\xb8文\n", few, dataset.Error, []string{"encoding_invalid:23"}},
		{"text too long", header + good(20) + "yes," + long + "\n", dataset.Options{MaxText: 100, MaxBadShare: .2}, dataset.Error, []string{"text_too_long:22"}},
		{"field too long", header + good(20) + "yes," + long + "\n", dataset.Options{MaxField: 100, MaxBadShare: .2}, dataset.Error, []string{"text_too_long:22"}},
		{"record too long", header + good(20) + "yes," + long + "\n", dataset.Options{MaxRecord: 100, MaxBadShare: .2}, dataset.Error, []string{"text_too_long:22"}},
		{"label with a character nobody sees", header + good(20) + "y\u202es,a\ny\x00s,b\n", few, dataset.Error, []string{"encoding_invalid:22", "encoding_invalid:23"}},
		{"label too long", header + good(20) + strings.Repeat("y", 513) + ",a\n", few, dataset.Error, []string{"text_too_long:22"}},
		{"rare label", header + good(40) + "once,a text\n", dataset.Options{}, dataset.Error, []string{"label_too_rare:42"}},
		{"rare label but for test rows", "label,text,split\n" + strings.ReplaceAll(good(40), "\n", ",train\n") + "new,a,test\nnew,b,test\n",
			dataset.Options{}, dataset.Error, []string{"label_too_rare:42", "label_too_rare:43"}},
		{"small class", header + good(40) + "twice,a\ntwice,b\n", few, dataset.Warning, []string{"class_imbalance:0", "label_too_rare:42"}},
		{"label case", header + good(40) + strings.Repeat("Yes ,not the same at all\n", 10), few, dataset.Warning, []string{"label_case_variant:3"}},
		{"imbalance by share", header + strings.Repeat("a,one\n", 90) + strings.Repeat("b,two\n", 10), few, dataset.Warning, []string{"class_imbalance:0"}},
		{"copies", header + good(20) + "yes,THIS  is text number 1\n", few, dataset.Info, []string{"duplicate_exact:22"}},
		{"copies with another label", header + good(20) + "no,this is text number 1\n", few, dataset.Warning, []string{"duplicate_conflicting_label:22"}},
		{"split leak", "label,text,split\n" + strings.ReplaceAll(good(40), "\n", ",train\n") + "yes,this is text number 1,Test\n", few, dataset.Warning, []string{"split_leak:42"}},
		{"unknown split", "label,text,split\n" + strings.ReplaceAll(good(40), "\n", ",train\n") + "yes,this,tset\n", few, dataset.Error, []string{"field_missing:42"}},
		{"folds are no split", "label,text,split\n" + strings.ReplaceAll(good(40), "\n", ",3\n"), few, dataset.Warning, []string{"field_missing:1"}},
		{"weights", "label,text,weight\n" + strings.ReplaceAll(good(40), "\n", ",2\n") + "yes,a,0\nyes,b,-1\nyes,c,inf\nyes,d,nan\nyes,e,x\nyes,f,1e-60\nyes,g,1e60\nyes,h,.5\n",
			few, dataset.Error, []string{"field_missing:42", "field_missing:43", "field_missing:44", "field_missing:45", "field_missing:46", "field_missing:47", "field_missing:48"}},
		{"probable header", "tag,utterance\n" + good(20), few, dataset.Warning, []string{"probable_header:1"}},
		{"tsv quotes", "label\ttext\n" + strings.ReplaceAll(good(20), ",", "\t") + "yes\t\"Oh\" no\n", few, dataset.Warning, []string{"csv_quote:22"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set, err := read(t, tc.input, tc.options)
			if err != nil {
				t.Fatalf("Read() error = %v", err)
			}
			if got := found(set, tc.severity); !slices.Equal(got, tc.want) {
				t.Errorf("%s issues = %v, want %v; all: %+v", tc.severity, got, tc.want, set.Issues)
			}
		})
	}
}

func TestRead_jsonl(t *testing.T) {
	lines := ""
	for i := range 20 {
		lines += fmt.Sprintf(`{"label":%v,"text":"number %d"}`+"\n", i%2 == 0, i)
	}
	set, err := read(t, lines+"\n{\"text\":\"a\"\n{\"text\":\"b\"}\n{\"text\":\"c\",\"label\":null}\n"+
		`{"text":"d","label":true,"text":"e"}`+"\n"+`{"text":["f"],"label":true}`+"\n", dataset.Options{MaxBadShare: .5})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"json_parse:22", "field_missing:23", "field_missing:24", "json_parse:25", "json_parse:26"}
	if got := found(set, dataset.Error); !slices.Equal(got, want) {
		t.Errorf("issues = %v, want %v", got, want)
	}
	if !slices.Equal(set.Labels, []string{"false", "true"}) || set.Source.Format != "jsonl" {
		t.Errorf("labels = %q, format %s", set.Labels, set.Source.Format)
	}
}

// sorted is a file of n rows of one label and then n of another.
func sorted(n int) string {
	var b strings.Builder
	for i := range 2 * n {
		fmt.Fprintf(&b, "%s,text %d\n", []string{"yes", "no"}[i/n], i)
	}
	return b.String()
}

func TestRead_columns(t *testing.T) {
	rows := func(format string) string {
		var b strings.Builder
		for i := range 20 {
			fmt.Fprintf(&b, format+"\n", i, []string{"yes", "no"}[i%2])
		}
		return b.String()
	}
	for _, tc := range []struct {
		name, input string
		options     dataset.Options
		want        string // format, delimiter, header, text columns, label column, text of the first row
	}{
		{"no header, label first", rows("%[2]s,text %[1]d"), dataset.Options{}, `csv "," false [column 2] column 1 "text 0"`},
		{"no header, label last", rows("text %[1]d,%[2]s"), dataset.Options{}, `csv "," false [column 1] column 2 "text 0"`},
		{"known names", "Text , LABEL\n" + rows("a text %[1]d,%[2]s"), dataset.Options{}, `csv "," true [Text] LABEL "a text 0"`},
		{"Chinese names", "类别,内容\n" + rows("%[2]s,文本 %[1]d"), dataset.Options{}, `csv "," true [内容] 类别 "文本 0"`},
		{"byte order mark", "\ufefflabel,text\n" + rows("%[2]s,t %[1]d"), dataset.Options{}, `csv "," true [text] label "t 0"`},
		{"one known name", "intent,utterance\n" + rows("%[2]s,t %[1]d"), dataset.Options{}, `csv "," true [utterance] intent "t 0"`},
		{"a class called like a column", rows("%[1]d is,query") + rows("%[1]d is not,content"), dataset.Options{}, `csv "," false [column 1] column 2 "0 is"`},
		{"semicolon", "label;text\n" + rows("%[2]s;a, b, %[1]d"), dataset.Options{}, `csv ";" true [text] label "a, b, 0"`},
		{"tab", rows("%[2]s\ta, b %[1]d"), dataset.Options{}, `tsv "\t" false [column 2] column 1 "a, b 0"`},
		{"format given", rows("%[2]s\ta,b %[1]d"), dataset.Options{Format: "tsv"}, `tsv "\t" false [column 2] column 1 "a,b 0"`},
		{"explicit", "label,text,topic,title\n" + rows("x,y,%[2]s,title %[1]d"), dataset.Options{TextColumns: []string{"Title", "text"}, LabelColumn: "topic"},
			`csv "," true [title text] topic "title 0\ny"`},
		{"explicit by number", rows("%[2]s,text %[1]d,%[1]d"), dataset.Options{TextColumns: []string{"column 3"}}, `csv "," false [column 3] column 1 "0"`},
		{"sorted by label", sorted(2000), dataset.Options{}, `csv "," false [column 2] column 1 "text 0"`},
		{"a column of one value", rows("en,%[2]s,text %[1]d"), dataset.Options{}, `csv "," false [column 3] column 2 "text 0"`},
		{"id is not the text", "id,label,words\n" + rows("a-very-long-identifier-%[1]d,%[2]s,w %[1]d"), dataset.Options{}, `csv "," true [words] label "w 0"`},
		{"json names", rows(`{"content":"t %[1]d","class":"%[2]s"}`), dataset.Options{}, `jsonl "" false [content] class "t 0"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set, err := read(t, tc.input, tc.options)
			if err != nil {
				t.Fatal(err)
			}
			s := set.Source
			if got := fmt.Sprintf("%s %q %v %v %s %q", s.Format, s.Delimiter, s.Header, s.TextColumns, s.LabelColumn, set.Rows[0].Text); got != tc.want {
				t.Errorf("source = %s, want %s", got, tc.want)
			}
		})
	}
}

func TestRead_optionalColumns(t *testing.T) {
	input := "label,text,id,split,weight,group\na,one,7,TRAIN,2.5,g\na,two,,dev,,\nb,three,x,测试,1,\nb,four,,,,\nb,five,,,,\n"
	set, err := read(t, input, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []dataset.Row{
		{Text: "one", Label: "a", ID: "7", Split: "train", Weight: 2.5, Group: "g", Line: 2, Record: 1},
		{Text: "two", Label: "a", Split: "validation", Weight: 1, Line: 3, Record: 2},
		{Text: "three", Label: "b", ID: "x", Split: "test", Weight: 1, Line: 4, Record: 3},
		{Text: "four", Label: "b", Weight: 1, Line: 5, Record: 4},
		{Text: "five", Label: "b", Weight: 1, Line: 6, Record: 5},
	}
	if !slices.Equal(set.Rows, want) {
		t.Errorf("rows = %+v, want %+v", set.Rows, want)
	}
}

func TestRead_encodings(t *testing.T) {
	plain := "标签,文本\n" + strings.Repeat("好,这家店的服务很好\n差,等了很久都没有人来\n", 10)
	encode := func(e interface{ String(string) (string, error) }) string {
		s, err := e.String(plain)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	gb := encode(simplifiedchinese.GB18030.NewEncoder())
	late := strings.Repeat("plain english text number one,good\nand another one,bad\n", 20000) // past the window
	for _, tc := range []struct{ name, input, encoding, first string }{
		{"UTF-8", plain, "utf-8", "这家店的服务很好"},
		{"UTF-8 with mark", "\ufeff" + plain, "utf-8", "这家店的服务很好"},
		{"GB18030", gb, "gb18030", "这家店的服务很好"},
		{"UTF-16 little endian", encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder()), "utf-16le", "这家店的服务很好"},
		{"UTF-16 big endian", encode(unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder()), "utf-16be", "这家店的服务很好"},
		{"GB18030 after a megabyte of English", late + gb[strings.IndexByte(gb, '\n')+1:], "gb18030", "plain english text number one"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set, err := read(t, tc.input, dataset.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if set.Source.Encoding != tc.encoding || set.Rows[0].Text != tc.first {
				t.Errorf("encoding = %s, text %q, want %s, %q", set.Source.Encoding, set.Rows[0].Text, tc.encoding, tc.first)
			}
			if got, want := set.IssueCounts["encoding_converted"], map[bool]int{true: 1}[tc.encoding != "utf-8"]; got != want {
				t.Errorf("encoding_converted = %d, want %d", got, want)
			}
		})
	}
	t.Run("damaged GB18030", func(t *testing.T) {
		set, err := read(t, gb+"\xb2\xee,\xb5\xc8\xff\xc1\xcb\n", dataset.Options{MaxBadShare: .1})
		if err != nil || !slices.Equal(found(set, dataset.Error), []string{"encoding_invalid:22"}) {
			t.Errorf("issues = %+v, %v, want encoding_invalid on line 22", set.Issues, err)
		}
	})
	// U+FFFD that the file holds is text; only what cannot be read is damage.
	for name, e := range map[string]interface{ String(string) (string, error) }{
		"GB18030": simplifiedchinese.GB18030.NewEncoder(),
		"UTF-16":  unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder(),
	} {
		t.Run("replacement character in "+name, func(t *testing.T) {
			// Misaligned, the UTF-16 of U+FD3E and U+00FF holds that of U+FFFD.
			input, err := e.String(plain + "好,很\ufffd好\ufffd\ufffd\ufd3e\u00ff\n" + strings.Repeat("好,\ufffd\n", 3000))
			if err != nil {
				t.Fatal(err)
			}
			set, err := read(t, input, dataset.Options{})
			if err != nil || set.Rejected != 0 || set.Rows[20].Text != "很\ufffd好\ufffd\ufffd\ufd3e\u00ff" || set.Rows[3020].Text != "\ufffd" {
				t.Errorf("rejected = %d, %v, text %q", set.Rejected, err, set.Rows[20].Text)
			}
		})
	}
	t.Run("half a surrogate pair in UTF-16", func(t *testing.T) {
		input := encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder()) + "a\x00,\x00\x3d\xd8b\x00\n\x00"
		set, err := read(t, input, dataset.Options{MaxBadShare: .1})
		if err != nil || !slices.Equal(found(set, dataset.Error), []string{"encoding_invalid:22"}) {
			t.Errorf("issues = %+v, %v, want encoding_invalid on line 22", set.Issues, err)
		}
	})
	t.Run("Latin-1 is not GB18030", func(t *testing.T) {
		set, err := read(t, header+good(20)+"yes,caf\xe9 cr\xe8me, fra\xeeche\n", dataset.Options{MaxBadShare: .1})
		if err != nil || set.Source.Encoding != "utf-8" || set.IssueCounts["encoding_invalid"] != 1 {
			t.Errorf("encoding = %s, issues = %+v, %v", set.Source.Encoding, set.Issues, err)
		}
	})
}

// zipped compresses each part as a gzip member of its own.
func zipped(t testing.TB, parts ...string) string {
	t.Helper()
	var b bytes.Buffer
	for _, part := range parts {
		w := gzip.NewWriter(&b)
		if _, err := io.WriteString(w, part); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func TestRead_gzip(t *testing.T) {
	input := zipped(t, header+good(10), good(10))
	set, err := read(t, input, dataset.Options{Filename: "train.csv.gz"})
	if err != nil || len(set.Rows) != 20 || !set.Source.Compressed {
		t.Errorf("rows = %d, compressed %v, %v, want the 20 of both members", len(set.Rows), set.Source.Compressed, err)
	}
	sum := sha256.Sum256([]byte(input))
	if want := hex.EncodeToString(sum[:]); set.SHA256 != want {
		t.Errorf("SHA256 = %s, want that of the compressed bytes, %s", set.SHA256, want)
	}
}

func TestRead_unfit(t *testing.T) {
	bomb := zipped(t, header+strings.Repeat(good(1000), 100))
	for _, tc := range []struct {
		name, input string
		options     dataset.Options
		message     string // part of it
		code        string // an issue that must be there
	}{
		{"empty", "", dataset.Options{}, "holds no rows", ""},
		{"only a header", header, dataset.Options{}, "holds no rows", ""},
		{"one column", "text\nhello\nthere\n", dataset.Options{}, "no text and label columns", ""},
		{"one label", header + "a,one\na,two\n", dataset.Options{}, "at least 2 labels", ""},
		{"too many labels", header + good(20), dataset.Options{MaxClasses: 1}, "2 labels; at most 1", ""},
		{"too many bad rows", header + good(20) + "yes\n", dataset.Options{}, "1 of 21 records are bad (4.8 %) and at most 1 % may be: csv_field_count, first on line 22", "csv_field_count"},
		{"no bad row allowed", header + good(2000) + "yes\n", dataset.Options{MaxBadShare: -1}, "at most 0 % may be", "csv_field_count"},
		{"label column of text", "text,label\n" + "a,a b\nb,c d\nc,e f\nd,same\nd,same\n", dataset.Options{}, `is "label" the label column?`, "label_too_rare"},
		{"unknown column", header + good(20), dataset.Options{LabelColumn: "topic"}, `there is no column "topic"`, ""},
		{"column named twice", header + good(20), dataset.Options{LabelColumn: "text", TextColumns: []string{"text"}}, "named twice", ""},
		{"unknown format", header + good(20), dataset.Options{Format: "xml"}, "there are csv, tsv and jsonl", ""},
		{"JSON array", `[{"text":"a"}]`, dataset.Options{Filename: "a.json"}, "one object per line", ""},
		{"broken JSON lines", "{\"a\n{\"b\n", dataset.Options{Format: "jsonl"}, "json_parse, first on line 1", "json_parse"},
		{"workbook", "PK\x03\x04....", dataset.Options{}, "Excel", ""},
		{"binary", strings.Repeat("a\x00", 100), dataset.Options{}, "not text", ""},
		{"too large", header + good(1000), dataset.Options{MaxBytes: 1000}, "larger than 1000 bytes", "archive_limit"},
		{"bomb", bomb, dataset.Options{MaxBytes: 100_000}, "larger than 100000 bytes when decompressed", "archive_limit"},
		{"too many rows", header + good(20), dataset.Options{MaxRows: 10}, "more than 10 rows", "archive_limit"},
		{"gzip cut short", bomb[:len(bomb)/2], dataset.Options{}, "damaged or cut short", "encoding_invalid"},
		{"gzip damaged", bomb[:50] + "xxxxxxxx" + bomb[58:], dataset.Options{}, "damaged or cut short", "encoding_invalid"},
		{"one quote", `"` + strings.Repeat("all of it ", 1000), dataset.Options{MaxRecord: 1000}, "csv_quote, first on line 1", "csv_quote"},
		{"too many columns", strings.Repeat("a,", 2000) + "b\n", dataset.Options{}, "2001 columns", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set, err := read(t, tc.input, tc.options)
			e, ok := errors.AsType[*dataset.InputError](err)
			if !ok || !strings.Contains(e.Message, tc.message) {
				t.Fatalf("Read() error = %v, want an InputError with %q", err, tc.message)
			}
			if tc.code != "" && set.IssueCounts[tc.code] == 0 {
				t.Errorf("issues = %v, want %s", set.IssueCounts, tc.code)
			}
		})
	}
}

// A share of bad rows that is allowed is dropped and the rest is used.
func TestRead_badShare(t *testing.T) {
	set, err := read(t, header+good(198)+"yes\nno\n", dataset.Options{})
	if err != nil || set.Rejected != 2 || len(set.Rows) != 198 {
		t.Errorf("rows = %d, rejected = %d, %v, want 2 in 200 dropped", len(set.Rows), set.Rejected, err)
	}
	if _, err := read(t, header+good(198)+"yes\nno\nyes\n", dataset.Options{}); err == nil {
		t.Error("3 bad records in 201: no error, want one: that is more than 1 %")
	}
}

// Errors are shown before infos when there are too many, and all are counted.
func TestRead_issueCap(t *testing.T) {
	input := header + strings.Repeat("a,same\n", 3000) + strings.Repeat("b,other\n", 3000) + "bad\nbad\n"
	set, err := read(t, input, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := set.IssueCounts["duplicate_exact"], 5998; got != want || len(set.Issues) != 1000 {
		t.Errorf("duplicate_exact = %d, listed %d, want %d and 1,000", got, len(set.Issues), want)
	}
	if got, want := found(set, dataset.Error), []string{"csv_field_count:6002", "csv_field_count:6003"}; !slices.Equal(got, want) {
		t.Errorf("errors = %v, want %v", got, want)
	}
}

func TestRead_excerpt(t *testing.T) {
	set, err := read(t, header+good(20)+"yes\x00\x1b[31m\u202e\xff"+strings.Repeat("x", 100)+"\n", dataset.Options{MaxBadShare: .5})
	if err != nil {
		t.Fatal(err)
	}
	want := "yes␀␛[31m\\u{202E}\\xFF" + strings.Repeat("x", 58) + "…"
	if got := set.Issues[0].Excerpt; got != want {
		t.Errorf("Excerpt = %q, want %q", got, want)
	}
}

// What is not the data's fault is not an InputError: a retry may help.
func TestRead_sourceError(t *testing.T) {
	for _, input := range []string{"", header + good(20), zipped(t, header+good(20000))[:500]} {
		broken := fmt.Errorf("body: %w", io.ErrUnexpectedEOF)
		set, err := dataset.Read(t.Context(), io.MultiReader(strings.NewReader(input), iotest.ErrReader(broken)), dataset.Options{})
		if _, ok := errors.AsType[*dataset.InputError](err); ok || set != nil || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("Read(%.10q) = %v, %v, want the source's error", input, set, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := dataset.Read(ctx, strings.NewReader(header), dataset.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Read() error = %v, want context.Canceled", err)
	}
}

func ExampleRead() {
	csv := "label,text\nrefund,I want my money back\nrefund,Please pay me back\ngreeting,Hello\ngreeting\ngreeting,Good morning\n"
	set, err := dataset.Read(context.Background(), strings.NewReader(csv), dataset.Options{MaxBadShare: .5})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(set.Rows), set.Labels, set.Counts)
	for _, issue := range set.Issues {
		if issue.Severity == dataset.Error {
			fmt.Printf("line %d: %s\n", issue.Line, issue.Message)
		}
	}
	// Output:
	// 4 [greeting refund] [2 2]
	// line 5: expected 2 cells, found 1
}
