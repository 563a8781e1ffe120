package oip_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"godwit/shared/oip"
)

// answer has an output of each type.
func answer(binary ...bool) oip.Answer {
	return oip.Answer{
		Model: "intents", Version: 7, ID: `4"2`, Parameters: []oip.Parameter{{Name: "variant", Value: "champion"}, {Name: "digest", Value: "sha256:00"}},
		Outputs: []oip.Tensor{
			{Name: "label", Rows: 2, Texts: []string{"<a>", "é"}, Binary: binary[0]},
			{Name: "probabilities", Rows: 2, Columns: 2, Floats: []float32{.1, .9, 1, 0}, Binary: binary[1]},
			{Name: "value", Rows: 1, Doubles: []float64{1.0 / 3}, Binary: binary[2]},
		},
	}
}

func TestAnswer(t *testing.T) {
	const head = `{"model_name":"intents","model_version":"7","id":"4\u00222","parameters":{"variant":"champion","digest":"sha256:00"},"outputs":[`
	const label = `{"name":"label","datatype":"BYTES","shape":[2],`
	const probabilities = `{"name":"probabilities","datatype":"FP32","shape":[2,2],`
	const value = `{"name":"value","datatype":"FP64","shape":[1],`
	for _, tc := range []struct {
		name   string
		binary []bool
		json   string
		tail   string
	}{
		{"JSON", []bool{false, false, false},
			head + label + `"data":["\u003ca\u003e","é"]},` + probabilities + `"data":[0.1,0.9,1,0]},` + value + `"data":[0.3333333333333333]}]}`, ""},
		{"bytes", []bool{true, true, true},
			head + label + `"parameters":{"binary_data_size":13}},` + probabilities + `"parameters":{"binary_data_size":16}},` + value + `"parameters":{"binary_data_size":8}}]}`,
			texts("<a>", "é") + little(t, []float32{.1, .9, 1, 0}) + little(t, 1.0/3)},
		{"both", []bool{false, true, false},
			head + label + `"data":["\u003ca\u003e","é"]},` + probabilities + `"parameters":{"binary_data_size":16}},` + value + `"data":[0.3333333333333333]}]}`,
			little(t, []float32{.1, .9, 1, 0})},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := answer(tc.binary...)
			body, n := a.Append([]byte("before"))
			want := 0
			if tc.tail != "" {
				want = len(tc.json)
			}
			if string(body) != "before"+tc.json+tc.tail || n != want {
				t.Errorf("Append = %q, %d\nwant %q, %d", body, n, "before"+tc.json+tc.tail, want)
			}
			if !json.Valid([]byte(tc.json)) {
				t.Errorf("%s is no JSON", tc.json)
			}
		})
	}
	graph := oip.Answer{Model: "m", Version: 1, Outputs: []oip.Tensor{
		{Name: "class", Rows: 2, Ints: []int64{-1, 7}, Binary: true},
		{Name: "known", Rows: 1, Axes: []int{1, 2}, Bools: []bool{true, false}},
	}}
	const json = `{"model_name":"m","model_version":"1","outputs":[{"name":"class","datatype":"INT64","shape":[2],"parameters":{"binary_data_size":16}},{"name":"known","datatype":"BOOL","shape":[1,1,2],"data":[true,false]}]}`
	if body, n := graph.Append(nil); string(body) != json+little(t, []int64{-1, 7}) || n != len(json) {
		t.Errorf("Append = %q, %d, want %q and two numbers", body, n, json)
	}
	graph.Outputs = graph.Outputs[1:]
	graph.Outputs[0].Binary = true
	if body, _ := graph.Append(nil); !strings.HasSuffix(string(body), "}]}\x01\x00") {
		t.Errorf("Append = %q, want a byte for each boolean", body)
	}
	bare := oip.Answer{Model: "m", Version: 1}
	if body, n := bare.Append(nil); string(body) != `{"model_name":"m","model_version":"1","outputs":[]}` || n != 0 {
		t.Errorf("Append = %s, %d, want no id and no parameters", body, n)
	}
}

func ExampleDecode() {
	request := `{"id":"42","inputs":[{"name":"text","shape":[2],"datatype":"BYTES","data":["where is my card","thanks"]}]}`
	in, err := oip.Decode([]byte(request), "", 128)
	fmt.Println(in.ID, in.Rows, in.Row(0)["text"], err)

	answer := oip.Answer{Model: "intents", Version: 7, ID: in.ID, Outputs: []oip.Tensor{{Name: "label", Rows: 2, Texts: []string{"card_arrival", "thanks"}}}}
	body, _ := answer.Append(nil)
	fmt.Println(string(body))
	// Output:
	// 42 2 where is my card <nil>
	// {"model_name":"intents","model_version":"7","id":"42","outputs":[{"name":"label","datatype":"BYTES","shape":[2],"data":["card_arrival","thanks"]}]}
}

// FuzzDecode holds that no body makes the decoder panic or answer with more
// than the body says, and that what was sent as JSON gives the same cells when
// it is sent as bytes.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(input(`"shape":[2,1],"datatype":"BYTES","data":[["a"],["b"]]`)), "")
	f.Add([]byte(input(`"shape":[2],"datatype":"FP32","data":[0.1,null]`)), "")
	f.Add([]byte(input(`"shape":[1,2,2],"datatype":"FP32","data":[[[0.1,2],[3,4]]]`)), "")
	text := input(`"shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":10}`)
	f.Add([]byte(text+texts("a", "b")), fmt.Sprint(len(text)))
	mixed := `{"id":"1","parameters":{"binary_data_output":true},"outputs":[{"name":"label"}],"inputs":[{"name":"a","shape":[1],"datatype":"FP16","parameters":{"binary_data_size":2}},{"name":"b","shape":[1],"datatype":"BOOL","data":[true]}]}`
	f.Add([]byte(mixed+"\x00\x3c"), fmt.Sprint(len(mixed)))
	f.Fuzz(func(t *testing.T, body []byte, length string) {
		in, err := oip.Decode(body, length, maxRows)
		if err != nil {
			return
		}
		if in.Rows < 1 || in.Rows > maxRows || len(in.Columns) == 0 {
			t.Fatalf("Decode(%q, %q) = %d rows of %d columns", body, length, in.Rows, len(in.Columns))
		}
		again := oip.Answer{Model: "m"}
		for _, c := range in.Columns {
			if len(c.Cells) != in.Rows {
				t.Fatalf("column %q has %d cells, want %d", c.Name, len(c.Cells), in.Rows)
			}
			again.Outputs = append(again.Outputs, oip.Tensor{Name: c.Name, Rows: in.Rows, Texts: c.Cells, Binary: true})
		}
		// An answer of texts is, but for one name, a request with the same texts.
		out, n := again.Append(nil)
		body = []byte(strings.Replace(string(out[:n]), `"outputs"`, `"inputs"`, 1) + string(out[n:]))
		back, err := oip.Decode(body, fmt.Sprint(n-1), maxRows)
		if err != nil {
			t.Fatalf("Decode(%q) = %v, want the cells of %+v", body, err, in.Columns)
		}
		for k := range back.Columns {
			// A list is one text now, and so is a number.
			back.Columns[k].Size, back.Columns[k].Fractions = in.Columns[k].Size, in.Columns[k].Fractions
		}
		if !reflect.DeepEqual(back.Columns, in.Columns) {
			t.Fatalf("cells sent as bytes = %+v, want %+v", back.Columns, in.Columns)
		}
	})
}
