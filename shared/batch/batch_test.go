package batch_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"godwit/shared/batch"
	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/usage"
)

// line is one line of results or errors.
type line struct {
	Record, Line int64
	ID           string
	Version      int
	Label        string
	Score        float64
	Scores, Set  int
	Spans        int
	Abstained    bool
	Value        *float64
	Code         string
	Message      string
}

// parse reads JSON lines, each with the fields of a line and no other.
func parse(t *testing.T, data string) []line {
	t.Helper()
	var all []line
	for text := range strings.Lines(data) {
		var l line
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&l); err != nil {
			t.Fatalf("line %q: %v", text, err)
		}
		all = append(all, l)
	}
	return all
}

// TestSteps_rows: what the rows are written in does not reach the results.
func TestSteps_rows(t *testing.T) {
	gb := func(s string) string {
		out, err := simplifiedchinese.GB18030.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	packed := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write([]byte(s)); err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	plain := "id,text\na,where is my card\nb,the machine kept my cash\nc,我的密码忘记了\n"
	want := "1/2 a =card|2/3 b cash|3/4 c 密码"
	for _, tc := range []struct{ name, file, data, want, errors string }{
		{"csv", "a.csv", plain, want, ""},
		{"with a label column", "a.csv", "label,id,text\nx,a,where is my card\nx,b,the machine kept my cash\ny,c,我的密码忘记了\n", want, ""},
		{"gzip", "a.csv.gz", packed(plain), want, ""},
		{"GB18030", "a.csv", gb(plain), want, ""},
		{"CR LF", "a.csv", strings.ReplaceAll(plain, "\n", "\r\n"), want, ""},
		{"tabs", "a.tsv", strings.ReplaceAll(plain, ",", "\t"), want, ""},
		{"objects", "a.jsonl", `{"custom_id":"a","text":"where is my card"}` + "\n\n" + `{"custom_id":"b","text":"cash machine"}`, "1/1 a =card|2/3 b cash", ""},
		{"a quoted line end", "a.csv", "id,text\na,\"where is\r\nmy card\"\nb,exchange rate\n", "1/2 a =card|2/4 b rate", ""},
		{"bad records", "a.csv", "id,text\na,where is my card\nb,x,y\nc,\nd,exchange rate\n", "1/2 a =card|4/5 d rate", "2/3 b csv_field_count|3/4 c text_empty"},
		{"nothing good", "a.csv", "id,text\nb,x,y\nc,\n", "", "1/2 b csv_field_count|2/3 c text_empty"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t)
			h.publish(t, "intents", artifact)
			job := h.finish(t, h.submit(t, tc.file, tc.data, nil))
			var results, errors []string
			for _, l := range parse(t, h.read(t, job.Results)) {
				results = append(results, fmt.Sprintf("%d/%d %s %s", l.Record, l.Line, l.ID, l.Label))
			}
			for _, l := range parse(t, h.read(t, job.Errors)) {
				errors = append(errors, fmt.Sprintf("%d/%d %s %s", l.Record, l.Line, l.ID, l.Code))
				if l.Version != 1 || l.Message == "" {
					t.Errorf("error = %+v, want its version and a message", l)
				}
			}
			if got := strings.Join(results, "|"); got != tc.want {
				t.Errorf("results = %q, want %q", got, tc.want)
			}
			if got := strings.Join(errors, "|"); got != tc.errors {
				t.Errorf("errors = %q, want %q", got, tc.errors)
			}
			if int(job.Counts.OK) != len(results) || int(job.Counts.Failed) != len(errors) {
				t.Errorf("counts = %+v, want %d and %d", job.Counts, len(results), len(errors))
			}
		})
	}
}

