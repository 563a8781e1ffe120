package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"godwit/shared/ml/metric"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
	"godwit/shared/report"
	"godwit/shared/training"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// kept is a version and its report as they were stored.
type kept struct {
	Version registry.Version
	Report  training.Report
}

// stored reads one of testdata.
func stored(t testing.TB, name string) kept {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var k kept
	if err := json.Unmarshal(data, &k); err != nil {
		t.Fatal(err)
	}
	return k
}

// render renders a page twice, which must be alike, and checks what holds of
// every page.
func render(t testing.TB, k kept, l report.Language) string {
	t.Helper()
	page, err := report.Render(k.Version, k.Report, l)
	if err != nil {
		t.Fatalf("Render in %s: %v", l, err)
	}
	again, err := report.Render(k.Version, k.Report, l)
	if err != nil || !bytes.Equal(page, again) {
		t.Errorf("Render twice in %s differs, or %v", l, err)
	}
	checkPage(t, string(page))
	return string(page)
}

// checkPage parses a page and holds it against what a report may be.
func checkPage(t testing.TB, page string) {
	t.Helper()
	c := checker{t: t, ids: map[string]bool{}}
	// The style is no markup; the rest is, but for elements that never close.
	body := regexp.MustCompile(`(?s)<style>.*</style>`).ReplaceAllString(page, "")
	dec := xml.NewDecoder(strings.NewReader(body))
	dec.Strict, dec.AutoClose, dec.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well formed: %v", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			c.start(e)
		case xml.EndElement:
			c.path = c.path[:len(c.path)-1]
		case xml.CharData:
			c.text(string(e))
		}
	}
	for _, id := range c.wanted {
		if !c.ids[id] {
			t.Errorf("the page refers to #%s, which is not there", id)
		}
	}
	if c.svgs == 0 || c.titles != c.svgs || c.descs != c.svgs {
		t.Errorf("%d charts have %d titles and %d descriptions", c.svgs, c.titles, c.descs)
	}
	for _, outside := range []string{"http://", "https://", "url(", "@import"} {
		if strings.Contains(strings.ReplaceAll(page, "$GODWIT_URL", ""), outside) {
			t.Errorf("the page holds %q", outside)
		}
	}
	for _, r := range page {
		if r != '\n' && r != '\u200d' && !unicode.IsGraphic(r) {
			t.Errorf("the page holds %U", r)
			break
		}
	}
}

// checker follows the elements of a page.
type checker struct {
	t                   testing.TB
	path, wanted        []string
	ids                 map[string]bool
	svgs, titles, descs int
	columns, cells      int
}

func (c *checker) start(e xml.StartElement) {
	name := e.Name.Local
	c.path = append(c.path, name)
	switch name {
	case "script", "iframe", "object", "embed", "form", "img", "link", "base", "foreignObject", "use", "image":
		c.t.Errorf("the page holds a %s", name)
	case "svg":
		c.svgs++
	case "thead":
		c.columns = 0
	case "tr":
		c.cells = 0
	case "th", "td":
		c.cells++
		if strings.Contains(strings.Join(c.path, ">"), "thead") {
			c.columns = c.cells
		} else if c.cells > c.columns {
			c.t.Errorf("a row has more cells than the %d columns of its table", c.columns)
		}
	}
	for _, a := range e.Attr {
		c.attribute(name, a.Name.Local, a.Value)
	}
}

func (c *checker) attribute(element, name, value string) {
	switch {
	case name == "style" || name == "src" || strings.HasPrefix(name, "on"):
		c.t.Errorf("%s has %s=%q", element, name, value)
	case name == "href":
		id, ok := strings.CutPrefix(value, "#")
		if !ok {
			c.t.Errorf("%s leads to %q, outside the page", element, value)
		}
		c.wanted = append(c.wanted, id)
	case name == "aria-labelledby":
		c.wanted = append(c.wanted, strings.Fields(value)...)
	case name == "for":
		c.wanted = append(c.wanted, value)
	case name == "id":
		if c.ids[value] {
			c.t.Errorf("the id %q is there twice", value)
		}
		c.ids[value] = true
	}
}

