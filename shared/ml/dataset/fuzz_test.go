package dataset_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"godwit/shared/ml/dataset"
)

// FuzzRead reads anything without a panic; read checks what must hold of every
// set. Limits are small, so that they are met.
func FuzzRead(f *testing.F) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("标签,文本\n好,服务很好\n差,没有人\n")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", header + good(12), header + "a,\"b\nc\"\r\na,\"d\nb,e\n\xff,f\n", gb, zipped(f, header+good(12)),
		"{\"text\":\"a\",\"label\":1}\n{\"text\":\"b\",\"label\":1}\n{}\n", "\xff\xfea\x00,\x00b\x00\n\x00",
		"label,text,split,weight,group,id\na,x,test,1,g,1\na,x,train,2,,2\nb,y,dev,nan,,\n", "a;b;c\n\n;;\nx;y\n", "\"a\tb\nc\td\n"} {
		f.Add([]byte(seed), "a.csv")
	}
	f.Add([]byte("{"), "a.jsonl.gz")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		o := dataset.Options{Filename: name, MaxBytes: 1 << 16, MaxRecord: 500, MaxField: 200, MaxText: 100, MaxRows: 50, MaxBadShare: .5}
		set, err := read(t, string(data), o)
		if len(set.Rows) > o.MaxRows {
			t.Errorf("%d rows, want at most %d", len(set.Rows), o.MaxRows)
		}
		for _, row := range set.Rows {
			if strings.TrimSpace(row.Text) == "" || row.Label == "" || len(row.Text) > o.MaxText || !(row.Weight > 0) || row.Line < 1 || row.Record < 1 {
				t.Errorf("row = %+v, want text, label, weight and place", row)
			}
		}
		if err != nil {
			return
		}
		train, test, _ := dataset.Split(set.Rows, set.Labels, dataset.SplitOptions{})
		if len(train)+len(test) != len(set.Rows) {
			t.Errorf("split %d + %d, want %d", len(train), len(test), len(set.Rows))
		}
	})
}

// reviews is a file of distinct labelled texts of about size bytes.
func reviews(size int, format string) []byte {
	var b bytes.Buffer
	b.WriteString(header)
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, format, i%77, i)
	}
	return b.Bytes()
}

func BenchmarkRead(b *testing.B) {
	for _, bc := range []struct{ name, format string }{
		{"english", "card_payment_%d,Why was I charged a fee number %d for paying with my card in another country last week?\n"},
		{"chinese", "类别%d,这家店的服务很好，第%d次来了，质量不错，价格也很公道！下次还会再来的。\n"},
		{"quoted", "card_payment_%d,\"Why, after \"\"%d\"\" days, was I charged a fee for paying with my card, in another country?\"\n"},
	} {
		data := reviews(8<<20, bc.format)
		b.Run(bc.name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := dataset.Read(b.Context(), bytes.NewReader(data), dataset.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSplit(b *testing.B) {
	set, err := dataset.Read(b.Context(), bytes.NewReader(reviews(8<<20, "class_%d,Why was I charged a fee number %d for this?\n")), dataset.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(set.Rows)), "rows")
	for b.Loop() {
		dataset.Split(set.Rows, set.Labels, dataset.SplitOptions{})
	}
}
