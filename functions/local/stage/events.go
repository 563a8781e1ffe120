package stage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"godwit/functions/local/delivery"
	"godwit/functions/local/objects"
)

// now is the stage's clock.
func now() time.Time { return time.Now() }

// newID returns a random id in the form of a UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// longestReason bounds what a dead letter quotes of a function's answer, in bytes.
const longestReason = 2000

// announcer takes events and knows which buckets have any.
type announcer struct {
	deliverer *delivery.Deliverer
	buckets   map[string]bool // those with EventBridge notifications
	source    delivery.Source
}

// startEvents opens the delivery of events by the template's rules. Events of
// objects created before it are found by the sweep.
func (st *Stage) startEvents() error {
	var rules []delivery.Rule
	for _, r := range st.stack.Rules {
		f := st.stack.Functions[st.index(r.Function)]
		rules = append(rules, delivery.Rule{
			Name: r.Name, Function: f.Name, Match: r.Pattern.Match,
			HandoverRetries: r.Retries, FunctionRetries: f.Retries,
		})
	}
	deliverer, err := delivery.Open(delivery.Options{
		Dir: st.folder.in(deliveryFolder), Rules: rules, Invoke: st.deliver, Log: st.log,
	})
	if err != nil {
		return err
	}
	st.onClose(deliverer.Close)
	a := &announcer{
		deliverer: deliverer, buckets: map[string]bool{},
		source: delivery.Source{Account: account, Region: objects.Region},
	}
	for _, b := range st.stack.Buckets {
		a.buckets[b.Name] = b.EventBridge
	}
	// From here on objects are announced; those created since the buckets were
	// opened are the sweep's.
	st.events.Store(a)
	return nil
}

// deliver gives an event to a function.
func (st *Stage) deliver(ctx context.Context, function string, event []byte) (string, error) {
	result, err := st.host.Invoke(ctx, function, event)
	if err != nil || result.FunctionError == "" {
		return "", err
	}
	quoted := result.Payload[:min(len(result.Payload), longestReason)]
	return fmt.Sprintf("%s: %s", result.ErrorType, quoted), nil
}

// announce tells of an object created on S3. It runs before the object's
// creator is answered, so that an answered upload is in the ledger.
func (st *Stage) announce(c objects.Created) {
	a := st.events.Load()
	if a == nil {
		return // starting: the sweep will find it
	}
	if err := a.offer(c); err != nil {
		st.log.Error("object created, but its event was not recorded; the next start will find it",
			"bucket", c.Bucket, "key", c.Key, "error", err)
	}
}

// offer has the event of c delivered if its bucket has events.
func (a *announcer) offer(c objects.Created) error {
	if !a.buckets[c.Bucket] {
		return nil
	}
	event, err := a.source.ObjectCreated(delivery.Object(c))
	if err != nil {
		return err
	}
	return a.deliverer.Offer(event)
}

// emit has a status change of an execution delivered. On an error it is called
// again with the same event later.
func (st *Stage) emit(_ context.Context, event []byte) error {
	a := st.events.Load()
	if a == nil {
		return errors.New("the stage is starting")
	}
	return a.deliverer.Offer(event)
}

// sweep compares what is in the buckets with the ledger and has delivered what
// a crash between an upload and its event left out.
func (st *Stage) sweep(ctx context.Context) {
	a := st.events.Load()
	for bucket, has := range a.buckets {
		if !has {
			continue
		}
		err := st.objects.Versions(ctx, bucket, "", func(c objects.Created) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return a.offer(c)
		})
		if err != nil && ctx.Err() == nil {
			st.log.Error("uploads not compared with the ledger", "bucket", bucket, "error", err)
		}
	}
}