func (c *checker) text(s string) {
	if n := len(c.path); n > 1 && c.path[n-2] == "svg" && strings.TrimSpace(s) != "" {
		switch c.path[n-1] {
		case "title":
			c.titles++
		case "desc":
			c.descs++
		}
	}
}

// TestRender_golden holds a small report, and what only a network's or a divided
// job's has, against the pages that were looked at.
func TestRender_golden(t *testing.T) {
	tests := []struct {
		name string
		k    kept
		part func(page string) string
	}{
		{"iris", stored(t, "iris"), func(page string) string {
			head, rest, _ := strings.Cut(page, "<style>")
			_, body, _ := strings.Cut(rest, "</style>")
			// The style and its digest in the policy have a file of their own.
			return regexp.MustCompile(`sha256-[^ ]*`).ReplaceAllString(head, "sha256-DIGEST") + body
		}},
		{"courses", network(3, 4), func(page string) string {
			return sectionOf(page, "courses") + "\n"
		}},
		{"divided", byRows(t, .02), func(page string) string {
			return sectionOf(page, "divided") + "\n"
		}},
	}
	for _, tc := range tests {
		for _, l := range report.Languages {
			t.Run(tc.name+" in "+string(l), func(t *testing.T) {
				golden(t, "testdata/"+tc.name+"."+string(l)+".html", tc.part(render(t, tc.k, l)))
			})
		}
	}
}

// golden holds a text against a file, or writes the file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the page differs from %s near %s; look at it and run with -update", name, firstDifference(got, string(want)))
	}
}

// firstDifference shows where two texts part.
func firstDifference(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return fmt.Sprintf("%q", a[max(0, i-60):min(len(a), i+60)])
}

// TestPolicy holds the digest in the policy against the style that is sent.
func TestPolicy(t *testing.T) {
	page := render(t, stored(t, "iris"), report.English)
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	if want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; report.StyleSource() != want || !strings.Contains(report.Policy(), want) {
		t.Errorf("Policy() = %s, want the digest %s of the style of the page", report.Policy(), want)
	}
	for _, part := range []string{"default-src 'none'", "base-uri 'none'", "form-action 'none'"} {
		if !strings.Contains(report.Policy(), part) {
			t.Errorf("Policy() = %s, want %s in it", report.Policy(), part)
		}
	}
}

// many is a report of so many labels. Every label is taken for every other
// within reach, which is as much as a matrix can hold.
func many(labels, reach int) kept {
	r := &metric.Report{Rows: 1, Accuracy: .5, AccuracyLow: .4, AccuracyHigh: .6}
	k := kept{Version: registry.Version{Model: "many", Number: 3, Task: registry.TextClassification}}
	k.Report = training.Report{Algorithm: "linear-svm", Classes: map[string]int{}, Test: &training.Evaluation{Report: r}}
	for i := range labels {
		label := fmt.Sprintf("a_label_of_usual_length_%d", i)
		row := make([]int, labels)
		for j := max(0, i-reach); j < min(labels, i+reach); j++ {
			row[j] = 1 + (i*j)%7
		}
		k.Version.Labels = append(k.Version.Labels, label)
		k.Report.Classes[label] = i + 1
		r.Confusion = append(r.Confusion, row)
		r.Classes = append(r.Classes, metric.Class{Label: label, Support: 7 * reach, Predicted: 9 * reach, PRF: metric.PRF{Precision: .5, Recall: float64(i) / float64(labels), F1: .5}})
	}
	return k
}

