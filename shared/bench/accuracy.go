package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"godwit/shared/ml/metric"
)

// What one prediction request may hold: the API's limit of inputs, and a share
// of its limit of bytes that leaves room for what JSON adds.
const (
	batchInputs = 128
	batchBytes  = 500_000
)

// bins is how many bins of the score the calibration error is taken over.
const bins = 15

// accuracy predicts the rows of a labelled file over HTTP and says how well
// the answers fit. It fails with errBelow when the accuracy is under -min.
func accuracy(ctx context.Context, args []string, out, notes io.Writer) error {
	flags := flagsOf("accuracy", "", notes)
	base := flags.String("url", "http://127.0.0.1:3000", "address of the API")
	model := flags.String("model", "", "model, or model@alias")
	file := flags.String("file", "", "CSV file with the columns text and label, .gz or not")
	key := flags.String("key", "", "API key, where one is needed")
	least := flags.Float64("min", 0, "least accuracy")
	if err := flags.Parse(args); err != nil {
		return err
	}
	rows, err := readExamples(*file)
	if err != nil {
		return err
	}
	p := predictor{url: *base + "/v1/models/" + *model + "/predict", key: *key, client: &http.Client{Timeout: time.Minute}}
	began := time.Now()
	answers, requests, err := p.all(ctx, rows)
	if err != nil {
		return err
	}
	took := time.Since(began).Seconds()
	labels := make([]string, len(answers))
	for i, a := range answers {
		labels[i] = a.Label
	}
	truth, predicted, n := classes(rows, labels)
	got := metric.Accuracy(truth, predicted)
	fmt.Fprintf(out, "%s rows %d accuracy %.4f macro_f1 %.4f ece %.4f requests/s %.0f rows/s %.0f\n", *model, len(rows),
		got, metric.MacroF1(truth, predicted, n), calibrationError(rows, answers), float64(requests)/took, float64(len(rows))/took)
	if got < *least {
		return fmt.Errorf("accuracy %.4f of %s: %w %.4f", got, *model, errBelow, *least)
	}
	return nil
}

// answer is what the API says for one input.
type answer struct {
	Label string  `json:"label"`
	Score float64 `json:"score"`
}

// predictor asks one model over HTTP.
type predictor struct {
	url, key string
	client   *http.Client
}

// all predicts the rows in order, in as few requests as the API's limits allow.
func (p predictor) all(ctx context.Context, rows []example) (answers []answer, requests int, err error) {
	for len(rows) > 0 {
		n, size := 0, 0
		var texts []string
		for n < min(batchInputs, len(rows)) && (n == 0 || size+len(rows[n].Text) <= batchBytes) {
			texts, size = append(texts, rows[n].Text), size+len(rows[n].Text)
			n++
		}
		some, err := p.predict(ctx, texts)
		if err != nil {
			return nil, 0, err
		}
		answers, rows, requests = append(answers, some...), rows[n:], requests+1
	}
	return answers, requests, nil
}

// predict sends one request.
func (p predictor) predict(ctx context.Context, texts []string) ([]answer, error) {
	got, err := p.ask(ctx, texts)
	if err == nil && len(got) != len(texts) {
		err = fmt.Errorf("POST %s: %d results for %d inputs", p.url, len(got), len(texts))
	}
	return got, err
}

// ask sends inputs as they stand in a request.
func (p predictor) ask(ctx context.Context, inputs any) ([]answer, error) {
	body, err := json.Marshal(map[string]any{"inputs": inputs})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if p.key != "" {
		req.Header.Set("Authorization", "Bearer "+p.key)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return nil, fmt.Errorf("POST %s: %w", p.url, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("POST %s: status %d: %s", p.url, resp.StatusCode, data[:min(len(data), 500)])
	}
	var got struct{ Results []answer }
	if err := json.Unmarshal(data, &got); err != nil {
		return nil, fmt.Errorf("POST %s: %w", p.url, err)
	}
	if len(got.Results) == 0 {
		return nil, fmt.Errorf("POST %s: no results", p.url)
	}
	return got.Results, nil
}

// calibrationError is the expected calibration error (Naeini et al. 2015) of
// the top scores: the gap between score and accuracy in equal-width bins,
// weighted by how many rows are in each.
func calibrationError(rows []example, answers []answer) float64 {
	var gap [bins]float64
	for i, a := range answers {
		bin := min(int(a.Score*bins), bins-1)
		gap[bin] += a.Score
		if a.Label == rows[i].Label {
			gap[bin]--
		}
	}
	sum := 0.0
	for _, g := range gap {
		sum += max(g, -g)
	}
	return sum / float64(len(rows))
}
