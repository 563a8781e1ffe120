package record_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"godwit/shared/ml/dataset/record"
)

// show writes what a Reader makes of a file, one record a line:
// line[@fault line] kind [fields].
func show(t testing.TB, r *record.Reader) []string {
	t.Helper()
	var out []string
	for {
		rec, err := r.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatalf("Next() error = %v", err)
		}
		at := fmt.Sprint(rec.Line)
		if rec.At != rec.Line {
			at += fmt.Sprintf("@%d", rec.At)
		}
		out = append(out, fmt.Sprintf("%s %s %q", at, kinds[rec.Kind], rec.Fields))
	}
}

var kinds = map[record.Kind]string{record.Whole: "ok", record.Literal: "literal", record.Unterminated: "unterminated",
	record.Bare: "bare", record.Trailing: "trailing", record.TooLong: "toolong"}

var delimited = []struct {
	name  string
	delim byte
	input string
	limit int
	want  []string
}{
	{name: "plain", input: "a,b\nc,d\n", want: []string{`1 ok ["a" "b"]`, `2 ok ["c" "d"]`}},
	{name: "no last line end", input: "a,b\nc,d", want: []string{`1 ok ["a" "b"]`, `2 ok ["c" "d"]`}},
	{name: "carriage returns", input: "a,b\r\n\"c\",d\r\n\"e\"\r", want: []string{`1 ok ["a" "b"]`, `2 ok ["c" "d"]`, `3 ok ["e"]`}},
	{name: "blank lines", input: "\n\r\na\n\n\nb\n", want: []string{`3 ok ["a"]`, `6 ok ["b"]`}},
	{name: "empty fields", input: ",\n\"\",\n", want: []string{`1 ok ["" ""]`, `2 ok ["" ""]`}},
	{name: "quoted delimiter and doubled quote", input: `"a,b","say ""hi"""` + "\n", want: []string{`1 ok ["a,b" "say \"hi\""]`}},
	{name: "quoted line ends", input: "\"a\nb\r\nc\",d\ne,f\n", want: []string{`1 ok ["a\nb\nc" "d"]`, `4 ok ["e" "f"]`}},
	{name: "only line feed ends a record", input: "a\vb\fc\u0085d\u2028e\rf,g\n", want: []string{`1 ok ["a\vb\fc\u0085d\u2028e\rf" "g"]`}},
	{name: "bare quote", input: "a,b\nc\"d,e\nf,g\n", want: []string{`1 ok ["a" "b"]`, `2 bare []`, `3 ok ["f" "g"]`}},
	{name: "bare quote after a quoted line end", input: "\"a\nb\",c\"\nd,e\n", want: []string{`1@2 bare []`, `3 ok ["d" "e"]`}},
	{name: "text after a closing quote", input: "\"a\"b,c\nd,e\n", want: []string{`1 trailing []`, `2 ok ["d" "e"]`}},
	{name: "unterminated at the end", input: "a,b\nc,\"d\ne,f\ng,h\n",
		want: []string{`1 ok ["a" "b"]`, `2 unterminated []`, `3 ok ["e" "f"]`, `4 ok ["g" "h"]`}},
	{name: "unterminated, then a quoted field", input: "a,\"b\nc,\"d\"\ne,f\n",
		want: []string{`1 trailing []`, `2 ok ["c" "d"]`, `3 ok ["e" "f"]`}},
	{name: "unterminated in the second line of a record", input: "\"a\nb\",\"c\nd,e\n", want: []string{`1@2 unterminated []`, `3 ok ["d" "e"]`}},
	{name: "unterminated beyond the limit", limit: 8, input: "\"a\nb,c\nd,e\nf,g\n",
		want: []string{`1 unterminated []`, `2 ok ["b" "c"]`, `3 ok ["d" "e"]`, `4 ok ["f" "g"]`}},
	{name: "one endless quote", limit: 8, input: "\"aaaaaaaaaaaaaaaaaaaaaaaaaaa", want: []string{`1 unterminated []`}},
	{name: "long line", limit: 8, input: "a,b\naaaa,bbbbbb\nc,d\n", want: []string{`1 ok ["a" "b"]`, `2 toolong []`, `3 ok ["c" "d"]`}},
	{name: "line of exactly the limit", limit: 8, input: "aaaa,bbb\nc,d", want: []string{`1 ok ["aaaa" "bbb"]`, `2 ok ["c" "d"]`}},
	{name: "tab: a quote inside a field is a letter", delim: '\t', input: "5\" pipe\tx\n", want: []string{`1 ok ["5\" pipe" "x"]`}},
	{name: "tab: quotes that do not pair are letters", delim: '\t', input: "\"Oh\" no\tx\n\"y\tz\n\"a\tb\"\tc\n",
		want: []string{`1 literal ["\"Oh\" no" "x"]`, `2 literal ["\"y" "z"]`, `3 ok ["a\tb" "c"]`}},
	{name: "tab: stray quotes of two lines are no cell", delim: '\t', input: "\"y\tz\nb\tc\"\n",
		want: []string{`1 literal ["\"y" "z"]`, `2 ok ["b" "c\""]`}},
	{name: "semicolon", delim: ';', input: "a,b;c\n", want: []string{`1 ok ["a,b" "c"]`}},
	{name: "empty", input: ""},
}