func TestRender_size(t *testing.T) {
	tests := []struct {
		name   string
		k      kept
		charts int // that the confusions take
	}{
		{"2 labels", many(2, 2), 1},
		{"30 labels", many(30, 30), 1},
		{"150 labels, each taken for each", many(150, 150), 2},
		{"150 labels", many(150, 3), 2},
		{"2,000 labels", many(2000, 12), 2},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			page := render(t, tc.k, report.English)
			if len(page) >= 2_000_000 {
				t.Errorf("the page has %d bytes, want less than 2,000,000", len(page))
			}
			if got := strings.Count(page, `class="chart matrix`); got < tc.charts {
				t.Errorf("%d confusion matrices are drawn, want at least %d", got, tc.charts)
			}
		})
	}
}

// TestRender_hostile puts a hostile text wherever a text of the data may stand.
func TestRender_hostile(t *testing.T) {
	for _, nasty := range []string{
		"<script>alert(1)</script>", "\u202e\u2066evil\u0000\u001b[31m", `"><img src=x onerror=alert(1)>`, "</title></svg></style>", "'; rm -rf / #", "{{.}}",
		strings.Repeat("x", 10_000), strings.Repeat("字", 10_000),
	} {
		k := stored(t, "iris")
		data, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(nasty)
		if err != nil {
			t.Fatal(err)
		}
		// Every text of the data becomes the hostile one, with something before
		// it that keeps labels apart.
		for _, name := range []string{"Iris-setosa", "Iris-virginica", "sepal_length", "inbox/acme/iris/0.csv"} {
			data = bytes.ReplaceAll(data, []byte(`"`+name+`"`), append([]byte(`"`+name[5:8]), text[1:]...))
		}
		var hostile kept
		if err := json.Unmarshal(data, &hostile); err != nil {
			t.Fatal(err)
		}
		hostile.Version.Description = nasty
		hostile.Version.Gate.Detail = nasty
		hostile.Report.Warnings = []string{nasty}
		hostile.Report.Issues = map[string]int{nasty: 3}
		hostile.Report.Test.Mistakes.Confident[0].Excerpt = nasty
		page := render(t, hostile, report.Chinese)
		if len(page) > 400_000 {
			t.Errorf("%.20q makes the page %d bytes long", nasty, len(page))
		}
		if strings.Contains(page, "<script") || strings.Contains(page, "<img") {
			t.Errorf("%.20q acts", nasty)
		}
	}
}

// TestRender_little renders what is left when a report is gone or damaged.
func TestRender_little(t *testing.T) {
	whole := stored(t, "iris")
	tests := []struct {
		name   string
		change func(*kept)
		want   string
	}{
		{"no figures", func(k *kept) { k.Report = training.Report{} }, "are not there"},
		{"nothing held out", func(k *kept) { k.Report.Test = nil }, "No rows were held out"},
		{"an empty evaluation", func(k *kept) { k.Report.Test = &training.Evaluation{} }, "No rows were held out"},
		{"a matrix too small", func(k *kept) { k.Report.Test.Confusion = k.Report.Test.Confusion[:1] }, "right"},
		{"rows too short", func(k *kept) { k.Report.Test.Confusion[1] = nil }, "right"},
		{"no number yet", func(k *kept) { k.Version.Number, k.Version.Lineage.Job = 0, "tj_7" }, "training job tj_7"},
		{"held back", func(k *kept) {
			k.Version.Gate = registry.Gate{Promotion: "held", Detail: "accuracy is worse"}
		}, "Held back · accuracy is worse"},
		{"against a champion", func(k *kept) {
			k.Report.Versus = &training.Comparison{Version: 3, Rows: 120, Metric: "accuracy", Candidate: .9, Champion: .88, Difference: .02, Low: -.01, High: .05}
		}, "88.0\u202f% for version 3: better by 2.0 points"},
		{"other classes", func(k *kept) { k.Report.Versus = &training.Comparison{Version: 3, Reason: "other_classes"} }, "it knows another set of labels"},
		{"no common rows", func(k *kept) { k.Report.Versus = &training.Comparison{Version: 3} }, "Version 3 could not be compared"},
		{"a data set", func(k *kept) {
			k.Version.Lineage.Dataset = "ds_1"
			k.Version.Settings = json.RawMessage(`{"seed":0,"columns":{"label":"it's"}}`)
		}, "&#34;label&#34;: &#34;it&#39;\\&#39;&#39;s&#34;"},
		{"rungs", func(k *kept) {
			for i := range k.Report.Search[:4] {
				k.Report.Search[i].Share = .25
			}
		}, "share of the training rows"},
		{"findings", func(k *kept) { k.Report.Issues = map[string]int{"label_empty": 4} }, "an empty label"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			k := stored(t, "iris")
			tc.change(&k)
			page, err := report.Render(k.Version, k.Report, report.English)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(page), tc.want) {
				t.Errorf("the page lacks %q", tc.want)
			}
			if !strings.Contains(string(page), string(whole.Version.Artifact.Digest)) {
				t.Error("the page lacks the digest of the artifact")
			}
		})
	}
}

