package suite

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
)

// lengthHeader says where the JSON of a binary request ends.
const lengthHeader = "Inference-Header-Content-Length"

// tensors asks as the Open Inference Protocol does.
func (s *session) tensors() {
	s.do(call{method: "GET", path: "/v2", want: 200}, has("/name", "/version"), is("/extensions/0", "binary_tensor_data"))
	s.do(call{method: "GET", path: "/v2/health/live", want: 200})
	s.do(call{method: "GET", path: "/v2/health/ready", want: 200})
	plain, version := "/v2/models/"+s.model, fmt.Sprintf("/v2/models/%s/versions/%d", s.model, s.versions[0])
	bodies := []struct {
		what string
		body object
		rows int
	}{
		{"[N]", object{"id": "42", "inputs": []object{{"name": "text", "shape": []int{2}, "datatype": "BYTES", "data": []string{question, "my money back"}}}}, 2},
		{"[N,1], flat", object{"id": "42", "inputs": []object{{"name": "text", "shape": []int{2, 1}, "datatype": "BYTES", "data": []string{question, "my money back"}}}}, 2},
		{"[N,1], nested", object{"id": "42", "inputs": []object{{"name": "text", "shape": []int{1, 1}, "datatype": "BYTES", "data": [][]string{{question}}}}}, 1},
		{"what is to be ignored", object{"id": "42", "parameters": object{"magic": true}, "inputs": []object{{"name": "text", "shape": []int{1}, "datatype": "BYTES", "data": []string{question}, "parameters": object{"x": 1}}}, "extra": 1}, 1},
	}
	for _, base := range []string{plain, version, plain + "@champion", plain + "%40champion"} {
		s.do(call{method: "GET", path: base, want: 200}, is("/name", s.model), has("/versions/0", "/platform"), is("/inputs/0/name", "text"), is("/inputs/0/datatype", "BYTES"))
		s.do(call{method: "GET", path: base + "/ready", want: 200})
		for _, b := range bodies {
			s.do(call{method: "POST", path: base + "/infer", body: b.body, want: 200, what: base + "/infer with " + b.what},
				is("/model_name", s.model), has("/model_version"), is("/id", "42"), is("/outputs/0/name", "label"), is("/outputs/0/shape/0", b.rows), is("/outputs/0/data/0", "delivery"),
				is("/outputs/1/name", "score"), is("/outputs/1/datatype", "FP32"), is("/outputs/2/name", "probabilities"), is("/outputs/2/shape/1", 3), many("/outputs/2/data", 3*b.rows))
		}
	}
	s.do(call{method: "POST", path: plain + "/infer", body: object{"inputs": bodies[0].body["inputs"], "outputs": []object{{"name": "score"}}}, want: 200, what: "only the output that is asked for"}, many("/outputs", 1), is("/outputs/0/name", "score"), lacks("/id"))
	s.binaryTensors(plain + "/infer")
	s.refusedTensors(plain + "/infer")
	s.do(call{method: "GET", path: plain + "/versions/99999", want: 404})
	s.do(call{method: "GET", path: "/v2/models/absent/ready", want: 404, what: "an absent model is not ready"})
}

// binaryTensors asks with the binary tensor extension, as reference clients do.
func (s *session) binaryTensors(path string) {
	var tensor []byte
	for _, text := range []string{question, "密码 is not accepted"} {
		tensor = append(binary.LittleEndian.AppendUint32(tensor, uint32(len(text))), text...)
	}
	head := func(size int) []byte {
		raw, err := json.Marshal(object{"parameters": object{"binary_data_output": true}, "inputs": []object{{"name": "text", "shape": []int{2}, "datatype": "BYTES", "parameters": object{"binary_data_size": size}}}})
		if err != nil { // text and numbers only
			return nil
		}
		return raw
	}
	ask := func(what string, json, tensor []byte, length string, want int, also ...expect) {
		s.do(call{method: "POST", path: path, body: append(json, tensor...), want: want, what: "binary tensors: " + what,
			header: map[string]string{lengthHeader: length, "Content-Type": "application/octet-stream"}}, also...)
	}
	json := head(len(tensor))
	length := strconv.Itoa(len(json))
	ask("two texts", json, tensor, length, 200, sent(lengthHeader, ""), firstLabel("delivery"))
	ask("cut short", json, tensor[:len(tensor)-1], length, 400)
	ask("bytes too many", json, append([]byte(nil), append(tensor, 0)...), length, 400)
	ask("a length within the JSON", json, tensor, strconv.Itoa(len(json)-1), 400)
	ask("a length behind the body", json, tensor, "99999", 400)
	ask("a length that is none", json, tensor, "-1", 400)
	long := append([]byte(nil), tensor...)
	binary.LittleEndian.PutUint32(long, 1<<31)
	ask("an element of 2 GB", json, long, length, 400)
	ask("a size that lies", head(1<<30), tensor, strconv.Itoa(len(head(1<<30))), 400)
}

// firstLabel wants the first element of the first output, which is of BYTES, in
// a binary answer.
func firstLabel(want string) expect {
	return func(a *answer) error {
		n, err := strconv.Atoi(a.header.Get(lengthHeader))
		if err != nil || n > len(a.raw)-4 {
			return fmt.Errorf("%s = %q of %d bytes", lengthHeader, a.header.Get(lengthHeader), len(a.raw))
		}
		var head struct {
			Outputs []struct{ Name, Datatype string }
		}
		if err := json.Unmarshal(a.raw[:n], &head); err != nil {
			return fmt.Errorf("the JSON before the tensors: %w", err)
		}
		rest := a.raw[n:]
		size := binary.LittleEndian.Uint32(rest)
		if len(head.Outputs) != 3 || head.Outputs[0].Name != "label" || int(size) != len(want) || string(rest[4:4+size]) != want {
			return fmt.Errorf("outputs %v begin with %.20q, want label and %s", head.Outputs, rest, want)
		}
		return nil
	}
}

// refusedTensors are requests that are no good; the protocol knows 400 alone.
func (s *session) refusedTensors(path string) {
	tensor := func(change object) object {
		t := object{"name": "text", "shape": []int{1}, "datatype": "BYTES", "data": []string{question}}
		for name, value := range change {
			t[name] = value
		}
		return object{"inputs": []object{t}}
	}
	s.do(call{method: "POST", path: path, body: tensor(object{"shape": []any{1e18}}), want: 413, what: "infer with a huge shape"}, has("/error"))
	for _, bad := range []struct {
		what string
		body any
	}{
		{"a shape of more", tensor(object{"shape": []int{2}})}, {"a shape below 0", tensor(object{"shape": []int{-1}})}, {"three dimensions", tensor(object{"shape": []int{1, 1, 1}})},
		{"two columns", tensor(object{"shape": []int{1, 2}, "data": []string{"a", "b"}})}, {"another datatype", tensor(object{"datatype": "TEXT"})}, {"numbers for texts", tensor(object{"data": []any{7}})},
		{"no data", object{"inputs": []object{{"name": "text", "shape": []int{1}, "datatype": "BYTES"}}}}, {"no inputs", object{}}, {"no JSON", "{"}, {"a field twice", `{"inputs":[],"inputs":[]}`},
		{"a column the model lacks", tensor(object{"name": "colour"})}, {"an empty text", tensor(object{"data": []string{""}})},
		{"an output the model lacks", object{"inputs": tensor(nil)["inputs"], "outputs": []object{{"name": "magic"}}}},
	} {
		s.do(call{method: "POST", path: path, body: bad.body, want: 400, what: "infer with " + bad.what}, has("/error"))
	}
}
