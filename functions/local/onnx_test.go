package main

import (
	"bytes"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"godwit/functions/local/objects"
	"godwit/functions/local/stage"
)

// drop puts a file into the inbox of a model.
func drop(t *testing.T, at stage.Ready, model, name string, data []byte) {
	t.Helper()
	key := "inbox/" + stage.Tenant + "/" + model + "/" + name
	client := objects.Client(at.S3, at.AccessKey, at.SecretKey)
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &at.UploadsBucket, Key: &key, Body: bytes.NewReader(data)}); err != nil {
		t.Fatal(err)
	}
}

// exportedGraph asks for the sample's model as a graph and downloads it.
func exportedGraph(t *testing.T, c *client) []byte {
	t.Helper()
	var out struct {
		URL, Domain string
		Normaliser  *struct{ URL string }
	}
	if err := c.post(t.Context(), "/v1/models/"+sampleModel+"/versions/1/exports", map[string]string{"format": "onnx"}, &out); err != nil {
		t.Fatal(err)
	}
	if out.Domain != "normal-text" || out.Normaliser == nil {
		t.Errorf("export = %+v, want a graph of normal text with its normaliser", out)
	}
	resp, err := http.Get(out.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET of the export = %d, %v", resp.StatusCode, err)
	}
	return data
}

// predicted are the best three labels of a text.
type predicted struct {
	Results []struct {
		Label  string
		Scores []struct {
			Label string
			Score float64
		}
	}
}

// TestONNX_EndToEnd trains a model, exports it, drops the export into the inbox
// of another model and asks both; a graph nobody runs is refused by name.
func TestONNX_EndToEnd(t *testing.T) {
	p := launch(t, t.TempDir(), "serve")
	at := p.serving(t)
	championOf(t, at)
	c := newClient(at)
	graph := exportedGraph(t, c)

	drop(t, at, "copy", "model.onnx", graph)
	done, err := follow(t.Context(), c, "copy", func(step) {})
	if err != nil || done.Version != 1 {
		t.Fatalf("the import = %+v, %v, want version 1", done, err)
	}
	ask := map[string]any{"inputs": []string{"where is my parcel", "I want my MONEY back", "Ｗｈｅｒｅ?"}, "parameters": map[string]int{"top_k": 3}}
	var trained, imported predicted
	for model, out := range map[string]*predicted{sampleModel: &trained, "copy": &imported} {
		if err := c.post(t.Context(), "/v1/models/"+model+"/predict", ask, out); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range trained.Results {
		got := imported.Results[i]
		if got.Label != want.Label || math.Abs(got.Scores[0].Score-want.Scores[0].Score) > 1e-4 {
			t.Errorf("input %d: the import says %+v, the model %+v", i, got, want)
		}
	}
	var about struct {
		Inputs []struct{ Name, Datatype string }
	}
	if err := c.get(t.Context(), "/v2/models/copy", &about); err != nil || len(about.Inputs) != 1 || about.Inputs[0].Name != "text" || about.Inputs[0].Datatype != "BYTES" {
		t.Errorf("/v2 says %+v, %v, want the input text", about, err)
	}

	for _, part := range []string{"", "/card", "/metrics", "/lineage", "/signature"} {
		var v map[string]any
		if err := c.get(t.Context(), "/v1/models/copy/versions/1"+part, &v); err != nil {
			t.Errorf("an imported version has no %s: %v", part, err)
		}
	}

	drop(t, at, "broken", "model.onnx", bytes.ReplaceAll(graph, []byte("Softmax"), []byte("Softmix")))
	if _, err := follow(t.Context(), c, "broken", func(step) {}); err == nil || !strings.Contains(err.Error(), "Softmix") {
		t.Errorf("the import of a graph nobody runs: %v, want the operator named", err)
	}
	var why struct {
		Status string
		Error  *struct{ Code, Message string }
	}
	last, err := newest(t.Context(), c, "broken")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.get(t.Context(), "/v1/training-jobs/"+last.ID, &why); err != nil || why.Status != "failed" || why.Error == nil || why.Error.Code != "onnx_operator_unsupported" {
		t.Errorf("the job = %+v, %v, want it failed with onnx_operator_unsupported", why, err)
	}
}
