package monitor_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/shared/dynamo"
	"godwit/shared/fault"
	"godwit/shared/monitor"
	"godwit/shared/registry"
	"godwit/shared/s3blob"
	"godwit/shared/stagetest"
)

// staged is a Service on a real table and a real bucket.
func staged(t *testing.T) *monitor.Service {
	t.Helper()
	at := stagetest.Start(t)
	config := stagetest.Config(at.DynamoDB, at.AccessKey, at.SecretKey, nil)
	table := fmt.Sprintf("monitor-%d", time.Now().UnixNano())
	stagetest.Table(t, stagetest.DynamoDB(config), table)
	objects := stagetest.S3(stagetest.Config(at.S3, at.AccessKey, at.SecretKey, nil))
	var tokens atomic.Int64
	return &monitor.Service{
		Store: dynamo.New(stagetest.DynamoDB(config), table, time.Now), Uploads: s3blob.New(objects, at.UploadsBucket, time.Now),
		Now: time.Now, NewToken: func() string { return fmt.Sprint("token", tokens.Add(1)) },
	}
}

// On a real table and a real bucket as in memory: callers at once who judge and
// correct the same answers leave exact counts and one entry of each answer.
func TestRecord_stage(t *testing.T) {
	s := staged(t)
	now := time.Now().UTC()
	const callers, answers = 4, 12
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			var js []monitor.Judgement
			for i := range answers {
				j := with(judge("pr_a", i, labels[(i*caller)%3]), `"where is my card"`)
				j.At = now
				js = append(js, j)
			}
			for range 20 {
				_, err := s.Record(t.Context(), "acme", js)
				if err == nil {
					return
				}
				if !fault.Is(err, fault.Unavailable) { // which the table says of a write that met others
					t.Errorf("Record = %v", err)
					return
				}
			}
			t.Error("Record meets others still after 20 tries")
		})
	}
	wg.Wait()
	page, err := s.Queue(t.Context(), "acme", "intents", registry.PageRequest{Limit: 200})
	if err != nil || len(page.Items) != answers {
		t.Fatalf("Queue = %d entries, %v; want %d", len(page.Items), err, answers)
	}
	correct := int64(0)
	for _, e := range page.Items {
		if string(e.Input) != `"where is my card"` {
			t.Errorf("entry %+v lost its input", e)
		}
		if e.Correct {
			correct++
		}
	}
	days, err := s.Days(t.Context(), "acme", "intents", 1, now.Truncate(24*time.Hour), now)
	if err != nil || len(days) != 1 || days[0].Rows != answers || days[0].Correct != correct {
		t.Errorf("Days = %+v, %v; want %d rows, %d correct", days, err, answers, correct)
	}
}
