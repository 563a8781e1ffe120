package api_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/doctor"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tabular"
	"godwit/shared/ml/tune"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// A card joins the record of a version with what its report tells; the report
// may be gone, or of a build that wrote it otherwise.
func TestCard(t *testing.T) {
	whole, err := json.Marshal(training.Report{
		Chosen: tune.Candidate{Recipe: "word", C: 1}, Rows: training.Rows{Read: 40, Trained: 33, HeldOut: 3, Rejected: 4},
		Classes: map[string]int{"card": 12, "cash": 12, "rate": 12}, Split: "hash", Issues: map[string]int{"label_empty": 4},
		TopFeatures: []pipeline.ClassFeatures{{Label: "card", For: []pipeline.FeatureWeight{{Feature: "card", Weight: 1.5}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, report string
		told         bool
	}{
		{"whole", string(whole), true}, {"gone", "", false}, {"no JSON", "{", false}, {"of another shape", `{"rows":[1]}`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStage(t)
			v := s.publish(t, "acme", "intents")
			if tc.report != "" {
				s.put(t, s.models, v.ReportKey, tc.report)
			} else if err := s.models.Delete(t.Context(), v.ReportKey); err != nil {
				t.Fatal(err)
			}
			got := s.want(t, 200, call{method: "GET", path: "/v1/models/intents/versions/1/card", scopes: "predict:intents"})
			if got["status"] != "ready" || fmt.Sprint(got["aliases"]) != "[champion]" || fmt.Sprint(got["labels"]) != "[card cash rate]" || got["algorithm"] != "linear-svm" {
				t.Errorf("card = %v", got)
			}
			figures := got["held_out"].(m)
			if a := figures["accuracy"].(m); a["value"] != .9 || a["low"] != .8 || a["high"] != .95 || len(figures) != 1 {
				t.Errorf("figures = %v, want the accuracy with its interval and nothing else", figures)
			}
			data := got["data"].(m)
			if told := data["classes"] != nil && data["rows"] != nil && got["top_features"] != nil && got["chosen"] != nil; told != tc.told {
				t.Errorf("card = %v, told by the report: %v, want %v", got, told, tc.told)
			}
			if !tc.told {
				return
			}
			if f := got["top_features"].([]any)[0].(m); fmt.Sprint(f) != "map[against:[] for:[map[feature:card weight:1.5]] label:card]" {
				t.Errorf("top features = %v", f)
			}
			if fmt.Sprint(data["rows"]) != "map[held_out:3 read:40 rejected:4 trained:33]" || data["source"] != "inbox/x" {
				t.Errorf("data = %v", data)
			}
		})
	}
}

// A profile is answered whole: what training files and the page leaves out fails
// here. Of a table, lengths of texts are nothing.
func TestProfile(t *testing.T) {
	set, err := dataset.Read(t.Context(), strings.NewReader("text,label,created_at\n"+strings.Repeat("where is my card,card,1\nkept my cash,cash,2\n", 9)), dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	described := doctor.Describe(set, nil)
	for _, tc := range []struct {
		name    string
		profile training.Profile
		without []string
	}{
		{"texts", training.Profile{Profile: described, WrongLabels: 3, TimeSplit: "offered"}, nil},
		{"a table", training.Profile{Profile: described, Features: []tabular.Column{
			{Name: "age", Kind: tabular.Number, Missing: 1, Distinct: 61, Features: 2, Note: "n"}, {Name: "sex", Kind: tabular.Category},
		}}, []string{"code_points", "bytes"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			stored, err := json.Marshal(tc.profile)
			if err != nil {
				t.Fatal(err)
			}
			var want m
			if err := json.Unmarshal(stored, &want); err != nil {
				t.Fatal(err)
			}
			for _, field := range tc.without {
				delete(want, field)
			}
			s := newStage(t)
			path := s.announce(t, func(d *registry.Dataset) { d.ProfileKey = "reports/p.json" })
			s.put(t, s.models, "reports/p.json", string(stored))
			got := s.want(t, 200, call{method: "GET", path: path + "/profile", scopes: "predict:intents"})
			if got["model"] != "intents" || "/v1/datasets/"+got["dataset"].(string) != path || !reflect.DeepEqual(got["profile"], want) {
				t.Errorf("answer = %v\nwant the profile %v", got, want)
			}
		})
	}
}

func TestProfile_refused(t *testing.T) {
	s := newStage(t)
	s.problem(t, 409, "dataset_not_checked", call{method: "GET", path: s.announce(t, func(*registry.Dataset) {}) + "/profile"})
	s.problem(t, 409, "not_rows", call{method: "GET", path: s.announce(t, func(d *registry.Dataset) { d.Filename = "model.ONNX" }) + "/profile"})
	path := s.announce(t, func(d *registry.Dataset) { d.ProfileKey = "reports/gone.json" }) + "/profile"
	s.problem(t, 404, "profile_gone", call{method: "GET", path: path})
	s.problem(t, 403, "scope_missing", call{method: "GET", path: path, scopes: "predict:other"})
	s.problem(t, 404, "not_found", call{method: "GET", path: path, tenant: "other"})
	s.put(t, s.models, "reports/gone.json", "{")
	s.problem(t, 500, "internal", call{method: "GET", path: path})
}

// announce makes a data set, changes its record and returns its path.
func (s *stage) announce(t *testing.T, change func(*registry.Dataset)) string {
	t.Helper()
	w := s.do(t, call{method: "POST", path: "/v1/datasets", body: m{"model": "intents", "filename": "a.csv", "size": 1, "sha256": strings.Repeat("0", 64)}})
	path := w.Header().Get("Location")
	_, err := s.registry.UpdateDataset(t.Context(), "acme", strings.TrimPrefix(path, "/v1/datasets/"), registry.AnyRev, func(d *registry.Dataset) error {
		change(d)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}
