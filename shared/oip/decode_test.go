package oip_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/oip"
)

const maxRows = 128

// texts returns elements of BYTES as the binary extension writes them.
func texts(elements ...string) string {
	var b []byte
	for _, e := range elements {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(e)))
		b = append(b, e...)
	}
	return string(b)
}

// little returns values in little-endian order, without padding.
func little(t testing.TB, values any) string {
	t.Helper()
	b, err := binary.Append(nil, binary.LittleEndian, values)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// decode decodes the JSON followed by tail, with the header when there is a tail.
func decode(json, tail string) (oip.Request, error) {
	length := ""
	if tail != "" {
		length = fmt.Sprint(len(json))
	}
	return oip.Decode([]byte(json+tail), length, maxRows)
}

// input is a JSON request with one input x, whose fields are given.
func input(fields string) string { return `{"inputs":[{"name":"x",` + fields + `}]}` }

func TestDecode_cells(t *testing.T) {
	for _, tc := range []struct {
		name, fields, tail string
		want               []string
	}{
		{"texts", `"shape":[2],"datatype":"BYTES","data":["a","é \u00e9"]`, "", []string{"a", "é é"}},
		{"a column, flat", `"shape":[2,1],"datatype":"BYTES","data":["a",""]`, "", []string{"a", ""}},
		{"a column, nested", `"shape":[2,1],"datatype":"BYTES","data":[["a"],["b"]]`, "", []string{"a", "b"}},
		{"data before shape and datatype", `"data":["a","b"],"parameters":{"content_type":"str"},"datatype":"BYTES","shape":[2]`, "", []string{"a", "b"}},
		{"whole numbers", `"shape":[3],"datatype":"INT32","data":[-0,-7,2147483647]`, "", []string{"0", "-7", "2147483647"}},
		{"the largest", `"shape":[1],"datatype":"UINT64","data":[18446744073709551615]`, "", []string{"18446744073709551615"}},
		{"numbers", `"shape":[5],"datatype":"FP64","data":[1,1.50,1e6,-2.5e-7,1e21]`, "", []string{"1", "1.5", "1000000", "-2.5e-07", "1e+21"}},
		{"numbers of four bytes", `"shape":[2],"datatype":"FP32","data":[0.1,16777217]`, "", []string{"0.1", "16777216"}},
		{"booleans", `"shape":[2],"datatype":"BOOL","data":[true,false]`, "", []string{"true", "false"}},
		{"what is missing", `"shape":[2],"datatype":"FP32","data":[null,2]`, "", []string{"", "2"}},
		{"unknown fields and parameters", `"shape":[1],"datatype":"BYTES","data":["a"],"parameters":{"a":{"b":[1]}},"extra":[{}]`, "", []string{"a"}},
		{"null parameters", `"shape":[1],"datatype":"BYTES","data":["a"],"parameters":null`, "", []string{"a"}},

		{"binary texts", `"shape":[3,1],"datatype":"BYTES","parameters":{"binary_data_size":16}`, texts("hé", "", "x"), []string{"hé", "", "x"}},
		{"binary INT8", `"shape":[2],"datatype":"INT8","parameters":{"binary_data_size":2}`, little(t, []int8{-1, 127}), []string{"-1", "127"}},
		{"binary INT16", `"shape":[2],"datatype":"INT16","parameters":{"binary_data_size":4}`, little(t, []int16{-300, 300}), []string{"-300", "300"}},
		{"binary INT32", `"shape":[1],"datatype":"INT32","parameters":{"binary_data_size":4}`, little(t, int32(math.MinInt32)), []string{"-2147483648"}},
		{"binary INT64", `"shape":[1],"datatype":"INT64","parameters":{"binary_data_size":8}`, little(t, int64(math.MinInt64)), []string{"-9223372036854775808"}},
		{"binary UINT8", `"shape":[1],"datatype":"UINT8","parameters":{"binary_data_size":1}`, "\xff", []string{"255"}},
		{"binary UINT16", `"shape":[1],"datatype":"UINT16","parameters":{"binary_data_size":2}`, "\xff\x00", []string{"255"}},
		{"binary UINT32", `"shape":[1],"datatype":"UINT32","parameters":{"binary_data_size":4}`, "\xff\xff\xff\xff", []string{"4294967295"}},
		{"binary UINT64", `"shape":[1],"datatype":"UINT64","parameters":{"binary_data_size":8}`, strings.Repeat("\xff", 8), []string{"18446744073709551615"}},
		{"binary FP32", `"shape":[3],"datatype":"FP32","parameters":{"binary_data_size":12}`, little(t, []float32{0.1, 3, float32(math.NaN())}), []string{"0.1", "3", ""}},
		{"binary FP64", `"shape":[2],"datatype":"FP64","parameters":{"binary_data_size":16}`, little(t, []float64{0.1, -1e300}), []string{"0.1", "-1e+300"}},
		// Table of IEEE 754 binary16 values: one third, the largest, the smallest subnormal, minus two.
		{"binary FP16", `"shape":[4],"datatype":"FP16","parameters":{"binary_data_size":8}`, "\x55\x35\xff\x7b\x01\x00\x00\xc0", []string{"0.33325195", "65504", "5.9604645e-08", "-2"}},
		{"binary, data null", `"shape":[1],"datatype":"INT8","data":null,"parameters":{"binary_data_size":1}`, "\x07", []string{"7"}},
		{"binary BF16", `"shape":[2],"datatype":"BF16","parameters":{"binary_data_size":4}`, "\x80\x3f\x49\x40", []string{"1", "3.140625"}},
		{"binary BOOL", `"shape":[2],"datatype":"BOOL","parameters":{"binary_data_size":2}`, "\x01\x00", []string{"true", "false"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := decode(input(tc.fields), tc.tail)
			want := oip.Request{Rows: len(tc.want), Columns: []oip.Column{{Name: "x", Cells: tc.want, Size: 1, Fractions: fractions(tc.fields)}}}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("Decode = %+v, %v; want %+v", got, err, want)
			}
		})
	}
}

