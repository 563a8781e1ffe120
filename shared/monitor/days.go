package monitor

import (
	"context"
	"time"

	"godwit/shared/registry"
	"godwit/shared/usage"
)

// TallyDay is what feedback said of a version's answers of one day.
type TallyDay struct {
	Date time.Time // midnight, UTC; of the predictions, not of the feedback
	Tally
}

// Days returns what feedback said of a version's answers from the first day to
// the last, each midnight UTC, in order; a day without feedback is not there.
func (s *Service) Days(ctx context.Context, t registry.Tenant, model registry.Name, version int, from, to time.Time) ([]TallyDay, error) {
	var out []TallyDay
	partition := registry.FeedbackKey(t, model, version, from, 0).Partition
	err := usage.EachDay(ctx, s.Store, partition, version, from, to, func(date time.Time, rec registry.Record) error {
		var tally Tally
		if err := decode(rec, &tally); err != nil {
			return err
		}
		if len(out) == 0 || !out[len(out)-1].Date.Equal(date) {
			out = append(out, TallyDay{Date: date})
		}
		out[len(out)-1].Add(tally)
		return nil
	})
	return out, err
}
