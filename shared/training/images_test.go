package training_test

import (
	"bytes"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/image"
	"godwit/shared/ml/image/imagetest"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// shapes is an archive of some pictures of each of five shapes.
func shapes(each, side int, seed uint64) string { return string(imagetest.Zip(each, side, seed)) }

func TestSteps_Images(t *testing.T) {
	h := newHouse(t, 2)
	v := h.trained(t, shapes(20, 12, 1), `{"search":{"folds":2}}`)
	if v.Task != registry.ImageClassification || v.Algorithm != pipeline.CNN || !slices.Equal(v.Labels, imagetest.Classes) || v.Gate.Promotion != "promoted" {
		t.Fatalf("version = %+v, want a promoted image-classification of the shapes", v)
	}
	if acc := v.Test["accuracy"]; acc < .8 {
		t.Errorf("accuracy = %v, want at least .8", acc)
	}
	if want := `"inputs":[{"name":"image","type":"image","shape":[12,12,`; !strings.Contains(string(v.Signature), want) {
		t.Errorf("signature = %s, want %s", v.Signature, want)
	}
	m := h.model(t, v.Artifact)
	shape := m.(interface{ Shape() image.Shape }).Shape()
	set, err := image.Read(t.Context(), bytes.NewReader(imagetest.Zip(6, 12, 9)), image.Options{Width: shape.Width, Height: shape.Height, Channels: shape.Channels})
	if err != nil {
		t.Fatal(err)
	}
	var s pipeline.Scratch
	right := 0
	for i, want := range set.Y {
		in := pipeline.Input{Pixels: set.Pixels[i*shape.Size():][:shape.Size()]}
		scores := m.Scores(&s, in)
		if slices.Index(scores, slices.Max(scores)) == int(want) {
			right++
		}
	}
	if right < len(set.Y)*3/4 {
		t.Errorf("%d of %d new pictures are told right, want three in four", right, len(set.Y))
	}
	report := stored[training.Report](t, h, v.ReportKey)
	if len(report.Courses) < 2 || len(report.Courses[0].Epochs) < 12 || report.Courses[0].Epochs[0].Validation <= 0 ||
		report.Calibration.Method == "" || len(report.Search) < 4 {
		t.Errorf("report = %+v, want the courses of the trainings, a calibration and the search", report)
	}
	for _, c := range report.Courses {
		first, last := c.Epochs[0], c.Epochs[len(c.Epochs)-1]
		if last.Loss >= first.Loss {
			t.Errorf("loss went from %v to %v", first.Loss, last.Loss)
		}
	}
}

// An archive that cannot be trained on ends its job with the reasons.
func TestSteps_ImagesRefused(t *testing.T) {
	for _, tc := range []struct{ name, data, settings, want string }{
		{"not an archive", "PK\x03\x04 cut short", "", "image_decode"},
		{"half of an IDX pair", "\x00\x00\x08\x01\x00\x00\x00\x01\x01", "", "image_decode"},
		{"settings of texts", shapes(4, 12, 1), `{"params":{"c":[1]}}`, "linear models"},
		{"another algorithm", shapes(4, 12, 1), `{"algorithm":"rnn"}`, "rnn does not do image-classification"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 1)
			job := h.upload(t, tenant, "intents", tc.data, tc.settings)
			if err := h.run(t.Context(), tenant, job.ID); err == nil {
				t.Fatal("the job succeeds")
			}
			job, err := h.jobs.Job(t.Context(), tenant, job.ID)
			if err != nil || job.Error == nil || job.Error.Code != "input" || !strings.Contains(fmt.Sprintf("%+v", job.Error), tc.want) {
				t.Errorf("job = %+v, %v, want an error that names %s", job.Error, err, tc.want)
			}
		})
	}
}