// mixed is a file with every kind of trouble, so that some of it lies at the
// border of any chunk.
func mixed(rows int) string {
	var b strings.Builder
	b.WriteString("id,text\r\n")
	for i := range rows {
		switch i % 7 {
		case 0:
			fmt.Fprintf(&b, "%d,\"where is\r\nmy \"\"card\"\" %d\"\r\n", i, i)
		case 1:
			fmt.Fprintf(&b, "%d,one,two\r\n", i)
		case 2:
			fmt.Fprintf(&b, "%d,\"never closed\r\n", i)
		case 3:
			fmt.Fprintf(&b, "%d,   \r\n", i)
		case 4:
			fmt.Fprintf(&b, "%d,我的密码忘记了 %d\n", i, i)
		default:
			fmt.Fprintf(&b, "%d,exchange rate %d\n\n", i, i)
		}
	}
	return b.String()
}

// TestSteps_division: neither the size of chunks and parts nor the number of
// goroutines reaches a byte of the results.
func TestSteps_division(t *testing.T) {
	want := map[batch.Format][2]string{}
	for _, format := range []batch.Format{batch.JSONL, batch.CSV} {
		for _, tc := range []struct {
			rows, bytes, part, workers int
			file                       int64
		}{{0, 0, 0, 1, 0}, {1, 0, 1, 1, 0}, {7, 0, 100, 2, 0}, {300, 0, 0, 8, 0}, {0, 64, 0, 3, 0}, {1000, 0, 700, 2, 0}, {50, 0, 500, 2, 20_000}} {
			t.Run(fmt.Sprintf("%s rows %d bytes %d part %d workers %d", format, tc.rows, tc.bytes, tc.part, tc.workers), func(t *testing.T) {
				h := newHouse(t)
				h.publish(t, "intents", artifact)
				h.steps.Models = rereading{h.models, t}
				h.steps.ChunkRows, h.steps.ChunkBytes, h.steps.PartBytes, h.steps.Workers, h.steps.FileBytes = tc.rows, tc.bytes, tc.part, tc.workers, tc.file
				job := h.finish(t, h.submit(t, "a.csv", mixed(700), func(s *batch.Submission) {
					s.Format, s.Parameters = format, batch.Parameters{TopK: 2, MinScore: .6, Coverage: .9}
				}))
				got := [2]string{h.joined(t, job.Results), h.joined(t, job.Errors)}
				if tc.file > 0 && len(job.Results) < 2 {
					t.Fatalf("%d files of results, want several", len(job.Results))
				}
				if _, known := want[format]; !known {
					want[format] = got
				}
				if got != want[format] {
					t.Errorf("results of %d and %d bytes differ from those of one chunk, %d and %d", len(got[0]), len(got[1]), len(want[format][0]), len(want[format][1]))
				}
				if s := job.Summary; job.Counts != (batch.Counts{Rows: 700, OK: 400, Failed: 300}) || s.MeanScore < .3 || s.Abstained == 0 {
					t.Errorf("counts %+v, summary %+v", job.Counts, s)
				}
				order(t, numbers(t, format, got))
			})
		}
	}
}

// rereading reads every body in several ways before it stores it, as a client
// does that computes a digest, sends, and sends again.
type rereading struct {
	blob.Store
	t *testing.T
}

func (r rereading) Put(ctx context.Context, key string, body io.ReadSeeker, size int64, o blob.PutOptions) (blob.Info, error) {
	whole, err := io.ReadAll(body)
	if err != nil || int64(len(whole)) != size {
		r.t.Errorf("%s: body of %d bytes, %v, want %d", key, len(whole), err, size)
	}
	for _, at := range []int64{0, 1, size / 3, size / 2, size - 1, size} {
		if got, err := body.Seek(at-size, io.SeekEnd); err != nil || got != at {
			r.t.Errorf("%s: Seek = %d, %v, want %d", key, got, err, at)
		}
		if rest, err := io.ReadAll(body); err != nil || !bytes.Equal(rest, whole[at:]) {
			r.t.Errorf("%s: from %d it reads otherwise, %v", key, at, err)
		}
	}
	if _, err := body.Seek(-1, io.SeekStart); err == nil {
		r.t.Errorf("%s: Seek to -1 succeeds", key)
	}
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		r.t.Error(err)
	}
	return r.Store.Put(ctx, key, body, size, o)
}

