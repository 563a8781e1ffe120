package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// workers is how many requests may be under way at once.
const workers = 32

// texts are what is asked.
var texts = []string{
	"where is my parcel", "我的快递什么时候能送到", "I cannot log in to my account", "the payment was taken twice", "please cancel my order",
	"how do I change my address", "我想退款", "密码忘记了怎么办", "is there a discount for students", "the app does not start",
}

// prediction is what is read of an answer.
type prediction struct {
	Version int
	Digest  string
	Stale   string
	Results json.RawMessage
}

// reference is what a version answers to each text, and its digest.
type reference struct {
	digest  string
	results map[string]string
}

// load counts what became of the predictions.
type load struct {
	latency                   histogram
	asked, right, failed, cut atomic.Int64 // cut: while the stage was down
	mu                        sync.Mutex
	wrong                     []string // the first of them
	wrongs                    int
	references                map[int]reference
	champion                  *champion
	down                      atomic.Bool // the stage is being started again
}

// refer asks a version for all texts.
func refer(ctx context.Context, c *client, version int) (reference, error) {
	r := reference{results: map[string]string{}}
	for _, text := range texts {
		var p prediction
		if err := c.want(ctx, 200, "POST", fmt.Sprintf("/v1/models/%s/versions/%d/predict", model, version), "", question(text), &p); err != nil {
			return r, err
		}
		r.digest, r.results[text] = p.Digest, string(p.Results)
	}
	return r, nil
}

// question is the body that asks a text, which needs no escaping.
func question(text string) string { return `{"inputs":["` + text + `"]}` }

// drive asks at a rate until the time is over or ctx ends. It returns when every
// request is answered.
func (l *load) drive(ctx context.Context, c *client, rate float64, duration time.Duration) {
	began := time.Now()
	total := int64(rate * duration.Seconds())
	var next atomic.Int64
	var work sync.WaitGroup
	for range workers {
		work.Go(func() {
			for ctx.Err() == nil {
				i := next.Add(1) - 1
				if i >= total {
					return
				}
				due := began.Add(time.Duration(float64(i) / rate * float64(time.Second)))
				time.Sleep(time.Until(due))
				l.ask(ctx, c, texts[i%int64(len(texts))], due)
			}
		})
	}
	work.Wait()
}

// ask makes one prediction and judges it.
func (l *load) ask(ctx context.Context, c *client, text string, due time.Time) {
	down := l.down.Load()
	sent := time.Now()
	a := c.call(ctx, "POST", "/v1/models/"+model+"/predict", "", question(text))
	done := time.Now()
	l.asked.Add(1)
	if a.status != 200 {
		if down || l.down.Load() {
			l.cut.Add(1)
		} else {
			l.failed.Add(1)
		}
		return
	}
	l.latency.add(done.Sub(due))
	if why := l.judge(text, a.body, sent, done); why != "" {
		l.blame(why)
		return
	}
	l.right.Add(1)
}

// judge returns what is wrong with an answer.
func (l *load) judge(text string, body []byte, sent, done time.Time) string {
	var p prediction
	if err := json.Unmarshal(body, &p); err != nil {
		return fmt.Sprintf("the answer %.100q is not JSON: %v", body, err)
	}
	r, ok := l.references[p.Version]
	switch {
	case !ok:
		return fmt.Sprintf("version %d answered, which is nowhere promoted", p.Version)
	case p.Digest != r.digest:
		return fmt.Sprintf("version %d answered with the digest %s, its own is %s", p.Version, p.Digest, r.digest)
	case string(p.Results) != r.results[text]:
		return fmt.Sprintf("version %d answered %s to %q, before %s", p.Version, p.Results, text, r.results[text])
	case p.Stale == "" && !l.champion.may(p.Version, sent, done):
		return fmt.Sprintf("version %d answered at %s, when it had not been the champion for more than %v", p.Version, done.Format(time.TimeOnly), remembered)
	}
	return ""
}

// blame notes a wrong answer.
func (l *load) blame(why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wrongs++; len(l.wrong) < 10 {
		l.wrong = append(l.wrong, why)
	}
}
