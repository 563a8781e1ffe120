package oip_test

import (
	"fmt"
	"strings"
	"testing"

	"godwit/shared/oip"
)

// requests of a text each, as JSON and as bytes.
func requests(rows int) (json string, binary, length string) {
	const text = "where is my card, I ordered it two weeks ago"
	elements := strings.Split(strings.Repeat(text+"\n", rows-1)+text, "\n")
	json = fmt.Sprintf(`{"inputs":[{"name":"text","shape":[%d],"datatype":"BYTES","data":["%s"]}]}`, rows, strings.Join(elements, `","`))
	tail := texts(elements...)
	head := fmt.Sprintf(`{"inputs":[{"name":"text","shape":[%d],"datatype":"BYTES","parameters":{"binary_data_size":%d}}]}`, rows, len(tail))
	return json, head + tail, fmt.Sprint(len(head))
}

func BenchmarkDecode(b *testing.B) {
	for _, rows := range []int{1, 128} {
		json, binary, length := requests(rows)
		for _, bc := range []struct{ name, body, length string }{{"json", json, ""}, {"binary", binary, length}} {
			b.Run(fmt.Sprintf("%s/%d", bc.name, rows), func(b *testing.B) {
				body := []byte(bc.body)
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := oip.Decode(body, bc.length, maxRows); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// Decoding allocates for what it returns, and a little for each input.
func TestDecode_allocations(t *testing.T) {
	for _, rows := range []int{1, 128} {
		json, binary, length := requests(rows)
		for name, request := range map[string][2]string{"JSON": {json, ""}, "bytes": {binary, length}} {
			body := []byte(request[0])
			got := testing.AllocsPerRun(20, func() {
				if _, err := oip.Decode(body, request[1], maxRows); err != nil {
					t.Fatal(err)
				}
			})
			if most := float64(rows + 34); got > most {
				t.Errorf("%d rows as %s: %v allocations, want at most %v", rows, name, got, most)
			}
		}
	}
}