// fractions reports whether an input's elements are of a type with a point.
func fractions(fields string) bool {
	return strings.Contains(fields, `"datatype":"FP`) || strings.Contains(fields, `"datatype":"BF`)
}

// The elements of a row become one cell, however the tensor was sent.
func TestDecode_rowsOfSeveral(t *testing.T) {
	for _, tc := range []struct {
		name, fields, tail string
		size               int
		want               []string
	}{
		{"flat", `"shape":[2,2],"datatype":"FP32","data":[1,2.5,-3,4e2]`, "", 2, []string{"[1,2.5]", "[-3,400]"}},
		{"nested", `"shape":[2,2],"datatype":"FP32","data":[[1,2.5],[-3,4e2]]`, "", 2, []string{"[1,2.5]", "[-3,400]"}},
		{"as bytes", `"shape":[2,2],"datatype":"FP32","parameters":{"binary_data_size":16}`, little(t, []float32{1, 2.5, -3, 400}), 2, []string{"[1,2.5]", "[-3,400]"}},
		{"a picture", `"shape":[1,2,2,1],"datatype":"UINT8","data":[[[[0],[255]],[[7],[8]]]]`, "", 4, []string{"[[[0],[255]],[[7],[8]]]"}},
		{"pictures as bytes", `"shape":[2,1,2,3],"datatype":"UINT8","parameters":{"binary_data_size":12}`, "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b", 6, []string{"[[[0,1,2],[3,4,5]]]", "[[[6,7,8],[9,10,11]]]"}},
		{"booleans", `"shape":[1,2],"datatype":"BOOL","data":[true,false]`, "", 2, []string{"[1,0]"}},
		{"dimensions of one", `"shape":[2,1,1],"datatype":"INT8","data":[[[1]],[[2]]]`, "", 1, []string{"1", "2"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := decode(input(tc.fields), tc.tail)
			want := oip.Request{Rows: len(tc.want), Columns: []oip.Column{{Name: "x", Cells: tc.want, Size: tc.size, Fractions: fractions(tc.fields)}}}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("Decode = %+v, %v; want %+v", got, err, want)
			}
		})
	}
}

