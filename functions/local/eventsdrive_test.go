package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// What the sample events name.
const (
	uploadKey    = "inbox/local/intents/train data 中文.csv"
	sampleJob    = "tj_mfrggzdfmztwq2lkmfrggzdfmz"
	sampleObject = "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e" // an object's version id
	sampleSet    = "ds_0199a0b1c2dmfrggzdfmztwq2lk"
)

// intents is labelled data from which the questions of predict.json can be
// answered, though it holds neither of them.
func intents() string {
	var b strings.Builder
	b.WriteString("label,text\n")
	add := func(label, format string, words ...string) {
		for _, w := range words {
			fmt.Fprintf(&b, "%s,%s\n", label, fmt.Sprintf(format, w))
		}
	}
	cards := []string{"new", "debit", "credit", "replacement", "second"}
	for _, format := range []string{"where is my %s card please", "my %s card has not arrived", "how long until my %s card is here", "track the %s card you sent me"} {
		add("card_arrival", format, cards...)
	}
	add("card_arrival", "我的%s多久能收到", "新卡", "信用卡", "借记卡", "补办的卡")
	add("card_arrival", "我的%s什么时候到", "银行卡", "信用卡", "新卡", "储蓄卡")
	money := []string{"euro", "dollars", "yen", "pounds", "francs"}
	for _, format := range []string{"what is the exchange rate for %s", "how much is one hundred in %s today", "can I change money into %s", "is the rate for %s good now"} {
		add("exchange_rate", format, money...)
	}
	add("exchange_rate", "%s的汇率是多少", "欧元", "美元", "日元", "英镑")
	add("exchange_rate", "今天换%s合适吗", "欧元", "美元", "日元", "英镑")
	for _, format := range []string{"the %s machine kept my cash", "I was charged a fee at the %s machine", "the %s machine gave me less cash", "no cash came out of the %s machine"} {
		add("cash_withdrawal", format, "atm", "bank", "airport", "station", "hotel")
	}
	add("cash_withdrawal", "取款机%s", "没有吐钱", "吞了钞票", "收了手续费", "少给了现金")
	add("cash_withdrawal", "在%s取现失败", "机场", "车站", "酒店", "银行")
	return b.String()
}

// replaced returns event with real ids in the place of the sample's.
func replaced(t *testing.T, event []byte, pairs ...string) []byte {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !bytes.Contains(event, []byte(pairs[i])) {
			t.Fatalf("the event does not name %s", pairs[i])
		}
	}
	return []byte(strings.NewReplacer(pairs...).Replace(string(event)))
}

func driveHealth(t *testing.T, h *house, event []byte) {
	var got struct{ Status, Build string }
	h.answer(t, "model-registry", event, http.StatusOK, &got)
	if got.Status != "ok" || got.Build == "" {
		t.Errorf("health = %+v, want ok and the build", got)
	}
}

