// Package telemetry writes what operators read: structured log lines and
// metrics.
//
// NewLogger gives a slog.Logger that writes one JSON object a line and adds the
// Lambda request id of the context. Meter writes one line a request, in the
// CloudWatch embedded metric format, that is the access log and the metrics at
// once: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
//
// Nothing here ever sees a request's body: what is logged is chosen by name at
// the door, and user text is never chosen.
package telemetry

import (
	"context"
	"io"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// NewLogger returns a logger that writes JSON lines to w from level up, each
// with the request id of its context. w must take concurrent writes of whole
// lines, as an os.File does.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(requestHandler{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})})
}

// requestHandler adds the request id to each record.
type requestHandler struct{ slog.Handler }

// Handle adds the id and passes the record on.
func (h requestHandler) Handle(ctx context.Context, r slog.Record) error {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		r.AddAttrs(slog.String("request_id", lc.AwsRequestID))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps the request id on derived loggers.
func (h requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the request id on derived loggers.
func (h requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{h.Handler.WithGroup(name)}
}
