package monitor

import (
	"context"
	"slices"

	"godwit/shared/registry"
)

// Forget removes a model's review queue with the inputs it names, for a model
// that was deleted. What an answer was judged ends with its Window, and counts,
// which hold no text but labels, when they expire. It may be called again after
// an error.
func (s *Service) Forget(ctx context.Context, t registry.Tenant, model registry.Name) error {
	for {
		// What is read is removed, so the first page is always the next.
		page, err := s.entries(ctx, t, model, registry.PageRequest{Limit: registry.MaxQuery})
		if err != nil || len(page.Items) == 0 {
			return err
		}
		var writes []registry.Write
		for _, e := range page.Items {
			writes = append(writes, registry.Write{Op: registry.Delete, Record: registry.Record{Key: e.key}, IfRev: registry.AnyRev})
		}
		err = each(ctx, len(page.Items), func(ctx context.Context, i int) error {
			if page.Items[i].Object == "" {
				return nil
			}
			// Objects before entries: the other way round, a crash would leave inputs
			// that nothing names.
			return s.Uploads.Delete(ctx, page.Items[i].Object)
		})
		if err != nil {
			return err
		}
		// A write without any put takes a record of its own along.
		for some := range slices.Chunk(writes, registry.MaxWrites-1) {
			if err := s.Store.Write(ctx, s.NewToken(), some...); err != nil {
				return err
			}
		}
	}
}
