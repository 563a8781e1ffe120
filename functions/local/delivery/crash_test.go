package delivery_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"godwit/functions/local/delivery"
)

// Variables that turn the test binary into a process to be killed: the folder,
// and where it stands when the kill comes.
const (
	crashDir  = "DELIVERY_TEST_DIR"
	crashWhen = "DELIVERY_TEST_WHEN"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		deliverUntilKilled(dir, os.Getenv(crashWhen))
	}
	os.Exit(m.Run())
}

// crashRule is the rule of the process and of the Deliverer after it.
var crashRule = delivery.Rule{Name: "up", Function: "trigger", Match: wants("Created"), FunctionRetries: 2}

// deliverUntilKilled offers one event and says so when it stands where the kill is wanted.
func deliverUntilKilled(dir, when string) {
	ready := func() { fmt.Println("ready"); select {} }
	d, err := delivery.Open(delivery.Options{
		Dir: dir, Rules: []delivery.Rule{crashRule},
		Invoke: func(context.Context, string, []byte) (string, error) {
			switch when {
			case "in the function":
				ready()
			case "between retries":
				return "Godwit.Transient", nil
			}
			return "", nil
		},
		Delay: func(n int) time.Duration {
			if n == 2 {
				ready()
			}
			return 0
		},
	})
	if err == nil {
		err = d.Offer(event("1", "Created"))
	}
	for err == nil && when == "after the delivery" {
		_, arrived, _, e := d.Counts()
		if arrived == 1 {
			ready()
		}
		err = e
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	select {}
}

func TestDeliverer_SurvivesKill(t *testing.T) {
	for _, tc := range []struct {
		when      string
		wantCalls int // by the process that comes after
	}{
		{"in the function", 1},
		{"between retries", 1},
		{"after the delivery", 0},
	} {
		t.Run(tc.when, func(t *testing.T) {
			dir := t.TempDir()
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), crashDir+"="+dir, crashWhen+"="+tc.when)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(out).ReadString('\n')
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			if err != nil || line != "ready\n" {
				t.Fatalf("process said %q, %v", line, err)
			}
			var c calls
			d := open(t, dir, &c, crashRule)
			offer(t, d, event("1", "Created")) // the sweep finds the object again
			settled(t, d, 1, 0)
			if got := c.of("trigger", "1"); got != tc.wantCalls {
				t.Errorf("invoked %d times after the kill, want %d", got, tc.wantCalls)
			}
		})
	}
}
