package main

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeFile puts text into a file of its own, gzipped when the name ends in .gz.
func writeFile(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !strings.HasSuffix(name, ".gz") {
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		return path
	}
	w := gzip.NewWriter(f)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadExamples(t *testing.T) {
	for _, tc := range []struct {
		name, file, text string
		want             []example
		wantErr          string
	}{
		{"plain", "a.csv", "label,text\nx,one\ny,\"two\nlines\"\n", []example{{"one", "x"}, {"two\nlines", "y"}}, ""},
		{"gzip, columns the other way round", "a.csv.gz", "text,label\none,x\n", []example{{"one", "x"}}, ""},
		{"duplicates count", "a.csv", "label,text\nx,one\nx,one\n", []example{{"one", "x"}, {"one", "x"}}, ""},
		{"no such columns", "a.csv", "a,b\nx,one\n", nil, "header"},
		{"no rows", "a.csv", "label,text\n", nil, "no rows"},
		{"a short row", "a.csv", "label,text\nx\n", nil, "wrong number of fields"},
		{"not gzip", "a.csv.gz.csv.gz", "", nil, "no rows"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := readExamples(writeFile(t, tc.file, tc.text))
			if fmt.Sprint(got) != fmt.Sprint(tc.want) || (err == nil) != (tc.wantErr == "") || err != nil && !strings.Contains(err.Error(), tc.wantErr) {
				t.Errorf("readExamples = %v, %v, want %v, %q", got, err, tc.want, tc.wantErr)
			}
		})
	}
}

// fakeAPI answers every input with the label "x" and a score of .75.
func fakeAPI(t *testing.T, key string) (url string, batches *[]int) {
	t.Helper()
	batches = new([]int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Inputs []string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.URL.Path != "/v1/models/m@champion/predict" || r.Header.Get("Authorization") != key {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		*batches = append(*batches, len(in.Inputs))
		results := make([]answer, len(in.Inputs))
		for i := range results {
			results[i] = answer{"x", .75}
		}
		if err := json.NewEncoder(w).Encode(map[string]any{"results": results}); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, batches
}

func TestAccuracy(t *testing.T) {
	rows := strings.Repeat("x,a\n", 150) + strings.Repeat("y,b\n", 50)
	file := writeFile(t, "test.csv", "label,text\n"+rows)
	url, batches := fakeAPI(t, "Bearer k")
	out, err := call(t, "accuracy", "-url", url, "-model", "m@champion", "-file", file, "-key", "k", "-min", ".75")
	// By hand: precision .75 and recall 1 of x give F1 6/7, y has none; every
	// score is .75 and so is the accuracy.
	if want := "m@champion rows 200 accuracy 0.7500 macro_f1 0.4286 ece 0.0000 "; err != nil || !strings.HasPrefix(out, want) {
		t.Errorf("accuracy = %q, %v, want %q", out, err, want)
	}
	if got := fmt.Sprint(*batches); got != "[128 72]" {
		t.Errorf("batches = %s, want [128 72]", got)
	}
	if _, err := call(t, "accuracy", "-url", url, "-model", "m@champion", "-file", file, "-key", "k", "-min", ".76"); !errors.Is(err, errBelow) {
		t.Errorf("accuracy -min .76 = %v, want errBelow", err)
	}
	if _, err := call(t, "accuracy", "-url", url, "-model", "m@champion", "-file", file); err == nil || !strings.Contains(err.Error(), "status 400") {
		t.Errorf("accuracy without the key = %v, want status 400", err)
	}
}

func TestPredictor_LongTexts(t *testing.T) {
	url, batches := fakeAPI(t, "")
	long := strings.Repeat("x", batchBytes-10)
	p := predictor{url: url + "/v1/models/m@champion/predict", client: http.DefaultClient}
	answers, requests, err := p.all(t.Context(), []example{{"a", "x"}, {long, "x"}, {long, "x"}, {"b", "x"}})
	if err != nil || len(answers) != 4 || requests != 2 || fmt.Sprint(*batches) != "[2 2]" {
		t.Errorf("%d answers, batches %v, %v, want 4 in two requests of two", len(answers), *batches, err)
	}
}

func TestCalibrationError(t *testing.T) {
	rows := []example{{"", "x"}, {"", "x"}, {"", "x"}, {"", "y"}}
	// By hand: the bin of .9 holds two right answers, a gap of .2; the one of .5
	// one right and one wrong, no gap: .2 / 4.
	answers := []answer{{"x", .9}, {"x", .9}, {"x", .5}, {"x", .5}}
	if got, want := calibrationError(rows, answers), .05; math.Abs(got-want) > 1e-12 {
		t.Errorf("calibrationError = %v, want %v", got, want)
	}
	if got := calibrationError(rows[:1], []answer{{"x", 1}}); got != 0 {
		t.Errorf("calibrationError of a certain, right answer = %v, want 0", got)
	}
}
