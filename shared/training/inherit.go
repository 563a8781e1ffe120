package training

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// auto is what settings that ask for nothing come to.
var auto = json.RawMessage("{}")

// absent reports settings that were not given. {} was: it is auto.
func absent(data json.RawMessage) bool {
	data = bytes.TrimSpace(data)
	return len(data) == 0 || string(data) == "null"
}

// inherited returns the settings of a job that was given none: the model's own,
// else those its champion was asked for, with that version's number, else
// nothing, which is auto.
//
// Of the champion only what its caller wrote is taken over, not what the search
// found: with more data another C or other features may be the better ones, and
// a choice that is never questioned again grows old. What was said about that
// one job, promote_to, is not taken over either. A caller who wants auto again
// says so: {} or {"algorithm":"auto"}.
func (s *Service) inherited(ctx context.Context, t registry.Tenant, name registry.Name) (json.RawMessage, int, error) {
	m, err := s.Registry.Model(ctx, t, name)
	if fault.Is(err, fault.NotFound) {
		return auto, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	if !absent(m.Training) {
		return m.Training, 0, nil
	}
	champion, err := s.Registry.Alias(ctx, t, name, registry.Champion)
	if fault.Is(err, fault.NotFound) {
		return auto, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	v, err := s.Registry.Version(ctx, t, name, champion.Version)
	if err != nil {
		return nil, 0, err
	}
	parent, err := s.load(ctx, t, v.Lineage.Job)
	if fault.Is(err, fault.NotFound) {
		return auto, 0, nil // a version that was not trained here
	}
	if err != nil {
		return nil, 0, err
	}
	settings, err := ParseSettings(parent.Settings)
	if err != nil {
		return auto, 0, nil // written under rules that no longer hold
	}
	settings.PromoteTo = ""
	data, err := json.Marshal(settings)
	if err != nil {
		return nil, 0, fmt.Errorf("encode settings: %w", err)
	}
	if bytes.Equal(data, auto) {
		return auto, 0, nil
	}
	return data, v.Number, nil
}