func TestDecode_request(t *testing.T) {
	const two = `"inputs":[{"name":"age","shape":[2],"datatype":"INT8","parameters":{"binary_data_size":2}},
		{"name":"sex","shape":[2,1],"datatype":"BYTES","data":["m","f"]},{"name":"fare","shape":[2],"datatype":"FP32","parameters":{"binary_data_size":8}}]`
	columns := []oip.Column{{"age", []string{"34", "22"}, 1, false}, {"sex", []string{"m", "f"}, 1, false}, {"fare", []string{"7.25", "0.5"}, 1, true}}
	tail := "\x22\x16" + little(t, []float32{7.25, .5})
	for _, tc := range []struct {
		name, json string
		want       oip.Request
	}{
		{"several inputs, some as bytes", `{` + two + `}`, oip.Request{Rows: 2, Columns: columns}},
		{"id and all outputs as bytes", `{"id":"42","parameters":{"binary_data_output":true,"priority":3},` + two + `}`,
			oip.Request{ID: "42", Rows: 2, Columns: columns, Binary: true}},
		{"some outputs, parameters last", `{"outputs":[{"name":"b"},{"name":"a","parameters":{"binary_data":false,"x":1}}],` + two + `,"parameters":{"binary_data_output":true}}`,
			oip.Request{Rows: 2, Columns: columns, Binary: true, Outputs: []oip.Output{{"b", true}, {"a", false}}}},
		{"one output as bytes", `{"outputs":[{"name":"b"},{"name":"a","parameters":{"binary_data":true}}],` + two + `}`,
			oip.Request{Rows: 2, Columns: columns, Outputs: []oip.Output{{"b", false}, {"a", true}}}},
		{"no outputs named", `{"outputs":[],"id":"",` + two + `}`, oip.Request{Rows: 2, Columns: columns}},
		{"null for what is absent", `{"outputs":null,"id":null,"parameters":null,` + two + `}`, oip.Request{Rows: 2, Columns: columns}},
		{"more fields, as in Triton's example", `{"model_name":"mymodel","model_version":1,` + two + `}`, oip.Request{Rows: 2, Columns: columns}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := decode(tc.json, tail)
			if err != nil || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("Decode = %+v, %v; want %+v", got, err, tc.want)
			}
		})
	}
	r := oip.Request{Rows: 2, Columns: columns}
	if got, want := r.Row(1), map[string]string{"age": "22", "sex": "f", "fare": "0.5"}; !reflect.DeepEqual(got, want) {
		t.Errorf("Row(1) = %v, want %v", got, want)
	}
}

