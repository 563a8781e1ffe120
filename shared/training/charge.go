package training

import (
	"context"
	"log/slog"
)

// charge notes, for the key that asked for it, the time a finished job took. A
// repetition of its last step does not come this far, so it is counted once, or
// not at all when the function dies here.
func (s *Steps) charge(ctx context.Context, job Job) {
	s.Usage.Trained(job.Tenant, job.CreatedBy, s.Jobs.Now().Sub(job.StartedAt))
	if err := s.Usage.Flush(ctx); err != nil {
		s.Log.WarnContext(ctx, "usage cannot be written", slog.String("job", job.ID), slog.String("error", err.Error()))
	}
}