func driveAuthorizer(t *testing.T, h *house, event []byte) {
	for _, tc := range []struct{ name, key, want string }{
		{"the example's key", "gw_example", `{"isAuthorized":true,"context":{"error":"bad_key"}}`},
		{"a good key", h.at.APIKey, `{"isAuthorized":true,"context":{"key_id":"key_bootstrap","scopes":"predict feedback train admin","tenant":"local"}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := h.invoke(t, "authorizer", replaced(t, event, "gw_example", tc.key)); string(got) != tc.want {
				t.Errorf("authorizer = %s, want %s", got, tc.want)
			}
		})
	}
}

// driveUpload puts the object the event names where it names it and delivers
// the event twice.
func driveUpload(t *testing.T, h *house, event []byte) {
	h.version = h.upload(t, uploadKey, intents())
	event = replaced(t, event, sampleObject, h.version)
	for range 2 {
		if got := h.invoke(t, "train-trigger", event); string(got) != "null" {
			t.Errorf("train-trigger = %s, want no answer", got)
		}
	}
	h.job = h.onlyJob(t)
	j := h.jobOf(t, h.job)
	n, input := h.starts.started()
	if want := fmt.Sprintf(`{"tenant":"local","job":%q,"attempt":1}`, h.job); j.Status != "queued" || j.Model != "intents" || n != 1 || input != want {
		t.Errorf("job = %+v and %d executions, the last of %s; want one queued for intents, with %s", j, n, input, want)
	}
}

// driveNative delivers the other shape of the same event: the same job.
func driveNative(t *testing.T, h *house, event []byte) {
	h.invoke(t, "train-trigger", replaced(t, event, sampleObject, h.version))
	if got := h.onlyJob(t); got != h.job {
		t.Errorf("job = %s, want %s of the same object", got, h.job)
	}
	if n, _ := h.starts.started(); n != 1 {
		t.Errorf("%d executions were started, want 1", n)
	}
}

// onlyJob returns the id of the one job there is.
func (h *house) onlyJob(t *testing.T) string {
	t.Helper()
	var page struct{ Items []jobAnswer }
	h.get(t, "/v1/training-jobs?model=intents", &page)
	if len(page.Items) != 1 {
		t.Fatalf("jobs = %+v, want one", page.Items)
	}
	return page.Items[0].ID
}

// rung is what prepare and select answer.
type rung struct {
	Rung  int
	Tasks []int
	More  bool
}

// step runs a step of the job of the upload, with members changed.
func (h *house) step(t *testing.T, event []byte, change map[string]any) (next rung) {
	t.Helper()
	in := strictly[map[string]any](t, replaced(t, event, sampleJob, h.job))
	for name, value := range change {
		in[name] = value
	}
	if err := json.Unmarshal(h.invoke(t, "trainer", encode(t, in)), &next); err != nil {
		t.Fatal(err)
	}
	return next
}

func drivePrepare(t *testing.T, h *house, event []byte) {
	h.first = h.step(t, event, nil)
	if !h.first.More || h.first.Rung != 0 || len(h.first.Tasks) == 0 {
		t.Errorf("prepare = %+v, want the tasks of rung 0", h.first)
	}
	if j := h.jobOf(t, h.job); j.Status != "running" {
		t.Errorf("status = %q, want running", j.Status)
	}
}

// driveBlock fits the one block of the sample's task. The task, which is small,
// does not ask for it and comes to the same without.
func driveBlock(t *testing.T, h *house, event []byte) {
	for range 2 { // again changes nothing
		h.step(t, event, nil)
	}
}

// driveSearch runs the sample's task and then, as Map does, those beside it.
func driveSearch(t *testing.T, h *house, event []byte) {
	h.step(t, event, nil)
	h.search(t, event, h.first)
}

// search runs all tasks of a rung.
func (h *house) search(t *testing.T, event []byte, r rung) {
	t.Helper()
	for _, task := range r.Tasks {
		h.step(t, event, map[string]any{"rung": r.Rung, "task": task})
	}
}

// driveSelect goes from rung to rung until there are no more.
func driveSelect(t *testing.T, h *house, event []byte) {
	next := h.step(t, event, nil)
	for n := 1; next.More; n++ {
		if next.Rung != n || n > 10 {
			t.Fatalf("select = %+v, want rung %d of a few", next, n)
		}
		h.search(t, sample(t, "trainer-search.json"), next)
		next = h.step(t, event, map[string]any{"rung": n})
	}
}

func driveFinish(t *testing.T, h *house, event []byte) {
	for range 2 { // again changes nothing
		h.step(t, event, nil)
		if j := h.jobOf(t, h.job); j.Status != "succeeded" || j.Version != 1 || j.Result.Promotion != "promoted" {
			t.Errorf("job = %+v, want succeeded with version 1, promoted", j)
		}
	}
}

// prediction is what the test looks at in an answer of predict.
type prediction struct {
	Model, Variant string
	Version        int
	Results        []struct {
		scored
		Scores      []scored
		Explanation struct {
			Baseline, Margin float64
			Spans            []span
		}
	}
}

func drivePredict(t *testing.T, h *house, event []byte) {
	var got prediction
	h.answer(t, "predict", event, http.StatusOK, &got)
	inputs := []string{"where is my card", "我的银行卡多久能到"} // as in the file
	if got.Model != "intents" || got.Version != 1 || got.Variant != "champion" || len(got.Results) != len(inputs) {
		t.Fatalf("prediction = %+v, want %d results of version 1 as champion", got, len(inputs))
	}
	for i, r := range got.Results {
		if r.Label != "card_arrival" || r.Score < .5 || len(r.Scores) != 3 || r.Scores[0] != r.scored {
			t.Errorf("%s = %+v, want card_arrival as first of three", inputs[i], r)
		}
		sum, text := r.Explanation.Baseline, []rune(inputs[i])
		for _, s := range r.Explanation.Spans {
			sum += s.Weight
			if s.Start < 0 || s.Start >= s.End || s.End > len(text) || string(text[s.Start:s.End]) != s.Text {
				t.Errorf("span %+v is not in %q", s, inputs[i])
			}
		}
		if len(r.Explanation.Spans) == 0 || math.Abs(sum-r.Explanation.Margin) > 1e-9 {
			t.Errorf("%s: baseline and weights make %v, want the margin %v", inputs[i], sum, r.Explanation.Margin)
		}
	}
}

func drivePredictVersion(t *testing.T, h *house, event []byte) {
	var got prediction
	h.answer(t, "predict", event, http.StatusOK, &got)
	if got.Version != 1 || got.Variant != "versions/1" || len(got.Results) != 1 || got.Results[0].Label != "card_arrival" {
		t.Errorf("prediction = %+v, want card_arrival by versions/1", got)
	}
}

func driveAlias(t *testing.T, h *house, event []byte) {
	var got struct {
		Model   string
		Version int
		Aliases []string
		Lineage struct{ Job, Source string }
	}
	h.answer(t, "model-registry", event, http.StatusOK, &got)
	if got.Model != "intents" || got.Version != 1 || fmt.Sprint(got.Aliases) != "[champion]" || got.Lineage.Job != h.job || got.Lineage.Source != uploadKey {
		t.Errorf("version = %+v, want 1 of intents, champion, by job %s from %s", got, h.job, uploadKey)
	}
}

func driveList(t *testing.T, h *house, event []byte) {
	var got struct {
		Items []struct {
			Name   string
			Latest int
		}
	}
	h.answer(t, "model-registry", event, http.StatusOK, &got)
	if len(got.Items) != 1 || got.Items[0].Name != "intents" || got.Items[0].Latest != 1 {
		t.Errorf("models = %+v, want intents with version 1", got.Items)
	}
}

// announced is what the test looks at in the answer to an announcement.
type announced struct {
	ID, Status string
	Upload     struct {
		Method, URL string
		Headers     map[string]string
	}
}

func driveDataset(t *testing.T, h *house, event []byte) {
	var got announced
	h.answer(t, "model-registry", event, http.StatusCreated, &got)
	if !strings.HasPrefix(got.ID, "ds_") || got.Status != "awaiting_upload" || got.Upload.Method != http.MethodPut || got.Upload.URL == "" {
		t.Errorf("data set = %+v, want one awaiting its upload", got)
	}
}

// driveJob asks for training on a data set that is not there, is announced,
// and has arrived.
func driveJob(t *testing.T, h *house, event []byte) {
	h.answer(t, "train-trigger", event, http.StatusNotFound, nil)

	data := intents()
	digest := sha256.Sum256([]byte(data))
	announcement := strictly[events.APIGatewayV2HTTPRequest](t, sample(t, "model-registry-dataset.json"))
	announcement.Body = fmt.Sprintf(`{"model":"intents","filename":"train.csv","size":%d,"sha256":%q}`, len(data), hex.EncodeToString(digest[:]))
	var set announced
	h.answer(t, "model-registry", encode(t, announcement), http.StatusCreated, &set)
	event = replaced(t, event, sampleSet, set.ID)
	h.answer(t, "train-trigger", event, http.StatusConflict, nil)

	send(t, set, data)
	h.asked = h.openJob(t, event)
	if j := h.jobOf(t, h.asked); j.Status != "queued" || j.Model != "intents" {
		t.Errorf("job = %+v, want one queued for intents", j)
	}
}

// openJob has train-trigger open a job and returns its id; it must be new and
// its execution started.
func (h *house) openJob(t *testing.T, event []byte) string {
	t.Helper()
	before, _ := h.starts.started()
	var j jobAnswer
	h.answer(t, "train-trigger", event, http.StatusAccepted, &j)
	if n, input := h.starts.started(); n != before+1 || !strings.Contains(input, j.ID) || j.ID == h.job {
		t.Fatalf("job %s; %d executions after %d, the last of %s", j.ID, n, before, input)
	}
	return j.ID
}

// send uploads data as an announcement's answer says.
func send(t *testing.T, set announced, data string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), set.Upload.Method, set.Upload.URL, strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range set.Upload.Headers {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("upload = %d %s, %v", resp.StatusCode, body, err)
	}
}

func driveFail(t *testing.T, h *house, event []byte) {
	h.invoke(t, "trainer", replaced(t, event, sampleJob, h.asked))
	if j := h.jobOf(t, h.asked); j.Status != "failed" || j.Error.Code != "transient" || strings.Contains(j.Error.Message, "errorType") {
		t.Errorf("job = %+v, want failed as transient, without the caught text", j)
	}
}

// driveDied tells of an execution nobody knows, which is dropped, of one under
// way, and of one that was over before.
func driveDied(t *testing.T, h *house, event []byte) {
	h.invoke(t, "train-trigger", event)

	other := h.openJob(t, replaced(t, sample(t, "train-trigger-job.json"), sampleSet, h.setOf(t, h.asked)))
	for range 2 {
		h.invoke(t, "train-trigger", replaced(t, event, sampleJob, other))
		if j := h.jobOf(t, other); j.Status != "failed" || j.Error.Code != "timeout" || j.Error.Message == "" {
			t.Errorf("job = %+v, want failed for its time", j)
		}
	}
	h.invoke(t, "train-trigger", replaced(t, event, sampleJob, h.job))
	if j := h.jobOf(t, h.job); j.Status != "succeeded" || j.Version != 1 {
		t.Errorf("the finished job = %+v, want it as it was", j)
	}
}

// setOf returns the data set of a job.
func (h *house) setOf(t *testing.T, job string) string {
	t.Helper()
	var j struct{ Dataset string }
	h.get(t, "/v1/training-jobs/"+job, &j)
	return j.Dataset
}