// A training that goes over several functions, or dies in any of them, comes to
// the bytes of one that is done at one go, on any number of cores.
func TestSteps_NetworksHandOver(t *testing.T) {
	mood := func() string {
		var b strings.Builder
		b.WriteString("label,text\n")
		for i := range 120 {
			fmt.Fprintf(&b, "%s,the %s soup number %d\n", []string{"blame", "praise"}[i%2], []string{"awful", "lovely"}[i%2], i)
		}
		return b.String()
	}()
	pictures := shapes(12, 12, 3)
	for _, tc := range []struct {
		name, data, settings string
		want                 int // times a step hands over
	}{
		// Epochs on each of two folds and for each of two fits hand over but for the
		// last; then each fit does to what follows.
		{"images", pictures, `{"params":{"epochs":3,"features":["plain"]},"search":{"folds":2}}`, 4*2 + 2},
		{"images, rounded", pictures, `{"params":{"epochs":2,"features":["shifted"],"quantise":"int8"},"search":{"folds":2}}`, 4*1 + 2},
		{"texts", mood, `{"algorithm":"rnn","params":{"epochs":3,"hidden":8,"embedding":8},"search":{"folds":2}}`, 4*2 + 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := runtime.GOMAXPROCS(4)
			want := newHouse(t, 4).handedOver(t, t.Context(), tc.data, tc.settings)
			runtime.GOMAXPROCS(1)
			defer runtime.GOMAXPROCS(before)
			h := newHouse(t, 1)
			if got := h.handedOver(t, ending{t.Context(), h}, tc.data, tc.settings); got != want || h.handed != tc.want {
				t.Errorf("epoch by epoch: %s after %d functions more, want %d\nat one go: %s", got, h.handed, tc.want, want)
			}
			// Whatever is lost or damaged on the way is made again.
			h = newHouse(t, 2)
			damaged := map[string]bool{}
			h.between = func() {
				for _, key := range h.kept(t, []string{"state.safetensors", "reached.safetensors"}[len(damaged)%2]) {
					if !damaged[key] { // once each, so that the job ends
						damaged[key] = true
						h.putModel(t, key, "damaged")
					}
				}
			}
			job := h.upload(t, tenant, "intents", tc.data, tc.settings)
			if err := h.run(ending{t.Context(), h}, tenant, job.ID); err != nil {
				t.Fatal(err)
			}
			h.checkOneVersion(t, job.ID)
			v, err := h.jobs.Registry.Version(t.Context(), tenant, "intents", 1)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(v.Artifact.Digest, v.Evaluation.Digest, v.Test, v.CV); got != want || len(damaged) < 4 {
				t.Errorf("after the loss of %v: %s\nat one go: %s", damaged, got, want)
			}
		})
	}
}

// kept lists the objects of a name in the work of jobs.
func (h *house) kept(t *testing.T, name string) (keys []string) {
	t.Helper()
	found, _, err := h.models.List(t.Context(), "work/", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range found {
		if path.Base(o.Key) == name {
			keys = append(keys, o.Key)
		}
	}
	return keys
}

// opposites are texts whose class is in the order of two words, which counts of
// single words do not tell: only word pairs or a network do.
func opposites(rows int) string {
	var b strings.Builder
	b.WriteString("label,text\n")
	for i := range rows {
		pair := [2]string{"hot", "cold"}
		if i%2 == 1 {
			pair = [2]string{"cold", "hot"}
		}
		// The same words stand on either side of both, so that pairs tell nothing.
		so := func(n int) string { return strings.Repeat("very ", 1+n) }
		fmt.Fprintf(&b, "%s,%s%s %s%s %snumber%d\n", []string{"falls", "rises"}[i%2], so(i/2%3), pair[0], so(i/6%3), pair[1], so(i/18%3), i)
	}
	return b.String()
}

// Auto tries a network on texts when the caller's budget pays for all its folds,
// and takes it when it is better on rows it has not seen.
func TestSteps_AutoTriesNetworks(t *testing.T) {
	for _, tc := range []struct {
		name, settings string
		want           bool // whether a network is among the candidates
	}{
		{"no budget", `{"params":{"features":["word"]},"search":{"folds":3}}`, false},
		{"a small one", `{"params":{"features":["word"]},"search":{"folds":3,"budget":1e6}}`, false},
		{"a large one", `{"params":{"features":["word"]},"search":{"folds":3,"budget":1e12}}`, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 2)
			v := h.trained(t, opposites(100), tc.settings)
			report := stored[training.Report](t, h, v.ReportKey)
			tried := slices.ContainsFunc(report.Search, func(s training.Searched) bool { return s.Learner == pipeline.RNN && len(s.Folds) == 3 })
			if tried != tc.want {
				t.Errorf("tried a network: %v, want %v: %+v", tried, tc.want, report.Search)
			}
			if !tc.want {
				return
			}
			if v.Algorithm != pipeline.RNN || v.Test["accuracy"] < .9 || len(report.Courses) != 3 {
				t.Errorf("version by %s of accuracy %v with %d courses, want the network: %+v", v.Algorithm, v.Test["accuracy"], len(report.Courses), report.Search)
			}
		})
	}
}