func TestDecode_refused(t *testing.T) {
	const good = `"shape":[1],"datatype":"BYTES","data":["a"]`
	for _, tc := range []struct{ name, json, tail, want string }{
		{"nothing", ``, "", "not JSON"},
		{"no object", `[]`, "", "not JSON"},
		{"more after the JSON", `{"inputs":[{"name":"x",` + good + `}]}{}`, "", "not JSON"},
		{"no inputs", `{"id":"1"}`, "", "/inputs: send at least one"},
		{"empty inputs", `{"inputs":[]}`, "", "/inputs: send at least one"},
		{"inputs are no array", `{"inputs":{}}`, "", "/inputs: must be an array"},
		{"an input is no object", `{"inputs":["a"]}`, "", "/inputs/0: must be an object"},
		{"a field twice", `{"inputs":[],"inputs":[]}`, "", "/inputs: the field is there twice"},
		{"a parameter twice", input(good + `,"parameters":{"a":1,"a":2}`), "", "/inputs/0/parameters/a: the field is there twice"},
		{"an id that is a number", `{"id":7,"inputs":[{"name":"x",` + good + `}]}`, "", "/id: must be a string"},
		{"parameters are no object", input(good + `,"parameters":[]`), "", "/inputs/0/parameters: must be an object"},
		{"a flag that is a number", `{"parameters":{"binary_data_output":1},"inputs":[{"name":"x",` + good + `}]}`, "", "/parameters/binary_data_output: must be true or false"},
		{"no name", `{"inputs":[{` + good + `}]}`, "", "/inputs/0/name: an input needs a name"},
		{"a name twice", `{"inputs":[{"name":"x",` + good + `},{"name":"x",` + good + `}]}`, "", `/inputs/1/name: an input named "x"`},
		{"no datatype", input(`"shape":[1],"data":["a"]`), "", `/inputs/0/datatype: "" is no datatype`},
		{"a datatype of another case", input(`"shape":[1],"datatype":"bytes","data":["a"]`), "", `/inputs/0/datatype: "bytes" is no datatype`},
		{"STRING", input(`"shape":[1],"datatype":"STRING","data":["a"]`), "", `is no datatype`},
		{"no shape", input(`"datatype":"BYTES","data":["a"]`), "", "/inputs/0/shape: the shape of an input is [N] or [N,1]"},
		{"a scalar's shape", input(`"shape":[],"datatype":"BYTES","data":["a"]`), "", "/inputs/0/shape: the shape"},
		{"a matrix", input(`"shape":[1,2],"datatype":"BYTES","data":["a","b"]`), "", "/inputs/0/shape: the shape"},
		{"three dimensions", input(`"shape":[1,1,1],"datatype":"BYTES","data":["a"]`), "", "/inputs/0/shape: the shape"},
		{"a negative dimension", input(`"shape":[-1],"datatype":"BYTES","data":["a"]`), "", "/inputs/0/shape/0: must be a whole number"},
		{"a broken dimension", input(`"shape":[1.0],"datatype":"BYTES","data":["a"]`), "", "/inputs/0/shape/0: must be a whole number"},
		{"a dimension of 2^64", input(`"shape":[18446744073709551616],"datatype":"BYTES","data":["a"]`), "", "/inputs/0/shape/0: must be a whole number"},
		{"no rows", input(`"shape":[0],"datatype":"BYTES","data":[]`), "", "/inputs/0/shape: the input has no rows"},
		{"fewer values than the shape", input(`"shape":[2],"datatype":"BYTES","data":["a"]`), "", "/inputs/0/data: holds 1 values, the shape says 2"},
		{"more values than the shape", input(`"shape":[1],"datatype":"BYTES","data":["a","b"]`), "", "/inputs/0/data: holds 2 values, the shape says 1"},
		{"other rows than the input before", `{"inputs":[{"name":"x",` + good + `},{"name":"y","shape":[2],"datatype":"INT8","data":[1,2]}]}`, "", "/inputs/1/shape: has 2 rows, the input before it 1"},
		{"nested deeper than the shape", input(`"shape":[1],"datatype":"BYTES","data":[["a"]]`), "", "/inputs/0/data: is nested deeper"},
		{"half nested", input(`"shape":[2,1],"datatype":"BYTES","data":[["a"],"b"]`), "", "/inputs/0/data: is part flat"},
		{"two values in a row", input(`"shape":[1,1],"datatype":"BYTES","data":[["a","b"]]`), "", "/inputs/0/data: holds 2 values, the shape says 1"},
		{"an empty row", input(`"shape":[1,1],"datatype":"BYTES","data":[[]]`), "", "/inputs/0/data: holds 0 values"},
		{"too deep", input(`"shape":[1,1],"datatype":"BYTES","data":[[["a"]]]`), "", "/inputs/0/data: is nested deeper"},
		{"too deep for any shape", input(`"shape":[1,1],"datatype":"INT8","data":[[[[[[[[[1]]]]]]]]]`), "", "the rows of data differ"},
		{"more dimensions than any shape", input(`"shape":[1,1,1,1,1,1,1,1,1],"datatype":"INT8","data":[1]`), "", "/inputs/0/shape/8: a shape has at most 8"},
		{"rows of several lengths", input(`"shape":[2,2],"datatype":"INT8","data":[[1,2,3],[4]]`), "", "the rows of data differ"},
		{"values at two depths", input(`"shape":[2,1,1],"datatype":"INT8","data":[[1],[[2]]]`), "", "the rows of data differ"},
		{"values beside a row", input(`"shape":[1,3],"datatype":"INT8","data":[[1,[2],3]]`), "", "the rows of data differ"},
		{"nested as another shape", input(`"shape":[2,2],"datatype":"INT8","data":[[1,2,3,4]]`), "", "/inputs/0/data: is nested in another way"},
		{"nested too little", input(`"shape":[1,2,2],"datatype":"INT8","data":[[1,2,3,4]]`), "", "/inputs/0/data: is nested in another way"},
		{"a row of nothing", input(`"shape":[1,0],"datatype":"INT8","data":[]`), "", "/inputs/0/shape: a row has no elements"},
		{"a row beyond the bound", input(`"shape":[1,4294967296,4294967296],"datatype":"INT8","data":[]`), "", "/inputs/0/shape: a row has no elements, or more than"},
		{"a hole in a row", input(`"shape":[2,2],"datatype":"FP32","data":[1,2,null,4]`), "", "/inputs/0: row 1 lacks a value"},
		{"not a number in a row", input(`"shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}`), little(t, []float32{1, float32(math.NaN())}), "/inputs/0: row 0 lacks a value"},
		{"a matrix of fewer bytes", input(`"shape":[2,2],"datatype":"INT8","parameters":{"binary_data_size":3}`), "abc", "is 3, but 4 elements of INT8 have 4 bytes"},
		{"an object among the values", input(`"shape":[1],"datatype":"BYTES","data":[{}]`), "", "/inputs/0/data/0: a value is"},
		{"data are no array", input(`"shape":[1],"datatype":"BYTES","data":"a"`), "", "/inputs/0/data: must be an array"},
		{"data null", input(`"shape":[1],"datatype":"BYTES","data":null`), "", "/inputs/0: the tensor has neither"},
		{"a number as BYTES", input(`"shape":[1],"datatype":"BYTES","data":[7]`), "", "/inputs/0/data/0: row 0 is no BYTES"},
		{"a text as a number", input(`"shape":[2],"datatype":"FP32","data":[1,"7"]`), "", "/inputs/0/data/1: row 1 is no FP32"},
		{"a number that does not fit", input(`"shape":[1],"datatype":"INT8","data":[128]`), "", "/inputs/0/data/0: row 0 is no INT8"},
		{"less than nothing", input(`"shape":[1],"datatype":"UINT8","data":[-1]`), "", "/inputs/0/data/0: row 0 is no UINT8"},
		{"a broken number as a whole one", input(`"shape":[1],"datatype":"INT32","data":[1.5]`), "", "/inputs/0/data/0: row 0 is no INT32"},
		{"too large for four bytes", input(`"shape":[1],"datatype":"FP32","data":[1e39]`), "", "/inputs/0/data/0: row 0 is no FP32"},
		{"a number as BOOL", input(`"shape":[1],"datatype":"BOOL","data":[1]`), "", "/inputs/0/data/0: row 0 is no BOOL"},
		{"not UTF-8", input(`"shape":[1],"datatype":"BYTES","data":["` + "\xff" + `"]`), "", "not UTF-8"},
		{"half a pair", input(`"shape":[1],"datatype":"BYTES","data":["\ud83d"]`), "", "not JSON"},
		{"neither data nor bytes", input(`"shape":[1],"datatype":"BYTES"`), "", "/inputs/0: the tensor has neither"},
		{"both", input(good + `,"parameters":{"binary_data_size":1}`), "a", "/inputs/0: the tensor is there twice"},
		{"shared memory", input(`"shape":[1],"datatype":"BYTES","parameters":{"shared_memory_region":"r"}`), "", "/inputs/0/parameters/shared_memory_region: shared memory is not supported"},
		{"classification", `{"outputs":[{"name":"label","parameters":{"classification":3}}],"inputs":[{"name":"x",` + good + `}]}`, "", "/outputs/0/parameters/classification: the classification extension is not supported"},
		{"an output in shared memory", `{"outputs":[{"name":"label","parameters":{"shared_memory_region":"r"}}],"inputs":[{"name":"x",` + good + `}]}`, "", "/outputs/0/parameters/shared_memory_region"},
		{"an output twice", `{"outputs":[{"name":"a"},{"name":"a"}],"inputs":[{"name":"x",` + good + `}]}`, "", `/outputs/1/name: the output "a" is asked for twice`},
		{"an output that is a text", `{"outputs":["a"],"inputs":[{"name":"x",` + good + `}]}`, "", "/outputs/0: must be an object"},

		{"bytes without the header", input(`"shape":[1],"datatype":"INT8","parameters":{"binary_data_size":1}`), "", "there is no header Inference-Header-Content-Length"},
		{"fewer bytes than declared", input(`"shape":[2],"datatype":"INT8","parameters":{"binary_data_size":2}`), "a", "is 2, but only 1 bytes are left"},
		{"bytes that nobody declared", input(good), "abc", "3 bytes follow the last tensor"},
		{"fewer bytes than elements", input(`"shape":[2],"datatype":"FP32","parameters":{"binary_data_size":4}`), "abcd", "is 4, but 2 elements of FP32 have 8 bytes"},
		{"a size that is no number", input(`"shape":[2],"datatype":"FP32","parameters":{"binary_data_size":"8"}`), "abcdefgh", "binary_data_size: must be a whole number"},
		{"a negative size", input(`"shape":[2],"datatype":"FP32","parameters":{"binary_data_size":-8}`), "abcdefgh", "binary_data_size: must be a whole number"},
		{"a text longer than the tensor", input(`"shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":5}`), "\x02\x00\x00\x00a", "row 0 says that it has 2 bytes, 1 are left"},
		{"a text of 4 GB", input(`"shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":5}`), "\xff\xff\xff\xffa", "row 0 says that it has 4294967295 bytes"},
		{"half a length", input(`"shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":2}`), "\x02\x00", "the bytes end before row 0"},
		{"fewer texts than rows", input(`"shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":5}`), texts("a"), "the bytes end before row 1"},
		{"more texts than rows", input(`"shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":10}`), texts("a", "b"), "5 bytes follow the last of the 1 rows"},
		{"bytes that are not UTF-8", input(`"shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":10}`), texts("a", "\xff"), "row 1 is neither UTF-8 nor a PNG or JPEG file"},
		{"a BOOL of 2", input(`"shape":[2],"datatype":"BOOL","parameters":{"binary_data_size":2}`), "\x01\x02", "row 1 is no BOOL"},
		{"infinity", input(`"shape":[1],"datatype":"FP32","parameters":{"binary_data_size":4}`), little(t, float32(math.Inf(-1))), "row 0 is no FP32"},
		{"infinity of two bytes", input(`"shape":[1],"datatype":"FP16","parameters":{"binary_data_size":2}`), "\x00\x7c", "row 0 is no FP16"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := decode(tc.json, tc.tail)
			if !fault.Is(err, fault.Malformed) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Decode = %v, want malformed, with %q", err, tc.want)
			}
		})
	}
}

