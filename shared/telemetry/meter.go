package telemetry

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"godwit/shared/strictjson"
)

// Meter writes one line a request: what happened, and the metrics Requests,
// Errors (statuses from 500), Refusals (400 to 499) and Latency in
// milliseconds, by stage and route. It is safe for concurrent use.
type Meter struct {
	mu    sync.Mutex
	w     io.Writer
	now   func() time.Time
	head  []byte // all of the line before the timestamp
	tail  []byte // the metric directive after it
	spare []byte // the line's buffer, kept between requests
}

// NewMeter returns a Meter that writes to w. namespace groups the metrics;
// stage is a dimension of all of them.
func NewMeter(w io.Writer, namespace, stage string, now func() time.Time) *Meter {
	m := &Meter{w: w, now: now, head: []byte(`{"_aws":{"Timestamp":`)}
	m.tail = append(m.tail, `,"CloudWatchMetrics":[{"Namespace":`...)
	m.tail = strictjson.AppendText(m.tail, namespace)
	m.tail = append(m.tail, `,"Dimensions":[["Stage","Route"]],"Metrics":[{"Name":"Requests","Unit":"Count"},{"Name":"Errors","Unit":"Count"},{"Name":"Refusals","Unit":"Count"},{"Name":"Latency","Unit":"Milliseconds"}]}]},"level":"INFO","msg":"request","Stage":`...)
	m.tail = strictjson.AppendText(m.tail, stage)
	return m
}

// Observe counts one answered request and writes its line. route is a pattern
// of the route table, never a path somebody chose, so that the number of
// metrics stays bounded. attrs add fields to the line; the caller answers for
// them holding no user text.
func (m *Meter) Observe(_ context.Context, route string, status int, took time.Duration, attrs ...slog.Attr) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := append(m.spare[:0], m.head...)
	b = strconv.AppendInt(b, m.now().UnixMilli(), 10)
	b = append(b, m.tail...)
	b = append(b, `,"Route":`...)
	b = strictjson.AppendText(b, route)
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, `,"Requests":1,"Errors":`...)
	b = append(b, digit(status >= 500))
	b = append(b, `,"Refusals":`...)
	b = append(b, digit(status >= 400 && status < 500))
	b = append(b, `,"Latency":`...)
	b = strconv.AppendFloat(b, float64(took.Microseconds())/1000, 'f', 3, 64)
	for _, a := range attrs {
		b = append(b, ',')
		b = strictjson.AppendText(b, a.Key)
		b = append(b, ':')
		b = appendValue(b, a.Value)
	}
	b = append(b, '}', '\n')
	m.spare = b
	// A line that cannot be written has nowhere to be reported.
	_, _ = m.w.Write(b)
}

// digit is a condition as a count.
func digit(yes bool) byte {
	if yes {
		return '1'
	}
	return '0'
}

// appendValue writes numbers and booleans as they are and all else as text.
func appendValue(b []byte, v slog.Value) []byte {
	switch v.Kind() {
	case slog.KindInt64:
		return strconv.AppendInt(b, v.Int64(), 10)
	case slog.KindUint64:
		return strconv.AppendUint(b, v.Uint64(), 10)
	case slog.KindBool:
		return strconv.AppendBool(b, v.Bool())
	}
	return strictjson.AppendText(b, v.String())
}
