package doctor_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/doctor"
	"godwit/shared/ml/text"
)

// read reads a CSV that is fit for training.
func read(t testing.TB, csv string) *dataset.Set {
	t.Helper()
	set, err := dataset.Read(context.Background(), strings.NewReader(csv), dataset.Options{MinPerClass: 1})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// describe profiles a CSV, with words.
func describe(t testing.TB, csv string) doctor.Profile {
	t.Helper()
	set := read(t, csv)
	docs := make([]string, len(set.Rows))
	for i, r := range set.Rows {
		docs[i] = r.Text
	}
	corpus, err := text.Count(context.Background(), docs, []text.Recipe{text.Word()}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	return doctor.Describe(set, corpus)
}

func TestDescribe_scripts(t *testing.T) {
	tests := []struct {
		name, text string
		scripts    []string
		tag        string
	}{
		{"English", "Where is my card?", []string{"latin"}, "und-Latn"},
		{"accents", "où été", []string{"latin"}, "und-Latn"},
		{"Chinese", "我的卡在哪里", []string{"han"}, "zh"},
		{"Chinese with some Latin", "我的 iPhone 卡在哪里呢我问你", []string{"han", "latin"}, "zh"},
		{"Japanese, more Han than Kana", "東京都庁の受付窓口は", []string{"han", "kana"}, "ja"},
		{"Katakana with a long vowel mark", "カード", []string{"kana"}, "ja"},
		{"Korean", "내 카드 어디", []string{"hangul"}, "ko"},
		{"Russian", "Где моя карта", []string{"cyrillic"}, "und-Cyrl"},
		{"Arabic", "أين بطاقتي", []string{"arabic"}, "und-Arab"},
		{"Thai", "บัตรของฉัน", []string{"thai"}, "th"},
		{"Greek", "Πού είναι", []string{"greek"}, "el"},
		{"Hindi", "मेरा कार्ड", []string{"devanagari"}, "und-Deva"},
		{"a script not told apart", "ᚠᚢᚦ", []string{"other"}, "und"},
		{"no letters", "12:30 ✓", nil, "zxx"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			p := doctor.Describe(&dataset.Set{Rows: []dataset.Row{{Text: tc.text, Label: "a"}}, Labels: []string{"a"}, Counts: []int{1}}, nil)
			var got []string
			total := 0.0
			for _, s := range p.Scripts {
				got = append(got, s.Name)
				total += s.Share
			}
			if !slices.Equal(got, tc.scripts) || len(got) > 0 && (total < .999 || total > 1.001) {
				t.Errorf("scripts of %q are %v, want %v", tc.text, p.Scripts, tc.scripts)
			}
			if want := []doctor.Language{{Tag: tc.tag, Rows: 1, Share: 1}}; !slices.Equal(p.Languages, want) {
				t.Errorf("languages of %q are %v, want %v", tc.text, p.Languages, want)
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	p := describe(t, "text,label,split,group,created_at\n"+
		"card,b,train,g1,x\nCARD ,b,train,g1,x\ncard,a,train,g2,x\näöü,a,test,,x\n"+strings.Repeat("c", 96)+",a,,,x\n")
	if p.Rows != 5 || p.Records != 5 || p.Rejected != 0 || p.Imbalance != 1.5 || p.Groups != 2 || p.SHA256 == "" {
		t.Errorf("profile is %+v", p)
	}
	if want := (doctor.Copies{Distinct: 3, Rows: 2, Conflicting: 1}); p.Copies != want {
		t.Errorf("copies are %+v, want %+v", p.Copies, want)
	}
	if want := (doctor.Parts{Train: 3, Test: 1, Unmarked: 1}); p.Parts != want {
		t.Errorf("parts are %+v, want %+v", p.Parts, want)
	}
	if want := (doctor.Quantiles{Min: 3, P5: 3, P25: 4, Median: 4, P75: 5, P95: 96, P99: 96, Max: 96, Mean: 22.4}); p.CodePoints != want {
		t.Errorf("code points are %+v, want %+v", p.CodePoints, want)
	}
	if p.Bytes.Max != 96 || p.Bytes.Median != 5 || p.Bytes.P75 != 6 {
		t.Errorf("bytes are %+v", p.Bytes)
	}
	if !slices.Equal(p.TimeColumns, []string{"created_at"}) {
		t.Errorf("time columns are %v, want created_at", p.TimeColumns)
	}
	if c := p.Classes[0]; c.Label != "a" || c.Rows != 3 || c.Share != .6 || c.Words == nil || len(c.Words) != 0 {
		t.Errorf("first class is %+v", c)
	}
}

func TestDescribe_empty(t *testing.T) {
	p := doctor.Describe(&dataset.Set{}, nil)
	if p.Rows != 0 || p.Imbalance != 0 || p.CodePoints != (doctor.Quantiles{}) || p.Scripts == nil || p.Languages == nil || p.Classes == nil || p.TimeColumns == nil {
		t.Errorf("profile of nothing is %+v, want zeros and empty lists", p)
	}
}

func TestDescribe_timeColumns(t *testing.T) {
	tests := []struct {
		column string
		want   bool
	}{
		{"date", true}, {"Created At", true}, {"createdAt", true}, {"TIME", true}, {"order_date_utc", true}, {"日期", true},
		{"candidate", false}, {"sometimes", false}, {"price", false}, {"", false},
	}
	for _, tc := range tests {
		s := dataset.Source{Columns: []string{"text", "label", tc.column, "date "}, TextColumns: []string{"text"}, LabelColumn: "label"}
		got := doctor.Describe(&dataset.Set{Source: s}, nil).TimeColumns
		if slices.Contains(got, tc.column) != tc.want {
			t.Errorf("time columns of %q are %q, want it there: %v", s.Columns, got, tc.want)
		}
	}
	s := dataset.Source{Columns: []string{"text", "date"}, TextColumns: []string{"text"}, LabelColumn: "date"}
	if got := doctor.Describe(&dataset.Set{Source: s}, nil).TimeColumns; len(got) != 0 {
		t.Errorf("time columns are %q, want none: date is the label", got)
	}
}

// TestDescribe_words holds that a word is shown from five distinct texts of a
// class on, whatever the number of rows, and that it sets the class apart.
func TestDescribe_words(t *testing.T) {
	var b strings.Builder
	b.WriteString("text,label\n")
	for i, n := range []string{"one", "two", "three", "four", "five"} {
		b.WriteString("my card number 55" + strings.Repeat("5", i) + " " + n + ",card\n")
		b.WriteString("my cash " + n + ",cash\n")
		b.WriteString("信用卡" + strings.Repeat("我", i+1) + ",信\n")
		if n != "five" {
			b.WriteString("rare " + n + " here,card\n")
		}
		b.WriteString("Alice Smith,cash\n") // five rows, one text
	}
	got := map[string][]doctor.Word{}
	for _, c := range describe(t, b.String()).Classes {
		got[c.Label] = c.Words
	}
	want := map[string][]doctor.Word{
		"card": {{Text: "card", Rows: 5}, {Text: "number", Rows: 5}, {Text: "my", Rows: 5, Elsewhere: 5}},
		"cash": {{Text: "cash", Rows: 5}, {Text: "my", Rows: 5, Elsewhere: 5}},
		"信":    {{Text: "信用卡", Rows: 5}, {Text: "用卡我", Rows: 5}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("words are %v, want %v", got, want)
	}
}

func TestNearLeaks(t *testing.T) {
	tests := []struct {
		name, train, test string
		want              bool
	}{
		{"punctuation", "Where is my card?", "where is my card", true},
		{"number", "order 123 is late", "order 4567 is late!", true},
		{"spaces", "top-up", "topup", true},
		{"exact", "my card", "my card", false},
		{"exact but for case", "my card", "My  Card", false},
		{"a number more", "order is late", "order 7 is late", false},
		{"another word", "my card", "my cards", false},
		{"a mark makes another letter", "กา", "ก่า", false},
		{"no letters", "12?", "34!", false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			rows := []dataset.Row{{Text: tc.test, Line: 2}, {Text: "other", Line: 3}, {Text: tc.train, Line: 9}}
			got := doctor.NearLeaks(rows, []int32{1, 2}, []int32{0}, "text")
			if (len(got) == 1) != tc.want {
				t.Fatalf("NearLeaks(%q, %q) = %v, want one: %v", tc.train, tc.test, got, tc.want)
			}
			if tc.want && (got[0].Code != "split_leak" || got[0].Line != 2 || !strings.Contains(got[0].Message, "line 9") || got[0].Column != "text") {
				t.Errorf("NearLeaks() = %+v", got[0])
			}
		})
	}
}