// TestRender_spaces shows where the pieces of words that drive a label begin and end.
func TestRender_spaces(t *testing.T) {
	k := stored(t, "iris")
	k.Report.TopFeatures = []pipeline.ClassFeatures{{Label: "a", For: []pipeline.FeatureWeight{{Feature: " why", Weight: 2}, {Feature: "hy ", Weight: 1}}, Against: []pipeline.FeatureWeight{{Feature: "put a", Weight: -1}, {Feature: " ", Weight: -2}}}}
	page := render(t, k, report.English)
	for _, want := range []string{">␣why<", ">hy␣<", ">put a<", ">␣<"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// TestRender_regression renders a report on numbers.
func TestRender_regression(t *testing.T) {
	truth, predicted := []float64{1, 2, 3, 4, 5, 6}, []float64{1.5, 2, 2.5, 4, 6, 6}
	n, err := metric.Regress(truth, predicted, 100, 1)
	if err != nil {
		t.Fatal(err)
	}
	pairs := metric.NewHexbin(truth, predicted, 8)
	k := kept{
		Version: registry.Version{Model: "prices", Number: 1, Task: registry.TableRegression, CreatedAt: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)},
		Report: training.Report{Algorithm: "ridge-regression", Metric: "rmse", Test: &training.Evaluation{
			Numbers: &n, Hexagons: &pairs, Residuals: metric.Residuals(truth, predicted, 3), Intervals: []training.Width{{Asked: .9, Covered: .88, Width: 12345}},
		}},
	}
	page := render(t, k, report.English)
	for _, want := range []string{"Predicted against true", "Errors by size of the prediction", "12\u202f345", "RMSE", `class="hexagon"`, `class="median"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "Confusion matrix") {
		t.Error("the page of a regression has a confusion matrix")
	}
}

func TestPress(t *testing.T) {
	k := stored(t, "iris")
	for _, l := range report.Languages {
		if page, err := (report.Press{}).Print(k.Version, k.Report, string(l)); err != nil || string(page) != render(t, k, l) {
			t.Errorf("Print in %s = %d bytes, %v, want what Render gives", l, len(page), err)
		}
	}
}

// FuzzRender renders whatever may be stored as a report.
func FuzzRender(f *testing.F) {
	data, err := os.ReadFile("testdata/iris.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"Version":{},"Report":{"algorithm":"x","test":{"classes":[{}],"confusion":[[1]],"curves":[{"points":[{}]}]}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var k kept
		if json.Unmarshal(data, &k) != nil {
			return
		}
		if _, err := report.Render(k.Version, k.Report, report.English); err != nil {
			t.Errorf("Render: %v", err)
		}
	})
}

func BenchmarkRender(b *testing.B) {
	k := many(150, 3)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := report.Render(k.Version, k.Report, report.English); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleRender() {
	v := registry.Version{Model: "intents", Number: 7, Algorithm: "linear-svm"}
	page, err := report.Render(v, training.Report{}, report.Chinese)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, rest, _ := bytes.Cut(page, []byte("<title>"))
	title, _, _ := bytes.Cut(rest, []byte("</title>"))
	fmt.Printf("%s\n", title)
	// Output: 模型报告：intents, 第 7 版
}