// joined returns what files hold; of CSV the header comes once.
func (h *house) joined(t *testing.T, files []batch.File) string {
	t.Helper()
	var all strings.Builder
	for i, f := range files {
		text := h.read(t, []batch.File{f})
		if i > 0 && strings.HasSuffix(f.Key, ".csv") {
			_, text, _ = strings.Cut(text, "\n")
		}
		all.WriteString(text)
	}
	return all.String()
}

// numbers returns the record numbers of results and errors.
func numbers(t *testing.T, format batch.Format, data [2]string) (records [2][]int64) {
	t.Helper()
	for i, text := range data {
		if format == batch.JSONL {
			for _, l := range parse(t, text) {
				records[i] = append(records[i], l.Record)
			}
			continue
		}
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			var n int64
			if _, err := fmt.Sscan(row[0], &n); err != nil {
				t.Fatal(err)
			}
			records[i] = append(records[i], n)
		}
	}
	return records
}

// order wants every record once, in results or in errors, each in order.
func order(t *testing.T, records [2][]int64) {
	t.Helper()
	seen := map[int64]bool{}
	for _, list := range records {
		for i, n := range list {
			if i > 0 && n <= list[i-1] || seen[n] {
				t.Fatalf("record %d is out of order or twice", n)
			}
			seen[n] = true
		}
	}
	for n := int64(1); n <= int64(len(seen)); n++ {
		if !seen[n] {
			t.Fatalf("record %d is in neither file", n)
		}
	}
}