// Weights that are stored in fewer bytes make a smaller artifact, and the report
// says what that costs.
func TestSteps_QuantisedNetworks(t *testing.T) {
	size := map[string]int64{}
	for _, to := range []string{"none", "float16", "int8"} {
		h := newHouse(t, 2)
		v := h.trained(t, shapes(16, 12, 4), fmt.Sprintf(`{"params":{"epochs":5,"features":["plain"],"quantise":%q},"search":{"folds":2}}`, to))
		size[to] = v.Artifact.Size
		r := stored[training.Report](t, h, v.ReportKey).Rounding
		if to == "none" && r != nil || to != "none" && (r == nil || r.To != to || r.Before <= 0 || r.After != v.Test["accuracy"] || r.Before-r.After > .15) {
			t.Errorf("%s: the report says %+v, the accuracy is %v", to, r, v.Test["accuracy"])
		}
		if got := h.model(t, v.Artifact).Manifest().Rounding; got != strings.TrimPrefix(to, "none") {
			t.Errorf("%s: the artifact's rounding is %q", to, got)
		}
	}
	if !(size["int8"] < size["float16"]*3/4 && size["float16"] < size["none"]*3/4) {
		t.Errorf("artifacts of %v bytes, want each smaller by a third", size)
	}
}

func TestParseSettings_networks(t *testing.T) {
	for _, tc := range []struct{ settings, want string }{
		{`{"algorithm":"cnn","params":{"epochs":5,"learning_rate":0.01,"dropout":0,"quantise":"int8","features":["mirrored"]}}`, ""},
		{`{"algorithm":"rnn","params":{"cell":"lstm","hidden":32,"embedding":16,"bidirectional":false}}`, ""},
		{`{"task":"image-classification","params":{"epochs":500}}`, "/params/epochs"},
		{`{"params":{"learning_rate":2}}`, "/params/learning_rate"},
		{`{"params":{"dropout":1}}`, "/params/dropout"},
		{`{"params":{"hidden":1000}}`, "/params/hidden"},
		{`{"params":{"embedding":-1}}`, "/params/embedding"},
		{`{"params":{"cell":"tanh"}}`, "/params/cell"},
		{`{"params":{"quantise":"int4"}}`, "/params/quantise"},
		{`{"task":"text-classification","params":{"epochs":3}}`, "/params"},
		{`{"algorithm":"cnn","params":{"cell":"gru"}}`, "/params"},
		{`{"algorithm":"rnn","params":{"c":[1]}}`, "/params"},
		{`{"algorithm":"rnn","params":{"features":["word"]}}`, "/params/features"},
		{`{"algorithm":"rnn","search":{"strategy":"halving"}}`, "/search/strategy"},
		{`{"task":"table-regression","algorithm":"cnn"}`, "/algorithm"},
		{`{"task":"image-classification","params":{"features":["curved"]}}`, "/params/features/0"},
	} {
		_, err := training.ParseSettings([]byte(tc.settings))
		if got := fmt.Sprint(err); tc.want == "" && err != nil || tc.want != "" && !strings.HasPrefix(got, "invalid: "+tc.want+": ") {
			t.Errorf("ParseSettings(%s) = %v, want it refused at %q", tc.settings, err, tc.want)
		}
	}
}