func TestDecode_header(t *testing.T) {
	body := []byte(input(`"shape":[1],"datatype":"INT8","parameters":{"binary_data_size":1}`) + "\x07")
	for length, want := range map[string]bool{
		fmt.Sprint(len(body) - 1): true, fmt.Sprint(len(body)): false, fmt.Sprint(len(body) + 1): false, "0": false,
		"-1": false, "x": false, "1e2": false, "99999999999999999999": false,
	} {
		if _, err := oip.Decode(body, length, maxRows); (err == nil) != want {
			t.Errorf("Decode with %s %q = %v, want success %v", oip.HeaderLength, length, err, want)
		}
	}
}

// What a request only declares costs nothing, however large it is.
func TestDecode_tooManyRows(t *testing.T) {
	for name, fields := range map[string]string{
		"declared":         `"shape":[129],"datatype":"BYTES","data":["a"]`,
		"declared, huge":   `"shape":[9223372036854775807],"datatype":"FP64","parameters":{"binary_data_size":9223372036854775807}`,
		"sent, nested":     `"shape":[129,1],"datatype":"INT8","data":[` + strings.Repeat(`[1],`, 128) + `[1]]`,
		"sent in one row":  `"shape":[1,1],"datatype":"INT8","data":[[` + strings.Repeat(`1,`, 1<<18) + `1]]`,
		"sent, undeclared": `"data":[` + strings.Repeat(`1,`, 1<<18) + `1]`,
	} {
		_, err := decode(input(fields), "tail")
		if !fault.Is(err, fault.TooLarge) {
			t.Errorf("%s: Decode = %v, want too large", name, err)
		}
	}
}