// A spreadsheet runs none of the cells, and finds each in its column.
func TestSteps_formulaCells(t *testing.T) {
	h := newHouse(t)
	h.publish(t, "intents", artifact)
	data := "id,text\n=1+1,where is my card\n+2,my card\n-3,\n@cmd,my card\n\"\tx\",my card\n5,my card\n\"a \"\"b\"\",\nc\",my card\n"
	job := h.finish(t, h.submit(t, "a.csv", data, func(s *batch.Submission) {
		s.Format, s.Parameters = batch.CSV, batch.Parameters{TopK: 9, Coverage: .9}
	}))
	rows, err := csv.NewReader(strings.NewReader(h.read(t, job.Results))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	head := "record,line,id,version,label,score,abstained,label_2,score_2,label_3,score_3,label_4,score_4,set"
	if got := strings.Join(rows[0], ","); got != head {
		t.Errorf("header = %s, want %s", got, head)
	}
	wantIDs := []string{"'=1+1", "+2", "'@cmd", "x", "5", "a \"b\",\nc"} // white space around an id is not part of it
	for i, row := range rows[1:] {
		if row[2] != wantIDs[i] || row[4] != "'=card" || row[3] != "1" || !strings.HasPrefix(row[13], `["`) {
			t.Errorf("row %d = %q, want id %s and the label '=card", i, row, wantIDs[i])
		}
	}
	if got, want := h.read(t, job.Errors), "record,line,id,version,code,message\n3,4,-3,1,text_empty,the text is empty\n"; got != want {
		t.Errorf("errors = %q, want %q", got, want)
	}
}

func TestSteps_table(t *testing.T) {
	h := newHouse(t)
	h.publish(t, "prices", prices)
	data := "ripe,id,grams,shop\ntrue,a,130,x\nfalse,b,,y\n,c,,z\ntrue,d,140\n"
	ask := func(s *batch.Submission) { s.Ref.Model = "prices" }
	job := h.finish(t, h.submit(t, "a.csv", data, ask))
	results := parse(t, h.read(t, job.Results))
	if len(results) != 2 || results[0].ID != "a" || *results[0].Value < 200 || *results[0].Value > 320 {
		t.Errorf("results = %+v, want a and b with a price", results)
	}
	errors := parse(t, h.read(t, job.Errors))
	if len(errors) != 2 || errors[0].Code != "row_empty" || errors[1].Code != "csv_field_count" {
		t.Errorf("errors = %+v, want an empty row and a short one", errors)
	}
	if s := job.Summary; s.Least == nil || *s.Least > *s.Greatest || s.Labels != nil {
		t.Errorf("summary = %+v, want the range of values", s)
	}
	// A file without any of the columns is refused before a row is scored.
	job = h.submit(t, "b.csv", "text\nwhere is my card\nlost it\n", ask)
	if err := h.run(t.Context(), job.ID); jobs.ErrorType(err) != jobs.TypeInput {
		t.Errorf("run = %v, want %s", err, jobs.TypeInput)
	}
	job, err := h.jobs.Job(t.Context(), tenant, job.ID)
	if err != nil || job.Status != jobs.Failed || job.Error.Code != "input" || !strings.Contains(job.Error.Message, "grams, ripe") {
		t.Errorf("job = %+v, %v, want failed and the columns named", job, err)
	}
}

// TestSteps_explain: all parameters of a prediction reach the rows.
func TestSteps_explain(t *testing.T) {
	h := newHouse(t)
	h.publish(t, "intents", artifact)
	job := h.finish(t, h.submit(t, "a.csv", "text\nwhere is my card\n", func(s *batch.Submission) {
		s.Parameters = batch.Parameters{TopK: 3, MinScore: 1, Coverage: .9, Explain: true}
	}))
	got := parse(t, h.read(t, job.Results))[0]
	if got.Scores != 3 || !got.Abstained || got.Set == 0 || got.Spans == 0 || got.Version != 1 {
		t.Errorf("result = %+v, want three scores, a set, spans, and abstained", got)
	}
	if job.Summary.Labels[0] != (batch.LabelCount{Label: "=card", Rows: 1}) || job.Summary.Abstained != 1 || job.Summary.Seconds <= 0 {
		t.Errorf("summary = %+v", job.Summary)
	}
}

// A version promoted, or a file replaced, while the job runs does not reach it.
func TestSteps_pinned(t *testing.T) {
	h := newHouse(t)
	h.publish(t, "intents", artifact)
	job := h.submit(t, "a.csv", "text\nwhere is my card\n", nil)
	h.publish(t, "intents", artifact)
	if _, err := h.uploads.Put(t.Context(), job.Key, strings.NewReader("text\na\nb\n"), 9, blob.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	job = h.finish(t, job)
	if got := parse(t, h.read(t, job.Results)); job.Version != 1 || len(got) != 1 || got[0].Version != 1 || job.Variant != "champion" {
		t.Errorf("job of version %d, results %+v, want version 1 and one row", job.Version, got)
	}
}

// TestSteps_shortOfTime: Score leaves chunks and Merge files to the next function,
// which does not do again what is done.
func TestSteps_shortOfTime(t *testing.T) {
	h := newHouse(t)
	h.publish(t, "intents", artifact)
	h.steps.ChunkRows, h.steps.PartBytes, h.steps.FileBytes = 10, 1, 1
	job := h.submit(t, "a.csv", "text\n"+strings.Repeat("my card\n", 300), nil)
	// The clock moves a millisecond with each look at it, so a file takes one.
	if err := h.run(until{t.Context(), h.jobs.Now().Add(time.Minute + 100*time.Millisecond)}, job.ID); err != nil {
		t.Fatal(err)
	}
	job, err := h.jobs.Job(t.Context(), tenant, job.ID)
	if err != nil || job.Status != jobs.Succeeded || len(job.Results) != 30 || strings.Count(h.read(t, job.Results), "\n") != 300 {
		t.Errorf("job = %+v, %v, want 300 lines in 30 files", job, err)
	}
	if h.handed == 0 || h.handedScore == 0 {
		t.Errorf("work was left to another function %d times by merge and %d by score, want both", h.handed, h.handedScore)
	}
}

// Few chunks have a function each; of many, each function scores some.
func TestBatchOf(t *testing.T) {
	h := newHouse(t)
	h.publish(t, "intents", artifact)
	for _, tc := range []struct{ rows, want int }{{1, 1}, {100, 1}, {101, 2}, {300, 3}} {
		h.steps.ChunkRows = 1
		job := h.submit(t, fmt.Sprintf("%d.csv", tc.rows), "text\n"+strings.Repeat("my card\n", tc.rows), nil)
		out, err := h.steps.Run(t.Context(), batch.StepInput{Step: "split", Tenant: tenant, Job: job.ID, Attempt: 1})
		if err != nil {
			t.Fatal(err)
		}
		if next := out.(batch.Next); next.Batch != tc.want {
			t.Errorf("a function scores %d of %d chunks, want %d", next.Batch, tc.rows, tc.want)
		}
	}
	job := h.submit(t, "a.csv", "text\nmy card\n", nil)
	if _, err := h.steps.Run(t.Context(), batch.StepInput{Step: "score", Tenant: tenant, Job: job.ID}); !fault.Is(err, fault.Invalid) {
		t.Errorf("scoring no chunks = %v, want %s", err, fault.Invalid)
	}
}

// until is a context of a function that ends at a time of the test's clock.
type until struct {
	context.Context
	at time.Time
}

func (u until) Deadline() (time.Time, bool) { return u.at, true }

func TestSteps_refusals(t *testing.T) {
	for _, tc := range []struct{ name, file, data, want string }{
		{"no rows", "a.csv", "id,text\n", "no rows"},
		{"an empty file", "a.csv", "", "no rows"},
		{"an archive", "a.csv", "PK\x03\x04..........", "zip archive"},
		{"cut short", "a.csv.gz", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "cut short"},
		{"too large", "a.csv", "text\n" + strings.Repeat("my card ", 200), "larger than 1000 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t)
			h.publish(t, "intents", artifact)
			h.steps.MaxBytes = 1000
			job := h.submit(t, tc.file, tc.data, nil)
			if err := h.run(t.Context(), job.ID); jobs.ErrorType(err) != jobs.TypeInput {
				t.Errorf("run = %v, want %s", err, jobs.TypeInput)
			}
			job, err := h.jobs.Job(t.Context(), tenant, job.ID)
			if err != nil || job.Status != jobs.Failed || job.Error.Code != "input" || !strings.Contains(job.Error.Message, tc.want) {
				t.Errorf("job = %+v, %v, want it failed with %q", job.Error, err, tc.want)
			}
		})
	}
}

// A job is counted once for the key that asked for it, however often its last
// step runs.
func TestSteps_usage(t *testing.T) {
	h := newHouse(t)
	h.publish(t, "intents", artifact)
	h.steps.Usage = &usage.Gatherer{Store: h.store, Now: h.jobs.Now}
	job := h.finish(t, h.submit(t, "a.csv", "text\nmy card\nx,y\nmy cash\n", nil))
	if _, err := h.steps.Run(t.Context(), batch.StepInput{Step: "merge", Tenant: tenant, Job: job.ID}); err != nil {
		t.Fatal(err)
	}
	got, err := usage.Month(t.Context(), h.store, tenant, "key_1", h.jobs.Now())
	if err != nil || got.Predictions != 1 || got.Rows != 3 {
		t.Errorf("usage = %+v, %v, want one request of three rows", got, err)
	}
}

// Every label is counted, and only the most frequent are listed.
func TestSummary_manyLabels(t *testing.T) {
	h := newHouse(t)
	h.publish(t, "intents", artifact)
	job := h.finish(t, h.submit(t, "a.csv", "text\nmy cash\nmy card\nmy cash\nexchange rate\n", nil))
	want := []batch.LabelCount{{Label: "cash", Rows: 2}, {Label: "=card", Rows: 1}, {Label: "rate", Rows: 1}}
	if fmt.Sprint(job.Summary.Labels) != fmt.Sprint(want) {
		t.Errorf("labels = %v, want %v", job.Summary.Labels, want)
	}
}
