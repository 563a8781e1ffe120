package boot

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"godwit/shared/jobs"
)

// Step makes a Lambda handler of what runs the steps of jobs. The runtime takes
// the type of an error from its Go type, and a wrapped one would hide it: the
// state machine must see ours. The message stays in the log, because the
// execution's history is readable by others.
func Step[In, Out any](log *slog.Logger, run func(context.Context, In) (Out, error), name func(In) (step, job string)) func(context.Context, In) (Out, error) {
	return func(ctx context.Context, in In) (Out, error) {
		out, err := run(ctx, in)
		if err == nil {
			return out, nil
		}
		step, job := name(in)
		log.ErrorContext(ctx, "step failed", "step", step, "job", job, "error", err)
		return out, messages.InvokeResponse_Error{Type: jobs.ErrorType(err), Message: "step " + step + " of job " + job}
	}
}
