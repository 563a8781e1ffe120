package dataset_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/dataset"
)

func TestRead_timeColumn(t *testing.T) {
	file := func(header, cells string) string {
		return header + "\n" + strings.Repeat("where is my card,a,"+cells+"\ngive me the money back,b,"+cells+"\n", 5)
	}
	for _, tc := range []struct {
		name, data string
		options    dataset.Options
		want       string // the column, "" for none
		wantErr    string
	}{
		{"dates", file("text,label,date", "2026-01-02"), dataset.Options{}, "date", ""},
		{"of the day first", file("text,label,Created_At", "31/12/2025 10:00"), dataset.Options{}, "Created_At", ""},
		{"Chinese", file("text,label,日期", "2006年1月2日"), dataset.Options{}, "日期", ""},
		{"seconds since 1970", file("text,label,timestamp", "1767225600"), dataset.Options{}, "timestamp", ""},
		{"a duration", file("text,label,time", "35"), dataset.Options{}, "", ""},
		{"a duration that was named", file("text,label,time", "35"), dataset.Options{TimeColumn: "time"}, "time", ""},
		{"a time of day", file("text,label,time", "10:15"), dataset.Options{}, "", ""},
		{"another name", file("text,label,seen", "2026-01-02"), dataset.Options{}, "", ""},
		{"another name, named", file("text,label,seen", "2026-01-02"), dataset.Options{TimeColumn: "seen"}, "seen", ""},
		{"no such column", file("text,label,seen", "2026-01-02"), dataset.Options{TimeColumn: "when"}, "", `no column "when"`},
		{"named and late in a file of objects", strings.Repeat(`{"text":"where is my card","label":"a"}`+"\n"+`{"text":"money back","label":"b"}`+"\n", 800) + `{"text":"x","label":"a","seen":"2026-01-02"}`,
			dataset.Options{TimeColumn: "seen"}, "seen", ""},
		{"the label", file("text,label,seen", "2026-01-02"), dataset.Options{TimeColumn: "label"}, "", "something else"},
		{"wanted and not there", file("text,label,seen", "2026-01-02"), dataset.Options{Times: true}, "", "no column of times"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set, err := dataset.Read(context.Background(), strings.NewReader(tc.data), tc.options)
			if wrong, ok := errors.AsType[*dataset.InputError](err); (tc.wantErr != "") != ok || ok && !strings.Contains(wrong.Message, tc.wantErr) {
				t.Fatalf("Read = %v, want an error with %q", err, tc.wantErr)
			}
			if got := set.Source.TimeColumn; tc.wantErr == "" && got != tc.want {
				t.Errorf("time column = %q, want %q", got, tc.want)
			}
		})
	}
}

// Times are read in the order of day and month that the whole column bears out.
func TestSplit_newest(t *testing.T) {
	rows, labels := classesOf(60, 40)
	for i := range rows {
		rows[i].Time = fmt.Sprintf("%d/%d/2025", 1+i/2%28, 1+i%2)
		if i%10 == 0 {
			rows[i].Time = "unknown"
		}
		rows[i].Split = []string{"train", "test"}[i%2] // what was asked goes before what is marked
	}
	// The last day of the second month is the newest; no month is the 28th.
	rows[55].Time, rows[56].Time, rows[99].Time = "27/2/2025", "28/2/2025", "28/2/2025"
	train, test, how := dataset.Split(rows, labels, dataset.SplitOptions{Test: .1, Newest: true})
	if how != dataset.ByTime || len(test) != 10 || len(train)+len(test) != 100 {
		t.Fatalf("Split = %d + %d by %s, want 90 + 10 by time", len(train), len(test), how)
	}
	for _, i := range test {
		if !strings.HasSuffix(rows[i].Time, "/2/2025") {
			t.Errorf("row %d of %s is held out, want the second month only", i, rows[i].Time)
		}
	}
	if !slices.Contains(test, 56) || !slices.Contains(test, 99) {
		t.Errorf("held out = %v, want the rows of the last day among them", test)
	}
}

func TestSplit_newestKeepsTogether(t *testing.T) {
	rows, labels := classesOf(50, 50, 3)
	for i := range rows {
		rows[i].Time = fmt.Sprintf("2025-01-02 %02d:%02d", i/60, i%60)
	}
	rows[49].Text = rows[99].Text // as old as the older one
	rows[60].Group, rows[95].Group = "customer", "customer"
	rows[96].Group, rows[98].Group = "another", "another"
	_, test, _ := dataset.Split(rows, labels, dataset.SplitOptions{Test: .1, Newest: true})
	// Ten rows are to be held out. The three newest are the whole of their class: the oldest is learned from.
	if want := []int32{91, 92, 93, 94, 96, 97, 98, 101, 102}; !slices.Equal(test, want) {
		t.Errorf("held out = %v, want %v", test, want)
	}
	shuffled := slices.Clone(rows)
	slices.Reverse(shuffled)
	_, other, _ := dataset.Split(shuffled, labels, dataset.SplitOptions{Test: .1, Newest: true})
	if len(other) != len(test) || other[0] != 102-test[len(test)-1] {
		t.Errorf("of the rows in reverse %v are held out, want the same as %v", other, test)
	}
}

func TestTableSet_splitNewest(t *testing.T) {
	var b strings.Builder
	b.WriteString("date,size,y\n")
	for i := range 100 {
		fmt.Fprintf(&b, "2025-%02d-%02d,%d,%d\n", 1+i*7%12, 1+i%28, i, i%7*11)
	}
	set, err := dataset.ReadTable(context.Background(), strings.NewReader(b.String()), dataset.TableOptions{Options: dataset.Options{Times: true}, Task: dataset.Regression})
	if err != nil {
		t.Fatal(err)
	}
	_, test, how := set.Split(dataset.SplitOptions{Newest: true})
	if how != dataset.ByTime || len(test) != 10 || len(set.Columns) != 2 {
		t.Fatalf("Split = %v by %s of %d columns, want 10 rows by time, the date still a feature", test, how, len(set.Columns))
	}
	for _, i := range test {
		if set.Rows[i].Time < "2025-11-20" {
			t.Errorf("row of %s is held out, want the last weeks", set.Rows[i].Time)
		}
	}
}