func TestReader_Next(t *testing.T) {
	for _, tc := range delimited {
		t.Run(tc.name, func(t *testing.T) {
			delim := tc.delim
			if delim == 0 {
				delim = ','
			}
			limits := record.Limits{Record: tc.limit}
			got := show(t, record.NewReader(strings.NewReader(tc.input), delim, limits))
			if !slices.Equal(got, tc.want) {
				t.Errorf("records of %q =\n%s\nwant\n%s", tc.input, strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			}
			slow := show(t, record.NewReader(iotest.OneByteReader(strings.NewReader(tc.input)), delim, limits))
			if !slices.Equal(slow, got) {
				t.Errorf("records of %q byte by byte = %q, want %q", tc.input, slow, got)
			}
		})
	}
}

func TestReader_Next_lines(t *testing.T) {
	r := record.NewLineReader(strings.NewReader("{\"a\":\"x,y\"}\r\n\n\"b\n"), record.Limits{})
	want := []string{`1 ok ["{\"a\":\"x,y\"}"]`, `3 ok ["\"b"]`}
	if got := show(t, r); !slices.Equal(got, want) {
		t.Errorf("lines = %q, want %q", got, want)
	}
}

// A fault is known before its line has been read to the end: the rest of the
// line must be waited for.
func TestReader_Next_faultAtBufferEnd(t *testing.T) {
	const lines = 128<<10/4 - 2 // short of the first buffer by eight bytes
	input := strings.Repeat("a\tb\n", lines) + "\"c\" d\te" + strings.Repeat("f", 50) + "\n"
	got := show(t, record.NewReader(strings.NewReader(input), '\t', record.Limits{}))
	want := fmt.Sprintf(`%d literal ["\"c\" d" "e%s"]`, lines+1, strings.Repeat("f", 50))
	if len(got) != lines+1 || got[lines] != want {
		t.Errorf("last of %d records = %s, want %s", len(got), got[len(got)-1], want)
	}
}

func TestReader_Next_sourceError(t *testing.T) {
	broken := errors.New("line cut")
	r := record.NewReader(io.MultiReader(strings.NewReader("a,b\nc,d"), iotest.ErrReader(broken)), ',', record.Limits{})
	if rec, err := r.Next(); err != nil || len(rec.Fields) != 2 {
		t.Fatalf("Next() = %v, %v, want the record before the error", rec, err)
	}
	// "c,d" may be half a record: it is not handed out.
	if _, err := r.Next(); !errors.Is(err, broken) {
		t.Errorf("Next() error = %v, want %v", err, broken)
	}
}

// A line of commas must not cost a slice header each.
func TestReader_Next_manyFields(t *testing.T) {
	for _, input := range []string{strings.Repeat(",", 100_000), `"a"` + strings.Repeat(",", 100_000)} {
		rec, err := record.NewReader(strings.NewReader(input), ',', record.Limits{}).Next()
		if err != nil || len(rec.Fields) != record.MaxFields+1 {
			t.Errorf("fields = %d, %v, want %d", len(rec.Fields), err, record.MaxFields+1)
		}
	}
}

// endless is a file of one quote and a gigabyte of lines after it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	if e.read > 1<<30 {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = "a,b\n"[(e.read+i)%4]
	}
	if e.read == 0 {
		p[0] = '"'
	}
	e.read += len(p)
	return len(p), nil
}

func TestReader_Next_endlessQuote(t *testing.T) {
	const limit = 1 << 20
	src := &endless{}
	r := record.NewReader(src, ',', record.Limits{Record: limit})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var got []record.Kind
	for range 3 {
		rec, err := r.Next()
		if err != nil {
			t.Fatalf("Next() error = %v", err)
		}
		got = append(got, rec.Kind)
	}
	runtime.ReadMemStats(&after)
	if want := []record.Kind{record.Unterminated, record.Whole, record.Whole}; !slices.Equal(got, want) {
		t.Errorf("kinds = %v, want %v", got, want)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 6*limit || src.read > 3*limit {
		t.Errorf("allocated %d and read %d bytes, want at most a few times the limit of %d", n, src.read, limit)
	}
}

func ExampleReader_Next() {
	r := record.NewReader(strings.NewReader("label,text\nrefund,\"I want\nmy money\"\nother,he said \"no\"\n"), ',', record.Limits{})
	for {
		rec, err := r.Next()
		if err != nil {
			break
		}
		fmt.Printf("line %d: %q %v\n", rec.Line, rec.Fields, rec.Kind == record.Bare)
	}
	// Output:
	// line 1: ["label" "text"] false
	// line 2: ["refund" "I want\nmy money"] false
	// line 4: [] true
}

// bytesOf keeps the fuzz corpus readable.
func bytesOf(fields [][]byte) string { return string(bytes.Join(fields, []byte("\x00"))) }
