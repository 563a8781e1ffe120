package api

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"unicode"
	"unicode/utf8"

	"godwit/shared/access"
	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// createModel registers a model. Uploads and jobs register theirs themselves;
// this is for giving one a description or settings before its first data.
func createModel(x *exchange) error {
	var in NewModel
	body, err := x.read(&in)
	if err != nil {
		return err
	}
	name, err := modelName("/name", in.Name)
	if err != nil {
		return err
	}
	if err := x.allow(access.Admin, name); err != nil {
		return err
	}
	draft := registry.Model{Name: name, Description: in.Description, Tags: in.Tags}
	if err := checkWritten(draft.Description, draft.Tags); err != nil {
		return err
	}
	if draft.Training, err = settingsOf(in.Training, "/training"); err != nil {
		return err
	}
	return x.create(body, creation{
		mint: func() string { return string(name) },
		create: func(_ string, again bool) (string, error) {
			_, err := x.Registry.CreateModel(x.r.Context(), x.tenant(), draft)
			if again && fault.Is(err, fault.Conflict) {
				err = nil
			}
			return string(name), err
		},
		show: func(string) error {
			m, err := x.Registry.Model(x.r.Context(), x.tenant(), name)
			if err != nil {
				return err
			}
			x.etag(m.Rev)
			x.w.Header().Set("Location", "/v1/models/"+string(name))
			return x.json(201, modelOf(m))
		},
	})
}

// listModels lists what the key may read and the filter lets pass, by name. A
// page may hold fewer than limit items when the key is limited to some models or
// little passes; next_page_token tells whether more follow.
func listModels(x *exchange) error {
	p, err := x.page()
	if err != nil {
		return err
	}
	filter, err := x.modelFilter()
	if err != nil {
		return err
	}
	page, err := readable(x, p, func(p registry.PageRequest) (registry.Page[registry.Model], error) {
		return x.Registry.FindModels(x.r.Context(), x.tenant(), filter, p)
	}, func(m registry.Model) registry.Name { return m.Name })
	if err != nil {
		return err
	}
	return list(x, page, modelOf)
}

// getModel answers with the model, or for name@alias with the version the alias
// points at.
func getModel(x *exchange) error {
	ctx, t := x.r.Context(), x.tenant()
	if x.ref.Alias != "" {
		v, _, err := x.Registry.Resolve(ctx, t, x.ref)
		if err != nil {
			return err
		}
		return x.version(v)
	}
	m, err := x.Registry.Model(ctx, t, x.ref.Model)
	if err != nil {
		return err
	}
	x.etag(m.Rev)
	if x.unchanged(m.Rev) {
		return nil
	}
	return x.json(200, modelOf(m))
}

// patchModel changes what the body names and leaves the rest, under If-Match.
func patchModel(x *exchange) error {
	rev, err := x.condition()
	if err != nil {
		return err
	}
	var in ModelPatch
	if _, err := x.read(&in); err != nil {
		return err
	}
	settings, err := settingsOf(in.Training, "/training")
	if err != nil {
		return err
	}
	m, err := x.Registry.UpdateModel(x.r.Context(), x.tenant(), x.ref.Model, rev, func(m *registry.Model) error {
		if in.Description != nil {
			m.Description = *in.Description
		}
		if in.Tags != nil {
			m.Tags = *in.Tags
		}
		if in.Training != nil {
			m.Training = settings
		}
		return checkWritten(m.Description, m.Tags)
	})
	if err != nil {
		return err
	}
	x.etag(m.Rev)
	return x.json(200, modelOf(m))
}

// deleteModel removes a model and its versions, under the caller's condition if
// there is one. Its name may be used again, its version numbers are not.
func deleteModel(x *exchange) error {
	rev, err := x.conditionIfAny()
	if err != nil {
		return err
	}
	if err := x.Registry.DeleteModel(x.r.Context(), x.tenant(), x.ref.Model, rev); err != nil {
		return err
	}
	// The model is gone whatever comes of this: what stays ends with its expiry.
	if err := x.Monitor.Forget(x.r.Context(), x.tenant(), x.ref.Model); err != nil {
		x.Log.WarnContext(x.r.Context(), "feedback of a deleted model stays until it expires", slog.String("id", x.id), slog.String("error", err.Error()))
	}
	return x.send(204, nil)
}

// modelOf is the wire form of a model; the tenant is not part of it.
func modelOf(m registry.Model) Model {
	return Model{
		Name: string(m.Name), Description: m.Description, Tags: m.Tags, Task: string(m.Task), Training: m.Training,
		Latest: m.Latest, CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt,
	}
}

// modelName reads a model's name from a body.
func modelName(pointer, s string) (registry.Name, error) {
	name, err := registry.ParseName(s)
	if err != nil {
		return "", invalid(pointer, understood(err).Msg)
	}
	return name, nil
}

// settingsOf checks training settings and returns them as they are stored; nil
// stays nil.
func settingsOf(in *TrainingSettings, pointer string) (json.RawMessage, error) {
	if in == nil {
		return nil, nil
	}
	raw, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encode training settings: %w", err)
	}
	_, err = training.ParseSettings(raw)
	if err == nil {
		return raw, nil
	}
	e := *understood(err)
	e.Details = append([]fault.Detail(nil), e.Details...)
	for i := range e.Details {
		e.Details[i].Pointer = pointer + e.Details[i].Pointer
	}
	return nil, &e
}

// Limits of what people write about a model or version.
const (
	maxDescription = 2000 // characters
	maxTags        = 50
	maxTagKey      = 128 // characters
	maxTagValue    = 256 // characters
)

// checkWritten holds the limits of what people write about a model or version, on
// creation and after a patch alike.
func checkWritten(description string, tags map[string]string) error {
	if !isPlain(description, maxDescription, true) {
		return invalid("/description", fmt.Sprintf("at most %d characters, no control characters", maxDescription))
	}
	if len(tags) > maxTags {
		return invalid("/tags", fmt.Sprintf("at most %d tags", maxTags))
	}
	for key, value := range tags {
		if key == "" || !isPlain(key, maxTagKey, false) || !isPlain(value, maxTagValue, false) {
			return invalid("/tags", fmt.Sprintf("a key has 1 to %d characters, a value at most %d, without control characters", maxTagKey, maxTagValue))
		}
	}
	return nil
}

// isPlain reports whether s is short enough and holds no control character and
// no mark that changes the direction of text, with which a name can be made to
// look like another.
func isPlain(s string, most int, lines bool) bool {
	if utf8.RuneCountInString(s) > most {
		return false
	}
	for _, r := range s {
		if lines && (r == '\n' || r == '\t') {
			continue
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return false
		}
	}
	return true
}

// pathOf is the escaped URL path of a resource.
func pathOf(parts ...string) string {
	path := "/v1"
	for _, p := range parts {
		path += "/" + url.PathEscape(p)
	}
	return path
}
