package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"godwit/shared/telemetry"
)

func at() time.Time { return time.UnixMilli(1772355600123) }

// decode reads one JSON line.
func decode(t *testing.T, line string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(line), &out); err != nil {
		t.Fatalf("line %q: %v", line, err)
	}
	return out
}

func TestNewLogger(t *testing.T) {
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, slog.LevelInfo)
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "id-1"})
	log.With("job", "tj_1").InfoContext(ctx, "stored", "rows", 7)
	log.DebugContext(ctx, "unseen")
	got := decode(t, out.String())
	if got["msg"] != "stored" || got["job"] != "tj_1" || got["rows"] != 7.0 || got["request_id"] != "id-1" || got["level"] != "INFO" {
		t.Errorf("line = %v", got)
	}
	out.Reset()
	log.WithGroup("g").Info("outside a request")
	if got := decode(t, out.String()); got["request_id"] != nil {
		t.Errorf("line = %v, want no request id", got)
	}
}

// The line is what the embedded metric format asks for: each metric and
// dimension the directive names is a field of the line.
func TestMeter_Observe(t *testing.T) {
	tests := []struct {
		status                     int
		requests, errors, refusals float64
	}{{200, 1, 0, 0}, {404, 1, 0, 1}, {503, 1, 1, 0}}
	for _, tc := range tests {
		var out bytes.Buffer
		m := telemetry.NewMeter(&out, "Godwit", `st"age`, at)
		m.Observe(t.Context(), "/v1/models/{name}", tc.status, 1500*time.Microsecond, slog.String("tenant", "a\n\"\\\u2028\xff"), slog.Int("n", -3), slog.Bool("cold", true), slog.Uint64("u", 4))
		if strings.Count(out.String(), "\n") != 1 || !strings.HasSuffix(out.String(), "}\n") {
			t.Fatalf("wrote %q, want one line", out.String())
		}
		got := decode(t, out.String())
		aws := got["_aws"].(map[string]any)
		directive := aws["CloudWatchMetrics"].([]any)[0].(map[string]any)
		if aws["Timestamp"] != 1772355600123.0 || directive["Namespace"] != "Godwit" {
			t.Errorf("_aws = %v", aws)
		}
		for _, set := range directive["Dimensions"].([]any) {
			for _, name := range set.([]any) {
				if _, ok := got[name.(string)].(string); !ok {
					t.Errorf("dimension %v is no text field of %v", name, got)
				}
			}
		}
		for _, metric := range directive["Metrics"].([]any) {
			if _, ok := got[metric.(map[string]any)["Name"].(string)].(float64); !ok {
				t.Errorf("metric %v is no number field of %v", metric, got)
			}
		}
		if got["Requests"] != tc.requests || got["Errors"] != tc.errors || got["Refusals"] != tc.refusals || got["Latency"] != 1.5 {
			t.Errorf("status %d: %v", tc.status, got)
		}
		if got["tenant"] != "a\n\"\\\u2028\ufffd" || got["n"] != -3.0 || got["cold"] != true || got["u"] != 4.0 || got["Stage"] != `st"age` {
			t.Errorf("fields = %v", got)
		}
	}
}

// Lines of concurrent requests do not mix.
func TestMeter_concurrent(t *testing.T) {
	var out bytes.Buffer
	m := telemetry.NewMeter(&out, "Godwit", "test", at)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				m.Observe(t.Context(), "/healthz", 200, time.Millisecond)
			}
		})
	}
	wg.Wait()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for _, line := range lines {
		decode(t, line)
	}
	if len(lines) != 400 {
		t.Errorf("%d lines, want 400", len(lines))
	}
}

func BenchmarkMeter_Observe(b *testing.B) {
	m := telemetry.NewMeter(io.Discard, "Godwit", "bench", at)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		m.Observe(ctx, "/v1/models/{name}/predict", 200, 80*time.Microsecond, slog.String("request_id", "8f5f0e0c-6a3f-4b1c-9d0a-3f6a1c9d7e55"))
	}
}

func ExampleMeter_Observe() {
	m := telemetry.NewMeter(os.Stdout, "Godwit", "dev", at)
	m.Observe(context.Background(), "/healthz", 200, 80*time.Microsecond, slog.String("request_id", "1"))
	// Output:
	// {"_aws":{"Timestamp":1772355600123,"CloudWatchMetrics":[{"Namespace":"Godwit","Dimensions":[["Stage","Route"]],"Metrics":[{"Name":"Requests","Unit":"Count"},{"Name":"Errors","Unit":"Count"},{"Name":"Refusals","Unit":"Count"},{"Name":"Latency","Unit":"Milliseconds"}]}]},"level":"INFO","msg":"request","Stage":"dev","Route":"/healthz","status":200,"Requests":1,"Errors":0,"Refusals":0,"Latency":0.080,"request_id":"1"}
}
