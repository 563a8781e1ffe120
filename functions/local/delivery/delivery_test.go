package delivery_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/functions/local/delivery"
)

// event returns an event with the given id and detail type.
func event(id, detailType string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"detail-type":%q,"source":"test"}`, id, detailType)
}

// wants returns a Match for one detail type.
func wants(detailType string) func([]byte) bool {
	return func(e []byte) bool { return strings.Contains(string(e), fmt.Sprintf("%q", detailType)) }
}

// calls counts invocations by function and event id. Its answer decides each.
type calls struct {
	mu     sync.Mutex
	count  map[string]int
	answer func(function, id string, attempt int) (string, error)
}

// invoke is an Options.Invoke.
func (c *calls) invoke(_ context.Context, function string, event []byte) (string, error) {
	var head struct{ ID string }
	if err := json.Unmarshal(event, &head); err != nil {
		return "", err
	}
	c.mu.Lock()
	if c.count == nil {
		c.count = map[string]int{}
	}
	c.count[function+"/"+head.ID]++
	attempt := c.count[function+"/"+head.ID]
	c.mu.Unlock()
	if c.answer == nil {
		return "", nil
	}
	return c.answer(function, head.ID, attempt)
}

// of returns how often function was invoked on the event.
func (c *calls) of(function, id string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count[function+"/"+id]
}

// open opens a Deliverer on dir that retries without pauses.
func open(t testing.TB, dir string, c *calls, rules ...delivery.Rule) *delivery.Deliverer {
	t.Helper()
	d, err := delivery.Open(delivery.Options{
		Dir: dir, Rules: rules, Invoke: c.invoke, Delay: func(int) time.Duration { return time.Millisecond },
	})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return d
}

// offer offers the events and fails the test if one is refused.
func offer(t testing.TB, d *delivery.Deliverer, events ...[]byte) {
	t.Helper()
	for _, e := range events {
		if err := d.Offer(e); err != nil {
			t.Fatalf("Offer(%s): %v", e, err)
		}
	}
}

// settled waits until nothing is pending and checks the counts.
func settled(t testing.TB, d *delivery.Deliverer, wantDelivered, wantDead int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		pending, delivered, dead, err := d.Counts()
		if err != nil {
			t.Fatalf("Counts: %v", err)
		}
		if pending == 0 && delivered+dead >= wantDelivered+wantDead {
			if delivered != wantDelivered || dead != wantDead {
				t.Fatalf("Counts = %d delivered, %d dead, want %d and %d", delivered, dead, wantDelivered, wantDead)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("Counts = %d pending, %d delivered, %d dead after 10 s, want 0, %d, %d", pending, delivered, dead, wantDelivered, wantDead)
		}
		time.Sleep(time.Millisecond)
	}
}

// letters reads the dead-letter folder.
func letters(t testing.TB, d *delivery.Deliverer) []delivery.DeadLetter {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(d.DeadLetters(), "*"))
	if err != nil {
		t.Fatal(err)
	}
	var all []delivery.DeadLetter
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var letter delivery.DeadLetter
		if err := json.Unmarshal(data, &letter); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, letter)
	}
	return all
}

func TestDeliverer_RoutesByRule(t *testing.T) {
	var c calls
	d := open(t, t.TempDir(), &c,
		delivery.Rule{Name: "up", Function: "trigger", Match: wants("Created")},
		delivery.Rule{Name: "also", Function: "audit", Match: wants("Created")},
		delivery.Rule{Name: "died", Function: "trigger", Match: wants("Died")})
	offer(t, d, event("1", "Created"), event("2", "Died"), event("3", "Other"))
	settled(t, d, 3, 0)
	for _, tc := range []struct {
		function, id string
		want         int
	}{{"trigger", "1", 1}, {"audit", "1", 1}, {"trigger", "2", 1}, {"audit", "2", 0}, {"trigger", "3", 0}} {
		if got := c.of(tc.function, tc.id); got != tc.want {
			t.Errorf("%s invoked %d times on event %s, want %d", tc.function, got, tc.id, tc.want)
		}
	}
}

func TestDeliverer_TakesAnEventOnce(t *testing.T) {
	dir := t.TempDir()
	var c calls
	rule := delivery.Rule{Name: "up", Function: "trigger", Match: wants("Created")}
	d := open(t, dir, &c, rule)
	var offers sync.WaitGroup
	for range 16 {
		offers.Go(func() {
			if err := d.Offer(event("1", "Created")); err != nil {
				t.Errorf("Offer: %v", err)
			}
		})
	}
	offers.Wait()
	settled(t, d, 1, 0)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Offer(event("2", "Created")); !errors.Is(err, delivery.ErrClosed) {
		t.Errorf("Offer after Close = %v, want ErrClosed", err)
	}
	again := open(t, dir, &c, rule)
	offer(t, again, event("1", "Created")) // as a sweep does
	settled(t, again, 1, 0)
	if got := c.of("trigger", "1"); got != 1 {
		t.Errorf("invoked %d times, want 1", got)
	}
}

func TestDeliverer_Retries(t *testing.T) {
	unreached := errors.New("no such process")
	for _, tc := range []struct {
		name                string
		answer              func(function, id string, attempt int) (string, error)
		wantCalls, wantDead int
		wantReason          string
	}{
		{"an error once", func(_, _ string, n int) (string, error) {
			if n == 1 {
				return "Godwit.Transient", nil
			}
			return "", nil
		}, 2, 0, ""},
		{"a poison event", func(string, string, int) (string, error) { return "Godwit.Input: bad key", nil }, 3, 1, "Godwit.Input: bad key"},
		{"a function out of reach", func(string, string, int) (string, error) { return "", unreached }, 9, 1, "no such process"},
		{"out of reach for a while", func(_, _ string, n int) (string, error) {
			if n <= 8 {
				return "", unreached
			}
			return "", nil
		}, 9, 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := calls{answer: tc.answer}
			d := open(t, t.TempDir(), &c, delivery.Rule{
				Name: "up", Function: "trigger", Match: wants("Created"), HandoverRetries: 8, FunctionRetries: 2,
			})
			offer(t, d, event("1", "Created"))
			settled(t, d, 1-tc.wantDead, tc.wantDead)
			if got := c.of("trigger", "1"); got != tc.wantCalls {
				t.Errorf("invoked %d times, want %d", got, tc.wantCalls)
			}
			got := letters(t, d)
			if len(got) != tc.wantDead {
				t.Fatalf("dead letters = %+v, want %d", got, tc.wantDead)
			}
			if tc.wantDead == 1 && (got[0].Reason != tc.wantReason || got[0].Attempts != tc.wantCalls || got[0].Rule != "up") {
				t.Errorf("dead letter = %+v, want reason %q after %d attempts", got[0], tc.wantReason, tc.wantCalls)
			}
		})
	}
}

func TestDeliverer_DeadEventsStayDead(t *testing.T) {
	dir := t.TempDir()
	c := calls{answer: func(string, string, int) (string, error) { return "no", nil }}
	rule := delivery.Rule{Name: "up", Function: "trigger", Match: wants("Created")}
	d := open(t, dir, &c, rule)
	offer(t, d, event("1", "Created"))
	settled(t, d, 0, 1)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir, &c, rule)
	offer(t, again, event("1", "Created"))
	settled(t, again, 0, 1)
	if got := len(letters(t, again)); got != 1 {
		t.Errorf("%d dead letters, want 1", got)
	}
}

func TestDeliverer_CloseKeepsWhatIsUnderWay(t *testing.T) {
	dir := t.TempDir()
	rule := delivery.Rule{Name: "up", Function: "trigger", Match: wants("Created")}
	began := make(chan struct{}, 1)
	d, err := delivery.Open(delivery.Options{Dir: dir, Rules: []delivery.Rule{rule},
		Invoke: func(ctx context.Context, _ string, _ []byte) (string, error) {
			began <- struct{}{}
			<-ctx.Done()
			return "", ctx.Err()
		}})
	if err != nil {
		t.Fatal(err)
	}
	offer(t, d, event("1", "Created"))
	<-began
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	var c calls
	settled(t, open(t, dir, &c, rule), 1, 0)
	if got := c.of("trigger", "1"); got != 1 {
		t.Errorf("invoked %d times after the restart, want 1", got)
	}
}

func TestDeliverer_RuleGone(t *testing.T) {
	dir := t.TempDir()
	block := delivery.Rule{Name: "old", Function: "trigger", Match: wants("Created")}
	d, err := delivery.Open(delivery.Options{Dir: dir, Rules: []delivery.Rule{block},
		Invoke: func(ctx context.Context, _ string, _ []byte) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}})
	if err != nil {
		t.Fatal(err)
	}
	offer(t, d, event("1", "Created"))
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	var c calls
	again := open(t, dir, &c)
	settled(t, again, 0, 1)
	if got := letters(t, again); len(got) != 1 || got[0].Rule != "old" {
		t.Errorf("dead letters = %+v, want one of rule old", got)
	}
}

func TestDeliverer_BoundsConcurrency(t *testing.T) {
	const bound = 3
	var running, most atomic.Int32
	d, err := delivery.Open(delivery.Options{Dir: t.TempDir(), Concurrency: bound,
		Rules: []delivery.Rule{{Name: "up", Function: "trigger", Match: wants("Created")}},
		Invoke: func(context.Context, string, []byte) (string, error) {
			now := running.Add(1)
			for {
				seen := most.Load()
				if now <= seen || most.CompareAndSwap(seen, now) {
					break
				}
			}
			time.Sleep(2 * time.Millisecond)
			running.Add(-1)
			return "", nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for i := range 40 {
		offer(t, d, event(fmt.Sprint(i), "Created"))
	}
	settled(t, d, 40, 0)
	if got := most.Load(); got > bound {
		t.Errorf("%d invocations at a time, want at most %d", got, bound)
	}
}

func TestDeliverer_OfferRefuses(t *testing.T) {
	var c calls
	d := open(t, t.TempDir(), &c, delivery.Rule{Name: "up", Function: "trigger", Match: func([]byte) bool { return true }})
	for _, e := range []string{"", "{", `{"detail":{}}`, `{"id":7}`} {
		if err := d.Offer([]byte(e)); err == nil {
			t.Errorf("Offer(%q) = nil, want an error", e)
		}
	}
	settled(t, d, 0, 0)
}

func TestOpen_LedgerInUse(t *testing.T) {
	dir := t.TempDir()
	var c calls
	open(t, dir, &c)
	d, err := delivery.Open(delivery.Options{Dir: dir, Invoke: c.invoke})
	if err == nil {
		t.Errorf("Open of a ledger in use = %v, want an error", d)
	}
}
