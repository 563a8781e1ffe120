package record_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"
	"testing"

	"godwit/shared/ml/dataset/record"
)

// FuzzRecords reads anything without a panic, the same however the bytes come,
// with rising lines; and what encoding/csv takes as well-formed, it reads as
// encoding/csv does.
func FuzzRecords(f *testing.F) {
	for _, tc := range delimited {
		f.Add([]byte(tc.input), uint8(tc.limit))
	}
	f.Fuzz(func(t *testing.T, data []byte, small uint8) {
		limits := record.Limits{Record: int(small)}
		if small == 0 {
			limits.Record = 1 << 20
		}
		at := show(t, record.NewReader(bytes.NewReader(data), ',', limits))
		slow := show(t, record.NewReader(&halves{data}, ',', limits))
		if a, b := strings.Join(at, "\n"), strings.Join(slow, "\n"); a != b {
			t.Fatalf("read in pieces:\n%s\nat once:\n%s", b, a)
		}
		lines := int64(bytes.Count(data, []byte("\n")) + 1)
		r := record.NewReader(bytes.NewReader(data), ',', limits)
		var before int64
		for {
			rec, err := r.Next()
			if err != nil {
				break
			}
			if rec.Line <= before || rec.At < rec.Line || rec.At > lines {
				t.Fatalf("line %d, fault %d after line %d of %d", rec.Line, rec.At, before, lines)
			}
			before = rec.Line
		}
		if small == 0 {
			compareCSV(t, data)
		}
	})
}

// compareCSV compares with encoding/csv where that finds no fault.
func compareCSV(t *testing.T, data []byte) {
	peer := csv.NewReader(bytes.NewReader(data))
	peer.FieldsPerRecord = -1
	want, err := peer.ReadAll()
	if err != nil {
		return
	}
	r := record.NewReader(bytes.NewReader(data), ',', record.Limits{Record: 1 << 20})
	for i, fields := range want {
		rec, err := r.Next()
		if err != nil || rec.Kind != record.Whole {
			t.Fatalf("record %d of %q: %v, %v, want %q", i, data, rec, err, fields)
		}
		if len(fields) > record.MaxFields {
			return
		}
		got := strings.ReplaceAll(bytesOf(rec.Fields), "\r\n", "\n")
		if want := strings.ReplaceAll(strings.Join(fields, "\x00"), "\r\n", "\n"); got != want {
			t.Fatalf("record %d of %q = %q, want %q", i, data, got, want)
		}
	}
	if rec, err := r.Next(); err != io.EOF {
		t.Fatalf("after the last record of %q: %v, %v, want io.EOF", data, rec, err)
	}
}

// halves gives half of what is left at a time.
type halves struct{ data []byte }

func (h *halves) Read(p []byte) (int, error) {
	if len(h.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, h.data[:(len(h.data)+1)/2])
	h.data = h.data[n:]
	return n, nil
}

// messages is a file of short labelled texts; every tenth text is quoted.
func messages(size int) []byte {
	var b bytes.Buffer
	b.WriteString("label,text\n")
	for i := 0; b.Len() < size; i++ {
		if i%10 == 0 {
			b.WriteString("card_arrival,\"I ordered a card, when will it \"\"finally\"\" come?\"\n")
		} else {
			b.WriteString("card_payment_fee_charged,Why was I charged a fee for paying with my card abroad\n")
		}
	}
	return b.Bytes()
}

func BenchmarkReader(b *testing.B) {
	data := messages(8 << 20)
	b.Run("record", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			r := record.NewReader(bytes.NewReader(data), ',', record.Limits{})
			for {
				if _, err := r.Next(); err != nil {
					break
				}
			}
		}
	})
	b.Run("encoding_csv", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			r := csv.NewReader(bytes.NewReader(data))
			r.ReuseRecord = true
			for {
				if _, err := r.Read(); err != nil {
					break
				}
			}
		}
	})
}
